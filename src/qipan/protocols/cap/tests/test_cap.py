"""CAP 1.2: real messages, 10,000 generated ones, hostile input, signature."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import xmlschema
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from lxml import etree

from qipan.protocols.cap import (
    CapError,
    build,
    canonical,
    digest,
    instant,
    instant_text,
    parse,
    problems,
    schema_errors,
    sign,
    verify,
)
from qipan.protocols.cap.tests.generate import alert
from qipan.protocols.cap.xml import SCHEMAS

AMBER = (SCHEMAS / "oasis_amber_example.xml").read_bytes()


def test_the_example_of_the_specification_is_read() -> None:
    message = parse(AMBER)
    assert message.flags == ()
    assert message.alert.identifier == "KAR0-0306112239-SW"
    assert message.alert.sent.isoformat() == "2003-06-11T22:39:00-07:00"
    (info,) = message.alert.infos
    assert (info.event, info.categories, info.severity) == ("Child Abduction", ("Rescue",), "Severe")
    assert [(each.name, each.value) for each in info.areas[0].geocodes] == [("SAME", "006037")]
    assert problems(message.alert) == []
    assert [each.code for each in problems(message.alert, public=True)] == ["expires-missing"]
    assert message.alert.reference == "KARO@CLETS.DOJ.CA.GOV,KAR0-0306112239-SW,2003-06-11T22:39:00-07:00"


def test_ten_thousand_messages_are_valid_and_come_back_equal() -> None:
    random = Random(12379)
    for _ in range(10_000):
        original = alert(random)
        data = build(original)
        assert schema_errors(data) == []
        assert parse(data).alert == original
        assert problems(original) == []


def test_a_second_validator_agrees() -> None:
    random = Random(5)
    validator = xmlschema.XMLSchema(str(SCHEMAS / "CAP-v1.2.xsd"))
    for _ in range(100):
        data = build(alert(random)).decode()
        assert validator.is_valid(data)
        assert not validator.is_valid(data.replace("<msgType>", "<msgType>x", 1))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<alert", "not-xml"),
        (b'<!DOCTYPE a [<!ENTITY e "x">]><alert>&e;</alert>', "document-type"),
        (b"<alert/>", "wrong-namespace"),
        (b"<a>" + b"x" * 1024 * 1024 + b"</a>", "too-large"),
        (AMBER.replace(b"<status>Actual</status>", b""), "schema"),
        (AMBER.replace(b"22:39:00-07:00", b"22:39:00Z"), "schema"),
        (AMBER.replace(b"22:39:00-07:00", b"22:39:00,07:00"), "schema"),
    ],
)
def test_what_is_no_cap_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(CapError) as caught:
        parse(data)
    assert caught.value.code == code


def test_cap_1_1_is_converted_and_flagged() -> None:
    old = AMBER.replace(b"cap:1.2", b"cap:1.1").replace(b"-07:00", b".5Z").replace(b"Likely", b"Very Likely")
    with pytest.raises(CapError):  # 1.1 knows no Very Likely in its schema
        parse(old)
    message = parse(old.replace(b"Very Likely", b"Likely"))
    assert message.flags == ("cap-1.1",)
    assert instant_text(message.alert.sent) == "2003-06-11T22:39:00-00:00"
    assert schema_errors(build(message.alert)) == []


@pytest.mark.parametrize(
    "text",
    [
        "2003-06-11T22:39:00Z",
        "2003-06-11T22:39:00,07:00",
        "2003-06-11T22:39:00.5+08:00",
        "2003-13-11T22:39:00+08:00",
        "2003-06-11 22:39:00+08:00",
        "",
    ],
)
def test_an_instant_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(CapError):
        instant(text)


def test_utc_is_written_with_a_minus() -> None:
    assert instant_text(datetime(2021, 3, 29, 1, 2, 3, 456, UTC)) == "2021-03-29T01:02:03-00:00"
    with pytest.raises(CapError):
        instant_text(datetime(2021, 3, 29))


def _with_area(**changes: Any) -> list[str]:
    message = parse(AMBER).alert
    info = message.infos[0]
    area = replace(info.areas[0], **changes)
    return [each.code for each in problems(replace(message, infos=(replace(info, areas=(area,)),)))]


def test_shapes_are_checked() -> None:
    square = "36.1,115.1 36.1,115.2 36.2,115.2 36.2,115.1"
    assert _with_area(polygons=(f"{square} 36.1,115.1",)) == []
    assert _with_area(polygons=(square,)) == ["polygon-open"]
    assert _with_area(polygons=("36.1,115.1 36.1,115.2 36.1,115.1",)) == ["polygon-too-short"]
    assert _with_area(polygons=("36.1,115.1 36.2,115.2 36.1,115.2 36.2,115.1 36.1,115.1",)) == [
        "polygon-crosses-itself"
    ]
    assert _with_area(polygons=("115.1,36.1 115.1,36.2 115.2,36.2 115.1,36.1",)) == ["out-of-range"]
    assert _with_area(circles=("36.1,115.1 2", "36.1,115.1", "36.1,115.1 -2")) == ["bad-circle", "bad-circle"]


def test_heads_are_checked() -> None:
    message = parse(AMBER).alert

    def codes(**changes: Any) -> list[str]:
        return [each.code for each in problems(replace(message, **changes))]

    assert codes(identifier="a b") == ["forbidden-characters"]
    assert codes(sender="a,b") == ["forbidden-characters"]
    assert codes(scope="Restricted") == ["restriction-missing"]
    assert codes(scope="Private") == ["addresses-missing"]
    assert codes(message_type="Update") == ["references-missing"]
    assert codes(references="a,b") == ["bad-reference"]
    assert codes(references=message.reference, message_type="Cancel") == []
    late = replace(message.infos[0], effective=message.sent, expires=message.sent - timedelta(seconds=1))
    assert codes(infos=(late,)) == ["expires-before-effective"]


def make_identity(name: str) -> tuple[bytes, bytes, x509.Certificate]:
    """A key, its certificate in PEM, and the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30)).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem, certificate.public_bytes(serialization.Encoding.PEM), certificate


