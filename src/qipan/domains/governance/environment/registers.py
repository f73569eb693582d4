"""Lists, details, exports and API of the environment's tables."""

from django import forms
from django.utils.translation import gettext_lazy as _

from qipan.domains.governance.environment import actions, quality_watch
from qipan.domains.governance.environment.models import (
    AirDay,
    AirHour,
    HighValueAlarm,
    Outlet,
    OutletValue,
    QualityFlag,
    Site,
)
from qipan.kernel.ui.declarations import Column, MapPlace, Register, RelatedPanel, RowAction

CONCENTRATIONS = ("pm25", "pm10", "so2", "no2", "co", "o3")


class NoteForm(forms.Form):
    """Why a mark is confirmed or rejected."""

    note = forms.CharField(label=_("审核意见"), max_length=200, required=False)


FLAG_ACTIONS = (
    RowAction(
        "confirm",
        _("确认"),
        lambda flag, by, note="": actions.decide_flag(flag, by, QualityFlag.State.CONFIRMED, note),
        "environment.qualityflag.handle",
        NoteForm,
        visible=lambda flag: flag.state == QualityFlag.State.AUTO,
    ),
    RowAction(
        "reject",
        _("否定"),
        lambda flag, by, note="": actions.decide_flag(flag, by, QualityFlag.State.REJECTED, note),
        "environment.qualityflag.handle",
        NoteForm,
        visible=lambda flag: flag.state == QualityFlag.State.AUTO,
    ),
    RowAction(
        "report",
        _("报修"),
        lambda flag, by: actions.report_flag(flag, by),
        "environment.qualityflag.handle",
        visible=lambda flag: flag.state == QualityFlag.State.CONFIRMED and flag.case_id is None,
    ),
)

REGISTERS = (
    Register(
        Site,
        "sites",
        ("code", "name", "kind", "township", "maintainer", "assessed", "thing"),
        filters=("kind", "township", "assessed"),
        search=("code", "name", "thing__code"),
        edit=("name", "township", "maintainer", "assessed", "reference_site", "target_class"),
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
        actions=(
            RowAction(
                "report-silence",
                _("没有报数,报修"),
                lambda site, by: actions.report_silence(site, by),
                "environment.qualityflag.handle",
                visible=lambda site: site.kind in quality_watch.KINDS and bool(quality_watch.silent([site])),
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
    Register(
        QualityFlag,
        "quality-flags",
        ("site", "quantity", "check_code", "effect", "first", "last", "state", "decided_by", "case"),
        filters=("state", "check_code", "quantity", "effect", "site__township"),
        search=("site__name", "site__code"),
        edit=(),
        create=(),
        date_field="last",
        ordering=("-last", "site"),
        detail=(
            "site",
            "quantity",
            "check_code",
            "effect",
            "first",
            "last",
            "evidence",
            "rule_version",
            "state",
            "decided_by",
            "decided_at",
            "note",
            "case",
        ),
        actions=FLAG_ACTIONS,
        section=_("空气质量"),
    ),
    Register(
        OutletValue,
        "outlet-values",
        ("hour", "outlet", "factor", "mean", "converted", "limit", "over", "multiple", "reason", "case"),
        filters=("over", "factor", "outlet"),
        search=("outlet__firm",),
        date_field="hour",
        ordering=("-hour", "outlet"),
        section=_("污染源与水"),
    ),
)
