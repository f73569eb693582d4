"""The program's own API: every register read and written as JSON, with its description."""
