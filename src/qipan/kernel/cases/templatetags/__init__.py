"""Template tags of the cases block."""
