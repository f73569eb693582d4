"""Surface water as it is: newest readings of each section, its class and what decides it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from qipan.domains.governance.environment import situation
from qipan.domains.governance.environment.models import Site
from qipan.domains.governance.environment.rules import WaterClass, table_on, water_class
from qipan.domains.governance.environment.water import CLASS_NAMES
from qipan.kernel.access.models import Actor
from qipan.kernel.base.clock import county_day, now
from qipan.kernel.sensing.models import Latest
from qipan.kernel.sensing.quality import good

# Stations report every four hours; three missed reports are no present water any more.
FRESH = timedelta(hours=12)
ITEMS = {
    "w01001": "PH",
    "w01009": "DO",
    "w01019": "CODMN",
    "w01018": "COD",
    "w21003": "NH3N",
    "w21011": "TP",
    "w21001": "TN",
}
NAMES = {"PH": "pH", "CODMN": "CODMn", "NH3N": "NH₃-N"}


@dataclass(frozen=True)
class WaterNow:
    """A section with its newest sample; ``result`` None without fresh good readings."""

    site: Site
    time: datetime | None
    values: dict[str, float]
    result: WaterClass | None

    @property
    def target(self) -> str:
        """Target class in Roman figures; empty when none is set."""
        return CLASS_NAMES[self.site.target_class - 1] if self.site.target_class else ""

    @property
    def meets(self) -> bool | None:
        """Whether the class reaches the target; None when one of them is missing."""
        if self.result is None or self.result.level is None or self.site.target_class is None:
            return None
        return self.result.level <= self.site.target_class

    @property
    def worst(self) -> str:
        """Names of the items that decide the class."""
        return "、".join(NAMES.get(item, item) for item in (self.result.worst if self.result else ()))

    @property
    def exceeding(self) -> list[tuple[str, float | None]]:
        """Items beyond the target with their multiples; empty when no target is set."""
        if self.result is None or self.site.target_class is None:
            return []
        return [
            (NAMES.get(part.item, part.item), None if part.multiple is None else float(part.multiple))
            for part in self.result.exceeding
        ]


def sections(actor: Actor) -> list[WaterNow]:
    """Every section the actor may see, those beyond their target first, then the worse classes."""
    sites = list(situation.visible_sites(actor, Site.Kind.SURFACE_WATER).select_related("township"))
    since = now() - FRESH
    readings: dict[int, dict[str, tuple[datetime, float]]] = {}
    rows = Latest.objects.filter(
        datastream__thing__in=[site.thing_id for site in sites], datastream__code__in=ITEMS, ts__gt=since
    ).select_related("datastream")
    for row in rows:
        if row.value is not None and good(row.quality):
            item = ITEMS[row.datastream.code]
            readings.setdefault(row.datastream.thing_id, {})[item] = (row.ts, row.value)
    found = [_section(site, readings.get(site.thing_id, {})) for site in sites]
    return sorted(found, key=_order)


def _section(site: Site, readings: dict[str, tuple[datetime, float]]) -> WaterNow:
    values = {item: value for item, (_at, value) in readings.items() if value >= 0}
    if not values:
        return WaterNow(site, None, {}, None)
    time = max(at for at, _value in readings.values())
    table = table_on("surface_water", county_day(time))
    return WaterNow(site, time, values, water_class(values, table, target=site.target_class or 3))


def _order(one: WaterNow) -> tuple[bool, int, str]:
    level = one.result.level if one.result and one.result.level else 0
    return (one.meets is not False, -level, one.site.code)
