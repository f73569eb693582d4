"""Jobs: put down with the transaction, run, retried, kept when they give up, rescued from dead workers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import connection, transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django import DjangoDbBlocker

from qipan.kernel.base import events
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import Conflict, Refused
from qipan.kernel.jobs import (
    PermanentFailure,
    deadletters,
    declarations,
    defer,
    job,
    process,
    progress,
    schedule,
    standing,
)
from qipan.kernel.jobs.models import DeadLetter, ProgressRow
from qipan.kernel.jobs.testing import run_pending, waiting
from qipan.kernel.jobs.tests.people import account, chief

DONE: list[str] = []


@job(name="test.note", retry=2)
def note(word: str) -> None:
    """Remember the word; "bad" fails, "never" fails for good, "chain" puts another job down."""
    if word == "bad":
        raise ValueError("a bad word")
    if word == "never":
        raise PermanentFailure("no use")
    if word == "chain":
        defer(note, word="link")
    DONE.append(word)


@pytest.fixture(autouse=True)
def _empty() -> Iterator[None]:
    DONE.clear()
    yield


@pytest.mark.django_db
def test_a_job_exists_only_when_its_transaction_commits() -> None:
    with pytest.raises(RuntimeError, match="roll back"), transaction.atomic():
        defer(note, word="lost")
        raise RuntimeError("roll back")
    defer(note, word="kept")
    assert waiting() == [("test.note", {"word": "kept"})]


@pytest.mark.django_db
def test_jobs_run_in_order_with_those_they_put_down() -> None:
    defer(note, word="chain")
    defer(note, word="second")
    assert run_pending() == 3
    assert DONE == ["chain", "second", "link"]
    assert run_pending() == 0


@pytest.mark.django_db
def test_unique_jobs_wait_once_and_leave_the_transaction_usable() -> None:
    first = schedule(note, {"word": "once"}, unique="one")
    assert first is not None
    assert schedule(note, {"word": "once"}, unique="one") is None
    assert ProcrastinateJob.objects.count() == 1


@pytest.mark.django_db
def test_a_later_job_waits_for_its_time() -> None:
    at = now() + timedelta(hours=2)
    schedule(note, {"word": "later"}, at=at)
    assert run_pending() == 0
    assert run_pending(until=at) == 1
    assert DONE == ["later"]


@pytest.mark.django_db
def test_a_failing_job_is_tried_again_and_then_kept_with_its_error() -> None:
    number = defer(note, word="bad")
    assert run_pending(raising=False) == 1
    row = ProcrastinateJob.objects.get(pk=number)
    assert (row.status, row.attempts) == ("todo", 1)
    assert not DeadLetter.objects.exists()
    assert run_pending(raising=False, until=now() + timedelta(days=1)) == 2
    letter = DeadLetter.objects.get()
    assert (letter.job_id, letter.name, letter.arguments) == (number, "test.note", {"word": "bad"})
    assert (letter.attempts, letter.error) == (3, "ValueError: a bad word")
    assert 'raise ValueError("a bad word")' in letter.trace
    assert ProcrastinateJob.objects.get(pk=number).status == "failed"


@pytest.mark.django_db
def test_a_permanent_failure_is_not_tried_again() -> None:
    defer(note, word="never")
    assert run_pending(raising=False) == 1
    assert DeadLetter.objects.get().attempts == 1


def test_waits_grow_fourfold_to_an_hour() -> None:
    assert [declarations.wait_seconds(n) for n in range(6)] == [10, 40, 160, 640, 2560, 3600]


@pytest.mark.django_db
def test_replay_puts_the_job_down_anew_once() -> None:
    defer(note, word="never")
    run_pending(raising=False)
    letter = DeadLetter.objects.get()
    boss = chief("jobs.deadletter.*")
    with pytest.raises(Refused):
        deadletters.replay(letter, account("nobody"))
    number = deadletters.replay(letter, boss)
    assert waiting() == [("test.note", {"word": "never"})]
    letter.refresh_from_db()
    assert (letter.state, letter.handled_by, letter.replay_job_id) == ("replayed", boss, number)
    with pytest.raises(Conflict):
        deadletters.drop(letter, boss, "settled already")


@pytest.mark.django_db
def test_declarations_refuse_doubles_wrong_crons_and_coroutines() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        job(name="test.note")(lambda: None)
    with pytest.raises(ValueError, match="cron"):
        job(name="test.wrong", cron="61 * * * *")(lambda: None)

    async def coroutine() -> None: ...

    with pytest.raises(ValueError, match="coroutine"):
        job(name="test.coroutine")(coroutine)


@time_machine.travel(datetime(2026, 3, 4, 10, 0, tzinfo=UTC), tick=False)
def test_cron_reads_the_countys_wall_clock() -> None:
    due = process.county_schedule(app).periodic_tasks["jobs.tidy", ""]
    following = due.croniter.get_next(ret_type=float, start_time=now().timestamp())
    # 03:20 in Shanghai is 19:20 the day before in UTC.
    assert datetime.fromtimestamp(following, UTC) == datetime(2026, 3, 4, 19, 20, tzinfo=UTC)


@pytest.mark.django_db
def test_progress_shows_the_end_and_the_failure() -> None:
    with progress.progress("import", 3) as running:
        running.advance(2)
        running.advance(note="last file")
    row = ProgressRow.objects.get()
    assert (row.done, row.total, row.percent, row.state, row.note) == (3, 3, 100, "done", "last file")
    with pytest.raises(ValueError, match="bad row"), progress.progress("import", 3):
        raise ValueError("bad row")
    assert ProgressRow.objects.get(state="failed").note == "ValueError: bad row"


def _orphan(attempts: int) -> int:
    """A job in hand at a worker whose heartbeat stopped a minute ago."""
    number = defer(note, word="orphan")
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into procrastinate_workers(last_heartbeat) "
            "values (now() - interval '1 minute') returning id"
        )
        worker = cursor.fetchone()[0]
        cursor.execute(
            "update procrastinate_jobs set status='doing', worker_id=%s, attempts=%s where id=%s",
            [worker, attempts, number],
        )
    return number


@pytest.mark.django_db
def test_jobs_of_a_dead_worker_go_back_to_the_queue() -> None:
    number = _orphan(attempts=0)
    assert process.rescue() == 1
    row = ProcrastinateJob.objects.get(pk=number)
    assert (row.status, row.attempts) == ("todo", 1)
    assert process.rescue() == 0


@pytest.mark.django_db
def test_a_job_that_keeps_killing_its_worker_ends_as_a_dead_letter() -> None:
    number = _orphan(attempts=3)
    assert process.rescue() == 1
    assert ProcrastinateJob.objects.get(pk=number).status == "failed"
    assert DeadLetter.objects.get().job_id == number


@dataclass(frozen=True)
class Happened:
    """A durable event of this test."""

    word: str


def _heard(event: Happened) -> None:
    DONE.append(event.word)


@pytest.mark.django_db
def test_a_durable_event_becomes_a_job_of_its_transaction() -> None:
    events.subscribe(Happened, _heard, durable=True)
    events.publish(Happened("news"))
    assert [name for name, _arguments in waiting()] == ["jobs.deliver_event"]
    assert run_pending() == 1
    assert DONE == ["news"]


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Real commits, as the worker sees only those; the rows are removed afterwards."""
    with django_db_blocker.unblock():
        yield
        DeadLetter.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute("delete from procrastinate_jobs; delete from procrastinate_workers")


