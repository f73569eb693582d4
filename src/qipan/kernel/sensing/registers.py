"""Lists of things, streams, keys, frames, rules and what they found."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.models import Account
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.sensing import actions, corrections, forms, layers, panels
from qipan.kernel.sensing.models import (
    Datastream,
    DeviceKey,
    FrameLog,
    ObservedProperty,
    Order,
    Revision,
    RuleEvent,
    RuleRow,
    RuleVersion,
    Session,
    Thing,
)
from qipan.kernel.sensing.rules import editing
from qipan.kernel.ui.declarations import Column, MapPlace, Panel, Register, RelatedPanel, RowAction

CLOCK_ORDER_LIFE = timedelta(minutes=1)
SECTION = _("设备与数据")


def _adopt_into(thing: Thing, by: Account, target: Thing, reason: str) -> Thing:
    return actions.adopt_into(thing, target, by, reason)


def _adopt(thing: Thing, by: Account, **fields: Any) -> Thing:
    given = {name: value for name, value in fields.items() if value not in (None, "")}
    return actions.adopt(thing, by, **given)


def _confirm(stream: Datastream, by: Account, unit: str, scale: float, property: Any) -> str:
    actions.confirm_unit(stream, by, unit=unit, scale=scale, property=property)
    return _now("单位已确认,已入库的数据一并换算")


def _correct(stream: Datastream, by: Account, ts: datetime, value: float, reason: str) -> str:
    corrections.correct(stream, ts, value, by, reason)
    return _now("已更正,原值保留")


def _annul(stream: Datastream, by: Account, ts: datetime, reason: str) -> str:
    corrections.annul(stream, ts, by, reason)
    return _now("已作废,原值保留")


def _order(key: DeviceKey, by: Account, command: str, purpose: str, **given: Any) -> Order:
    form = forms.OrderForm({"command": command, "purpose": purpose, **given})
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        raise InvalidInput(name, str(errors[0]))
    parameters = form.parameters()
    expires_at = None
    if command == "set_clock":
        # a clock order that waits tells the wrong time
        parameters["SystemTime"] = now().isoformat()
        expires_at = now() + CLOCK_ORDER_LIFE
    return actions.queue_order(
        key, command, by, purpose=purpose, parameters=parameters, expires_at=expires_at
    )


def _switch_off(rule: RuleRow, by: Account, reason: str) -> str:
    editing.switch(rule, False, by, reason)
    return _now("规则已停用,未结束的事件一并结束")


def _switch_on(rule: RuleRow, by: Account, reason: str) -> str:
    editing.switch(rule, True, by, reason)
    return _now("规则已启用")


def _activate(rule: RuleRow, by: Account) -> str:
    version = rule.versions.order_by("-number").first()
    if version is None:
        raise InvalidInput("version", _now("该规则没有版本"))
    editing.activate(version, by)
    return _now("第%(number)d版已生效") % {"number": version.number}


def _newest_waits(rule: RuleRow) -> bool:
    newest = rule.versions.order_by("-number").first()
    return newest is not None and newest.state in (RuleVersion.State.TESTED, RuleVersion.State.DRAFT)


def _sessions(thing: Thing) -> QuerySet[Session]:
    keys = list(thing.keys.values_list("protocol", "key"))
    return Session.objects.filter(
        protocol__in={name for name, _key in keys}, key__in={key for _name, key in keys}
    )


def _acknowledge(event: RuleEvent, by: Account) -> str:
    actions.acknowledge(event, by)
    return _now("已确认")


def _state(*allowed: str) -> Any:
    return lambda thing: thing.state in allowed


THING_ACTIONS = (
    RowAction(
        "adopt", _("接入"), _adopt, "sensing.thing.adopt", forms.AdoptForm, visible=_state("quarantine")
    ),
    RowAction(
        "join", _("并入已有设备"), _adopt_into, "sensing.thing.adopt", forms.AdoptIntoForm,
        visible=_state("quarantine"),
    ),
    RowAction(
        "pause", _("暂停(维护)"), lambda thing, by, reason: actions.pause(thing, by, reason),
        "sensing.thing.change", forms.ReasonForm, visible=_state("active"),
    ),
    RowAction(
        "resume", _("恢复在用"), lambda thing, by, reason: actions.resume(thing, by, reason),
        "sensing.thing.change", forms.ReasonForm, visible=_state("paused"),
    ),
    RowAction(
        "retire", _("停用"), lambda thing, by, reason: actions.retire(thing, by, reason),
        "sensing.thing.change", forms.ReasonForm,
        visible=_state("active", "paused", "quarantine"), danger=True,
    ),
)  # fmt: skip

REGISTERS = (
    Register(
        Thing,
        "things",
        ("name", "code", "kind", "organisation", "division", "state", "last_heard_at"),
        title=_("设备清单"),
        section=SECTION,
        icon="router",
        filters=("state", "kind", "organisation", "division", "demo"),
        search=("name", "code", "keys__key", "maker"),
        edit=(
            "name", "code", "description", "kind", "maker", "organisation", "division", "grid", "address",
            "lon", "lat", "parent", "properties",
        ),
        place=MapPlace(colour=layers.colour_of),
        detail=(
            "code", "kind", "state", "last_heard_at", "organisation", "division", "address", "maker",
            "parent", "properties", "description", "valid_from", "valid_to", "uuid", "demo",
        ),
        date_field="last_heard_at",
        panels=(
            Panel(_("数据流"), "sensing/panel_streams.html", panels.streams),
            RelatedPanel(
                _("规则事件"),
                lambda thing: thing.rule_events.select_related("rule"),
                ("rule", "severity", "message", "started_at", "ended_at"),
            ),
            Panel(_("设备报文"), "sensing/panel_frames.html", panels.frames),
            RelatedPanel(
                _("接入标识"),
                lambda thing: thing.keys.all(),
                ("protocol", "key", "valid_from", "valid_to", "last_heard_at"),
            ),
            RelatedPanel(
                _("连接"), _sessions, ("peer", "since", "last_heard", "ended", "reason", "frames", "bytes")
            ),
            RelatedPanel(
                _("指令"),
                panels.orders_of,
                ("command", "state", "by", "purpose", "created_at", "answered_at"),
            ),
        ),
        actions=THING_ACTIONS,
    ),
    Register(
        Datastream,
        "datastreams",
        ("thing", "code", "property", "unit", "kind", "step_s", "confirmed", "public"),
        title=_("数据流"),
        section=SECTION,
        icon="wave-sine",
        filters=("kind", "confirmed", "public", "property", "thing__kind"),
        search=("code", "thing__name", "thing__code", "property__name"),
        edit=(
            "property", "code", "kind", "step_s", "late_s", "low", "high", "resolution", "checks", "decimals",
            "public", "sensor",
        ),
        create=(),
        panels=(
            Panel(_("过程线"), "sensing/panel_chart.html", panels.chart),
            Panel(_("最近数据"), "sensing/panel_values.html", panels.values),
            RelatedPanel(
                _("更正"),
                lambda stream: stream.revisions.select_related("by"),
                ("ts", "old_value", "new_value", "cause", "applied", "by", "reason", "at"),
            ),
        ),
        actions=(
            RowAction("confirm", _("确认单位"), _confirm, "sensing.datastream.change", forms.UnitForm),
            RowAction("correct", _("更正数值"), _correct, "sensing.datastream.correct", forms.CorrectForm),
            RowAction(
                "annul", _("作废数值"), _annul, "sensing.datastream.correct", forms.AnnulForm, danger=True
            ),
        ),
    ),
    Register(
        DeviceKey,
        "keys",
        ("thing", "protocol", "key", "valid_from", "valid_to", "last_heard_at"),
        title=_("接入标识"),
        section=SECTION,
        filters=("protocol",),
        search=("key", "thing__name", "thing__code"),
        edit=("settings",),
        create=("thing", "protocol", "key", "settings", "valid_from"),
        date_field="last_heard_at",
        panels=(
            RelatedPanel(
                _("指令"),
                lambda key: key.orders.select_related("by"),
                ("command", "state", "by", "purpose", "created_at", "sent_at", "answered_at"),
            ),
        ),
        actions=(
            RowAction(
                "order", _("下达指令"), _order, "sensing.order.add", forms.OrderForm,
                visible=lambda key: key.protocol == "hj212" and key.valid_to is None,
            ),
        ),
    ),
    Register(
        ObservedProperty,
        "properties",
        ("code", "name", "unit", "family", "low", "high", "decimals"),
        title=_("观测要素"),
        section=SECTION,
        filters=("family",),
        search=("code", "name"),
        edit=("code", "name", "definition", "unit", "family", "aliases", "low", "high", "decimals"),
    ),
    Register(
        FrameLog,
        "frames",
        ("received", "protocol", "key", "peer", "direction", "outcome", "reason"),
        title=_("报文日志"),
        section=SECTION,
        filters=("outcome", "protocol", "direction"),
        search=("key", "peer", "reason"),
        ordering=("-received",),
        create=(),
        date_field="received",
        api=False,
        detail=("received", "protocol", "key", "peer", "direction", "outcome", "reason"),
        panels=(Panel(_("原文与含义"), "sensing/panel_frame.html", panels.frame),),
    ),
    Register(
        Order,
        "orders",
        ("device_key", "command", "state", "by", "purpose", "created_at", "expires_at", "answered_at"),
        title=_("设备指令"),
        section=SECTION,
        filters=("state", "command"),
        search=("device_key__key", "purpose"),
        create=(),
        date_field="created_at",
    ),
    Register(
        Revision,
        "revisions",
        ("datastream", "ts", "old_value", "new_value", "cause", "applied", "by", "reason", "at"),
        title=_("数据更正"),
        section=SECTION,
        filters=("cause", "applied"),
        search=("datastream__thing__name", "reason"),
        create=(),
        date_field="at",
    ),
    Register(
        RuleRow,
        "rules",
        ("name", "code", "source", "organisation", "enabled"),
        title=_("监测规则"),
        section=SECTION,
        icon="adjustments",
        filters=("enabled", "source"),
        search=("name", "code"),
        create=(),
        panels=(
            Panel(_("版本与测试"), "sensing/panel_rule.html", panels.wording),
            RelatedPanel(
                _("规则事件"),
                lambda rule: rule.events.select_related("thing"),
                ("thing", "severity", "message", "started_at", "ended_at"),
            ),
        ),
        actions=(
            RowAction(
                "activate", _("启用最新版本"), _activate, "sensing.rulerow.activate", visible=_newest_waits
            ),
            RowAction(
                "on", _("开启"), _switch_on, "sensing.rulerow.activate", forms.ReasonForm,
                visible=lambda rule: not rule.enabled and rule.active_version is not None,
            ),
            RowAction(
                "off", _("关闭"), _switch_off, "sensing.rulerow.activate", forms.ReasonForm, danger=True,
                visible=lambda rule: rule.enabled,
            ),
        ),
    ),
    Register(
        RuleEvent,
        "events",
        (
            "thing", "rule", "severity", "message", "started_at", "ended_at",
            Column("acknowledged_by", _("确认人")),
        ),
        title=_("规则事件"),
        section=SECTION,
        icon="bell",
        filters=("severity", "rule"),
        search=("message", "thing__name", "thing__code", "rule__name"),
        create=(),
        date_field="started_at",
        actions=(
            RowAction(
                "acknowledge", _("确认"), _acknowledge, "sensing.ruleevent.acknowledge",
                visible=lambda event: event.acknowledged_at is None,
            ),
        ),
    ),
)  # fmt: skip
