"""Systems 5 to 14."""
