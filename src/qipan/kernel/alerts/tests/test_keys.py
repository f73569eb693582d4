"""The signing identity is made once, whoever comes first."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from qipan.kernel.alerts.keys import _identity, make
from qipan.protocols import cap
from qipan.protocols.cap.tests.test_cap import AMBER


def test_the_first_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "alerts.pem"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: make(path, "37152500000000"), range(8)))
    first = path.read_bytes()
    make(path, "37152500000000")
    assert path.read_bytes() == first
    assert [each.name for each in path.parent.iterdir()] == ["alerts.pem"]
    assert path.stat().st_mode & 0o077 == 0
    own = _identity(path, "37152500000000")
    signed = cap.sign(cap.build(cap.parse(AMBER).alert), own.key, own.certificate)
    assert cap.verify(signed, [own.parsed]).certificate == own.parsed
