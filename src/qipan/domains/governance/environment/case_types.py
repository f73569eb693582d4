"""Kinds of cases that the environment system brings; limits are the county's own, editable as rows."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.cases.declarations import CaseType, TimeLimit

OWN = "county default, editable"
# Arrive within 30 minutes and handle within 2 hours around the clock, verify within a day.
FIELD = (
    TimeLimit("sign", 0.5, "urgent_hour", calendar="always", source=OWN),
    TimeLimit("handle", 2, "urgent_hour", calendar="always", source=OWN),
    TimeLimit("check", 24, "urgent_hour", calendar="always", source=OWN),
    TimeLimit("total", 72, "urgent_hour", calendar="always", source=OWN),
)
DESK = (
    TimeLimit("accept", 2, "work_hour", source=OWN),
    TimeLimit("sign", 2, "work_hour", source=OWN),
    TimeLimit("handle", 3, "work_day", source=OWN),
    TimeLimit("check", 1, "work_day", source=OWN),
    TimeLimit("total", 5, "work_day", source=OWN),
)

CASE_TYPES = (
    CaseType(
        "environment.high_value",
        _("空气高值报警"),
        "hazard",
        "grid",
        FIELD,
        filing=(_("微站读数高于周边并持续两个时段"),),
        closing=(_("现场原因已查明"), _("读数已回落")),
        evidence=("photo_after",),
        severity=2,
        dispatch="grid_worker",
        keywords=("高值", "微站"),
    ),
    CaseType(
        "environment.straw_burning",
        _("露天焚烧秸秆垃圾"),
        "event",
        "grid",
        FIELD,
        closing=(_("明火已熄灭"),),
        evidence=("photo_after",),
        public=True,
        severity=2,
        keywords=("秸秆", "焚烧", "着火"),
        description=_("田间、路边烧秸秆、落叶或垃圾"),
    ),
    CaseType(
        "environment.citizen_report",
        _("污染举报"),
        "event",
        "grid",
        DESK,
        filing=(_("地点清楚,属于生态环境事项"),),
        closing=(_("已答复举报人"),),
        evidence=("photo_after",),
        public=True,
        severity=3,
        keywords=("冒黑烟", "异味", "排污", "扬尘", "噪声"),
        description=_("烟囱、异味、污水、扬尘或噪声"),
    ),
    CaseType(
        "environment.outlet_over_limit",
        _("排放口超标"),
        "hazard",
        "hazard",
        DESK,
        filing=(_("小时均值有效且超过许可限值"),),
        closing=(_("排放已恢复达标"),),
        evidence=("photo_after",),
        severity=2,
        dispatch="owner",
    ),
    CaseType(
        "environment.water_exceedance",
        _("水质超标"),
        "hazard",
        "hazard",
        DESK,
        closing=(_("原因已查明"),),
        evidence=("photo_after",),
        severity=2,
        dispatch="owner",
    ),
    CaseType(
        "environment.instrument_fault",
        _("监测仪器故障"),
        "repair",
        "grid",
        DESK,
        closing=(_("数据已恢复"),),
        severity=3,
        dispatch="owner",
        needs_place=False,
    ),
    CaseType(
        "environment.response_inspection",
        _("应急响应检查"),
        "hazard",
        "grid",
        FIELD,
        closing=(_("措施已落实"),),
        evidence=("photo_after",),
        severity=2,
        dispatch="grid_worker",
    ),
)
