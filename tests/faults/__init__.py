"""Tests against the whole running county."""
