"""A small register that exists only for these tests: notes of an organisation with a place."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.db import models
from django.http import HttpRequest, HttpResponse

from qipan.kernel.base.errors import Conflict, InvalidInput
from qipan.kernel.base.models import Record
from qipan.kernel.base.scope import Scope
from qipan.kernel.orgs.models import Organisation
from qipan.kernel.ui import render
from qipan.kernel.ui.badges import badge
from qipan.kernel.ui.declarations import (
    Column,
    HomePanel,
    MapPlace,
    Panel,
    Register,
    RelatedPanel,
    RowAction,
    page,
)


class Note(Record):
    """A note."""

    class State(models.TextChoices):
        """Where it stands."""

        OPEN = "open", "待办"
        DONE = "done", "办结"

    code = models.CharField("编号", max_length=20, unique=True)
    title = models.CharField("标题", max_length=100)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.OPEN)
    level = models.FloatField("水位", null=True, blank=True)
    urgent = models.BooleanField("加急", default=False)
    day = models.DateField("日期", null=True, blank=True)
    phone = models.CharField("联系电话", max_length=20, blank=True)
    organisation = models.ForeignKey(
        # No cascade may look for this table: it exists in the tests of this folder only.
        Organisation,
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="单位",
    )
    lon = models.FloatField("经度", null=True, blank=True)
    lat = models.FloatField("纬度", null=True, blank=True)

    scope: ClassVar[Scope] = Scope(organisation="organisation")
    masked_fields: ClassVar[tuple[str, ...]] = ("phone",)

    class Meta:
        app_label = "ui"
        ordering: ClassVar = ["code"]
        verbose_name = "便笺"
        verbose_name_plural = "便笺"

    def __str__(self) -> str:
        return self.title


class CloseForm(forms.Form):
    """What closing asks for."""

    remark = forms.CharField(label="办理说明")


def close(row: Any, account: Any, remark: Any) -> Any:
    """Close a note; its remark must say something."""
    if len(remark) < 4:
        raise InvalidInput("remark", "说明太短")
    row.state = Note.State.DONE
    row.save(update_fields=["state"])
    return f"{account} 办结 {row}"


def jam(row: Any, account: Any) -> None:
    """Always too late."""
    raise Conflict("已被他人办结")


NOTES = Register(
    Note,
    "notes",
    (
        "code",
        "title",
        Column("state", value=lambda row: badge(row.get_state_display(), "ok"), sort="state"),
        Column("level", unit="m"),
        "phone",
        "organisation",
        Column("organisation__kind", title="单位类别"),
    ),
    filters=("state", "urgent", "level", "organisation"),
    search=("code", "title", "phone"),
    edit=("title", "state", "level", "urgent", "day", "organisation"),
    create=("code", "title", "organisation", "lon", "lat"),
    place=MapPlace(colour=lambda row: "#c00" if row.urgent else "#06c"),
    date_field="day",
    panels=(
        Panel("说明", "components/empty.html", lambda request, row: {"title": f"说明:{row.title}"}),
        RelatedPanel(
            "同单位", lambda row: Note._default_manager.filter(organisation=row.organisation), ("code",)
        ),
    ),
    actions=(
        RowAction(
            "close", "办结", close, "ui.note.close", CloseForm, visible=lambda row: row.state == "open"
        ),
        RowAction("jam", "误办", jam, "ui.note.close"),
    ),
)


@page("board/", "看板", permission="ui.note.view")
def board(request: HttpRequest) -> HttpResponse:
    """A page behind a permission."""
    return render(request, "ui/error.html")


@page("/public/notes/", "公示", permission="public")
def public_board(request: HttpRequest) -> HttpResponse:
    """A page for everybody."""
    return HttpResponse("open to all")


@page("mine/", "我的", permission="signed-in", menu=False)
def mine(request: HttpRequest) -> HttpResponse:
    """A page for any account."""
    return HttpResponse(str(request.user))


def figure(request: Any) -> Any:
    """A home panel that visitors do not see."""
    if not request.user.is_authenticated:
        return None
    return "components/figure.html", {"label": "待办便笺", "value": 3, "unit": "件"}


@dataclass(frozen=True)
class Notebook:
    """The module that brings it all."""

    action: int = 9
    label: str = "ui"
    name: str = "智慧便笺"
    registers: tuple[Any, ...] = (NOTES,)
    pages: tuple[Any, ...] = (board, public_board, mine)
    layers: tuple[Any, ...] = ()
    home_panels: tuple[Any, ...] = (HomePanel("notes", figure, "figures"),)
