"""What a rule may ask of readings: one frozen dataclass per kind of condition.

Every ``stream`` is the code of a datastream of the rule's thing (``z``, ``a34004/hour/avg``). A condition is
true, false, or unknown (no reading yet, only flagged ones); unknown neither fires nor clears anything.
"""

from dataclasses import dataclass
from typing import Literal

Operator = Literal["over", "at_least", "under", "at_most"]
Function = Literal["mean", "max", "min", "sum", "count", "percentile"]
Severity = Literal["critical", "major", "minor", "warning", "indeterminate"]

# From the gravest down (ITU-T X.733); a graver level of a rule wins over a milder one.
SEVERITIES: tuple[Severity, ...] = ("critical", "major", "minor", "warning", "indeterminate")


@dataclass(frozen=True)
class Attribute:
    """A number among the thing's properties, e.g. its own warning level."""

    name: str


@dataclass(frozen=True)
class Stream:
    """The last good value of another stream of the same thing, scaled and shifted."""

    code: str
    times: float = 1.0
    plus: float = 0.0


Limit = float | Attribute | Stream


@dataclass(frozen=True)
class Threshold:
    """The stream's value against a limit; once true it stays true until ``hysteresis`` back over it."""

    stream: str
    op: Operator
    limit: Limit
    hysteresis: float = 0.0
    flagged: bool = False


@dataclass(frozen=True)
class Outside:
    """The stream's value outside a band; once true it stays true until ``hysteresis`` inside it."""

    stream: str
    low: Limit
    high: Limit
    hysteresis: float = 0.0


@dataclass(frozen=True)
class Absence:
    """No reading for ``steps`` times the stream's normal step."""

    stream: str
    steps: float = 3.0


@dataclass(frozen=True)
class Rate:
    """Change per hour over the last ``window_s`` seconds."""

    stream: str
    op: Operator
    per_hour: float
    window_s: float


@dataclass(frozen=True)
class Flagged:
    """The newest reading carries at least one of these quality bits."""

    stream: str
    bits: int


@dataclass(frozen=True)
class Aggregate:
    """A figure over the good readings of the last ``window_s`` seconds; ``percentile`` 0-100."""

    stream: str
    function: Function
    window_s: float
    op: Operator
    limit: Limit
    hysteresis: float = 0.0
    percentile: float = 50.0


@dataclass(frozen=True)
class Repeating:
    """The inner condition was true at ``times`` readings within ``window_s`` seconds."""

    condition: "Condition"
    times: int
    window_s: float


@dataclass(frozen=True)
class Expression:
    """A comparison in a small grammar over streams: ``max({z}, {z2}) - {base} > 1.5``."""

    text: str


@dataclass(frozen=True)
class All:
    """Every condition is true."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one condition is true."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True)
class Not:
    """The condition is false."""

    condition: "Condition"


Condition = (
    Threshold | Outside | Absence | Rate | Flagged | Aggregate | Repeating | Expression | All | AnyOf | Not
)


@dataclass(frozen=True)
class Target:
    """Which things a rule watches: empty means all that carry the rule's streams.

    ``kinds`` are kinds of things, ``things`` their codes, ``organisations`` unified credit codes,
    ``divisions`` leading digits of division codes.
    """

    kinds: tuple[str, ...] = ()
    things: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    divisions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Level:
    """One severity of a rule with its own condition and duration."""

    severity: Severity
    condition: Condition
    for_s: float = 0.0


@dataclass(frozen=True)
class Schedule:
    """When a rule may fire: weekdays (0 = Monday) and county wall-clock hours ``HH:MM``; end excluded."""

    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    start: str = "00:00"
    end: str = "24:00"


@dataclass(frozen=True)
class Expect:
    """What a rule test expects at a time: a severity, or "" for no event."""

    at_s: float
    severity: Severity | Literal[""]


@dataclass(frozen=True)
class RuleTest:
    """Fabricated series and the states they must lead to (``rules.testing`` has the notation)."""

    name: str
    series: dict[str, str]
    expect: tuple[Expect, ...]
    step_s: float = 60.0
    properties: dict[str, float] | None = None
