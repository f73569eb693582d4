"""HJ 212, data transmission of pollution monitoring stations: editions 2005, 2017 and 2025.

Only the frame layer stands; segments, readings and answers are still to come.
"""

from qipan.protocols.hj212.frame import Frame, Framer, Rejected, build, crc

__all__ = ["Frame", "Framer", "Rejected", "build", "crc"]
