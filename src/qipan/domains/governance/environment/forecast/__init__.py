"""Air-quality forecast: features, training, issue, verification."""
