"""Tests of the lake block."""
