"""The county's key figures on the first page."""

from django.http import HttpRequest

from qipan.kernel.access.decide import decide
from qipan.kernel.indicators import catalogue
from qipan.kernel.indicators.pages import VIEW, actor_of
from qipan.kernel.ui.declarations import HomePanel

KEYS = (
    "cases.open",
    "cases.overdue",
    "cases.closed_in_time",
    "alerts.live",
    "sensing.devices_heard",
    "environment.good_days_ratio",
)


def figures(request: HttpRequest) -> tuple[str, dict[str, object]] | None:
    """The key figures that are declared here and that this actor may see; nothing when there are none."""
    every = decide(actor_of(request), VIEW).allowed
    known = {each.key: each for each in catalogue.every()}
    keys = [key for key in KEYS if key in known and (every or known[key].public)]
    return ("indicators/home.html", {"keys": keys}) if keys else None


HOME_PANELS = (HomePanel("indicators.figures", figures, place="figures"),)
