"""Arithmetic and wording of warnings: levels, texts per channel, rates (pure functions)."""

from collections.abc import Iterable
from dataclasses import dataclass

# Emergency Response Law art. 42 names four levels; severities of CAP beside them.
LEVELS = ("blue", "yellow", "orange", "red")
SEVERITY = {"red": "Extreme", "orange": "Severe", "yellow": "Moderate", "blue": "Minor"}
URGENCY = {"red": "Immediate", "orange": "Immediate", "yellow": "Expected", "blue": "Future"}
CERTAINTY = {"red": "Likely", "orange": "Likely", "yellow": "Likely", "blue": "Possible"}
ROMAN = {"red": "Ⅰ级/特别重大", "orange": "Ⅱ级/重大", "yellow": "Ⅲ级/较大", "blue": "Ⅳ级/一般"}
# Minutes within which the people called out are to confirm; ours, no norm fixes them.
ACKNOWLEDGE_MINUTES = {"red": 5, "orange": 10, "yellow": 15, "blue": 30}
SMS_SINGLE, SMS_PART = 70, 67
LED_LENGTH = 40
SPEAKER_LENGTH = 250  # about a minute of reading


def significant(code: str) -> str:
    """Digits of a 12-digit division code that every division inside begins with (2, 4, 6, 9 or 12)."""
    for digits in (2, 4, 6, 9):
        if not code[digits:].strip("0"):
            return code[:digits]
    return code


def township_of(code: str) -> str:
    """The township that a division lies in, itself when it is a township or larger."""
    return code[:9].ljust(12, "0")


def overlap(one: str, other: str) -> bool:
    """Whether one of two divisions holds the other."""
    first, second = significant(one), significant(other)
    return first.startswith(second) or second.startswith(first)


def rank(colour: str) -> int:
    """0 for blue … 3 for red."""
    return LEVELS.index(colour)


def graver(one: str, other: str) -> str:
    """The graver of two colours."""
    return max(one, other, key=rank)


def shortened(text: str, length: int) -> str:
    """At most ``length`` characters, cut at the end of a sentence where one fits, else marked with "…"."""
    if len(text) <= length:
        return text
    head = text[:length]
    stop = max(head.rfind(mark) for mark in "。;；")
    return head[: stop + 1] if stop >= length // 2 else head[: length - 1] + "…"


def sms_parts(text: str) -> int:
    """How many short messages a text takes (UCS-2: 70 characters, or 67 per part)."""
    return 1 if len(text) <= SMS_SINGLE else -(-len(text) // SMS_PART)


@dataclass(frozen=True)
class ChannelTexts:
    """What each channel will say."""

    inbox: str
    sms: str
    speaker: str
    led: str

    @property
    def sms_parts(self) -> int:
        """How many short messages the SMS text takes."""
        return sms_parts(self.sms)


def channel_texts(headline: str, description: str, instruction: str, exercise: str = "") -> ChannelTexts:
    """Texts of one warning for every channel; ``exercise`` is put in front of each."""
    full = "\n".join(part for part in (f"{exercise}{description}", instruction) if part)
    return ChannelTexts(
        inbox=full,
        sms=shortened(f"{exercise}{description}", 3 * SMS_PART),
        speaker=shortened(f"{exercise}{description}{instruction}", SPEAKER_LENGTH),
        led=shortened(f"{exercise}{headline}", LED_LENGTH),
    )


@dataclass(frozen=True)
class Contingency:
    """Hits, misses, false alarms and correct silences of warnings against what happened (WMO-No. 8)."""

    hits: int
    misses: int
    false: int
    quiet: int = 0

    @property
    def pod(self) -> float | None:
        """Probability of detection H/(H+M), None without occurrences."""
        return _share(self.hits, self.hits + self.misses)

    @property
    def far(self) -> float | None:
        """False alarm ratio F/(H+F), None without warnings."""
        return _share(self.false, self.hits + self.false)

    @property
    def ts(self) -> float | None:
        """Threat score H/(H+M+F)."""
        return _share(self.hits, self.hits + self.misses + self.false)

    @property
    def bias(self) -> float | None:
        """(H+F)/(H+M): above one warns too often."""
        return _share(self.hits + self.false, self.hits + self.misses)

    @property
    def ets(self) -> float | None:
        """Equitable threat score: the threat score without the hits that chance gives."""
        total = self.hits + self.misses + self.false + self.quiet
        if not total:
            return None
        chance = (self.hits + self.misses) * (self.hits + self.false) / total
        below = self.hits + self.misses + self.false - chance
        return (self.hits - chance) / below if below else None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


@dataclass(frozen=True)
class Span:
    """A warning or an occurrence in one area: colour, instants as POSIX seconds; ``at`` = published."""

    code: str
    colour: str
    start: float
    end: float
    at: float = 0.0


def verify(
    warnings: Iterable[Span], occurrences: Iterable[Span], tolerance_s: float = 3600
) -> tuple[Contingency, list[float], list[Span]]:
    """Match warnings to occurrences of the same event: (table, lead times in seconds, missed occurrences).

    A hit is an occurrence of at least the warning's colour inside the warned area that overlaps
    [onset - tolerance, expires]. Lead time = start of the occurrence - first publication; negative is late.
    """
    held, happened = list(warnings), list(occurrences)
    used: set[int] = set()
    leads: list[float] = []
    missed: list[Span] = []
    for occurrence in happened:
        matching = [number for number, warning in enumerate(held) if _meets(warning, occurrence, tolerance_s)]
        if not matching:
            missed.append(occurrence)
            continue
        used.update(matching)
        leads.append(occurrence.start - min(held[number].at for number in matching))
    table = Contingency(len(leads), len(missed), len(held) - len(used))
    return table, leads, missed


def _meets(warning: Span, occurrence: Span, tolerance_s: float) -> bool:
    grave = rank(occurrence.colour) >= rank(warning.colour)
    together = occurrence.end >= warning.start - tolerance_s and occurrence.start <= warning.end
    return grave and together and overlap(warning.code, occurrence.code)
