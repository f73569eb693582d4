"""The OpenAPI 3.0 description of the OGC door."""

from typing import Any

from qipan.kernel.maps.ogc.parameters import DEFAULT_LIMIT, LARGEST_LIMIT

CONFORMANCE = (
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
)


def _query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    style = {"style": "form", "explode": False} if schema["type"] == "array" else {}
    return {
        "name": name, "in": "query", "required": False, "schema": schema, "description": description, **style,
    }  # fmt: skip


def _path(name: str, values: list[str] | None = None) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "enum": values} if values else {"type": "string"}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _operation(summary: str, name: str, media: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    answers = {
        "200": {"description": summary, "content": {media: {"schema": {"type": "object"}}}},
        "400": {"description": "A parameter is wrong"},
        "404": {"description": "There is no such resource"},
    }
    return {"get": {"summary": summary, "operationId": name, "parameters": parameters, "responses": answers}}


def openapi(server: str, keys: list[str]) -> dict[str, Any]:
    """The description for the collections that the caller may read."""
    box = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6}
    limit = {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": DEFAULT_LIMIT}
    parameters = [
        _path("collectionId", keys),
        _query("limit", limit, "How many features at most"),
        _query("offset", {"type": "integer", "minimum": 0, "default": 0}, "How many features to pass over"),
        _query("bbox", box, "Only features that meet this box"),
        _query("bbox-crs", {"type": "string", "format": "uri"}, "Reference system of the box"),
        _query("crs", {"type": "string", "format": "uri"}, "Reference system of the answer"),
        _query("datetime", {"type": "string"}, "RFC 3339 instant, or interval with .. for an open end"),
    ]
    json, geojson = "application/json", "application/geo+json"
    one = [_path("collectionId", keys), _path("featureId")]
    return {
        "openapi": "3.0.3",
        "info": {"title": "Qipan OGC API Features", "version": "1.0"},
        "servers": [{"url": server}],
        "paths": {
            "/": _operation("Landing page", "getLandingPage", json, []),
            "/conformance": _operation("Conformance classes", "getConformance", json, []),
            "/collections": _operation("Collections", "getCollections", json, []),
            "/collections/{collectionId}": _operation(
                "One collection", "describeCollection", json, parameters[:1]
            ),
            "/collections/{collectionId}/items": _operation("Features", "getFeatures", geojson, parameters),
            "/collections/{collectionId}/items/{featureId}": _operation(
                "One feature", "getFeature", geojson, one
            ),
        },
    }
