"""What a system declares to sensing: the quantities it measures and the rules it watches them with."""

from dataclasses import dataclass

from qipan.kernel.sensing.rules.conditions import (
    Absence,
    Aggregate,
    All,
    AnyOf,
    Attribute,
    Condition,
    Expect,
    Expression,
    Flagged,
    Level,
    Not,
    Outside,
    Rate,
    Repeating,
    RuleTest,
    Schedule,
    Severity,
    Stream,
    Target,
    Threshold,
)

__all__ = [
    "Absence",
    "Aggregate",
    "All",
    "AnyOf",
    "Attribute",
    "Condition",
    "Expect",
    "Expression",
    "Flagged",
    "Level",
    "Not",
    "Outside",
    "Quantity",
    "Rate",
    "Repeating",
    "RuleTest",
    "Schedule",
    "SensingRule",
    "Severity",
    "Stream",
    "Target",
    "Threshold",
]


@dataclass(frozen=True)
class Quantity:
    """A property that a system observes: code, name, unit, and the range that is physically plausible.

    ``aliases`` are other names that devices send for it; ``normal`` bounds new datastreams (a reading
    outside is flagged, never dropped).
    """

    code: str
    name: str
    unit: str
    family: str
    aliases: tuple[str, ...] = ()
    normal: tuple[float, float] | None = None
    decimals: int = 1
    definition: str = ""


@dataclass(frozen=True)
class SensingRule:
    """A rule that a system ships: reviewed with its code, switched on only while its own tests pass.

    ``condition`` must hold for ``for_s`` seconds; the event closes when ``clear`` (default: the condition
    no longer holding) has held for ``keep_for_s`` seconds. ``levels`` adds further severities, the gravest
    true one counts. ``message`` may name ``{thing}``, ``{value}``, ``{unit}``, ``{severity}``, ``{time}``
    and any stream code in braces.
    """

    code: str
    name: str
    target: Target
    condition: Condition
    severity: Severity = "major"
    clear: Condition | None = None
    for_s: float = 0.0
    message: str = "{thing}"
    tests: tuple[RuleTest, ...] = ()
    keep_for_s: float = 0.0
    levels: tuple[Level, ...] = ()
    schedule: Schedule | None = None
