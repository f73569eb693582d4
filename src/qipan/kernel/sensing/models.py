"""The tables of sensing."""

from qipan.kernel.sensing.record_models import (
    Batch,
    ColdDay,
    DayRollup,
    Follower,
    FrameLog,
    HourRollup,
    Latest,
    Order,
    Revision,
    Session,
)
from qipan.kernel.sensing.rule_models import RuleEvent, RuleRow, RuleState, RuleVersion, Severity
from qipan.kernel.sensing.thing_models import Datastream, DeviceKey, ObservedProperty, Sensor, Thing

__all__ = [
    "Batch",
    "ColdDay",
    "Datastream",
    "DayRollup",
    "DeviceKey",
    "Follower",
    "FrameLog",
    "HourRollup",
    "Latest",
    "ObservedProperty",
    "Order",
    "Revision",
    "RuleEvent",
    "RuleRow",
    "RuleState",
    "RuleVersion",
    "Sensor",
    "Session",
    "Severity",
    "Thing",
]
