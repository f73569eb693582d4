"""What people fill in to draft or change a warning."""

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from qipan.kernel.alerts.catalogue import event_types
from qipan.kernel.alerts.models import Alert, Colour, Status
from qipan.kernel.base.clock import county_day, local, now
from qipan.kernel.orgs.models import Division, Level

MINUTE = "%Y-%m-%dT%H:%M"


def areas_to_choose() -> list[tuple[str, str]]:
    """The county and its townships."""
    rows = Division.objects.at(county_day(now())).filter(code__startswith=settings.COUNTY_CODE)
    wanted = rows.filter(level__in=(Level.COUNTY, Level.TOWNSHIP)).order_by("code")
    return list(wanted.values_list("code", "name"))


class Moment(forms.DateTimeField):
    """An instant on the county's wall clock, to the minute."""

    def __init__(self, **more: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MINUTE)
        super().__init__(widget=widget, input_formats=[MINUTE, "%Y-%m-%dT%H:%M:%S"], **more)


class ContentForm(forms.Form):
    """Colour, area, time and words."""

    colour = forms.ChoiceField(label=_("等级"), choices=Colour.choices)
    areas = forms.MultipleChoiceField(label=_("预警区域"), widget=forms.CheckboxSelectMultiple)
    onset = Moment(label=_("预计开始"))
    expires = Moment(label=_("有效期至"))
    status = forms.ChoiceField(label=_("性质"), choices=Status.choices, initial=Status.ACTUAL)
    headline = forms.CharField(
        label=_("标题"), max_length=200, required=False, help_text=_("不填则按模板生成")
    )
    description = forms.CharField(
        label=_("内容"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("不填则按模板生成"),
    )
    instruction = forms.CharField(
        label=_("防御指南"), required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    audience = forms.CharField(label=_("发布对象"), max_length=200, required=False)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        field = self.fields["areas"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = areas_to_choose()

    def clean(self) -> dict[str, Any]:
        """The end comes after the beginning."""
        data = super().clean() or {}
        if data.get("onset") and data.get("expires") and data["expires"] <= data["onset"]:
            self.add_error("expires", _("有效期不能早于开始时间"))
        return data


class DraftForm(ContentForm):
    """A new draft by hand."""

    event = forms.ChoiceField(label=_("事件类型"))
    field_order = ("event", "colour", "areas", "onset", "expires", "status")

    def __init__(self, *args: Any, **more: Any) -> None:
        start = local(now()).replace(second=0, microsecond=0)
        more["initial"] = {
            "onset": start,
            "expires": start + timedelta(hours=24),
            **(more.get("initial") or {}),
        }
        super().__init__(*args, **more)
        field = self.fields["event"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(kind.code, kind.name) for kind in event_types()]


class EditForm(ContentForm):
    """A draft as it stands, with the version it was read at."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    @classmethod
    def of(cls, alert: Alert) -> "EditForm":
        """The form filled from a draft."""
        initial = {name: getattr(alert, name) for name in cls.base_fields if hasattr(alert, name)}
        initial |= {"areas": [area.code for area in alert.areas.all()], "version": alert.row_version}
        return cls(initial=initial)
