"""Places, areas, layers and the offline base map."""
