"""The import desk: upload, see the evidence, compare, put in force, read what moved."""

from datetime import date
from typing import Any, ClassVar, cast

import orjson
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from shapely.geometry import mapping

from qipan.kernel.access.models import Account
from qipan.kernel.base.clock import county_day, now
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.maps.area_models import Layer
from qipan.kernel.maps.import_models import LayerImport
from qipan.kernel.maps.imports import actions
from qipan.kernel.maps.imports.preparing import differences
from qipan.kernel.ui import render
from qipan.kernel.ui.declarations import page

SHOWN = 100
DATUMS = {
    "cgcs2000": gettext_lazy("CGCS2000 / WGS84 经纬度"),
    "gcj02": gettext_lazy("GCJ-02(高德、腾讯地图)"),
    "bd09": gettext_lazy("BD-09(百度地图)"),
    "zone38": gettext_lazy("CGCS2000 三度带 38 带(中央经线 114°),东坐标在前"),
    "zone39": gettext_lazy("CGCS2000 三度带 39 带(中央经线 117°),东坐标在前"),
    "zone38-north-first": gettext_lazy("CGCS2000 三度带 38 带,北坐标在前"),
    "zone39-north-first": gettext_lazy("CGCS2000 三度带 39 带,北坐标在前"),
    "mercator": gettext_lazy("网络墨卡托(EPSG:3857)"),
    "swapped": gettext_lazy("经纬度顺序颠倒"),
    "dms": gettext_lazy("度.分秒(如 115.2606)"),
}
EVIDENCE = {
    "border": gettext_lazy("与已有县界的典型距离"),
    "names": gettext_lazy("与同名地物的典型距离"),
    "position": gettext_lazy("仅能判断是否在本县附近"),
}


class UploadForm(forms.ModelForm[LayerImport]):
    """What must be said of a layer when it is brought."""

    upload = forms.FileField(label=gettext_lazy("文件(GeoJSON 或带坐标的 CSV)"))

    class Meta:
        model = LayerImport
        fields = ("layer_code", "layer_name", "origin", "source", "licence", "approval")
        widgets: ClassVar = {"source": forms.Textarea({"rows": 2})}


@page("import/", gettext_lazy("图层导入"), permission=actions.PERMISSION, methods=("GET", "POST"))
def desk(request: HttpRequest) -> HttpResponse:
    """Upload a layer, and the list of those brought so far."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data.pop("upload")
        values = {name: str(value) for name, value in form.cleaned_data.items()}
        try:
            row = actions.receive(upload.read(), upload.name, values, cast(Account, request.user))
        except InvalidInput as error:
            form.add_error("upload" if error.field == "file" else error.field, error.message)
        else:
            return redirect("maps:review", pk=row.pk)
    context = {
        "form": form,
        "imports": LayerImport.objects.select_related("file", "created_by")[:SHOWN],
        "layers": Layer.objects.order_by("code"),
    }
    return render(request, "maps/import_desk.html", context, status=400 if form.errors else 200)


@page("import/<int:pk>/", gettext_lazy("核对图层"), permission=actions.PERMISSION)
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Evidence for each datum; with ``?datum=`` what would be stored, and how it differs."""
    row = get_object_or_404(LayerImport.objects.select_related("file", "created_by", "applied_by"), pk=pk)
    chosen = row.datum or request.GET.get("datum", "")
    context: dict[str, Any] = {"row": row, "chosen": chosen, "today": county_day(now())}
    context["candidates"] = [
        {**one, "name": DATUMS[one["code"]], "evidence_name": EVIDENCE[one["evidence"]]}
        for one in row.candidates
        if one["score"] > 0
    ]
    context["clear"] = _is_clear(row.candidates)
    if row.state == LayerImport.State.OPEN and chosen:
        ready = actions.prepared(row, chosen)
        context |= {"ready": ready, "differences": differences(ready.shapes, row.layer_code)[:SHOWN]}
        context["datum_name"] = DATUMS[chosen]
        context["preview"] = f"/maps/import/{row.pk}/preview.geojson?datum={chosen}"
    if row.state == LayerImport.State.APPLIED:
        context |= {"moves": row.moves.all()[:SHOWN], "moved": row.moves.count()}
        context["datum_name"] = DATUMS[chosen]
    return render(request, "maps/import_review.html", context)


def _is_clear(candidates: list[dict[str, Any]]) -> bool:
    first, second = candidates[0], candidates[1]
    return bool(first["evidence"] != "position" and first["score"] - second["score"] >= 0.1)


@page("import/<int:pk>/preview.geojson", gettext_lazy("预览"), permission=actions.PERMISSION, menu=False)
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The features as they would lie on the map in the datum ``?datum=``."""
    row = get_object_or_404(LayerImport, pk=pk)
    ready = actions.prepared(row, request.GET.get("datum", ""))
    features = [
        {
            "type": "Feature",
            "geometry": mapping(one.geometry),
            "properties": {"code": one.code, "title": one.name, "text": one.code, "colour": "#c4161c"},
        }
        for one in ready.shapes
    ]
    body = orjson.dumps({"type": "FeatureCollection", "features": features})
    return HttpResponse(body, content_type="application/geo+json")


@page("import/<int:pk>/apply/", gettext_lazy("启用图层"), permission=actions.PERMISSION, methods=("POST",))
def settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Put the layer in force from a day on, or drop it."""
    row = get_object_or_404(LayerImport, pk=pk)
    account = cast(Account, request.user)
    if request.POST.get("what") == "drop":
        actions.drop(row, account)
        return redirect("maps:desk")
    try:
        valid_from = date.fromisoformat(request.POST.get("valid_from", ""))
    except ValueError as error:
        raise InvalidInput("valid_from", _("请填写启用日期")) from error
    actions.put_in_force(row, request.POST.get("datum", ""), valid_from, account)
    return redirect("maps:review", pk=row.pk)


PAGES = (desk, review, preview, settle)
