"""A small county for the tests: a government, one office, one township with a village and a grid."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine
from PIL import Image

from qipan.kernel.access.accounts import program_account
from qipan.kernel.access.models import Account, Grant, RoleRow
from qipan.kernel.cases.declarations import CaseType, TimeLimit
from qipan.kernel.cases.evidence import PhotoInput
from qipan.kernel.cases.permissions import CHIEF_PERMISSIONS, CLERK_PERMISSIONS
from qipan.kernel.cases.type_sets import publish_types
from qipan.kernel.cases.wording import PhotoKind
from qipan.kernel.orgs.calendars import load_calendars
from qipan.kernel.orgs.models import Division, Grid, Level, Organisation

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=ZONE)  # an ordinary working Monday
PLACE = (115.44, 36.48)  # inside the county

AMOUNTS = (("accept", 1), ("file", 1), ("dispatch", 1), ("sign", 2), ("handle", 8), ("check", 4))
HOURS = tuple(TimeLimit(clock, amount, "work_hour") for clock, amount in AMOUNTS)
TYPES = (
    CaseType(
        "test.smoke",
        "高值报警",
        "event",
        "grid",
        (*HOURS, TimeLimit("total", 3, "work_day", "next_day", source="试行办法第5条")),
        evidence=("photo_after",),
        closing=("数值已回落",),
    ),
    CaseType(
        "test.waste",
        "暴露垃圾",
        "event",
        "urban7",
        (*HOURS, TimeLimit("verify", 2, "work_hour"), TimeLimit("total", 5, "work_day", "next_day")),
        filing=("属于公共区域", "影响市容"),
        evidence=("photo_after",),
        public=True,
        verify_first=True,
        dispatch="hand",
    ),
    CaseType(
        "test.question",
        "咨询",
        "question",
        "consult",
        HOURS,
        public=True,
        needs_place=False,
        dispatch="owner",
    ),
    CaseType("test.repair", "路灯报修", "repair", "repair", HOURS, public=True, dispatch="division_org"),
)


@dataclass
class County:
    """The rows that tests speak of."""

    government: Organisation
    office: Organisation
    works: Organisation
    township: Organisation
    village: Division
    grid: Grid
    program: Account
    clerk: Account
    colleague: Account
    chief: Account
    worker: Account
    workman: Account
    resident: Account
    stranger: Account


class Clock:
    """The present of a test, set and moved by hand."""

    def __init__(self, traveller: time_machine.Coordinates) -> None:
        self._traveller = traveller

    def set(self, at: datetime) -> None:
        """Go to an instant."""
        self._traveller.move_to(at)

    def advance(self, **delta: float) -> None:
        """Let time pass."""
        self._traveller.shift(timedelta(**delta))


@pytest.fixture
def clock() -> Iterator[Clock]:
    """Time that stands at Monday nine o'clock until the test moves it."""
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield Clock(traveller)


def _organisation(
    code: str, name: str, kind: str, parent: Organisation | None, division: Division
) -> Organisation:
    row = Organisation.objects.create(code=code, name=name, kind=kind, parent=parent, division=division)
    row.refresh_from_db()
    return row


def _account(username: str, organisation: Organisation | None, kind: str = "staff") -> Account:
    return Account.objects.create(username=username, name=username, kind=kind, organisation=organisation)


def _grant(account: Account, role: str, organisation: Organisation, **fields: object) -> None:
    Grant.objects.create(
        account=account,
        role=RoleRow.objects.get(code=role),
        organisation=organisation,
        valid_from=MONDAY - timedelta(days=400),
        valid_to=MONDAY + timedelta(days=800),
        source="test",
        **fields,
    )


def _roles() -> None:
    for code, permissions in (
        ("test.clerk", (*CLERK_PERMISSIONS, "cases.case.handle")),
        ("test.chief", CHIEF_PERMISSIONS),
        ("test.program", ("cases.case.add", "cases.case.view")),
        ("test.workman", ("cases.case.view", "cases.case.handle")),
        ("grid.worker", ("cases.case.view", "cases.case.handle", "cases.case.add", "cases.case.verify")),
    ):
        RoleRow.objects.update_or_create(
            code=code, defaults={"label": code, "permissions": list(permissions)}
        )


def _people(
    office: Organisation, works: Organisation, township: Organisation, grid: Grid
) -> dict[str, Account]:
    people = {
        "clerk": _account("clerk", office),
        "colleague": _account("colleague", office),
        "chief": _account("chief", office),
        "worker": _account("worker", township),
        "workman": _account("workman", works),
        "resident": _account("resident", None, "resident"),
        "stranger": _account("stranger", None, "resident"),
    }
    for name, role, organisation in (
        ("clerk", "test.clerk", office),
        ("colleague", "test.clerk", office),
        ("chief", "test.chief", office),
        ("workman", "test.workman", works),
    ):
        _grant(people[name], role, organisation)
    _grant(people["worker"], "grid.worker", township, grid=grid)
    return people


@pytest.fixture
def county(db: None, clock: Clock, settings: object, tmp_path: Path) -> County:
    """Organisations, people with roles, calendars and published types."""
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    load_calendars()
    _roles()
    made = MONDAY.date() - timedelta(days=800)
    top = Division.objects.create(code="371525000000", name="冠县", level=Level.COUNTY, valid_from=made)
    town = Division.objects.create(
        code="371525001000", name="清泉街道", level=Level.TOWNSHIP, parent=top, valid_from=made
    )
    village = Division.objects.create(
        code="371525001042", name="戴屯社区", level=Level.VILLAGE, parent=town, valid_from=made
    )
    grid = Grid.objects.create(code="371525001042001", name="第一网格", division=village, valid_from=made)
    government = _organisation("11371525000000001A", "县政府", "government", None, top)
    office = _organisation("11371525000000002B", "生态环境分局", "government", government, top)
    works = _organisation("11371525000000003C", "环卫中心", "other", government, top)
    township = _organisation("11371525000000004D", "清泉街道办事处", "township", government, town)
    people = _people(office, works, township, grid)
    program = program_account("test")
    _grant(program, "test.program", government, with_children=True)
    publish_types("test", "测试类型", TYPES)
    return County(government, office, works, township, village, grid, program, **people)


def picture(colour: str = "red") -> bytes:
    """A real JPEG of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def photo(clock: Clock) -> Callable[..., PhotoInput]:
    """Makes a photo taken now at the place of the matter."""

    def make(kind: str = PhotoKind.AFTER, **fields: object) -> PhotoInput:
        taken = {"lon": PLACE[0], "lat": PLACE[1], "accuracy_m": 8.0, "taken_at": datetime.now(ZONE)}
        return PhotoInput(picture(), kind=kind, **{**taken, **fields})  # type: ignore[arg-type]

    return make
