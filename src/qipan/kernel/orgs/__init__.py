"""Divisions, organisations, posts, grids and the working calendar."""
