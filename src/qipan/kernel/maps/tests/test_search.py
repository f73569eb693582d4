"""Address search over the county's real names: forms, wrong characters, doubles, relative positions."""

import csv
import random
from datetime import date

import pytest

from qipan.kernel.maps import place_search
from qipan.kernel.maps.addresses import Offset, edits, number, parse
from qipan.kernel.maps.area_models import Area, Layer
from qipan.kernel.maps.geodesy import bearing, distance_m
from qipan.kernel.maps.models import Place
from qipan.kernel.maps.names import short_name, town_core, village_core
from qipan.kernel.maps.tests.sample import DATA
from qipan.kernel.orgs.models import Division, Level

FOUNDED = date(2000, 1, 1)
TOWNS = {"柳林": "371525103000", "贾": "371525101000", "甘官屯": "371525112000"}
# Common confusions of sound or shape in village names.
CONFUSED = {"庄": "庒", "张": "章", "李": "里", "杨": "扬", "堂": "唐", "寨": "塞", "郭": "国", "刘": "留"}


@pytest.fixture
def names(db: None) -> list[Division]:
    """All 18 townships and 352 villages."""
    place_search.forget()
    county = Division.objects.create(code="371525000000", name="冠县", level=Level.COUNTY, valid_from=FOUNDED)
    with (DATA / "divisions" / "371525_streets.csv").open(encoding="utf-8") as rows:
        towns = Division.objects.bulk_create(
            Division(
                code=row["code"] + "000",
                name=row["name"],
                level=Level.TOWNSHIP,
                parent=county,
                valid_from=FOUNDED,
            )
            for row in csv.DictReader(rows)
        )
    above = {town.code[:9]: town for town in towns}
    with (DATA / "divisions" / "371525_villages.csv").open(encoding="utf-8") as rows:
        return Division.objects.bulk_create(
            Division(
                code=row["code"],
                name=row["name"],
                level=Level.VILLAGE,
                parent=above[row["streetCode"]],
                valid_from=FOUNDED,
            )
            for row in csv.DictReader(rows)
        )


def _town(village: Division) -> str:
    assert village.parent is not None
    return village.parent.name


def _misspelt(core: str, pick: random.Random) -> str:
    """One wrong character, as people and phones make them."""
    for right, wrong in CONFUSED.items():
        if right in core and len(core) > 2:
            return core.replace(right, wrong, 1)
    at = pick.randrange(len(core))
    return core[:at] + core[at + 1 :] if len(core) > 3 else core


def _texts(villages: list[Division]) -> list[tuple[str, str]]:
    """Texts as people write them, each with the code that is meant."""
    pick = random.Random(5)
    found = []
    for village in villages:
        town, core = _town(village), village_core(village.name)
        forms = (
            f"山东省聊城市冠县{town}{village.name}",
            f"{town}{short_name(village.name)}",
            f"{town_core(town)} {core}村",
            f"冠县{town_core(town)}乡{core}",
            f"{town}{core}村小学东边那条路",
            f"{town}{_misspelt(core, pick)}",
        )
        found += [(form, village.code) for form in forms]
    return found


def test_villages_are_found_however_they_are_written(names: list[Division]) -> None:
    texts = _texts(names[::4])
    first = third = 0
    missed = []
    for text, code in texts:
        codes = [hit.division for hit in place_search.search(text, limit=3)]
        first += codes[:1] == [code]
        third += code in codes
        if codes[:1] != [code]:
            missed.append((text, code, codes))
    assert len(texts) == 88 * 6
    assert first / len(texts) >= 0.95, missed[:20]
    assert third / len(texts) >= 0.99


def test_unique_short_names_come_first_and_doubled_names_are_all_shown(names: list[Division]) -> None:
    by_core: dict[str, list[str]] = {}
    for village in names:
        by_core.setdefault(village_core(village.name), []).append(village.code)
    towns = {town_core(town.name) for town in Division.objects.townships()}
    for core, codes in by_core.items():
        hits = place_search.search(core, limit=8)
        expected = set(codes)
        found = {hit.division for hit in hits[: len(codes) + (core in towns)]}
        assert expected <= found, (core, codes, hits)
    doubled = {core for core, codes in by_core.items() if len(codes) > 1}
    assert {"西街", "南街", "辛庄新村", "梁庄", "郭庄"} <= doubled