def test_a_signature_holds_and_a_changed_word_breaks_it() -> None:
    key, pem, certificate = make_identity("county")
    _, _, stranger = make_identity("stranger")
    plain = build(parse(AMBER).alert)
    signed = sign(plain, key, pem)
    assert schema_errors(signed) == []
    assert parse(signed).alert == parse(plain).alert
    assert digest(signed) == digest(plain)
    assert canonical(signed) == canonical(plain)
    assert verify(signed, [stranger, certificate]).data == canonical(plain)
    for data, known, code in (
        (signed.replace(b"Los Angeles County<", b"Orange County<"), certificate, "bad-signature"),
        (signed, stranger, "bad-signature"),
        (plain, certificate, "unsigned"),
    ):
        with pytest.raises(CapError) as caught:
            verify(data, [known])
        assert caught.value.code == code


def test_damaged_messages_are_refused_and_never_believed() -> None:
    random = Random(3)
    key, pem, certificate = make_identity("county")
    signed = sign(build(parse(AMBER).alert), key, pem)
    genuine = verify(signed, [certificate]).data
    for _ in range(400):
        damaged = bytearray(signed)
        for _ in range(random.randrange(1, 4)):
            damaged[random.randrange(len(damaged))] = random.randrange(32, 127)
        try:
            found = verify(bytes(damaged), [certificate]).data
        except CapError:
            continue
        assert found == genuine  # what was hit says nothing (the name of a prefix, white space)


def test_the_digest_is_the_one_in_the_signature() -> None:
    key, pem, _ = make_identity("county")
    signed = sign(build(parse(AMBER).alert), key, pem)
    value = etree.fromstring(signed).findtext(".//{http://www.w3.org/2000/09/xmldsig#}DigestValue")
    assert value is not None
    assert base64.b64decode(value).hex() == digest(signed)


def test_the_schema_is_the_published_one() -> None:
    assert "Copyright OASIS Open 2010" in Path(SCHEMAS / "CAP-v1.2.xsd").read_text()
