"""How much of what a gateway takes, so that one peer cannot take it from the others. No clock inside."""

from dataclasses import dataclass, field

NONSENSE_LIMIT = 5
BAN_S = 600.0
PEERS_LIMIT = 20_000


@dataclass(slots=True)
class TokenBucket:
    """``rate`` tokens a second, ``burst`` at most; times are seconds of any steady clock."""

    rate: float
    burst: float
    tokens: float = field(default=-1.0)
    at: float = 0.0

    def take(self, now: float) -> float:
        """Take one token; seconds to wait until the debt is paid, 0 while there are tokens."""
        if self.tokens < 0 and not self.at:
            self.tokens, self.at = self.burst, now
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate) - 1.0
        self.at = now
        return 0.0 if self.tokens >= 0 else -self.tokens / self.rate


class Bans:
    """Peers that send nonsense: five frames of it in a row, and the address is shut out for ten minutes.

    An address behind which known devices talk sense is never banned: many stations share one.
    """

    def __init__(self) -> None:
        self._nonsense: dict[str, int] = {}
        self._until: dict[str, float] = {}

    def banned(self, host: str, now: float) -> bool:
        """Whether the address is shut out at present."""
        until = self._until.get(host)
        if until is None:
            return False
        if now < until:
            return True
        del self._until[host]
        return False

    def nonsense(self, host: str, now: float, *, trusted: bool) -> bool:
        """Note nonsense; True when the peer is now banned."""
        count = self._nonsense.get(host, 0) + 1
        if trusted or count < NONSENSE_LIMIT:
            if len(self._nonsense) >= PEERS_LIMIT:
                self._nonsense.clear()
            self._nonsense[host] = min(count, NONSENSE_LIMIT - 1)
            return False
        self._nonsense.pop(host, None)
        if len(self._until) >= PEERS_LIMIT:
            self._until = {other: until for other, until in self._until.items() if until > now}
        self._until[host] = now + BAN_S
        return True

    def sense(self, host: str) -> None:
        """A good frame clears the count."""
        self._nonsense.pop(host, None)
