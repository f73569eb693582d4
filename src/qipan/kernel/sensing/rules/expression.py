"""A small grammar for conditions over several streams: sums, products, min, max, abs and one comparison.

``max({z1}, {z2}) - {@datum} >= 1.5``: braces name streams, with @ properties of the thing. Nothing else is
understood, so nothing of a stranger's text is ever executed.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from qipan.kernel.sensing.rules.inputs import Inputs

Number = Callable[[Inputs], float | None]

_TOKEN = re.compile(r"\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?)|\{(@?[^{}]+)\}|([a-z]+)|(>=|<=|[-+*/×÷()<>,]))")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_FUNCTIONS: dict[str, Callable[[list[float]], float]] = {
    "min": min,
    "max": max,
    "abs": lambda values: abs(values[0]),
}


@dataclass(frozen=True)
class Parsed:
    """A comparison ready to run, and the streams it needs."""

    run: Callable[[Inputs], bool | None]
    streams: frozenset[str]


def parse(text: str) -> Parsed:
    """Compile an expression; ValueError says where it cannot be understood."""
    return _Parser(text).comparison()


class _Parser:
    """Recursive descent over the tokens; notes the streams it meets."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.position = 0
        self.streams: set[str] = set()

    def comparison(self) -> Parsed:
        """The whole text: a sum, a sign, a sum."""
        left = self._sum()
        sign = self._take()
        if sign not in _COMPARE:
            raise ValueError(f"expression: a comparison is missing at {sign or 'the end'!r}")
        right = self._sum()
        if self._peek():
            raise ValueError(f"expression: {self._peek()!r} is too much")
        compare = _COMPARE[sign]

        def run(inputs: Inputs) -> bool | None:
            a, b = left(inputs), right(inputs)
            return None if a is None or b is None else compare(a, b)

        return Parsed(run, frozenset(self.streams))

    def _peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self.position += 1
        return token

    def _sum(self) -> Number:
        value = self._product()
        while self._peek() in ("+", "-"):
            value = _binary(operator.add if self._take() == "+" else operator.sub, value, self._product())
        return value

    def _product(self) -> Number:
        value = self._factor()
        while self._peek() in ("*", "/", "×", "÷"):
            value = _binary(operator.mul if self._take() in "*×" else _divide, value, self._factor())
        return value

    def _factor(self) -> Number:
        token = self._take()
        if token == "-":
            return _binary(operator.sub, lambda _inputs: 0.0, self._factor())
        if token == "(":
            value = self._sum()
            self._expect(")")
            return value
        if token.startswith("{@"):
            return property_value(token[2:-1])
        if token.startswith("{"):
            self.streams.add(token[1:-1])
            return _stream(token[1:-1])
        if token in _FUNCTIONS:
            return self._function(token)
        if not token[:1].isdigit():
            raise ValueError(f"expression: {token or 'the end'!r} stands where a value must stand")
        constant = float(token)
        return lambda _inputs: constant

    def _function(self, name: str) -> Number:
        self._expect("(")
        parts = [self._sum()]
        while self._peek() == ",":
            self._take()
            parts.append(self._sum())
        self._expect(")")
        if name == "abs" and len(parts) != 1:
            raise ValueError("expression: abs takes one value")
        function = _FUNCTIONS[name]

        def run(inputs: Inputs) -> float | None:
            values = [value for value in (part(inputs) for part in parts) if value is not None]
            return function(values) if len(values) == len(parts) else None

        return run

    def _expect(self, sign: str) -> None:
        token = self._take()
        if token != sign:
            raise ValueError(f"expression: {sign!r} is missing at {token or 'the end'!r}")


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"expression: cannot read {text[position:].strip()[:20]!r}")
        number, name, word, sign = match.groups()
        found.append(f"{{{name}}}" if name else number or word or sign)
        position = match.end()
    return found


def _binary(function: Callable[[float, float], float | None], left: Number, right: Number) -> Number:
    def run(inputs: Inputs) -> float | None:
        a, b = left(inputs), right(inputs)
        return None if a is None or b is None else function(a, b)

    return run


def _divide(a: float, b: float) -> float | None:
    return a / b if b else None


def _stream(code: str) -> Number:
    return lambda inputs: inputs.streams[code].current(inputs.now)


def property_value(name: str) -> Number:
    """A number among the thing's properties, None when there is none of that name."""

    def run(inputs: Inputs) -> float | None:
        value = inputs.properties.get(name)
        return float(value) if isinstance(value, int | float) else None

    return run
