"""Qipan: the open-source digital platform of a county."""
