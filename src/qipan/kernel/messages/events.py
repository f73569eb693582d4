"""What the messages block tells the others."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MessageQueued:
    """At least one delivery waits for the outbox."""

    message_id: int


@dataclass(frozen=True)
class DeliveryAcknowledged:
    """A recipient confirmed that the message was understood."""

    delivery_id: int
    message_key: str
    account_id: int
