"""First set-up of an empty county in the browser: county and administrator, then the imports.

The first step is open to anybody who reaches the machine, but only while no account exists; the others
are the administrator's, who may come back to them.
"""

from collections.abc import Callable
from datetime import date

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.contrib.auth import login
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qipan.kernel.access import audit
from qipan.kernel.access.accounts import create_account, grant_role
from qipan.kernel.access.models import Account
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.maps import reference
from qipan.kernel.orgs import importing
from qipan.kernel.orgs.identifiers import is_division_code, is_uscc
from qipan.kernel.orgs.models import Division, Level, Organisation, Post
from qipan.kernel.ui import render
from qipan.kernel.ui.declarations import PUBLIC, page

ADDRESS = "/set-up/"
IMPORTS_ADDRESS = "/set-up/imports/"
FIELDS = ("code", "name", "organisation", "credit_code", "username", "person", "password")
LARGEST_FILE = 5 * 1024 * 1024
IMPORTS = {
    "divisions": (importing.import_divisions, Division),
    "organisations": (importing.import_organisations, Organisation),
    "posts": (importing.import_posts, Post),
}
_done: set[str] = set()


def is_needed() -> bool:
    """No person's account exists yet; once one does, this is never asked again in this process."""
    if "accounts" in _done:
        return False
    if Account.objects.exclude(kind=Account.Kind.PROGRAM).exists():
        _done.add("accounts")
        return False
    return True


@transaction.atomic
def found_county(values: dict[str, str]) -> Account:
    """The county's division, its government and the administrator, all or nothing.

    InvalidInput names the field that is wrong.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('modules.first_set_up'))")
    if Account.objects.exclude(kind=Account.Kind.PROGRAM).exists():
        raise InvalidInput("username", _("初始设置已经完成"))
    for name in FIELDS:
        if not values.get(name):
            raise InvalidInput(name, _("不能为空"))
    if not is_division_code(values["code"]) or importing.level_of(values["code"]) != Level.COUNTY:
        raise InvalidInput("code", _("请填写12位县级区划代码,如 371525000000"))
    if not is_uscc(values["credit_code"]):
        raise InvalidInput("credit_code", _("统一社会信用代码校验不通过"))
    division, _made = Division.objects.get_or_create(
        code=values["code"],
        defaults={"name": values["name"], "level": Level.COUNTY, "valid_from": date(2000, 1, 1)},
    )
    if values["code"] == f"{settings.COUNTY_CODE}000000":
        reference.load(lambda *_: None)
    root = Organisation.objects.create(
        code=values["credit_code"],
        name=values["organisation"],
        kind=Organisation.Kind.GOVERNMENT,
        division=division,
    )
    account = create_account(
        values["username"],
        values["person"],
        Account.Kind.STAFF,
        by=None,
        password=values["password"],
        organisation=root,
        trust=4,
    )
    grant_role(account, "admin", root, by=None, with_children=True, source="first set-up")
    audit.record(account, "modules.county.found", division)
    return account


@page(ADDRESS, gettext_lazy("初始设置"), permission=PUBLIC, menu=False)
def first_set_up(request: HttpRequest) -> HttpResponse:
    """The county and its administrator, while nobody can sign in; afterwards it leads to the imports."""
    return _first_step(request) if is_needed() else HttpResponseRedirect(IMPORTS_ADDRESS)


def _first_step(request: HttpRequest) -> HttpResponse:
    values = {name: request.POST.get(name, "").strip() for name in FIELDS}
    fault: InvalidInput | None = None
    if request.method == "POST":
        try:
            account = found_county(values)
        except InvalidInput as error:
            fault = error
        else:
            login(request, account, backend="qipan.kernel.access.backends.AccountBackend")
            return HttpResponseRedirect(IMPORTS_ADDRESS)
    context = {"values": values, "fault": fault}
    return render(request, "modules/first_step.html", context, 400 if fault else 200)


@page(IMPORTS_ADDRESS, gettext_lazy("初始导入"), permission="modules.set_up.change", menu=False)
def imports(request: HttpRequest) -> HttpResponse:
    """Divisions, organisations and posts from CSV; every bad line is named."""
    result, fault, what = None, "", request.POST.get("what", "")
    if request.method == "POST":
        try:
            result = _import(request, what)
        except InvalidInput as error:
            fault = error.message
    steps = [
        (code, model._meta.verbose_name_plural, model._default_manager.count())
        for code, (_f, model) in IMPORTS.items()
    ]
    context = {"steps": steps, "result": result, "fault": fault, "what": what}
    return render(request, "modules/imports.html", context, 400 if fault else 200)


def _import(request: HttpRequest, what: str) -> importing.ImportResult:
    upload = request.FILES.get("file")
    if what not in IMPORTS:
        raise InvalidInput("what", _("未知的导入内容"))
    if upload is None or upload.size is None or upload.size > LARGEST_FILE:
        raise InvalidInput("file", _("请选择不超过5MB的CSV文件"))
    try:
        text = upload.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput("file", _("文件不是UTF-8编码")) from error
    with transaction.atomic():
        result = IMPORTS[what][0](text)
        audit.record(
            request.user,
            f"modules.import.{what}",
            changes={"written": result.written, "faults": len(result.faults)},
        )
    return result


@sync_and_async_middleware
def FirstSetUp(get_response: Callable[[HttpRequest], HttpResponseBase]) -> object:  # noqa: N802
    """Lead the home page to the first set-up while nobody can sign in."""

    def leads_away(request: HttpRequest) -> bool:
        return request.path in ("/", "/sign-in/") and is_needed()

    if iscoroutinefunction(get_response):

        async def async_call(request: HttpRequest) -> HttpResponseBase:
            if await sync_to_async(leads_away)(request):
                return HttpResponseRedirect(ADDRESS)
            return await get_response(request)  # type: ignore[no-any-return]

        return async_call

    def call(request: HttpRequest) -> HttpResponseBase:
        return HttpResponseRedirect(ADDRESS) if leads_away(request) else get_response(request)

    return call
