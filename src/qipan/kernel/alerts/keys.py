"""The county's signing identity: an ECDSA P-256 key with a self-signed certificate, made at first use."""

import os
import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from django.conf import settings

from qipan.kernel.base.clock import now

YEARS = 10


@dataclass(frozen=True)
class Identity:
    """Private key and certificate in PEM."""

    key: bytes
    certificate: bytes

    @property
    def parsed(self) -> x509.Certificate:
        """The certificate as an object."""
        return x509.load_pem_x509_certificate(self.certificate)


def sender() -> str:
    """The county's 14-digit sender code (``QIPAN_ALERT_SENDER``, else the county's code filled up)."""
    return os.environ.get("QIPAN_ALERT_SENDER") or f"{settings.COUNTY_CODE}00000000"


def identity() -> Identity:
    """Read the key and certificate in QIPAN_HOME/keys/alerts.pem; make both when there are none."""
    return _identity(Path(settings.QIPAN_HOME) / "keys" / "alerts.pem", sender())


@lru_cache(maxsize=4)
def _identity(path: Path, name: str) -> Identity:
    if not path.exists():
        make(path, name)
    bundle = path.read_bytes()
    place = bundle.index(b"-----BEGIN CERTIFICATE-----")
    return Identity(bundle[:place], bundle[place:])


def make(path: Path, name: str) -> None:
    """Write a new key with its certificate, unless another process was faster: both in one file, at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    part.touch(mode=0o600)
    part.write_bytes(_bundle(name))
    try:
        os.link(part, path)
    except FileExistsError:
        pass
    finally:
        part.unlink()


def _bundle(name: str) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - timedelta(days=1))
        .not_valid_after(start + timedelta(days=365 * YEARS))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)
