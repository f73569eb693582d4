"""How a module declares its figures: six lines per indicator, every one with the rows behind it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise
# A queryset made when the module is loaded, or a callable for one that depends on the present instant.
Source = QuerySet[Any] | Callable[[], QuerySet[Any]]

UNITS = frozenset({
    "", "%", "n", "min", "h", "d", "km", "km²", "m", "m²", "ha", "mu", "t", "kg", "kWh", "m³", "m³/s", "mm",
    "°C", "dB(A)", "µg/m³", "mg/m³", "mg/L", "‰", "CNY", "10k CNY", "Mbit/s", "points", "index", "people",
    "/10k", "km/h",
})  # fmt: skip


@dataclass(frozen=True)
class Rows:
    """Counts rows: the figure is their number, the drill shows them.

    ``where`` narrows ``queryset``, so that both parts of a Ratio may share one queryset.
    """

    queryset: Source
    where: Q | None = None

    def rows(self) -> QuerySet[Any]:
        """A fresh queryset."""
        source = self.queryset() if callable(self.queryset) else self.queryset.all()
        return source if self.where is None else source.filter(self.where)


@dataclass(frozen=True)
class Sum:
    """Sum of a field over rows; rows without a value do not count."""

    of: Rows
    field: str


@dataclass(frozen=True)
class Mean:
    """Mean of a field over the rows that have a value."""

    of: Rows
    field: str


@dataclass(frozen=True)
class Percentile:
    """Continuous percentile of a field (``q`` between 0 and 1) over the rows that have a value."""

    of: Rows
    field: str
    q: float


@dataclass(frozen=True)
class Ratio:
    """``of`` / ``over`` x ``scale``; nothing to divide by is "no cases", neither 0 nor 100.

    Two Rows of one model must nest: every row of ``of`` is one of ``over``.
    """

    of: "Rows | Sum"
    over: "Rows | Sum"
    scale: float = 100


@dataclass(frozen=True)
class Duration:
    """Time between two fields of rows in a working calendar, as the median or mean, in hours.

    ``calendar`` "always" counts elapsed time; "office" and "urban" count working time.
    """

    of: Rows
    start: str
    end: str
    calendar: str = "always"
    aggregate: str = "median"
    divide_by: float = 3600  # seconds of one unit


@dataclass(frozen=True)
class Latest:
    """Newest value of a datastream: codes of the thing and of the stream."""

    thing: str
    stream: str


@dataclass(frozen=True)
class Window:
    """Mean, minimum, maximum or sum of a datastream over the last hours.

    Without ``completeness`` (share of the expected good values) there is no value, and the page says so.
    """

    thing: str
    stream: str
    aggregate: str = "mean"
    hours: float = 24
    completeness: float = 0.75


@dataclass(frozen=True)
class Points:
    """Sum of points that a rule gives to rows; ``points`` maps a row's field value to its points."""

    of: Rows
    field: str
    points: dict[str, float]


@dataclass(frozen=True)
class Composite:
    """Weighted sum of other indicators; the weights must sum to ``total``."""

    children: tuple[tuple[str, float], ...]
    total: float = 1.0


@dataclass(frozen=True)
class Expression:
    """Arithmetic over other indicators: ``Expression("a / b * 1e4", {"a": "x.births", "b": "x.people"})``."""

    text: str
    names: dict[str, str]


@dataclass(frozen=True)
class Typed:
    """A figure that a person types in, with evidence and a second person; always marked as such."""

    evidence: Text = ""


Formula = (
    Rows
    | Sum
    | Mean
    | Percentile
    | Ratio
    | Duration
    | Latest
    | Window
    | Points
    | Composite
    | Expression
    | Typed
)


@dataclass(frozen=True)
class Target:
    """What is to be reached by when: ``kind`` reach, hold (a fall below on any day counts) or reduce.

    ``baseline`` is (date, value) of the start of the path; without it the path begins with the first value
    kept. ``default``: the product's own number, not the plan's, until a decision document replaces it.
    """

    value: float | None = None
    by: str = ""
    kind: str = "reach"
    baseline: tuple[str, float] | None = None
    default: bool = False

    @property
    def day(self) -> date | None:
        """Day by which it is to be reached."""
        return date.fromisoformat(self.by) if self.by else None


@dataclass(frozen=True)
class Dimension:
    """One way to split a figure: ``path`` leads from the counted row to the member (relation or field)."""

    code: str
    path: str
    name: Text = ""

    @property
    def caption(self) -> Text:
        """Heading of the column of members."""
        return self.name or {"organisation": _("单位"), "division": _("区划")}.get(self.code, self.code)


@dataclass(frozen=True)
class Indicator:
    """One figure; ``key`` is "<label>.<name>"; ``direction`` "up" when more is better, else "down" or "".

    ``by``: dimensions; a plain text is both code and path. ``period``: how often a value is frozen (day,
    month, quarter, year). ``reads``: further models whose changes make a kept value old; the models of
    the formula's own querysets are found by themselves.
    """

    key: str
    name: Text
    unit: str
    formula: Formula
    decimals: int = 0
    by: tuple[str | Dimension, ...] = ()
    scope: str = "county"
    period: str = "quarter"
    owner: Text = ""
    target: Target | None = None
    direction: str = "up"
    clause: str = ""
    since: str = ""
    public: bool = False
    help: Text = ""
    reads: tuple[type[Any], ...] = field(default=())

    @property
    def label(self) -> str:
        """App label of the module that declares it."""
        return self.key.split(".", 1)[0]

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Dimensions, plain texts made into Dimension."""
        return tuple(Dimension(each, each) if isinstance(each, str) else each for each in self.by)

    def dimension(self, code: str) -> Dimension:
        """The dimension of this code; LookupError when it has none."""
        for each in self.dimensions:
            if each.code == code:
                return each
        raise LookupError(f"{self.key} has no dimension {code}")
