"""Tests of the air forecast."""
