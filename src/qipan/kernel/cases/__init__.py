"""Reported events from report to rating."""
