"""What the alerts block tells the blocks and systems above it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AlertDrafted:
    """A draft exists that nobody saw yet."""

    alert_id: int


@dataclass(frozen=True)
class AlertSigned:
    """Everybody who must sign has signed."""

    alert_id: int


@dataclass(frozen=True)
class AlertPublished:
    """A message went out (also an update, a lifting or a cancellation)."""

    alert_id: int


@dataclass(frozen=True)
class AlertEnded:
    """A warning is no longer in force: state is updated, lifted, expired or cancelled."""

    alert_id: int
    state: str
