"""What the environment warns of, and which fired rules draft a warning."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.alerts.declarations import AlertRule, EventType

HEAVY_POLLUTION = "heavy_pollution"

EVENT_TYPES = (
    EventType(
        HEAVY_POLLUTION,
        _("重污染天气"),
        "Env Health",
        colours=("yellow", "orange", "red"),
        cn_code="11B29",
        texts={
            "": _(
                "受不利气象条件影响,预计{onset}至{expires},{areas}将出现重污染天气。现发布{event}{colour}预警。"
            ),
        },
        guide={
            "yellow": _("儿童、老年人和患病者减少户外活动;停止露天焚烧;企业按减排清单落实Ⅲ级响应措施。"),
            "orange": _("公众减少户外活动;学校减少户外课;停止土石方和露天喷涂;企业落实Ⅱ级响应措施。"),
            "red": _("公众避免户外活动;学校停止户外课;机动车按规定限行;企业落实Ⅰ级响应措施。"),
        },
        validity_h=72,
        responses=("Avoid", "Prepare"),
    ),
)

# A station that is heavily polluted now drafts a warning for its township: a person reads the forecast
# beside it and decides; the county's own proposals come from the forecast (`proposals`).
ALERT_RULES = (
    AlertRule(
        HEAVY_POLLUTION,
        "environment.heavy_air",
        {"major": "yellow", "critical": "orange"},
        area_from="township",
        text=_("{message},已达重污染"),
        validity_h=24,
        case_type="environment.response_inspection",
    ),
)
