"""Demo cases: residents' reports and workers' answers over three months, through the real steps.

Deterministic by the seed; marked as demo; a second run changes nothing.
"""

import io
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.contrib.auth.hashers import make_password
from PIL import Image, ImageDraw

from qipan.kernel.access.demo import PASSWORD, demo_account, demo_grant, demo_name
from qipan.kernel.access.models import ANONYMOUS, Account, Purpose
from qipan.kernel.base import clock
from qipan.kernel.base.errors import Conflict, Refused
from qipan.kernel.cases import present
from qipan.kernel.cases.actions import Contact, PhotoInput, Spot, act, report
from qipan.kernel.cases.case_types import CASE_TYPES
from qipan.kernel.cases.models import Assignment, Case
from qipan.kernel.cases.opening import county_organisation
from qipan.kernel.cases.rating import rate
from qipan.kernel.cases.states import State
from qipan.kernel.cases.type_sets import publish_types
from qipan.kernel.cases.wording import PhotoKind
from qipan.kernel.maps.models import Place
from qipan.kernel.orgs.calendars import load_calendars, worktime

Report = Callable[[str, int, int], None]
Planned = tuple[str, tuple[int, int], Account | None, dict[str, Any]]
CASES = 120
DAYS = 90
RECENT = timedelta(days=15)
SITES = ("村口", "学校门前", "集市东头", "文化广场旁", "河边", "主街路口", "卫生室附近", "工地围挡外")
TELLINGS = (
    "已经好几天了,请尽快处理",
    "影响出行,请看一下",
    "昨天发现的,越来越多",
    "孩子上学要经过,希望快点解决",
)
RESULTS = ("已组织人员清理完毕", "已现场处理并劝导", "已修复,恢复正常", "已清理并安排每日巡查")
PURPOSES = (
    ("contact", "办件联系", "个人信息保护法第十三条第一款第三项"),
    ("callback", "满意度回访", "个人信息保护法第十三条第一款第三项"),
    ("safety", "处置紧急情况", "个人信息保护法第十三条第一款第四项"),
)


def build(seed: int, scale: float, progress: Report) -> None:
    """Types, purposes, a clerk and a chief of the county's desk, and cases with all that happened to them."""
    load_calendars()
    publish_types("cases", "案件", CASE_TYPES)
    for code, label, clause in PURPOSES:
        Purpose.objects.get_or_create(code=code, defaults={"label": label, "clause": clause})
    clerk, chief = _people(random.Random(seed + 30))
    places = list(Place.objects.filter(kind="村居").order_by("pk"))
    if not places or Case.objects.filter(demo=True, client_key__startswith="demo-").exists():
        return
    count = max(4, int(CASES * scale))
    end = clock.now()
    for number in range(count):
        dice = random.Random(f"{seed}-{number}")
        begun = end - timedelta(days=DAYS * (count - number) / count, minutes=dice.randrange(600))
        Story(dice, dice.choice(places), (clerk, chief), end).tell(f"demo-{seed}-{number}", begun)
        progress("cases", number + 1, count)


def _people(rng: random.Random) -> tuple[Account, Account]:
    desk, password = county_organisation(), make_password(PASSWORD)
    found = []
    for role in ("cases.clerk", "cases.chief"):
        name = demo_name(rng)
        account = demo_account(role, name, Account.Kind.STAFF, desk, password=password, listed=True)
        demo_grant(account, role, desk, with_children=True)
        demo_grant(account, "cases.handler", desk)
        found.append(account)
    return found[0], found[1]


