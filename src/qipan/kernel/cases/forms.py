"""One form for each step: what it needs, in the reader's words."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.models import Account
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.cases.evidence import PhotoInput
from qipan.kernel.cases.models import Assignment, Case, CaseTypeRow
from qipan.kernel.cases.places import Spot
from qipan.kernel.cases.states import STEPS
from qipan.kernel.cases.wording import REASONS, PhotoKind
from qipan.kernel.orgs.models import Organisation

SEVERITIES = ((1, _("特别严重")), (2, _("严重")), (3, _("一般")), (4, _("轻微")))


PLACE_FIELDS = ("lon", "lat", "accuracy_m", "device_at")


class PhotosInput(forms.ClearableFileInput):
    """Several pictures from the camera or the album."""

    allow_multiple_selected = True
    template_name = "django/forms/widgets/file.html"

    def __init__(self) -> None:
        super().__init__(attrs={"accept": "image/*", "multiple": True})


class PhotosField(forms.FileField):
    """Several pictures; cleans to a list of uploads."""

    widget = PhotosInput

    def clean(self, data: Any, initial: Any = None) -> "list[UploadedFile[bytes]]":
        """Each upload by itself; an empty list when none was chosen."""
        uploads = data if isinstance(data, list | tuple) else [data] if data else []
        if not uploads and self.required:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return [super(PhotosField, self).clean(upload, initial) for upload in uploads]


class PlaceMixin(forms.Form):
    """Where the device is; filled by the browser when the user agrees."""

    lon = forms.FloatField(widget=forms.HiddenInput, required=False)
    lat = forms.FloatField(widget=forms.HiddenInput, required=False)
    accuracy_m = forms.FloatField(widget=forms.HiddenInput, required=False)
    device_at = forms.CharField(widget=forms.HiddenInput, required=False)

    def spot(self, **more: Any) -> Spot | None:
        """The place handed in, None without one; InvalidInput when it cannot be."""
        lon, lat = self.cleaned_data.get("lon"), self.cleaned_data.get("lat")
        if lon is None or lat is None:
            return Spot(**more) if more else None
        return Spot(lon, lat, self.cleaned_data.get("accuracy_m"), **more)

    def device_time(self) -> datetime | None:
        """The device's clock as it said; evidence only, it starts and stops nothing."""
        try:
            moment = parse_datetime(self.cleaned_data.get("device_at") or "")
        except ValueError:
            return None
        return moment if moment is not None and moment.tzinfo is not None else None

    def photo_inputs(self, field: str, kind: str) -> list[PhotoInput]:
        """Pictures with the device's place and time, which win over the picture's own."""
        spot, taken = self.spot(), self.device_time()
        return [
            PhotoInput(
                upload.read(),
                upload.name or "photo.jpg",
                spot.lon if spot else None,
                spot.lat if spot else None,
                spot.accuracy_m if spot else None,
                taken,
                kind,
            )
            for upload in self.cleaned_data.get(field) or ()
        ]


