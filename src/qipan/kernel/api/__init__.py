"""The HTTP API generated from registers."""
