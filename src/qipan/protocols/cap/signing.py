"""Canonical form, digest and enveloped XML signature of a CAP message (CAP-v1.2 §3.3.4.1, XML-DSig).

The digest is SHA-256 over exclusive canonical XML 1.0 of the message without its signatures, so it equals the
DigestValue inside the signature and anybody can recompute it from the published file.
"""

import hashlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConstructionMethod,
    SignatureMethod,
)
from signxml.exceptions import SignXMLException
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from qipan.protocols.cap.model import CapError
from qipan.protocols.cap.xml import SIGNATURE, tree

_METHODS = frozenset({SignatureMethod.ECDSA_SHA256, SignatureMethod.RSA_SHA256})


@dataclass(frozen=True)
class Verified:
    """The bytes that the signature covers (without the signature), and whose certificate it was."""

    data: bytes
    certificate: x509.Certificate


def canonical(data: bytes) -> bytes:
    """Exclusive canonical XML 1.0 of the message without signatures and comments."""
    root = tree(data)
    for signature in root.findall(SIGNATURE):
        root.remove(signature)
    return etree.tostring(root, method="c14n", exclusive=True, with_comments=False)


def digest(data: bytes) -> str:
    """SHA-256 of the canonical form, hexadecimal."""
    return hashlib.sha256(canonical(data)).hexdigest()


def sign(data: bytes, key: bytes, certificate: bytes) -> bytes:
    """The message with an enveloped ECDSA P-256 SHA-256 signature; key and certificate in PEM."""
    signer = XMLSigner(
        method=SignatureConstructionMethod.enveloped,
        signature_algorithm=SignatureMethod.ECDSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    signed = signer.sign(tree(data), key=key, cert=certificate.decode("ascii"))
    return etree.tostring(signed, xml_declaration=True, encoding="UTF-8")


def verify(data: bytes, certificates: list[x509.Certificate]) -> Verified:
    """Check the signature against the certificates that the source is known by; CapError ``bad-signature``.

    Only what the signature covers is handed back: an element moved outside it never reaches the reader.
    """
    root = tree(data)
    if root.find(SIGNATURE) is None:
        raise CapError("unsigned")
    expected = SignatureConfiguration(signature_methods=_METHODS, require_x509=True, expect_references=1)
    reasons = []
    for certificate in certificates:
        pem = certificate.public_bytes(Encoding.PEM).decode("ascii")
        try:
            result = XMLVerifier().verify(root, x509_cert=pem, expect_config=expected)
        except (SignXMLException, UnsupportedAlgorithm, etree.LxmlError, ValueError, TypeError) as error:
            reasons.append(str(error))
            continue
        if not isinstance(result, VerifyResult) or getattr(result.signed_xml, "tag", None) != root.tag:
            raise CapError("bad-signature", "the signature does not cover the message")
        return Verified(result.signed_data, certificate)
    raise CapError("bad-signature", "; ".join(reasons) or "no certificate known")
