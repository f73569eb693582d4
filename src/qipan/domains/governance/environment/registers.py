"""Lists, details, exports and API of the environment's tables."""

from django.utils.translation import gettext_lazy as _

from qipan.domains.governance.environment.models import AirDay, AirHour, HighValueAlarm, Outlet, Site
from qipan.kernel.ui.declarations import Column, MapPlace, Register, RelatedPanel

CONCENTRATIONS = ("pm25", "pm10", "so2", "no2", "co", "o3")

REGISTERS = (
    Register(
        Site,
        "sites",
        ("code", "name", "kind", "township", "maintainer", "assessed", "thing"),
        filters=("kind", "township", "assessed"),
        search=("code", "name", "thing__code"),
        edit=("name", "township", "maintainer", "assessed", "reference_site"),
        create=(),
        place=MapPlace("thing__lon", "thing__lat"),
        panels=(
            RelatedPanel(
                _("最近的小时值"),
                lambda site: site.hours.all(),
                ("hour", "aqi", "grade", *CONCENTRATIONS),
                limit=24,
            ),
        ),
    ),
    Register(
        Outlet,
        "outlets",
        ("site", "firm", "firm_code", "permit", "reference_oxygen"),
        filters=("site__township",),
        search=("firm", "firm_code", "permit"),
        edit=("firm", "firm_code", "permit", "limits", "reference_oxygen", "quotas"),
        create=(),
    ),
    Register(
        AirHour,
        "hours",
        ("hour", "site", "aqi", "grade", *CONCENTRATIONS, Column("rule_version"), "revised"),
        filters=("site", "site__kind", "grade", "revised"),
        date_field="hour",
        ordering=("-hour", "site"),
    ),
    Register(
        AirDay,
        "days",
        ("day", "site", "aqi", "grade", *CONCENTRATIONS, "hours", "rule_version"),
        filters=("site", "grade"),
        date_field="day",
        ordering=("-day", "site"),
    ),
    Register(
        HighValueAlarm,
        "alarms",
        ("started_at", "site", "quantity", "peak", "peak_median", "state", "fallen_at", "cause", "case"),
        filters=("state", "quantity", "cause", "site__township"),
        search=("site__name", "site__code"),
        edit=("cause",),
        create=(),
        date_field="started_at",
        ordering=("-started_at",),
        place=MapPlace("site__thing__lon", "site__thing__lat"),
        detail=(
            "site",
            "quantity",
            "started_at",
            "last_at",
            "fallen_at",
            "peak",
            "peak_median",
            "intervals",
            "state",
            "reason",
            "suspects",
            "likely_causes",
            "cause",
            "case",
        ),
        section=_("空气质量"),
    ),
)
