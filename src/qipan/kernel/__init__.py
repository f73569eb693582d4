"""Blocks that every system builds on; a block imports only the ones below it."""
