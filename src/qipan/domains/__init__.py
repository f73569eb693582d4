"""One folder per system; no system imports another."""