class StepForm(PlaceMixin):
    """The form of one step of a case; fields come from what the step needs and may take."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, step: str, case: Case, assignment: Assignment | None, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.step, self.case, self.assignment = step, case, assignment
        self.initial.setdefault("version", case.row_version)
        for name, field in self._fields().items():
            self.fields[name] = field

    def _fields(self) -> dict[str, forms.Field]:
        builders: dict[str, Callable[[], dict[str, forms.Field]]] = {
            "accept": self._accept,
            "file": lambda: self._conditions("filing", self.case.type.filing),
            "close": lambda: self._conditions("closing", self.case.type.closing) | self._note(),
            "dispatch": self._dispatch,
            "redirect": self._dispatch,
            "transfer": self._transfer,
            "feedback": self._feedback,
            "verify": self._verify,
            "self_handle": self._self_handle,
            "merge": lambda: {"master": forms.CharField(label=_("主案件编号"))},
        }
        if self.step in builders:
            return builders[self.step]()
        return self._plain()

    def _plain(self) -> dict[str, forms.Field]:
        needs = STEPS[self.step].needs
        fields: dict[str, forms.Field] = {}
        if "reason" in needs:
            fields["reason"] = self._reason()
        if self.step == "return":
            fields["organisation"] = organisation_field(_("建议承办单位"), required=False)
        if "review_on" in needs:
            fields["review_on"] = forms.DateField(label=_("复查日期"), widget=_date())
        if "amount" in needs:
            fields["amount"] = forms.FloatField(label=_("延长(与原时限同单位)"), min_value=0)
        if self.step not in ("sign", "start", "arrive", "resume"):
            fields["text"] = text_field(_("说明"), required="text" in needs)
        if self.step in ("check", "rework"):
            fields["photos"] = PhotosField(label=_("核查照片"), required=False)
        return fields

    def _reason(self) -> forms.Field:
        if self.step in REASONS:
            return forms.ChoiceField(label=_("理由"), choices=[("", "—"), *REASONS[self.step]])
        return forms.CharField(label=_("理由"), max_length=200)

    def _accept(self) -> dict[str, forms.Field]:
        kind = forms.ModelChoiceField(
            CaseTypeRow.objects.current(), label=_("类型"), required=False, initial=self.case.type_id
        )
        severity = forms.TypedChoiceField(
            label=_("严重程度"), choices=SEVERITIES, coerce=int, initial=self.case.severity
        )
        return {"type": kind, "severity": severity}

    def _conditions(self, name: str, conditions: list[str]) -> dict[str, forms.Field]:
        if not conditions:
            return {}
        boxes = forms.MultipleChoiceField(
            label=_("条件"),
            choices=[(str(number), text) for number, text in enumerate(conditions)],
            widget=forms.CheckboxSelectMultiple,
            required=False,
        )
        reason = forms.CharField(label=_("未满足的理由"), max_length=200, required=False)
        return {name: boxes, "reason": reason}

    def _note(self) -> dict[str, forms.Field]:
        return {"note": text_field(_("告知上报人"), required=False)}

    def _dispatch(self) -> dict[str, forms.Field]:
        lead = organisation_field(_("主办单位"), required=False)
        lead.help_text = _("留空则按规则派遣")
        fields: dict[str, forms.Field] = {
            "organisation": lead,
            "person": forms.ModelChoiceField(
                staff(self.case), label=_("承办人"), required=False, to_field_name="username"
            ),
            "text": text_field(_("说明"), required=False),
        }
        if self.step == "dispatch":
            fields["joint"] = forms.ModelMultipleChoiceField(
                offices(), label=_("协办单位"), required=False, widget=forms.SelectMultiple
            )
        return fields

    def _transfer(self) -> dict[str, forms.Field]:
        return {
            "organisation": organisation_field(_("移交给")),
            "reason": self._reason(),
            "text": text_field(_("说明"), required=False),
        }

    def _feedback(self) -> dict[str, forms.Field]:
        fields: dict[str, forms.Field] = {"text": text_field(_("处置结果"))}
        evidence = self.case.type.evidence
        if "photo_before" in evidence:
            fields["before"] = PhotosField(label=_("处置前照片"), required=False)
        fields["photos"] = PhotosField(label=_("处置后照片"), required="photo_after" in evidence)
        fields["photos"].error_messages["required"] = _("需要上传处置后照片")
        fields["cost"] = forms.DecimalField(label=_("费用(元)"), min_value=0, required=False)
        return fields

    def _verify(self) -> dict[str, forms.Field]:
        found = forms.ChoiceField(
            label=_("现场情况"),
            choices=(("1", _("情况属实")), ("", _("未发现"))),
            widget=forms.RadioSelect,
            required=False,
        )
        return {"found": found, "photos": PhotosField(label=_("现场照片"))}

    def _self_handle(self) -> dict[str, forms.Field]:
        return {
            "text": text_field(_("处置结果")),
            "before": PhotosField(label=_("处置前照片"), required=False),
            "photos": PhotosField(label=_("处置后照片")),
        }

    def data_for_act(self) -> dict[str, Any]:
        """What the step takes, from cleaned fields."""
        own = ("lon", "lat", "accuracy_m", "device_at", "version", "before", "photos", "found", "master")
        data = {name: value for name, value in self.cleaned_data.items() if name not in own}
        data["place"], data["device_at"] = self.spot(), self.device_time()
        if "photos" in self.fields:
            kind = PhotoKind.AFTER if self.step in ("feedback", "self_handle") else PhotoKind.CHECK
            before = self.photo_inputs("before", PhotoKind.BEFORE)
            data["photos"] = [*before, *self.photo_inputs("photos", kind)]
        if "found" in self.fields:
            data["found"] = self.cleaned_data["found"] == "1"
        if "master" in self.fields:
            data["master"] = _case_by_number(self.cleaned_data["master"])
        return data

    @property
    def is_simple(self) -> bool:
        """Whether nothing has to be filled in: one button is enough."""
        return not self.visible_fields()


def _case_by_number(number: str) -> Case:
    found = Case.objects.filter(number=number.strip()).first()
    if found is None:
        raise InvalidInput("master", str(_("没有这个编号的案件")))
    return found


def _date() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def text_field(label: Any, required: bool = True) -> forms.CharField:
    """A few lines of text."""
    return forms.CharField(
        label=label, max_length=2000, required=required, widget=forms.Textarea(attrs={"rows": 3})
    )


def offices() -> "QuerySet[Organisation]":
    """Organisations that work can be given to: no villages, which are thousands of options."""
    return Organisation.objects.filter(active=True).exclude(kind__in=("village", "firm"))


def staff(case: Case) -> "QuerySet[Account]":
    """People of the organisations that have to do with a case, and of its township."""
    near = Q(organisation__in=[case.desk_id, case.handler_id])
    if case.division is not None:
        near |= Q(organisation__division__code__startswith=case.division.code[:9])
    rows = Account.objects.filter(near, is_active=True, kind=Account.Kind.STAFF)
    return rows.order_by("name")


def organisation_field(label: Any, required: bool = True) -> "forms.ModelChoiceField[Organisation]":
    """One office."""
    return forms.ModelChoiceField(offices(), label=label, required=required)


class ReportForm(PlaceMixin):
    """A resident's report: what, where, a photo, and how to reach the reporter."""

    type = forms.ModelChoiceField(CaseTypeRow.objects.none(), label=_("要反映什么"), to_field_name="code")
    title = forms.CharField(label=_("一句话说明"), max_length=100)
    text = text_field(_("详细情况"), required=False)
    photos = PhotosField(label=_("照片"), required=False)
    address = forms.CharField(label=_("地点"), max_length=200, required=False)
    name = forms.CharField(label=_("您的称呼"), max_length=50, required=False)
    phone = forms.RegexField(r"^[0-9+\- ]{5,20}$", label=_("联系电话"), required=False)
    protected = forms.BooleanField(label=_("对承办单位隐去我的信息"), required=False)
    client_key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = self.fields["type"]
        assert isinstance(kinds, forms.ModelChoiceField)
        kinds.queryset = CaseTypeRow.objects.public()
        kinds.empty_label = str(_("请选择"))
        self.fields["title"].widget.attrs["autocomplete"] = "off"
        self.fields["text"].widget.attrs["maxlength"] = "2000"
        self.fields["phone"].widget.attrs["inputmode"] = "tel"

    def add_prefix(self, field_name: str) -> str:
        """The place has the prefix by which the map finds its inputs."""
        return f"at_{field_name}" if field_name in PLACE_FIELDS else field_name

    @property
    def what(self) -> list[forms.BoundField]:
        """The matter."""
        return [self["type"], self["title"], self["text"]]

    @property
    def who(self) -> list[forms.BoundField]:
        """The reporter."""
        return [self["name"], self["phone"], self["protected"]]


class RatingForm(forms.Form):
    """Five levels and a word."""

    grade = forms.TypedChoiceField(label=_("您满意吗"), coerce=int, widget=forms.RadioSelect)
    text = text_field(_("意见"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        from_choices = kwargs.pop("choices")
        super().__init__(*args, **kwargs)
        grade = self.fields["grade"]
        assert isinstance(grade, forms.TypedChoiceField)
        grade.choices = from_choices


class ReceiptForm(forms.Form):
    """A receipt code as typed."""

    receipt = forms.CharField(label=_("回执号"), max_length=20)


class CallBackForm(forms.Form):
    """What was said on the phone."""

    text = text_field(_("回访记录"))
