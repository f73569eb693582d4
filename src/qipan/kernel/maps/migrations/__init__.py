"""Schema history of the block."""
