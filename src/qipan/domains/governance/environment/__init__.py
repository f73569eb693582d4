"""System 10, ecology and environment."""
