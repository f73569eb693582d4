"""Tests of the environment system's engines."""
