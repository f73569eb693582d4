"""What holds for every module: nobody sees what they may not, pages open, demo repeats, docs are whole."""

import json
import os
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import ForeignKey, ManyToManyField, OneToOneField
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from qipan.kernel.access.decide import decide, rows_for
from qipan.kernel.access.models import ANONYMOUS, Account, AuditEntry
from qipan.kernel.modules import registry
from qipan.kernel.ui.declarations import PUBLIC, SIGNED_IN
from qipan.kernel.ui.site import site
from qipan.project import reference
from qipan.project.home import ROOT
from tests.conftest import PERSONAS, build_demo

COUNTS = Path(__file__).with_name("query_counts.json")
PAGES = [page for page in site.pages if "<" not in page.path and (not page.methods or "GET" in page.methods)]
REGISTERS = list(site.registers)
SIGN_IN = "/sign-in/"


def actor(persona):
    return Account.objects.get(username=persona.username) if persona.username else ANONYMOUS


def page_url(page):
    label = next(module.label for module in site.modules if page in module.pages)
    return page.path if page.path.startswith("/") else f"/{label}/{page.path}"


def allowed(persona, permission):
    if permission == PUBLIC:
        return True
    if permission == SIGNED_IN:
        return bool(persona.username)
    return bool(decide(actor(persona), permission))


def is_stream(answer):
    return answer.streaming or answer.headers.get("Content-Type", "").startswith("text/event-stream")


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda one: one.name)
@pytest.mark.parametrize("page", PAGES, ids=page_url)
def test_page_opens_for_those_who_may_and_for_nobody_else(visit, persona, page):
    answer = visit(persona).get(page_url(page))
    if allowed(persona, page.permission):
        # 400: a protocol door that wants parameters and says so; 405: a door that only takes posts
        assert answer.status_code in (200, 302, 400, 405), answer.content[:500]
        assert not (answer.status_code == 302 and answer["Location"].startswith(SIGN_IN) and persona.username)
    else:
        assert answer.status_code in (302, 403)
        if answer.status_code == 302:
            assert answer["Location"].startswith(SIGN_IN)


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda one: one.name)
@pytest.mark.parametrize("register", REGISTERS, ids=lambda one: f"{one.label}/{one.path}")
def test_register_shows_each_persona_its_rows_only(visit, persona, register):
    client = visit(persona)
    who = actor(persona)
    action = f"{register.prefix}.view"
    url = reverse(register.url_name("list"))
    answer = client.get(url)
    expected = rows_for(who, action, register.model._default_manager.all())
    if not decide(who, action):
        assert answer.status_code in (302, 403)
        assert client.get(url + "?format=csv").status_code in (302, 403)
        return
    assert answer.status_code == 200
    exported = client.get(url + "?format=json")
    if register.export:
        body = b"".join(exported.streaming_content) if exported.streaming else exported.content
        rows = json.loads(body)
        rows = rows["rows"] if isinstance(rows, dict) else rows
        assert len(rows) == min(expected.count(), len(rows) if len(rows) >= 1000 else expected.count())
    hidden = register.model._default_manager.exclude(pk__in=expected.values("pk")).first()
    if hidden is not None:
        detail = client.get(reverse(register.url_name("detail"), args=[hidden.pk]))
        assert detail.status_code in (302, 403, 404)


@pytest.mark.parametrize("register", REGISTERS, ids=lambda one: f"{one.label}/{one.path}")
def test_detail_of_the_first_row_opens_for_the_administrator(visit, register):
    row = register.model._default_manager.first()
    if row is None:
        pytest.skip(f"the demo county has no {register.model._meta.label}")
    answer = visit(PERSONAS[-1]).get(reverse(register.url_name("detail"), args=[row.pk]))
    # a block may show its rows on a page of its own, to which the register leads
    assert answer.status_code == 200 or answer["Location"].startswith(f"/{register.label}/")


@pytest.mark.parametrize(
    "register", [one for one in REGISTERS if one.edit], ids=lambda one: f"{one.label}/{one.path}"
)
def test_a_refused_write_changes_nothing(visit, register):
    row = register.model._default_manager.first()
    if row is None:
        pytest.skip(f"the demo county has no {register.model._meta.label}")
    before = list(register.model._default_manager.filter(pk=row.pk).values())
    entries = AuditEntry.objects.count()
    for persona in PERSONAS[:2]:
        if decide(actor(persona), f"{register.prefix}.change"):
            continue
        answer = visit(persona).post(reverse(register.url_name("edit"), args=[row.pk]), {})
        assert answer.status_code in (302, 403, 404)
    assert list(register.model._default_manager.filter(pk=row.pk).values()) == before
    assert AuditEntry.objects.count() == entries


def test_api_gives_nothing_to_visitors(visit):
    client = visit(PERSONAS[0])
    for register in REGISTERS:
        if register.api:
            answer = client.get(f"/api/{register.label}/{register.path}")
            assert answer.status_code in (401, 403), register.path


def test_api_description_names_every_register(visit):
    text = visit(PERSONAS[-1]).get("/api/openapi.json").content.decode()
    missing = [one.path for one in REGISTERS if one.api and f"/api/{one.label}/{one.path}" not in text]
    assert missing == []


def test_queries_per_page_are_as_committed(visit):
    client = visit(PERSONAS[-1])
    counted = {}
    for url in sorted(
        {page_url(page) for page in PAGES} | {reverse(one.url_name("list")) for one in REGISTERS}
    ):
        client.get(url)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = client.get(url)
        if not is_stream(answer):
            counted[url] = len(queries)
    if os.environ.get("QIPAN_UPDATE_COUNTS"):
        COUNTS.write_text(json.dumps(counted, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    kept = json.loads(COUNTS.read_text(encoding="utf-8"))
    assert counted.keys() == kept.keys()
    # one query more or less is a cache of the process (content types, layer versions), not a loop
    assert {url: (count, kept[url]) for url, count in counted.items() if abs(count - kept[url]) > 1} == {}


def test_demo_built_twice_changes_nothing(demo_county, db):
    def size():
        return {
            model._meta.label: model._default_manager.count()
            for model in apps.get_models()
            if model._meta.managed
        }

    before = size()
    build_demo()
    assert size() == before


def test_systems_do_not_refer_to_each_other():
    systems = {module.label for module in registry.systems()}
    wrong = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in systems
        for field in model._meta.get_fields()
        if isinstance(field, ForeignKey | OneToOneField | ManyToManyField)
        and field.related_model._meta.app_label in systems - {model._meta.app_label}
    ]
    assert wrong == []


@pytest.mark.parametrize("module", registry.modules(), ids=lambda one: one.label)
def test_reference_pages_are_up_to_date(module):
    path = reference.path_of(module)
    assert path.read_text(encoding="utf-8") == reference.text_of(module), "run ./qipan reference"


@pytest.mark.parametrize("module", registry.systems(), ids=lambda one: one.label)
def test_every_system_has_its_page(module):
    pages = list((ROOT / "docs" / "systems").glob(f"{module.action:02d}-*.md"))
    assert len(pages) == 1
    text = pages[0].read_text(encoding="utf-8")
    missing = [page.path for page in module.pages if page.menu and page.path not in text]
    assert missing == []


def test_every_model_field_has_a_name():
    bare = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model.__module__.startswith("qipan.")
        for field in model._meta.concrete_fields
        if field.name not in ("id", "last_login", "password")
        and not re.search(r"[^\x00-\x7f]|^[A-Z]", str(field.verbose_name))
    ]
    assert bare == []
