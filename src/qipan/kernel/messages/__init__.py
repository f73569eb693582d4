"""Notices to people, with receipts and retry."""
