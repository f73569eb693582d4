"""Layers brought by an office: read, their datum found with evidence, checked, compared and put in force."""