def test_a_township_by_any_of_its_names(names: list[Division]) -> None:
    for text in ("贾镇", "冠县贾镇", "贾镇政府"):
        assert place_search.search(text)[0].division == "371525101000"
    for text in ("甘官屯乡", "甘官屯镇", "甘官屯"):
        assert place_search.search(text)[0].division == "371525112000"
    assert place_search.search("清泉街道办事处")[0].precision == "township"


def test_places_elsewhere_and_empty_texts_find_nothing(names: list[Division]) -> None:
    assert place_search.search("北京市海淀区中关村大街27号") == []
    assert place_search.search(" ,。") == []


def test_a_point_is_never_made_up(names: list[Division]) -> None:
    hit = place_search.search("柳林镇")[0]
    assert (hit.lon, hit.lat, hit.radius_m) == (None, None, None)


def _area(code: str, lon: float, lat: float) -> None:
    layer, _made = Layer.objects.get_or_create(
        code="villages", defaults={"name": "村居", "origin": Layer.Origin.SYNTHETIC}
    )
    Area.objects.create(
        layer=layer,
        code=code,
        name="",
        valid_from=FOUNDED,
        geometry={},
        area_m2=1,
        label_lon=lon,
        label_lat=lat,
    )


def test_positions_say_that_they_are_approximate_and_can_be_relative(names: list[Division]) -> None:
    village = next(row for row in names if village_core(row.name) == "耿儿庄")
    _area(village.code, 115.40, 36.50)
    place_search.forget()
    hit = place_search.search("清泉街道耿儿庄")[0]
    assert (hit.lon, hit.lat, hit.radius_m, hit.note) == (115.40, 36.50, 800.0, "示意位置")
    moved = place_search.search("耿儿庄东北两百米")[0]
    assert moved.lon is not None
    assert moved.lat is not None
    assert distance_m(115.40, 36.50, moved.lon, moved.lat) == pytest.approx(200, abs=1e-6)
    assert bearing(115.40, 36.50, moved.lon, moved.lat) == pytest.approx(45, abs=1e-6)
    assert moved.radius_m == 860.0


def test_the_nearer_of_equal_names_comes_first(names: list[Division]) -> None:
    doubles = [row for row in names if village_core(row.name) == "西街"]
    assert len(doubles) >= 2
    _area(doubles[0].code, 115.40, 36.40)
    _area(doubles[1].code, 115.70, 36.60)
    place_search.forget()
    assert place_search.search("西街", near=(115.7, 36.6))[0].division == doubles[1].code
    assert place_search.search("西街", near=(115.4, 36.4))[0].division == doubles[0].code


def test_named_places_are_found_with_their_own_precision(names: list[Division]) -> None:
    Place.objects.create(name="柳林大桥", kind="桥", lon=115.7, lat=36.65)
    hit = place_search.search("柳林大桥")[0]
    assert (hit.name, hit.kind, hit.precision, hit.lon) == ("柳林大桥", "桥", "exact", 115.7)


@pytest.mark.parametrize(
    ("text", "town", "rest", "offset", "near"),
    [
        ("山东省聊城市冠县柳林镇西街村", "371525103000", "西街村", None, False),
        ("柳林西街", "371525103000", "西街", None, False),
        ("贾镇东200米", "371525101000", "", Offset(90.0, 200.0), False),
        ("甘官屯乡王庄以北1.5公里处", "371525112000", "王庄", Offset(0.0, 1500.0), False),
        ("王庄路口", "", "王庄", None, True),
        ("东三里", "", "东三里", None, False),
        ("冠县", "", "冠县", None, False),
    ],
)
def test_addresses_are_taken_apart(
    text: str, town: str, rest: str, offset: Offset | None, near: bool
) -> None:
    parsed = parse(text, TOWNS, "冠县")
    assert (parsed.town, parsed.rest, parsed.offset, parsed.near) == (town, rest, offset, near)


@pytest.mark.parametrize(
    ("text", "value"),
    [("200", 200), ("两百", 200), ("二百五十", 250), ("十", 10), ("三千", 3000), ("半", 0.5)],
)
def test_numbers_in_words(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    ("one", "two", "limit", "distance"),
    [
        ("梁庄", "梁庄", 2, 0),
        ("梁庄", "粱庄", 2, 1),
        ("西街", "街西", 2, 1),
        ("梁庄", "万善新村", 2, 3),
        ("ab", "", 1, 2),
    ],
)
def test_edit_distances(one: str, two: str, limit: int, distance: int) -> None:
    assert edits(one, two, limit) == distance
