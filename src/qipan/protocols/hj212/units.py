"""Units stations send, converted as exact decimals.

The unit of a value is not in the frame. It is proposed from the size of the first values and confirmed by a
person; until then the value stays as sent.
"""

from collections.abc import Sequence
from decimal import Decimal
from statistics import median

_FAMILIES: tuple[dict[str, Decimal], ...] = (
    {"ng/m3": Decimal("1e-6"), "ug/m3": Decimal("1e-3"), "mg/m3": Decimal(1), "g/m3": Decimal(1000)},
    {"ug/L": Decimal("1e-3"), "mg/L": Decimal(1), "g/L": Decimal(1000)},
    {"mL/s": Decimal("1e-3"), "L/s": Decimal(1), "m3/s": Decimal(1000)},
    {"Pa": Decimal("1e-3"), "hPa": Decimal("0.1"), "kPa": Decimal(1), "MPa": Decimal(1000)},
    {"uS/cm": Decimal(1), "mS/cm": Decimal(1000)},
)
_SPELLINGS = str.maketrans({"µ": "u", "μ": "u", "³": "3"})
_TYPICAL: dict[str, tuple[str, Decimal, Decimal]] = {
    "a34004": ("ug/m3", Decimal(1), Decimal(1000)),
    "a34002": ("ug/m3", Decimal(1), Decimal(3000)),
    "a34001": ("ug/m3", Decimal(1), Decimal(5000)),
    "a21026": ("ug/m3", Decimal(1), Decimal(800)),
    "a21004": ("ug/m3", Decimal(1), Decimal(500)),
    "a05024": ("ug/m3", Decimal(1), Decimal(600)),
    "a21005": ("mg/m3", Decimal("0.05"), Decimal(40)),
    "a01006": ("kPa", Decimal(50), Decimal(110)),
    "w01014": ("uS/cm", Decimal(20), Decimal(20000)),
}
"""Range of ambient values by factor; where units differ by thousand, only one of them fits."""


def scale(sent: str, wanted: str) -> Decimal:
    """What a value in ``sent`` is multiplied by to be in ``wanted``; ValueError when they do not compare."""
    sent, wanted = sent.translate(_SPELLINGS), wanted.translate(_SPELLINGS)
    if sent == wanted:
        return Decimal(1)
    for family in _FAMILIES:
        if sent in family and wanted in family:
            return family[sent] / family[wanted]
    raise ValueError(f"units: {sent} cannot be converted to {wanted}")


def proposal(factor: str, values: Sequence[float]) -> str | None:
    """The one unit in which the middle of the values is usual for ambient air or water; else None."""
    typical = _TYPICAL.get(factor)
    shown = [value for value in values if value > 0]
    if typical is None or not shown:
        return None
    unit, low, high = typical
    middle = Decimal(str(median(shown)))
    family = next(each for each in _FAMILIES if unit in each)
    fitting = [each for each in family if low <= middle * scale(each, unit) <= high]
    return fitting[0] if len(fitting) == 1 else None