class Story:
    """One case from its report to where it stands today."""

    def __init__(
        self, dice: random.Random, place: Place, desk: tuple[Account, Account], end: datetime
    ) -> None:
        self.dice, self.place, self.end = dice, place, end
        self.clerk, self.chief = desk
        self.now = end

    def tell(self, key: str, begun: datetime) -> None:
        """Let it happen; it stops where the present is reached or nobody may go on."""
        self.now = self._at_work(begun)
        near = Spot(
            self.place.lon + self.dice.uniform(-0.003, 0.003),
            self.place.lat + self.dice.uniform(-0.003, 0.003),
            accuracy_m=float(self.dice.randrange(5, 40)),
            address=f"{self.place.name}{self.dice.choice(SITES)}",
        )
        with present.at(self.now):
            case = self._report(key, near)
        try:
            self._go_on(case, near)
        except (Refused, Conflict):
            return  # the story ends where nobody is allowed to go on

    def _report(self, key: str, near: Spot) -> Case:
        kind = self.dice.choice(CASE_TYPES)
        photos = [self._photo(near, PhotoKind.REPORT)] if self.dice.random() < 0.6 else []
        name = f"{self.dice.choice('王李张刘陈')}先生"
        return report(
            kind.code,
            f"{self.place.name}{kind.name}",
            self.dice.choice(TELLINGS),
            by=ANONYMOUS,
            place=near,
            photos=photos,
            contact=Contact(name, f"1380000{self.dice.randrange(10_000):04d}"),
            client_key=key,
            demo=True,
        )

    def _go_on(self, case: Case, near: Spot) -> None:
        for step, wait, by, data in islice(self._steps(case), self._patience()):
            self.now = self._at_work(self.now + timedelta(minutes=self.dice.randrange(*wait)))
            if by is None or self.now >= self.end:
                return
            if step == "feedback":
                data["photos"] = [self._photo(near, PhotoKind.AFTER)]
            with present.at(self.now):
                case = act(case, step, by, **data)
        rated = self.now + timedelta(hours=self.dice.randrange(2, 100))
        if case.state == State.CLOSED and rated < self.end and self.dice.random() < 0.7:
            grade = self.dice.choices((5, 4, 3, 2, 1), (45, 30, 15, 6, 4))[0]
            with present.at(rated):
                rate(case, grade, "", by=ANONYMOUS, receipt=case.receipt)

    def _patience(self) -> int:
        """How many steps are taken: half of the recent cases are still on their way, some of them late."""
        recent = self.now > self.end - RECENT
        return self.dice.randrange(0, 5) if recent and self.dice.random() < 0.5 else 100

    def _steps(self, case: Case) -> Iterator[Planned]:
        yield "accept", (5, 90), self.clerk, {}
        task = Assignment.objects.filter(case=case).select_related("person").first()
        own = task is not None and task.organisation_id == self.clerk.organisation_id
        worker = task.person if task and task.person else self.clerk if own else None
        yield "sign", (10, 150), worker, {}
        yield "start", (10, 200), worker, {}
        yield "feedback", (60, 1500), worker, {"text": self.dice.choice(RESULTS)}
        if not own:
            if self.dice.random() < 0.08:
                yield "rework", (20, 300), self.chief, {"reason": "partly_fixed", "text": "现场仍有残留"}
                yield "start", (10, 100), worker, {}
                yield "feedback", (60, 400), worker, {"text": "已再次清理"}
            yield "check", (20, 400), self.clerk, {}
        yield "close", (10, 200), self.chief, {"closing": ["0"], "note": self.dice.choice(RESULTS)}

    def _at_work(self, instant: datetime) -> datetime:
        calendar = worktime("urban")
        minutes = self.dice.randrange(1, 50)
        return instant if calendar.is_working(instant) else calendar.add(instant, 60 * minutes)

    def _photo(self, near: Spot, kind: str) -> PhotoInput:
        """A plainly drawn stand-in that nobody takes for a real photograph."""
        shade = self.dice.randrange(90, 200)
        image = Image.new("RGB", (640, 480), (shade, shade, min(255, shade + 30)))
        draw = ImageDraw.Draw(image)
        draw.rectangle((0, 300, 640, 480), fill=(90, 110, 80))
        draw.line((40, 40, 600, 440), fill="white", width=3)
        draw.line((600, 40, 40, 440), fill="white", width=3)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=70)
        return PhotoInput(buffer.getvalue(), "demo.jpg", near.lon, near.lat, near.accuracy_m, self.now, kind)
