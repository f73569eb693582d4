"""Warnings: draft, sign, publish, update, end."""
