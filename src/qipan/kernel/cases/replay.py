"""Rebuilding a case from its events alone: proof that the events tell everything (no Django)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


class Told(Protocol):
    """What an event tells."""

    seq: int
    step: str
    from_state: str
    to_state: str
    assignment_id: int | None
    task_from: str
    task_to: str
    at: datetime
    data: dict[str, Any]


@dataclass
class TaskPicture:
    """A task as its events tell it."""

    organisation: int
    person: int | None
    role: str
    state: str = ""
    rework_no: int = 0
    done_at: datetime | None = None


@dataclass
class Picture:
    """A case as its events tell it."""

    type_code: str = ""
    title: str = ""
    source: str = ""
    state: str = ""
    desk: int | None = None
    handler: int | None = None
    severity: int = 0
    urgent: bool = False
    suspended: bool = False
    filed_at: datetime | None = None
    closed_at: datetime | None = None
    reopened: int = 0
    reworked: int = 0
    returned: int = 0
    appealed: bool = False
    self_handled: bool = False
    master: int | None = None
    tasks: dict[int, TaskPicture] = field(default_factory=dict)

    @property
    def holder(self) -> int | None:
        """Who has to act."""
        return self.handler if self.state == "handling" and self.handler else self.desk


def replay(events: Iterable[Told]) -> Picture:
    """The case after its events; ValueError when one does not begin where the last one ended."""
    picture = Picture()
    for number, event in enumerate(sorted(events, key=lambda each: each.seq), start=1):
        if event.seq != number:
            raise ValueError(f"events: {number} is missing")
        if event.from_state != picture.state:
            raise ValueError(f"events: {number} begins at {event.from_state}, not at {picture.state}")
        picture.state = event.to_state
        _facts(picture, event)
        if event.assignment_id is not None:
            _task(picture, event, event.assignment_id)
    return picture


def _facts(picture: Picture, event: Told) -> None:
    data = event.data
    picture.type_code = data.get("type", picture.type_code)
    picture.title = data.get("title", picture.title)
    picture.source = data.get("source", picture.source)
    picture.desk = data.get("desk", picture.desk)
    picture.severity = data.get("severity", picture.severity)
    picture.urgent = data.get("urgent", picture.urgent)
    picture.handler = data.get("handler", picture.handler)
    if data.get("filed"):
        picture.filed_at = event.at
    if data.get("closed_with_master"):
        picture.closed_at = event.at
    match event.step:
        case "close":
            picture.closed_at = event.at
        case "reopen":
            picture.reopened += 1
            picture.closed_at, picture.self_handled = None, False
        case "rework":
            picture.reworked += 1
        case "return":
            picture.returned += 1
        case "appeal":
            picture.appealed = True
        case "self_handle":
            picture.self_handled = True
        case "merge":
            picture.master = data["master"]
        case "unmerge":
            picture.master = None


def _task(picture: Picture, event: Told, number: int) -> None:
    if event.step == "send":
        data = event.data
        picture.tasks[number] = TaskPicture(data["organisation"], data["person"], data["role"])
        if data["role"] == "lead":
            picture.handler = data["organisation"]
    task = picture.tasks[number]
    if task.state != event.task_from:
        raise ValueError(f"events: {event.seq} moves a task from {event.task_from}, not from {task.state}")
    task.state = event.task_to
    if event.step == "redo":
        task.rework_no += 1
    if event.task_to == "done" and event.task_from != "done":
        task.done_at = event.at
    picture.suspended = any(each.state == "suspended" for each in picture.tasks.values())
