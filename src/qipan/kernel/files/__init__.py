"""Content-addressed files, photos, PDF and QR making."""
