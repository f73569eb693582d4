"""Forms of the block's actions and pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from qipan.kernel.orgs.models import Division, Organisation
from qipan.kernel.sensing.models import ObservedProperty, Severity, Thing
from qipan.protocols import hj212

MOMENT = {"type": "datetime-local", "step": "1"}


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(label=_("理由"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class AdoptForm(forms.Form):
    """What a stranger is."""

    name = forms.CharField(label=_("名称"), max_length=100)
    code = forms.SlugField(label=_("编号"), max_length=80)
    kind = forms.CharField(label=_("类别"), max_length=40, help_text=_("如 township_air、water_station"))
    organisation = forms.ModelChoiceField(Organisation.objects.filter(active=True), label=_("所属单位"))
    division = forms.ModelChoiceField(Division.objects.all(), label=_("所在区划"), required=False)
    lon = forms.FloatField(label=_("经度"), min_value=-180, max_value=180, required=False)
    lat = forms.FloatField(label=_("纬度"), min_value=-90, max_value=90, required=False)
    maker = forms.CharField(label=_("厂家"), max_length=100, required=False)


class AdoptIntoForm(ReasonForm):
    """Which known thing a stranger is."""

    target = forms.ModelChoiceField(
        Thing.objects.filter(state=Thing.State.ACTIVE), to_field_name="code", label=_("已有设备的编号"),
        widget=forms.TextInput,
    )  # fmt: skip


class UnitForm(forms.Form):
    """In which unit a stream is kept."""

    property = forms.ModelChoiceField(ObservedProperty.objects.all(), label=_("观测要素"), required=False)
    unit = forms.CharField(label=_("计量单位"), max_length=30)
    scale = forms.FloatField(
        label=_("换算系数"), initial=1.0, help_text=_("设备上报值乘以该系数,如 mg 换 µg 填 1000")
    )


class CorrectForm(ReasonForm):
    """A new value for an instant."""

    ts = forms.DateTimeField(label=_("时刻"), widget=forms.DateTimeInput(attrs=MOMENT))
    value = forms.FloatField(label=_("新值"))
    field_order = ("ts", "value", "reason")


class AnnulForm(ReasonForm):
    """The instant whose value is annulled."""

    ts = forms.DateTimeField(label=_("时刻"), widget=forms.DateTimeInput(attrs=MOMENT))
    field_order = ("ts", "reason")


ORDER_NAMES = {
    "get_clock": _("读取时钟"),
    "set_clock": _("校准时钟"),
    "get_real_time_interval": _("读取实时数据间隔"),
    "set_real_time_interval": _("设置实时数据间隔"),
    "get_minute_interval": _("读取分钟数据间隔"),
    "set_minute_interval": _("设置分钟数据间隔"),
    "start_real_time": _("开始上报实时数据"),
    "stop_real_time": _("停止上报实时数据"),
    "start_state": _("开始上报设备状态"),
    "stop_state": _("停止上报设备状态"),
    "history_day": _("调取日数据"),
    "history_run_time": _("调取设备运行时间"),
    "history_minute": _("调取分钟数据"),
    "history_hour": _("调取小时数据"),
    "calibrate": _("零点与量程校准"),
    "sample_now": _("即时采样"),
    "clean": _("清洗或反吹"),
    "compare": _("比对采样"),
    "keep_sample": _("超标留样"),
    "set_sampling_cycle": _("设置采样周期"),
    "get_sampling_cycle": _("读取采样周期"),
    "get_device_number": _("读取设备编号"),
    "get_site_information": _("读取现场信息"),
}


class OrderForm(forms.Form):
    """An order to a device with what it needs."""

    command = forms.ChoiceField(
        label=_("指令"), choices=[(code, ORDER_NAMES.get(code, code)) for code in hj212.ORDERS]
    )
    begin = forms.DateTimeField(
        label=_("起始时刻"),
        required=False,
        widget=forms.DateTimeInput(attrs=MOMENT),
        help_text=_("调取历史数据时填写"),
    )
    end = forms.DateTimeField(label=_("截止时刻"), required=False, widget=forms.DateTimeInput(attrs=MOMENT))
    interval = forms.IntegerField(
        label=_("间隔"), required=False, min_value=1, help_text=_("设置间隔时填写:秒或分钟")
    )
    factor = forms.CharField(
        label=_("因子编码"), required=False, max_length=20, help_text=_("校准或采样时填写")
    )
    purpose = forms.CharField(label=_("用途"), max_length=200)

    def parameters(self) -> dict[str, Any]:
        """The order's parameters under the names of the protocol."""
        given = self.cleaned_data
        offer = hj212.ORDERS[given["command"]]
        values = {
            "BeginTime": given["begin"].isoformat() if given.get("begin") else None,
            "EndTime": given["end"].isoformat() if given.get("end") else None,
            "RtdInterval": given.get("interval"),
            "MinInterval": given.get("interval"),
            "PolId": given.get("factor") or None,
        }
        wanted = (*offer.required, *offer.optional)
        return {name: value for name, value in values.items() if name in wanted and value is not None}

    def clean(self) -> dict[str, Any]:
        """What the order cannot do without must be there."""
        given = super().clean() or {}
        command = given.get("command")
        if command and not self.errors:
            fields = {"BeginTime": "begin", "EndTime": "end", "RtdInterval": "interval", "PolId": "factor"}
            fields["MinInterval"] = "interval"
            for name in hj212.ORDERS[command].required:
                if name in fields and name not in self.parameters():
                    self.add_error(fields[name], _("该指令必须填写此项"))
        return given


