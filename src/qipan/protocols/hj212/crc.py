"""The HJ 212 checksum (HJ 212-2017 annex A) and the one it is mistaken for.

The annex shifts before it xors, so only the high byte is carried from byte to byte: there are 256 checksums,
not 65,536, and one damaged segment in 256 passes. The step on that byte is linear over GF(2) and of
order 8, so bytes eight places apart meet the same power of it: a segment may be folded into eight bytes
with a few xors of long integers, and eight table look-ups give the checksum.
"""

LOW_BYTES = frozenset((0x00, 0x01, 0x40, 0x41, 0x80, 0x81, 0xC0, 0xC1))
"""Low bytes a right checksum can have; any other one comes from a sender with another formula."""
_ORDER = 8
_WORD_BITS = 8 * _ORDER


def _table() -> tuple[int, ...]:
    rows = []
    for index in range(256):
        value = index
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
        rows.append(value)
    return tuple(rows)


_TABLE = _table()


def _powers() -> tuple[tuple[int, ...], ...]:
    """What a byte has become after 0 … 7 steps."""
    powers = [tuple(range(256))]
    for _ in range(_ORDER - 1):
        powers.append(tuple(_TABLE[value] >> 8 for value in powers[-1]))
    return tuple(powers)


_POWERS = _powers()
_FINAL = tuple(row[1] for row in sorted((value >> 8, value) for value in _TABLE))
_P1, _P2, _P3, _P4, _P5, _P6, _P7, _P0 = (_POWERS[n % _ORDER] for n in range(1, _ORDER + 1))
_START = tuple(power[0xFF] for power in _POWERS)
_MASKS = {shift: (1 << shift) - 1 for shift in (_WORD_BITS << n for n in range(12))}


def crc(segment: bytes) -> int:
    """Checksum of a data segment; not MODBUS. ``crc(b"123456789") == 0x2F80``."""
    size = len(segment)
    if not size:
        return 0xFFFF
    word = int.from_bytes(segment, "big")
    shift = _WORD_BITS
    while shift < size << 3:
        shift <<= 1
    while shift > _WORD_BITS:
        shift >>= 1
        word = word >> shift ^ word & (_MASKS.get(shift) or (1 << shift) - 1)
    b0, b1, b2, b3, b4, b5, b6, b7 = word.to_bytes(_ORDER, "big")
    high = (
        _START[size % _ORDER] ^ _P0[b0] ^ _P7[b1] ^ _P6[b2] ^ _P5[b3] ^ _P4[b4] ^ _P3[b5] ^ _P2[b6] ^ _P1[b7]
    )
    return _FINAL[high]


def modbus(segment: bytes) -> int:
    """CRC-16/MODBUS, which some senders use by mistake: ``modbus(b"123456789") == 0x4B37``."""
    value = 0xFFFF
    for byte in segment:
        value = value >> 8 ^ _TABLE[(value ^ byte) & 0xFF]
    return value
