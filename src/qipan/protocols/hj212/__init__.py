"""HJ 212, data transmission of pollution monitoring stations: editions 2005, 2017 and 2025.

``Framer`` cuts a stream into frames, ``parse`` reads a frame, ``Packets`` joins divided messages,
``readings`` gives the values, ``answer`` what to send back, ``order`` and ``build`` what to ask. Pure
functions: no clock, no network.
"""

from qipan.protocols.hj212.cipher import Seal
from qipan.protocols.hj212.crc import crc
from qipan.protocols.hj212.dialogue import ORDERS, Reply, Station, answer, is_data, order, reply
from qipan.protocols.hj212.edition import Edition
from qipan.protocols.hj212.frame import Frame, Framer, Rejected, enclose, readmit
from qipan.protocols.hj212.packets import Joined, Packets
from qipan.protocols.hj212.readings import Extract, Reading, Refusal, readings
from qipan.protocols.hj212.segment import Malformed, Message, Packet, build, parse, segment_of, unseal
from qipan.protocols.hj212.settings import Settings

__all__ = [
    "ORDERS",
    "Edition",
    "Extract",
    "Frame",
    "Framer",
    "Joined",
    "Malformed",
    "Message",
    "Packet",
    "Packets",
    "Reading",
    "Refusal",
    "Rejected",
    "Reply",
    "Seal",
    "Settings",
    "Station",
    "answer",
    "build",
    "crc",
    "enclose",
    "is_data",
    "order",
    "parse",
    "readings",
    "readmit",
    "reply",
    "segment_of",
    "unseal",
]
