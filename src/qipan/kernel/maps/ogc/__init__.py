"""OGC API Features 1.0 over the county's layers: Core, GeoJSON, OpenAPI 3.0 and CRS by reference."""
