"""GeoReport v2 as its clients call it: JSON and XML, filters, posting, errors, privacy."""

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from qipan.kernel.access.accounts import issue_token
from qipan.kernel.cases.actions import PhotoInput, act, report
from qipan.kernel.cases.declarations import CaseType, TimeLimit
from qipan.kernel.cases.models import Case
from qipan.kernel.cases.open311_format import allowed_in_xml, attributes_of, encode, split_suffix
from qipan.kernel.cases.tests.conftest import PLACE, Clock, County, picture
from qipan.kernel.cases.tests.test_flow import smoke, spot
from qipan.kernel.cases.type_sets import publish_types
from qipan.kernel.maps.datum import wgs84_to_gcj02

Photo = Callable[..., PhotoInput]
BASE = "/open311/v2"
FIELDS = [
    "service_request_id", "status", "status_notes", "service_name", "service_code", "description",
    "agency_responsible", "service_notice", "requested_datetime", "updated_datetime", "expected_datetime",
    "address", "address_id", "zipcode", "lat", "long", "media_url",
]  # fmt: skip


def get(path: str, **query: str) -> Any:
    """A JSON answer."""
    answer = Client().get(f"{BASE}/{path}", query)
    assert answer["Content-Type"] == "application/json; charset=utf-8"
    return answer.json()


def tree(path: str, **query: str) -> ElementTree.Element:
    """An XML answer."""
    answer = Client().get(f"{BASE}/{path}", query)
    assert answer["Content-Type"] == "text/xml; charset=utf-8"
    return ElementTree.fromstring(answer.content)


@pytest.fixture
def key(county: County) -> str:
    """The API key of a peer's app."""
    return issue_token(county.program, "app", by=county.chief)


def post(key: str, form: str = "json", **fields: Any) -> Any:
    """Post a report."""
    given = {"api_key": key, "service_code": "test.waste", "lat": "36.48", "long": "115.44", **fields}
    return Client().post(f"{BASE}/requests.{form}", {k: v for k, v in given.items() if v is not None})


def test_discovery_names_the_endpoint_in_both_formats(county: County) -> None:
    found = Client().get("/open311/discovery.json").json()
    assert found["endpoints"][0]["url"] == "http://testserver/open311/v2"
    assert found["endpoints"][0]["specification"] == "http://wiki.open311.org/GeoReport_v2"
    root = ElementTree.fromstring(Client().get("/open311/discovery.xml").content)
    assert root.tag == "discovery"
    assert [e.text for e in root.findall("endpoints/endpoint/formats/format")] == [
        "text/xml",
        "application/json",
    ]
    assert get("discovery.json")["changeset"] == found["changeset"]


def test_services_are_the_public_types(county: County) -> None:
    codes = [row["service_code"] for row in get("services.json")]
    assert codes == ["test.question", "test.repair", "test.waste"]
    row = get("services.json")[2]
    assert (row["metadata"], row["type"], row["group"]) == (False, "realtime", "事件")
    first = tree("services.xml").findall("service")[2]
    assert first.findtext("metadata") == "false" and first.findtext("service_name") == "暴露垃圾"
    answer = Client().get(f"{BASE}/services")
    assert answer["Content-Type"].startswith("text/xml")
    assert answer["Access-Control-Allow-Origin"] == "*"
    wants_json = Client().get(f"{BASE}/services", headers={"Accept": "application/json"})
    assert wants_json.json() == get("services.json")


def test_a_definition_lists_the_fields_of_the_type(county: County, key: str) -> None:
    schema = {
        "properties": {
            "size": {"title": "大小", "enum": ["大", "小"]},
            "count": {"title": "数量", "type": "integer"},
        },
        "required": ["size"],
    }
    limits = (TimeLimit("handle", 1, "work_day"),)
    kind = CaseType("pile.heap", "堆", "event", "grid", limits, attributes=schema, public=True)
    publish_types("pile", "堆", (kind,))
    found = get("services/pile.heap.json")
    assert [(a["code"], a["datatype"], a["required"]) for a in found["attributes"]] == [
        ("size", "singlevaluelist", True),
        ("count", "number", False),
    ]
    assert found["attributes"][0]["values"] == [{"key": "大", "name": "大"}, {"key": "小", "name": "小"}]
    root = tree("services/pile.heap.xml")
    assert root.tag == "service_definition"
    assert [v.findtext("key") for v in root.findall("attributes/attribute/values/value")] == ["大", "小"]
    assert post(key, service_code="pile.heap").status_code == 400
    answer = post(key, service_code="pile.heap", **{"attribute[size]": "大"})
    assert answer.status_code == 201
    assert Case.objects.get().attributes == {"size": "大"}


