"""Registers and pages: lists, details, forms, maps from a few lines."""
