"""The demo county's divisions, organisations, posts and calendars.

Divisions are the real codes and names of the county; the organisations are the offices that the plan
names, with credit codes made by a seeded generator and marked as demo.
"""

import csv
import json
import random
from collections.abc import Callable
from datetime import date
from pathlib import Path

from django.db import transaction

from qipan.kernel.orgs.identifiers import make_uscc
from qipan.kernel.orgs.models import (
    CalendarDay,
    Division,
    Level,
    Organisation,
    Post,
    WorkCalendar,
    WorkPattern,
)

DATA = Path(__file__).resolve().parents[4] / "data" / "county"
FOUNDED = date(2000, 1, 1)
ABOVE = (
    ("370000000000", "山东省", Level.PROVINCE),
    ("371500000000", "聊城市", Level.CITY),
    ("371525000000", "冠县", Level.COUNTY),
)
COUNTY = "371525000000"
OFFICES = (
    ("县政府办公室", "县政府办"), ("县大数据中心", "大数据中心"), ("市生态环境局冠县分局", "生态环境分局"),
    ("县公安局", "公安局"), ("县综合行政执法局", "综合执法局"), ("县交通运输局", "交通运输局"),
    ("县水利局", "水利局"), ("县市场监督管理局", "市场监管局"), ("县自然资源和规划局", "自然资源局"),
    ("县住房和城乡建设局", "住建局"), ("县应急管理局", "应急管理局"), ("县行政审批服务局", "审批服务局"),
    ("县气象局", "气象局"), ("县教育和体育局", "教体局"), ("县卫生健康局", "卫健局"),
    ("县人力资源和社会保障局", "人社局"), ("县司法局", "司法局"), ("县文化和旅游局", "文旅局"),
    ("县工业和信息化局", "工信局"), ("县农业农村局", "农业农村局"), ("县财政局", "财政局"),
    ("县经济开发区管委会", "开发区管委会"), ("县金融与企业服务中心", "金融服务中心"),
)  # fmt: skip
PARTY_OFFICES = (("县委政法委", "政法委"), ("县委网信办", "网信办"), ("县委宣传部", "宣传部"))
POSTS = (("负责人", 1), ("值班员", 2), ("经办", 3))
OFFICE_HOURS = [[["08:30", "12:00"], ["13:30", "17:30"]]] * 5 + [[], []]
URBAN_HOURS = [[["07:00", "19:00"]]] * 7
ALWAYS_HOURS = [[["00:00", "24:00"]]] * 7

Report = Callable[[str, int, int], None]


@transaction.atomic
def build(seed: int, scale: float, report: Report) -> None:
    """Write the rows; a second run changes nothing."""
    build_divisions(report)
    build_organisations(random.Random(seed), report)
    build_calendars(report)


def build_divisions(report: Report) -> None:
    """Province, city, county, 18 townships and 352 villages with their codes."""
    for code, name, level in ABOVE:
        _division(code, name, level)
    streets = list(csv.DictReader((DATA / "divisions" / "371525_streets.csv").open(encoding="utf-8")))
    villages = list(csv.DictReader((DATA / "divisions" / "371525_villages.csv").open(encoding="utf-8")))
    for row in streets:
        _division(row["code"].ljust(12, "0"), row["name"], Level.TOWNSHIP)
    for done, row in enumerate(villages, start=1):
        _division(row["code"], row["name"], Level.VILLAGE)
        report("divisions", done, len(villages))


def _division(code: str, name: str, level: Level) -> None:
    lengths = {Level.CITY: 2, Level.COUNTY: 4, Level.TOWNSHIP: 6, Level.VILLAGE: 9}
    above = code[: lengths[level]].ljust(12, "0") if level in lengths else ""
    parent = Division.objects.filter(code=above).first() if above else None
    Division.objects.get_or_create(
        code=code, defaults={"name": name, "level": level, "parent": parent, "valid_from": FOUNDED}
    )


def build_organisations(rng: random.Random, report: Report) -> None:
    """The county government, its offices, the townships and a committee for each village."""
    county = Division.objects.get(code=COUNTY)
    root = _organisation(
        make_uscc(rng), ("冠县人民政府", "县政府"), Organisation.Kind.GOVERNMENT, None, county
    )
    for name, short in OFFICES:
        _organisation(make_uscc(rng), (name, short), Organisation.Kind.GOVERNMENT, root, county)
    for name, short in PARTY_OFFICES:
        _organisation(make_uscc(rng), (name, short), Organisation.Kind.PARTY, root, county)
    townships = list(Division.objects.townships().order_by("code"))
    for done, township in enumerate(townships, start=1):
        code = make_uscc(rng, kind="11")
        kind = Organisation.Kind.TOWNSHIP
        above = _organisation(
            code,
            (township.name + ("办事处" if "街道" in township.name else "政府"), township.name),
            kind,
            root,
            township,
        )
        for village in township.children.order_by("code"):
            code = make_uscc(rng, kind="55")
            _organisation(code, (village.name, ""), Organisation.Kind.VILLAGE, above, village)
        report("organisations", done, len(townships))


def _organisation(
    code: str, names: tuple[str, str], kind: str, parent: Organisation | None, division: Division
) -> Organisation:
    name, short = names
    values = {
        "name": name,
        "short_name": short,
        "kind": kind,
        "parent": parent,
        "division": division,
        "demo": True,
    }
    row, made = Organisation.objects.get_or_create(code=code, defaults=values)
    if made and kind != Organisation.Kind.VILLAGE:
        Post.objects.bulk_create(Post(organisation=row, name=post, rank=rank) for post, rank in POSTS)
    return row


def build_calendars(report: Report) -> None:
    """Office, urban-management and round-the-clock calendars with the official holidays."""
    for code, name, hours in (
        ("office", "机关工作时间", OFFICE_HOURS),
        ("urban", "城市管理工作时间", URBAN_HOURS),
        ("always", "全天候", ALWAYS_HOURS),
    ):
        calendar, made = WorkCalendar.objects.get_or_create(code=code, defaults={"name": name})
        if made:
            WorkPattern.objects.create(calendar=calendar, valid_from=FOUNDED, hours=hours)
    official = json.loads((DATA / "cn_holidays.json").read_text(encoding="utf-8"))
    office = WorkCalendar.objects.get(code="office")
    rows = [
        CalendarDay(calendar=office, day=day, kind=kind, name=str(name or ""))
        for group, kind in (("holidays", CalendarDay.Kind.HOLIDAY), ("workdays", CalendarDay.Kind.WORKDAY))
        for day, name in official[group].items()
    ]
    CalendarDay.objects.bulk_create(rows, ignore_conflicts=True)
    report("calendars", len(rows), len(rows))
