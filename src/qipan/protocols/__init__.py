"""Codecs of published formats, pure Python."""