class RuleForm(forms.Form):
    """A rule of one condition, without code."""

    KINDS = (
        ("over", _("高于限值")),
        ("under", _("低于限值")),
        ("rate_over", _("每小时上升超过")),
        ("rate_under", _("每小时下降超过")),
        ("absence", _("多次没有数据")),
    )
    code = forms.RegexField(r"[a-z][a-z0-9_.]{2,79}", label=_("代码"), help_text=_("如 water.high_stage"))
    name = forms.CharField(label=_("名称"), max_length=100)
    thing_kind = forms.CharField(
        label=_("设备类别"), required=False, help_text=_("空白表示所有有此数据流的设备")
    )
    stream = forms.CharField(label=_("数据流代码"), help_text=_("如 a34004 或 a34004/hour/avg"))
    kind = forms.ChoiceField(label=_("条件"), choices=KINDS)
    limit = forms.FloatField(label=_("限值"), help_text=_("缺数据时填间隔的个数"))
    hysteresis = forms.FloatField(
        label=_("回差"), initial=0, min_value=0, help_text=_("回到限值以内多少才算解除")
    )
    window_min = forms.FloatField(label=_("变化的时段(分钟)"), initial=60, min_value=1)
    for_min = forms.FloatField(label=_("持续多久才触发(分钟)"), initial=0, min_value=0)
    severity = forms.ChoiceField(label=_("级别"), choices=Severity.choices, initial="major")
    message = forms.CharField(label=_("事件内容"), initial="{thing} {value} {unit}", max_length=200)
    series = forms.CharField(
        label=_("测试:数据"), widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("每分钟一个值,如 50 60 80x10 50;_ 表示没有数据,80x10 表示80再重复10次"),
    )  # fmt: skip
    fires_at = forms.FloatField(label=_("测试:第几分钟应已触发"), min_value=0)
    quiet_at = forms.FloatField(label=_("测试:第几分钟应没有触发"), min_value=0)

    def body(self) -> dict[str, Any]:
        """The rule as the codec reads it."""
        given = self.cleaned_data
        test = {
            "kind": "test",
            "name": given["name"],
            "series": {given["stream"]: given["series"]},
            "expect": [
                {"kind": "expect", "at_s": given["fires_at"] * 60, "severity": given["severity"]},
                {"kind": "expect", "at_s": given["quiet_at"] * 60, "severity": ""},
            ],
        }
        kinds = [given["thing_kind"]] if given["thing_kind"] else []
        return {
            "kind": "rule",
            "code": given["code"],
            "name": given["name"],
            "target": {"kind": "target", "kinds": kinds},
            "condition": self._condition(),
            "severity": given["severity"],
            "for_s": given["for_min"] * 60,
            "message": given["message"],
            "tests": [test],
        }

    def _condition(self) -> dict[str, Any]:
        given = self.cleaned_data
        stream, limit = given["stream"], given["limit"]
        if given["kind"] == "absence":
            return {"kind": "absence", "stream": stream, "steps": limit}
        if given["kind"] in ("over", "under"):
            hysteresis = given["hysteresis"]
            op = given["kind"]
            return {"kind": "threshold", "stream": stream, "op": op, "limit": limit, "hysteresis": hysteresis}
        op, sign = ("over", 1) if given["kind"] == "rate_over" else ("under", -1)
        window = given["window_min"] * 60
        return {"kind": "rate", "stream": stream, "op": op, "per_hour": sign * limit, "window_s": window}


class RuleTextForm(forms.Form):
    """Any rule, as JSON."""

    body = forms.JSONField(
        label=_("规则内容(JSON)"), widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "false"})
    )


class PreviewForm(forms.Form):
    """How far back a preview looks."""

    days = forms.IntegerField(label=_("回看天数"), initial=30, min_value=1, max_value=365)


class FrameForm(forms.Form):
    """A frame to be explained."""

    frame = forms.CharField(
        label=_("设备报文"), max_length=20_000, strip=False,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        help_text=_("粘贴一条或多条 HJ 212 报文,以 ## 开头"),
    )  # fmt: skip