@pytest.mark.usefixtures("committed")
def test_the_worker_runs_committed_jobs_and_keeps_what_fails() -> None:
    defer(note, word="chain")
    number = defer(note, word="never")
    unknown = app.configure_task("test.gone").defer(word="x")
    process.run(wait=False)
    assert sorted(DONE) == ["chain", "link"]
    assert DeadLetter.objects.get(job_id=number).error == "PermanentFailure: no use"
    standing.rescue_orphans()
    lost = DeadLetter.objects.get(job_id=unknown)
    assert (lost.error, lost.trace) == ("没有名为 test.gone 的作业", "")
    # The minute's standing jobs were due too and left nothing behind.
    assert ProcrastinateJob.objects.filter(status__in=["todo", "doing"]).count() == 0


WORKER = """
import django; django.setup()
from qipan.kernel.jobs import job, process
import pathlib, sys, time
@job(name="test.slow")
def slow(path):
    pathlib.Path(path).write_text("begun")
    time.sleep(2)
    pathlib.Path(path).write_text("ended")
process.run()
"""


def _worker(cursor_database: str) -> subprocess.Popen[bytes]:
    url = os.environ["DATABASE_URL"].replace("/qipan?", f"/{cursor_database}?")
    environment = {**os.environ, "DATABASE_URL": url, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", WORKER], env=environment, stderr=subprocess.DEVNULL)


def _wait_for(path: Path, text: str) -> None:
    for _ in range(900):
        if path.exists() and path.read_text() == text:
            return
        time.sleep(0.1)
    raise AssertionError(f"{path.name} never became {text!r}")


@pytest.mark.usefixtures("committed")
def test_sigterm_lets_the_job_in_hand_end_and_sigkill_leaves_it_to_be_rescued(tmp_path: Path) -> None:
    slow = app.configure_task("test.slow")
    finished = slow.defer(path=str(tmp_path / "finished"))
    worker = _worker(connection.settings_dict["NAME"])
    _wait_for(tmp_path / "finished", "begun")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0
    assert (tmp_path / "finished").read_text() == "ended"
    assert ProcrastinateJob.objects.get(pk=finished).status == "succeeded"
    killed = slow.defer(path=str(tmp_path / "killed"))
    worker = _worker(connection.settings_dict["NAME"])
    _wait_for(tmp_path / "killed", "begun")
    worker.kill()
    worker.wait()
    assert ProcrastinateJob.objects.get(pk=killed).status == "doing"
    job(name="test.slow")(lambda path: Path(path).write_text("done by another"))
    # Standing jobs of the minute may have been in hand, too.
    assert process.rescue(older_than_s=0) >= 1
    assert ProcrastinateJob.objects.get(pk=killed).status == "todo"
    process.run(wait=False)
    assert (tmp_path / "killed").read_text() == "done by another"
