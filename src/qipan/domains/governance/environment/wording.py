"""Sentences the engines give as reasons: Chinese source text with its numbers kept apart.

The engines know no Django, so they cannot translate. They return the message with placeholders and the
values beside it; a page renders it with ``gettext``. ``str`` gives the Chinese sentence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sentence:
    """A message with ``%(name)s`` placeholders and their values (which may be sentences themselves).

    A percent sign in the message is written twice, with or without placeholders.
    """

    text: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        """The Chinese sentence."""
        return self.render(str)

    def render(self, translate: Callable[[str], str]) -> str:
        """The sentence in another language; ``translate`` maps the source text (gettext does)."""
        filled = {
            name: value.render(translate) if isinstance(value, Sentence) else value
            for name, value in self.values.items()
        }
        return translate(self.text) % filled


def sentence(text: str, **values: object) -> Sentence:
    """Build a sentence; imported as ``_`` so that message extraction finds the source text."""
    return Sentence(text, values)
