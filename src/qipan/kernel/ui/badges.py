"""Short states in a tone."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

# Tone → class of the badge; the four warning colours are those of the national warning system.
TONES = {
    "ok": "badge bg-green-lt",
    "warn": "badge bg-yellow-lt",
    "bad": "badge bg-red-lt",
    "info": "badge bg-azure-lt",
    "muted": "badge bg-secondary-lt",
    "red": "badge warning-red",
    "orange": "badge warning-orange",
    "yellow": "badge warning-yellow",
    "blue": "badge warning-blue",
}


def badge(text: object, tone: str = "muted") -> SafeString:
    """The badge as safe HTML; an unknown tone is muted. For templates and for column callables."""
    return format_html('<span class="{}">{}</span>', TONES.get(tone, TONES["muted"]), text)
