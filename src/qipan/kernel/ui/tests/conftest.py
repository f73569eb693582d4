"""The test site: its table, its module, two organisations and people with roles in them."""

from datetime import date
from typing import Any

import pytest
from django.db import connection

from qipan.kernel.access.accounts import create_account, grant_role
from qipan.kernel.access.models import Account, RoleRow
from qipan.kernel.orgs.models import Organisation
from qipan.kernel.ui.site import site
from qipan.kernel.ui.tests.notes import Note, Notebook


@pytest.fixture(scope="session")
def note_table(django_db_setup: Any, django_db_blocker: Any) -> None:
    """The table of notes, made once in the test database."""
    with django_db_blocker.unblock():
        if Note._meta.db_table not in connection.introspection.table_names():
            with connection.schema_editor() as editor:
                editor.create_model(Note)


@pytest.fixture
def notebook(note_table: Any, db: Any, settings: Any) -> Any:
    """The site with the one test module."""
    settings.ROOT_URLCONF = "qipan.kernel.ui.tests.urls"
    modules, panels = site.modules, site.home_panels
    site.fill([Notebook()])
    yield
    site.modules, site.home_panels = modules, panels
    site.__dict__.pop("_by_model", None)


@pytest.fixture
def county(notebook: Any) -> Any:
    """The county government with two offices below it."""
    root = Organisation.objects.create(code="ROOT", name="冠县人民政府", kind="government", path="1/")
    water = Organisation.objects.create(
        code="WATER", name="县水利局", kind="government", parent=root, path="1/2/"
    )
    roads = Organisation.objects.create(
        code="ROADS", name="县交通局", kind="government", parent=root, path="1/3/"
    )
    return {"root": root, "water": water, "roads": roads}


@pytest.fixture
def clerk(county: Any) -> Any:
    """May view, add and change notes of the water office and close them."""
    role = RoleRow.objects.create(
        code="ui.clerk",
        label="便笺经办",
        permissions=["ui.note.view", "ui.note.add", "ui.note.change", "ui.note.close"],
    )
    account = create_account("clerk", "李经办", Account.Kind.STAFF, by=None)
    grant_role(account, role.code, county["water"], by=None, with_children=True)
    return account


@pytest.fixture
def reader(county: Any) -> Any:
    """May only view, in the whole county."""
    RoleRow.objects.create(code="ui.reader", label="便笺查阅", permissions=["ui.note.view"])
    account = create_account("reader", "王查阅", Account.Kind.STAFF, by=None)
    grant_role(account, "ui.reader", county["root"], by=None, with_children=True)
    return account


@pytest.fixture
def notes(county: Any) -> Any:
    """Three notes of the water office and one of the road office."""
    rows = (
        ("W-1", "河堤巡查", "open", 1.5, True, date(2026, 7, 1), "13812345678", "water", 115.4, 36.5),
        ("W-2", "闸门检修", "done", 2.5, False, date(2026, 7, 2), "13912345678", "water", None, None),
        ("W-3", "雨量站换电池", "open", None, False, date(2026, 8, 1), "", "water", 115.6, 36.6),
        ("R-1", "路面塌陷", "open", None, True, date(2026, 7, 3), "13712345678", "roads", 115.5, 36.5),
    )
    return {
        code: Note._default_manager.create(
            code=code,
            title=title,
            state=state,
            level=level,
            urgent=urgent,
            day=day,
            phone=phone,
            organisation=county[office],
            lon=lon,
            lat=lat,
        )
        for code, title, state, level, urgent, day, phone, office, lon, lat in rows
    }


@pytest.fixture
def signed_in(client: Any) -> Any:
    """Signs an account in and gives the client."""

    def sign_in(account: Any) -> Any:
        client.force_login(account)
        return client

    return sign_in