def test_posting_a_report_with_a_picture_and_reading_it_back(county: County, key: str) -> None:
    media = SimpleUploadedFile("a.jpg", picture(), "image/jpeg")
    answer = post(
        key, description="成堆垃圾\n三天了", media=media, phone="13800001234", last_name="王", device_id="d1"
    )
    assert answer.status_code == 201
    (made,) = answer.json()
    case = Case.objects.get(number=made["service_request_id"])
    assert (case.title, case.source, case.state, case.lon, case.lat) == (
        "成堆垃圾", "peer", "reported", 115.44, 36.48,
    )  # fmt: skip
    assert case.photos.count() == 1
    (shown,) = get(f"requests/{case.number}.json")
    assert list(shown) == FIELDS
    assert (shown["status"], shown["description"]) == ("open", "成堆垃圾\n三天了")
    assert shown["requested_datetime"] == "2026-03-02T09:00:00+08:00"
    assert shown["expected_datetime"] == "2026-03-09T17:30:00+08:00"
    assert shown["media_url"] is None and shown["zipcode"] is None
    assert "13800001234" not in str(shown)
    root = tree(f"requests/{case.number}.xml")
    request = root.find("request")
    assert root.tag == "service_requests" and request is not None
    assert [child.tag for child in request] == FIELDS
    assert request.findtext("zipcode") == ""
    # sent again within a minute it is the same report
    again = post(key, description="成堆垃圾\n三天了", phone="13800001234", last_name="王", device_id="d1")
    assert again.json()[0]["service_request_id"] == case.number
    assert get(f"tokens/{case.receipt}.json") == [{"token": case.receipt, "service_request_id": case.number}]


def test_xml_answers_a_post_as_well(county: County, key: str) -> None:
    root = ElementTree.fromstring(post(key, "xml", description="垃圾").content)
    assert root.findtext("request/service_request_id") == Case.objects.get().number


def test_phone_coordinates_are_turned_into_ours(county: County, key: str) -> None:
    lon, lat = wgs84_to_gcj02(*PLACE)
    post(key, long=str(lon), lat=str(lat), coord_type="gcj02")
    case = Case.objects.get()
    assert case.lon == pytest.approx(PLACE[0], abs=1e-7)
    assert case.lat == pytest.approx(PLACE[1], abs=1e-7)


@pytest.mark.parametrize(
    ("fields", "status", "word"),
    [
        ({"api_key": None}, 400, "api_key"),
        ({"api_key": "qp_wrong"}, 403, "api_key"),
        ({"service_code": None}, 400, "service_code"),
        ({"service_code": "test.smoke"}, 404, "test.smoke"),
        ({"lat": None}, 400, "lat, long"),
        ({"lat": None, "long": None}, 400, "address_string"),
        ({"lat": "north"}, 400, "degrees"),
        ({"lat": "115.44", "long": "36.48"}, 400, "写反"),
        ({"coord_type": "mars"}, 400, "coord_type"),
        ({"description": "x" * 4001}, 400, "4000"),
        ({"attribute[a]": "1"}, 400, "attribute"),
        ({"jurisdiction_id": "000000"}, 404, "jurisdiction_id"),
    ],
)
def test_wrong_posts_say_what_is_wrong(
    county: County, key: str, fields: dict[str, Any], status: int, word: str
) -> None:
    answer = post(key, **fields)
    assert answer.status_code == status
    (error,) = answer.json()
    assert error["code"] == status and word in error["description"]
    assert Case.objects.count() == 0


def test_an_address_alone_is_enough(county: County, key: str) -> None:
    assert post(key, lat=None, long=None, address_string="冠宜春路1号").status_code == 201
    assert Case.objects.get().address == "冠宜春路1号"


