"""An independent, slow reading of the warning conditions, written from the document's words.

Days are counted by hand over plain lists; nothing of the engine is used.
"""

from dataclasses import dataclass

YELLOW, ORANGE, RED = 1, 2, 3
CLEAR = 36


@dataclass
class SlowEpisode:
    """First hour, hour after the last, highest colour."""

    first: int
    last: int
    colour: int


def lasting(values: list[int], hour: int, above: int, days: int) -> bool:
    """Whether `days` windows of 24 hours from `hour` on are all above; values[i] ends with hour i."""
    for day in range(days):
        end = hour + 24 * day + 23
        if end >= len(values) or not values[end] > above:
            return False
    return True


def hours_under(values: list[int], above: int, days: int, midnights_only: bool, first_clock: int) -> set[int]:
    """All hours that belong to some such run of windows."""
    hours: set[int] = set()
    for hour in range(len(values)):
        if midnights_only and (first_clock + hour) % 24 != 0:
            continue
        if lasting(values, hour, above, days):
            hours.update(range(hour, hour + 24 * days))
    return hours


def read(values: list[int], midnights_only: bool = False, first_clock: int = 0) -> list[SlowEpisode]:
    """Episodes of a series of 24-hour indices."""

    def under(above: int, days: int) -> set[int]:
        return hours_under(values, above, days, midnights_only, first_clock)

    yellow = under(200, 1) | under(150, 2)
    orange = under(200, 2) | under(150, 3)
    red_long, red_high = under(200, 3), under(300, 1)
    episodes: list[SlowEpisode] = []
    for hour in sorted(yellow):
        if episodes and hour - episodes[-1].last < CLEAR:
            episodes[-1].last = hour + 1
        else:
            episodes.append(SlowEpisode(hour, hour + 1, YELLOW))
    for episode in episodes:
        own = set(range(episode.first, episode.last))
        if own & orange:
            episode.colour = ORANGE
        if own & red_long and own & red_high:
            episode.colour = RED
    return episodes
