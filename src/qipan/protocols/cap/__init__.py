"""Common Alerting Protocol 1.2 (OASIS): values, XML, checks, signature, and the 12379 variant of China."""

from qipan.protocols.cap.checks import Problem, circle_parts, polygon_points, problems
from qipan.protocols.cap.model import (
    Alert,
    Area,
    CapError,
    Info,
    Named,
    Resource,
    instant,
    instant_text,
    references,
    whole_seconds,
)
from qipan.protocols.cap.signing import Verified, canonical, digest, sign, verify
from qipan.protocols.cap.xml import Message, build, parse, schema_errors

__all__ = [
    "Alert", "Area", "CapError", "Info", "Message", "Named", "Problem", "Resource", "Verified", "build",
    "canonical", "circle_parts", "digest", "instant", "instant_text", "parse", "polygon_points", "problems",
    "references", "schema_errors", "sign", "verify", "whole_seconds",
]  # fmt: skip
