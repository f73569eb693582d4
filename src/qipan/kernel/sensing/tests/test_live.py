"""The event stream: what the visitor may see, what was missed, one message a second."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import date
from typing import Any

import orjson
import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.http import StreamingHttpResponse
from django.test import AsyncClient, RequestFactory

from qipan.kernel.access.models import ANONYMOUS
from qipan.kernel.orgs.models import Division, Level
from qipan.kernel.sensing import live as live_module
from qipan.kernel.sensing.declarations import SensingRule, Target, Threshold
from qipan.kernel.sensing.hub import Subscriber
from qipan.kernel.sensing.ingest import store_batch
from qipan.kernel.sensing.models import Datastream, RuleEvent, RuleRow, RuleVersion, Thing
from qipan.kernel.sensing.rules.codec import dump
from qipan.kernel.sensing.rules.runner import Runner
from qipan.kernel.sensing.tests.test_ingest import reading, station
from qipan.kernel.sensing.tests.test_read import at


@pytest.fixture
def committed(
    django_db_setup: None, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Rows that other connections see, removed afterwards; no second between messages."""
    monkeypatch.setattr(live_module, "PAUSE_S", 0.0)
    with django_db_blocker.unblock():
        yield
        RuleEvent.objects.all().delete()
        RuleRow.objects.all().delete()
        Thing.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE sensing_observation, sensing_batch")
        connection.close()


def served(test: Callable[[], Awaitable[Any]]) -> Any:
    """Run a test in an event loop and close the connections of its thread."""

    async def run() -> Any:
        try:
            return await test()
        finally:
            await sync_to_async(connections.close_all)()

    return asyncio.run(run())


async def messages(query: str, **headers: str) -> AsyncIterator[dict[str, str]]:
    response = await AsyncClient().get(f"/sensing/live?{query}", headers=headers)
    assert isinstance(response, StreamingHttpResponse)
    assert response.headers["Content-Type"] == "text/event-stream"
    async for block in response.streaming_content:
        lines = bytes(block).decode().strip().splitlines()
        yield dict(line.split(": ", 1) for line in lines)


async def take(stream: AsyncIterator[dict[str, str]]) -> dict[str, str]:
    return await asyncio.wait_for(anext(stream), 10)


def values(message: dict[str, str]) -> list[tuple[int, Any, int]]:
    return [(row["datastream"], row["value"], row["quality"]) for row in orjson.loads(message["data"])]


def test_a_stored_value_reaches_the_browser_and_a_returning_one_gets_what_it_missed(committed: None) -> None:
    stream = station(public=True)
    secret = Datastream.objects.create(thing=stream.thing, code="secret")
    first = store_batch([reading(0, 1.0), reading(0, 9.0, code="secret")])

    async def run() -> None:
        query = f"datastreams={stream.pk},{secret.pk}"
        live = messages(query)
        assert await take(live) == {"retry": "3000"}
        present = await take(live)
        assert present["id"] == str(first.batch_id)
        assert values(present) == [(stream.pk, 1.0, 0)]
        second = await sync_to_async(store_batch)([reading(1, 2.0), reading(1, 8.0, code="secret")])
        assert values(await take(live)) == [(stream.pk, 2.0, 0)]
        await live.aclose()  # type: ignore[attr-defined]
        back = messages(query, **{"Last-Event-ID": str(first.batch_id)})
        await take(back)
        missed = await take(back)
        assert (missed["id"], values(missed)) == (str(second.batch_id), [(stream.pk, 2.0, 0)])
        await back.aclose()  # type: ignore[attr-defined]

    served(run)


def test_a_rule_event_reaches_those_who_watch_its_thing(committed: None) -> None:
    stream = station(public=True)
    rule = SensingRule("r", "r", Target(), Threshold("a34004", "over", 75.0), message="{thing}")
    row = RuleRow.objects.create(code="r", name="r", enabled=True)
    RuleVersion.objects.create(rule=row, number=1, body=dump(rule), state="active", drafted_at=at(0))

    async def run() -> None:
        live = messages(f"things={stream.thing_id}")
        await take(live)
        await sync_to_async(store_batch)([reading(0, 80.0)])
        assert values(await take(live)) == [(stream.pk, 80.0, 0)]
        await sync_to_async(Runner().run_once)(at(0))
        told = await take(live)
        assert told["event"] == "rule"
        data = orjson.loads(told["data"])
        assert (data["thing"], data["severity"], data["message"]) == (stream.thing_id, "major", "国控站")
        await live.aclose()  # type: ignore[attr-defined]

    served(run)


@pytest.mark.parametrize("query", ["datastreams=1;drop", "things=-1", "area=37", "datastreams=1&cursor=x"])
def test_wrong_questions_get_400(query: str) -> None:
    async def run() -> int:
        return (await AsyncClient().get(f"/sensing/live?{query}")).status_code

    assert served(run) == 400


@pytest.mark.django_db
def test_visitors_see_public_streams_of_the_area_only() -> None:
    stream = station(public=True)
    Datastream.objects.create(thing=stream.thing, code="secret")
    elsewhere = Thing.objects.create(code="s2", name="s2", kind="air_station")
    Datastream.objects.create(thing=elsewhere, code="a34004", public=True)
    division = Division.objects.create(
        code="371525104000", name="镇", level=Level.TOWNSHIP, valid_from=date(2000, 1, 1)
    )
    Thing.objects.filter(pk=stream.thing_id).update(division=division)
    request = RequestFactory().get("/sensing/live?area=371525104")
    found = live_module._visible(ANONYMOUS, live_module._question(request))
    assert found == [(stream.pk, stream.thing_id)]


def row(stream: int, batch: int, value: float) -> dict[str, Any]:
    return {"datastream": stream, "batch": batch, "value": value}


def test_an_overtaken_look_puts_no_older_value_over_a_newer_one() -> None:
    subscriber = Subscriber(frozenset({1, 2}), frozenset())
    subscriber.offer([row(1, 6, 2.0), row(3, 6, 9.0)], 6)
    subscriber.offer([row(1, 5, 1.0), row(2, 5, 5.0)], 5)
    assert subscriber.values == {1: row(1, 6, 2.0), 2: row(2, 5, 5.0)}
    assert subscriber.cursor == 6 and subscriber.awake.is_set()
