"""A station as the tests need one: sends HJ 212 frames over TCP and waits for the platform's answers."""

import socket
from datetime import datetime
from zoneinfo import ZoneInfo

from qipan.protocols.hj212 import Framer, crc

COUNTY_ZONE = ZoneInfo("Asia/Shanghai")


def frame(
    mn: str, cn: str, values: dict[str, float], at: datetime, *, qn: str, field: str = "Rtd", flag: int = 5
) -> bytes:
    """One data frame of the 2017 edition that asks for an answer (Flag=5)."""
    stamp = f"{at.astimezone(COUNTY_ZONE):%Y%m%d%H%M%S}"
    body = ";".join(f"{factor}-{field}={value},{factor}-Flag=N" for factor, value in values.items())
    segment = f"QN={qn};ST=22;CN={cn};PW=123456;MN={mn};Flag={flag};CP=&&DataTime={stamp};{body}&&".encode()
    return b"##%04d%s%04X\r\n" % (len(segment), segment, crc(segment))


class Link:
    """One TCP connection to the gateway."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.framer = Framer()
        self.answered: set[str] = set()

    def send(self, data: bytes) -> None:
        """Bytes as they are."""
        self.socket.sendall(data)

    def wait_answers(self, wanted: set[str], seconds: float = 20) -> set[str]:
        """Read until every QN is answered or the time is over; gives those answered so far."""
        self.socket.settimeout(seconds)
        while not wanted <= self.answered:
            try:
                data = self.socket.recv(65_536)
            except TimeoutError:
                break
            if not data:
                break
            for one in self.framer.feed(data):
                segment = getattr(one, "segment", b"")
                if b"CN=9014" in segment:
                    self.answered.add(segment.split(b"QN=", 1)[1].split(b";", 1)[0].decode())
        return wanted & self.answered

    def close(self) -> None:
        """End the connection."""
        self.socket.close()
