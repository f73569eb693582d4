"""Rules over readings: conditions as data, compiled to closures, run by one engine."""
