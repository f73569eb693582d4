"""Measured figures of the systems, each against its goal: `./qipan bench`."""
