"""What sensing tells the blocks and systems above it, after the commit."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReadingsStored:
    """A batch of readings is in the store; times are ISO 8601, UTC."""

    batch_id: int
    first_ts: str
    last_ts: str
    datastream_ids: list[int]


@dataclass(frozen=True)
class RuleFired:
    """A rule opened an event."""

    event_id: int


@dataclass(frozen=True)
class RuleChanged:
    """An open event moved to another severity."""

    event_id: int
    severity: str


@dataclass(frozen=True)
class RuleCleared:
    """The condition of an open event has ended."""

    event_id: int


@dataclass(frozen=True)
class OrderAnswered:
    """A device answered an order."""

    order_id: int
