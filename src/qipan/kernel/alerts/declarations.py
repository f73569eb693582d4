"""What a module declares to the alerts block: the kinds of events it warns of, and which rules draft."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise

Text = str | Promise

COLOURS = ("blue", "yellow", "orange", "red")  # from the lightest to the gravest


@dataclass(frozen=True)
class EventType:
    """A kind of event that is warned of.

    ``category``: CAP categories separated by a space (Met, Env, Fire …). ``cn_code``: code in the national
    12379 table. ``texts``: wording of the description per colour (key "" for all), with ``{county}``,
    ``{areas}``, ``{onset}``, ``{expires}``, ``{event}`` and ``{colour}`` to be filled. ``guide``: what people
    should do, per colour (key "" for all). ``validity_h``: hours that a warning lasts when nothing else is
    said. ``responses``: CAP response types.
    """

    code: str
    name: Text
    category: str
    colours: tuple[str, ...] = COLOURS
    cn_code: str = ""
    texts: Mapping[str, Text] = field(default_factory=dict)
    guide: Mapping[str, Text] = field(default_factory=dict)
    validity_h: int = 24
    responses: tuple[str, ...] = ("Prepare",)

    def __post_init__(self) -> None:
        unknown = [colour for colour in self.colours if colour not in COLOURS]
        if unknown:
            raise ValueError(f"event type {self.code}: unknown colours {unknown}")

    def text(self, colour: str) -> str:
        """Wording of the description for a colour, "" without one."""
        return str(self.texts.get(colour) or self.texts.get("") or "")

    def advice(self, colour: str) -> str:
        """What people should do at a colour, "" when nothing is said."""
        return str(self.guide.get(colour) or self.guide.get("") or "")


@dataclass(frozen=True)
class AlertRule:
    """A fired sensing rule drafts a warning; a person decides whether it is signed.

    ``rule_code``: code of the sensing rule. ``colour``: one colour, or the colour per severity of the rule's
    event (a severity without one drafts nothing). ``area_from``: "township" or "village" of the thing,
    "county", or a callable (rule event) -> division codes. ``text``: headline, with ``{thing}`` and
    ``{message}``; ``case_type``: a case of this type is opened when the warning is published.
    """

    event: str
    rule_code: str
    colour: str | Mapping[str, str]
    area_from: str | Callable[[Any], list[str]] = "township"
    text: Text = ""
    validity_h: int | None = None
    confidence: float | None = None
    case_type: str = ""

    def colour_for(self, severity: str) -> str:
        """Colour at a severity of the rule's event, "" when nothing is to be drafted."""
        return self.colour if isinstance(self.colour, str) else self.colour.get(severity, "")