def test_a_file_that_is_no_picture_is_refused(county: County, key: str) -> None:
    fake = SimpleUploadedFile("a.jpg", b"PK\x03\x04 not a picture", "image/jpeg")
    assert post(key, media=fake).status_code == 400
    assert Case.objects.count() == 0


def test_filters_and_paging(county: County, clock: Clock) -> None:
    cases = []
    for number in range(5):
        clock.advance(days=1)
        kind = "test.waste" if number % 2 else "test.repair"
        cases.append(report(kind, f"报{number}", "", by=county.resident, place=spot(county)))
    refused = cases[0]
    refused.desk = refused.holder = county.office
    refused.save()
    act(refused, "refuse", county.chief, reason="not_ours", text="不属本县")
    smoke(county)

    def numbers(**query: str) -> list[str]:
        return [row["service_request_id"] for row in get("requests.json", **query)]

    newest_first = [case.number for case in reversed(cases)]
    assert numbers() == newest_first
    assert numbers(status="closed") == [refused.number]
    assert numbers(status="open") == newest_first[:-1]
    assert numbers(service_code="test.waste") == [cases[3].number, cases[1].number]
    assert numbers(page_size="2", page="2") == newest_first[2:4]
    assert numbers(service_request_id=f"{cases[1].number},{cases[2].number}", status="closed") != []
    window = {"start_date": "2026-03-04T00:00:00+08:00", "end_date": "2026-03-05T23:59:59Z"}
    assert numbers(**window) == [cases[2].number, cases[1].number]
    (shown,) = get("requests.json", status="closed", extensions="true")
    assert shown["status_notes"] is None and shown["extended_attributes"]["state_name"] == "不予受理"
    updates = get("servicerequestupdates.json")
    assert [(row["service_request_id"], row["description"]) for row in updates] == [
        (refused.number, "不属本县")
    ]


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("requests.json", {"start_date": "yesterday"}, 400),
        ("requests.json", {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-06-01T00:00:00Z"}, 400),
        ("requests.json", {"status": "lost"}, 400),
        ("requests.json", {"page_size": "0"}, 400),
        ("requests/371525-20260302-000001-0.json", {}, 404),
        ("services/nothing.json", {}, 404),
        ("services/test.smoke.json", {}, 404),
        ("elsewhere.json", {}, 404),
    ],
)
def test_wrong_questions(county: County, path: str, query: dict[str, str], status: int) -> None:
    answer = Client().get(f"{BASE}/{path}", query)
    assert answer.status_code == status
    assert answer.json()[0]["code"] == status


def test_masked_types_blur_the_place_and_restricted_ones_are_absent(county: County) -> None:
    limits = (TimeLimit("handle", 1, "work_day"),)
    kinds = (
        CaseType("quiet.a", "家事", "dispute", "grid", limits, public=True, privacy="masked"),
        CaseType("quiet.b", "密", "dispute", "grid", limits, public=True, privacy="restricted"),
    )
    publish_types("quiet", "静", kinds)
    assert [
        row["service_code"] for row in get("services.json") if row["service_code"].startswith("quiet")
    ] == ["quiet.a"]
    for code in ("quiet.a", "quiet.b"):
        report(code, "x", "", by=county.resident, place=(115.44321, 36.48765))
    (shown,) = get("requests.json")
    assert (shown["service_code"], shown["lat"], shown["long"], shown["address"]) == (
        "quiet.a", 36.488, 115.443, None,
    )  # fmt: skip


@given(st.text(max_size=60))
def test_any_text_survives_xml(text: str) -> None:
    kept = "".join(character for character in text if allowed_in_xml(character))
    root = ElementTree.fromstring(encode("services", [{"description": text}], "xml"))
    assert (root.findtext("service/description") or "") == kept.replace("\r\n", "\n").replace("\r", "\n")


def test_suffixes_and_schemas() -> None:
    assert split_suffix("requests/1.json") == ("requests/1", "json")
    assert split_suffix("services/test.waste") == ("services/test.waste", "")
    assert attributes_of({}) == []
    fields = {
        "a": {"type": "array", "items": {"enum": [1]}},
        "b": {"maxLength": 500},
        "c": {"format": "date"},
    }
    assert [row["datatype"] for row in attributes_of({"properties": fields})] == [
        "multivaluelist", "text", "datetime",
    ]  # fmt: skip
