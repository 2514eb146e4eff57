"""Compaction: old events and jobs go to the archive; nothing that can be asked gets another answer by it."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from box import archive, compaction, damage, engine, log, verify
from box import events as e
from box.compaction import archive_jobs, compact_events
from box.engine import Engine, create, log_time, rebuild
from box.errors import BoxError, IllegalMove
from box.job_tables import KEEP_SECONDS
from box.models import job_history, jobs
from box.models.base import Store
from box.policy import Policy
from box.units import DAY
from tests.helpers import PATIENCE_SECONDS, REPOSITORY, projections
from tests.test_replay import POLICY, some_event

BEGIN = 1_704_067_200.0
"""2024-01-01."""
ALL_STATES = dict.fromkeys(KEEP_SECONDS, 0.0)
STAYS = "the log is append-only"


class Clock:
    """The clock of a log, turned by hand."""

    def __init__(self) -> None:
        self.seconds = BEGIN

    def __call__(self) -> str:
        return log_time(self.seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def aged(store: Store, clock: Clock) -> Engine:
    """An engine whose clock is turned by hand."""
    return Engine(store, POLICY, commit_seconds=0, now=clock)


def ask(aged: Engine, number: int) -> list[int]:
    return [r.position for r in aged.record(*(e.JobRequested(user="ada", kind="verify") for _ in range(number)))]


def finish(aged: Engine, job: int, how: str) -> None:
    if how != "cancelled":
        aged.record(e.JobStarted(user="ada", job=job, lease="L"))
    aged.record(
        {
            "completed": e.JobSucceeded(user="ada", job=job, lease="L", result='{"é":"\\n"}'),
            "failed": e.JobFailed(user="ada", job=job, lease="L", code="c", message="m"),
            "cancelled": e.JobCancelled(user="ada", job=job, reason="r"),
            "quarantined": e.JobQuarantined(user="ada", job=job, lease="L", code="c", message="m"),
        }[how]
    )


def told(store: Store, since: int = 0, until: int | None = None) -> list[e.Recorded]:
    return list(log.read(store, since, until))


def in_table(store: Store) -> list[int]:
    return [position for (position,) in store.rows("SELECT position FROM events ORDER BY position")]


def small_pieces(monkeypatch: pytest.MonkeyPatch, events: int = 10, jobs_: int = 3) -> None:
    """Limits that a test reaches."""
    monkeypatch.setattr(compaction, "SEGMENT_EVENTS", events)
    monkeypatch.setattr(compaction, "ARCHIVE_JOBS", jobs_)


# --- the log ---------------------------------------------------------------------------------------------------------


def test_old_events_go_to_segments_and_are_read_as_before(aged, store, clock, monkeypatch):
    small_pieces(monkeypatch)
    ask(aged, 25)
    clock.seconds += DAY
    ask(aged, 8)
    before = told(store)
    first_at = log.first_at(store)
    done = compact_events(aged, DAY / 2, clock.seconds)
    assert (done.events, len(done.segments)) == (25, 3)
    after = told(store)
    assert after[:33] == before
    assert [type(each.event).__name__ for each in after[33:]] == ["EventsArchived"] * 3
    assert in_table(store) == list(range(26, 37))
    assert [(s.first, s.last) for s in log.segments(store)] == [(1, 10), (11, 20), (21, 25)]
    assert (log.first_at(store), log.last_position(store)) == (first_at, 36)
    for since in range(37):
        for until in (None, 5, 10, 11, 25, 26, 36, 99):
            wanted = [each for each in after if since < each.position <= (until or 99)]
            assert told(store, since, until) == wanted
    assert told(store, 99) == []


def test_segments_are_a_chain_that_the_log_tells_too(aged, store, clock, monkeypatch):
    small_pieces(monkeypatch)
    ask(aged, 25)
    compact_events(aged, 0, clock.seconds + 1)
    segments = log.segments(store)
    recorded = [each.event for each in told(store) if isinstance(each.event, e.EventsArchived)]
    assert [(r.first, r.last, r.segment, r.digest) for r in recorded] == [
        (s.first, s.last, s.name, s.digest) for s in segments
    ]
    headers = [archive.header(log.root(store), each.name) for each in segments]
    assert [each.previous for each in headers] == [r.previous for r in recorded]
    assert [each.previous for each in headers] == ["", *(s.digest for s in segments[:-1])]


def test_the_newest_event_never_goes_and_the_next_one_follows_it(aged, store, clock):
    assert compact_events(aged, 0, clock.seconds + 1).events == 0
    ask(aged, 1)
    assert compact_events(aged, 0, clock.seconds + 1).events == 0
    for _ in range(3):
        ask(aged, 1)
        assert compact_events(aged, 0, clock.seconds + 1).events > 0
        assert len(in_table(store)) <= 2
    positions = [each.position for each in told(store)]
    assert positions == list(range(1, len(positions) + 1))


def test_fewer_old_events_than_are_worth_a_file_stay(aged, store, clock):
    ask(aged, 20)
    clock.seconds += DAY
    ask(aged, 1)
    assert compact_events(aged, DAY / 2, clock.seconds, least=21).events == 0
    assert compact_events(aged, DAY / 2, clock.seconds, least=20).events == 20


def test_only_events_before_the_time_go_wherever_that_time_is(aged, store, clock):
    for _ in range(40):
        clock.seconds += 1
        ask(aged, 1)
    for second in (0, 1, 2, 17, 39, 40, 41):
        last = log.last_before(store, log_time(BEGIN + second + 0.5))
        assert last == min(second, 39)


@pytest.mark.parametrize("statement", ["DELETE FROM events WHERE position = 1", "UPDATE events SET user = 'x'"])
def test_the_triggers_hold_before_and_after_and_when_the_transaction_is_rolled_back(aged, store, clock, statement):
    def refused() -> None:
        with pytest.raises(sqlite3.IntegrityError, match=STAYS):
            store.execute(statement.replace("= 1", f"= {log.oldest_in_table(store)[0]}"))

    ask(aged, 10)
    refused()
    segment = log.Segment(1, 5, "archive/x", "", 0, "")

    def break_off(transaction: engine.Transaction) -> None:
        log.forget(transaction.store, segment)
        refused()
        raise BoxError("no")

    with pytest.raises(BoxError, match="no"):
        aged.transact(break_off)
    refused()
    assert (in_table(store), log.segments(store)) == (list(range(1, 11)), [])
    with store.transaction():  # a part of a commit that others go on with
        with pytest.raises(BoxError, match="no"), store.savepoint():
            break_off(engine.Transaction(store, POLICY, clock()))
        refused()
    refused()
    compact_events(aged, 0, clock.seconds + 1)
    refused()
    triggers = [
        name
        for (name,) in store.rows(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events' ORDER BY 1"
        )
    ]
    assert triggers == ["events_follow", "events_keep", "events_stay"]


@pytest.mark.parametrize(("first", "last"), [(2, 5), (1, 10), (1, 11)])
def test_what_is_not_the_oldest_or_holds_the_newest_cannot_be_forgotten(aged, store, first: int, last: int):
    ask(aged, 10)
    with pytest.raises(BoxError, match="not the oldest"), store.transaction():
        log.forget(store, log.Segment(first, last, "archive/x", "", 0, ""))
    assert len(in_table(store)) == 10


def test_a_reader_misses_nothing_when_events_are_archived_under_its_hands(aged, store, clock, monkeypatch):
    monkeypatch.setattr(log, "PAGE_ROWS", 5)
    small_pieces(monkeypatch)
    ask(aged, 43)
    reading = log.read(store, until=43)
    positions = [next(reading).position for _ in range(7)]
    compact_events(aged, 0, clock.seconds + 1)
    positions += [each.position for each in reading]
    assert positions == list(range(1, 44))
    whole = log.read(store)
    assert next(whole).position == 1
    ask(aged, 2)
    clock.seconds += 2
    compact_events(aged, 0, clock.seconds)
    assert [each.position for each in whole] == list(range(2, log.last_position(store) + 1))


def test_an_event_that_is_nowhere_is_said_not_skipped(aged, store, clock):
    ask(aged, 20)
    compact_events(aged, 0, clock.seconds + 1)
    store.execute("DELETE FROM segments")
    with pytest.raises(BoxError, match="the events 1 to 19 are neither in the log nor in a segment"):
        told(store)


# --- jobs ------------------------------------------------------------------------------------------------------------


def test_jobs_leave_the_list_when_they_have_ended_long_enough_and_are_found_in_the_archive(aged, store, clock):
    asked = ask(aged, 6)
    for job, how in zip(asked, ("completed", "failed", "cancelled", "quarantined"), strict=False):
        finish(aged, job, how)
    listed = {row["id"]: row for row in jobs.listed(store, "", "", "", 99)}
    clock.seconds += 45 * DAY
    late = ask(aged, 1)[0]
    finish(aged, late, "completed")
    done = archive_jobs(aged, KEEP_SECONDS, clock.seconds)
    assert done.jobs == {"completed": 1, "failed": 0, "cancelled": 0, "quarantined": 0}
    clock.seconds += 50 * DAY
    done = archive_jobs(aged, KEEP_SECONDS, clock.seconds)
    assert done.jobs == {"completed": 1, "failed": 1, "cancelled": 1, "quarantined": 1}
    assert [row["id"] for row in jobs.listed(store, "", "", "", 99)] == [asked[5], asked[4]], "they are not finished"
    root = log.root(store)
    for job in asked[:4]:
        found = compaction.archived_job(root, job)
        assert found is not None
        history = found[1].pop("history")
        assert found[1] == listed[job]
        ended = [each["outcome"] for each in history.get("attempts", ())]
        assert ended == ([listed[job]["state"]] if listed[job]["state"] in ("failed", "quarantined") else [])
    assert compaction.archived_job(root, late) is not None
    assert compaction.archived_job(root, asked[4]) is None
    assert {state: n for state, n in jobs.counts(store)["verify"].items() if n} == {"queued": 2}
    assert list(verify.log_differences(store, root)) == []


def test_a_dry_run_says_what_the_run_does_and_changes_nothing(aged, store, clock, monkeypatch):
    small_pieces(monkeypatch)
    draw = random.Random(7)
    for job in ask(aged, 40):
        clock.seconds += DAY
        if draw.random() < 0.8:
            finish(aged, job, draw.choice(list(KEEP_SECONDS)))
    before, events = projections(store), told(store)
    for least in (1, 4):
        would = archive_jobs(aged, KEEP_SECONDS, clock.seconds + 30 * DAY, dry_run=True, least=least)
        assert (projections(store), told(store), would.archives) == (before, events, ())
        assert not os.path.exists(os.path.join(log.root(store), "archive"))
    did = archive_jobs(aged, KEEP_SECONDS, clock.seconds + 30 * DAY, least=4)
    assert did.jobs == would.jobs
    assert sum(did.jobs.values()) == len(before["jobs"]) - len(projections(store)["jobs"]) > 10
    sizes = [archive.header(log.root(store), name).count for name in did.archives]
    assert sum(sizes) == sum(did.jobs.values())
    assert max(sizes) == 3


def test_a_job_that_is_retried_while_it_is_being_archived_stays(aged, store, clock, monkeypatch):
    """The file is written by then; it becomes one that nothing refers to, and the others go in the next."""
    asked = ask(aged, 5)
    for job in asked:
        finish(aged, job, "failed")
    clock.seconds += DAY
    written = archive.write

    def write_and_retry(*arguments: Any) -> archive.Written:
        if jobs.state_of(store, asked[2]) == (jobs.State.FAILED, ""):
            aged.record(e.JobRetried(user="ada", job=asked[2]))
        return written(*arguments)

    monkeypatch.setattr(archive, "write", write_and_retry)
    done = archive_jobs(aged, ALL_STATES, clock.seconds)
    assert done.jobs["failed"] == 4
    assert [row["id"] for row in jobs.listed(store, "", "", "", 99)] == [asked[2]]
    clock.seconds += DAY
    finish(aged, asked[2], "completed")
    clock.seconds += DAY
    archive_jobs(aged, ALL_STATES, clock.seconds)
    found = compaction.archived_job(log.root(store), asked[2])
    assert found is not None
    assert found[1]["state"] == "completed", "not as it was in the file that nothing refers to"
    assert list(verify.log_differences(store, log.root(store))) == []


@pytest.mark.parametrize("jobs_", [0, 1, 3])
def test_an_event_that_would_remove_other_jobs_than_it_says_is_refused(aged, store, clock, jobs_: int):
    for job in ask(aged, 2):
        finish(aged, job, "completed")
    with pytest.raises(IllegalMove, match=f"not {jobs_} jobs"):
        aged.record(
            e.JobsArchived(
                state="completed", before="2025", first=1, last=99, jobs=jobs_, archive="archive/x", digest=""
            )
        )
    assert len(jobs.listed(store, "", "", "", 99)) == 2


def test_finding_old_jobs_walks_no_further_than_the_first_that_is_too_young(aged, store, clock):
    sql = "SELECT id, created_at, finished_at FROM jobs WHERE state = ? AND id > ? ORDER BY id LIMIT 9"
    plan = store.rows(f"EXPLAIN QUERY PLAN {sql}", ("completed", 0))
    assert len(plan) == 1, plan
    assert plan[0][3].startswith("SEARCH jobs USING INTEGER PRIMARY KEY")
    old = ask(aged, 3)
    for job in old:
        finish(aged, job, "completed")
    clock.seconds += DAY
    young = ask(aged, 3)
    for job in young:
        finish(aged, job, "completed")
    store.execute("UPDATE jobs SET finished_at = '2000' WHERE id = ?", (young[2],))  # what cannot be
    assert list(job_history.old(store, "completed", log_time(BEGIN + 1))) == old


def test_cancelling_ends_it_between_two_pieces_and_what_was_done_stays_done(aged, store, clock, monkeypatch):
    small_pieces(monkeypatch)
    for job in ask(aged, 30):
        finish(aged, job, "completed")

    class Cancelled(Exception):
        pass

    def run(compact: Callable[..., object]) -> list[float]:
        shown: list[float] = []

        def check() -> None:
            if len(shown) == 2:
                raise Cancelled

        with pytest.raises(Cancelled):
            compact(check=check, progress=lambda fraction, _: shown.append(fraction))
        return shown

    assert run(lambda **more: archive_jobs(aged, ALL_STATES, clock.seconds + 1, **more)) == [0, 0.1]
    assert len(jobs.listed(store, "", "", "", 99)) == 24
    shown = run(lambda **more: compact_events(aged, 0, clock.seconds + 1, **more))
    assert shown[0] == 0 < shown[1] < 1
    assert len(log.segments(store)) == 2
    assert list(verify.chain_differences(store)) == list(verify.log_differences(store, log.root(store))) == []


# --- rebuild equals live ---------------------------------------------------------------------------------------------


def live_with_compactions(store: Store, seed: int, steps: int) -> int:
    """A random history with a clock that runs, and what is old archived in between; how many events went."""
    draw, clock, gone = random.Random(seed), Clock(), 0
    made = Engine(store, POLICY, commit_seconds=0, now=clock)
    for _ in range(steps):
        clock.seconds += draw.choice((0, 1, 3600))
        try:
            made.record(*(some_event(draw, store) for _ in range(draw.choice((1, 1, 1, 3)))))
        except IllegalMove:
            continue
        if draw.random() < 0.08:
            keep = {state: draw.choice((0, 3600, DAY)) for state in KEEP_SECONDS}
            archive_jobs(made, keep, clock.seconds)
        if draw.random() < 0.05:
            gone += compact_events(made, draw.choice((0, 3600, DAY)), clock.seconds).events
    return gone


@pytest.mark.parametrize("seed", range(8))
def test_a_random_history_with_compactions_folds_to_the_same_rows_again(store, tmp_path, seed, monkeypatch):
    small_pieces(monkeypatch, events=40, jobs_=2)
    assert live_with_compactions(store, seed, 250) > 0
    before, position = projections(store), log.last_position(store)
    assert len(in_table(store)) < position
    assert list(verify.chain_differences(store)) == list(verify.log_differences(store, str(tmp_path))) == []
    assert rebuild(store) == position
    assert projections(store) == before


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), steps=st.integers(1, 80))
def test_compactions_change_no_answer_of_the_log(seed: int, steps: int):
    """Every event is there once, in order; no job is lost: each is in the list or in a file that the log names."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder + "/box.db", durable=True)
        create(store)
        live_with_compactions(store, seed, steps)
        recorded = told(store)
        assert [each.position for each in recorded] == list(range(1, log.last_position(store) + 1))
        assert all(a.at <= b.at for a, b in pairwise(recorded))
        asked = {each.position for each in recorded if isinstance(each.event, e.JobRequested)}
        archived: list[int] = []
        for each in recorded:
            if isinstance(each.event, e.JobsArchived):
                file = archive.read(folder, each.event.archive, each.event.digest)
                archived += [row["id"] for row in file]
        listed = [job for (job,) in store.rows("SELECT id FROM jobs")]
        assert sorted([*archived, *listed]) == sorted(asked)
        before = projections(store)
        rebuild(store)
        assert projections(store) == before
        store.close()


def test_a_snapshot_that_is_older_than_the_archive_is_whole_by_itself(aged, store, clock, tmp_path):
    ask(aged, 30)
    compact_events(aged, 0, clock.seconds + 1)
    name = damage.take_snapshot(str(tmp_path), store, log.last_position(store), keep=2)
    was = told(store)
    ask(aged, 30)
    compact_events(aged, 0, clock.seconds + 2)
    assert len(log.segments(store)) == 2
    store.close()
    os.replace(tmp_path / name, tmp_path / "box.db")
    again, restored = damage.open_checked(str(tmp_path))
    assert restored is None
    assert told(again) == was
    assert list(verify.chain_differences(again)) == []
    made = Engine(again, POLICY, commit_seconds=0, now=clock)
    ask(made, 7)
    compact_events(made, 0, clock.seconds + 3)
    assert [each.position for each in told(again)] == list(range(1, log.last_position(again) + 1))
    assert list(verify.chain_differences(again)) == []
    assert len(os.listdir(tmp_path / "archive")) == 3, "what the snapshot does not know stays where it is"
    again.close()


# --- damage is named -------------------------------------------------------------------------------------------------


@pytest.fixture
def chained(aged, store, clock, monkeypatch) -> list[log.Segment]:
    """Three segments and a file of jobs."""
    small_pieces(monkeypatch, jobs_=99)
    for job in ask(aged, 8):
        finish(aged, job, "completed")
    archive_jobs(aged, ALL_STATES, clock.seconds + 1)
    compact_events(aged, 0, clock.seconds + 1)
    assert len(log.segments(store)) == 3
    return log.segments(store)


def test_a_segment_that_is_gone_or_another_is_named_and_nothing_can_be_rebuilt_without_it(chained, store, tmp_path):
    path = tmp_path / chained[1].name
    data = path.read_bytes()
    for spoil, said in (
        (path.unlink, "found no file"),
        (lambda: path.write_bytes(data[:-1]), "found digest"),
        (lambda: shutil.copy(tmp_path / chained[0].name, path), f"found digest {chained[0].digest}"),
    ):
        spoil()
        (difference,) = verify.chain_differences(store)
        assert (difference.where, difference.subject) == ("log", chained[1].name)
        assert said in str(difference)
        before = projections(store)
        with pytest.raises(BoxError, match=chained[1].name):
            rebuild(store)
        assert projections(store) == before
    path.write_bytes(data)
    assert list(verify.chain_differences(store)) == []


def test_a_chain_with_another_link_in_it_is_broken_even_if_every_digest_is_right(chained, store, tmp_path):
    with archive.lock(str(tmp_path)):
        lines = [json.dumps(each) for each in archive.read(str(tmp_path), chained[1].name)]
        forged = archive.write(str(tmp_path), "events", archive.Header(11, 20, 10, "not the first one"), lines)
    store.execute("UPDATE segments SET name = ?, digest = ? WHERE first = 11", (forged.name, forged.digest))
    assert [each.subject for each in verify.chain_differences(store)] == [forged.name, chained[2].name]
    store.execute("DELETE FROM segments WHERE first = 11")
    assert [each.subject for each in verify.chain_differences(store)] == [chained[2].name]
    store.execute("DELETE FROM segments WHERE first = 21")
    assert [each.subject for each in verify.chain_differences(store)] == ["events"]


def test_a_file_of_jobs_that_is_gone_is_named(chained, store, tmp_path):
    (name,) = archive.holding(str(tmp_path), "jobs", 3)
    assert list(verify.log_differences(store, str(tmp_path))) == []
    (tmp_path / name).unlink()
    (difference,) = verify.log_differences(store, str(tmp_path))
    assert difference.subject == name


# --- killed at every step --------------------------------------------------------------------------------------------

_COMPACT = """
import sys
from box import compaction, engine
from box.models.base import Store
from tests.test_replay import POLICY
compaction.SEGMENT_EVENTS, compaction.ARCHIVE_JOBS = 20, 4
store = Store(sys.argv[1] + "/box.db")
made = engine.Engine(store, POLICY, commit_seconds=0)
compaction.archive_jobs(made, {"completed": 0.0}, 2e9)
compaction.compact_events(made, 0.0, 2e9)
store.close()
"""

POINTS = [
    *(("fsync", n) for n in (1, 2, 3, 4, 6, 8, 11)),  # the files and their folder
    *(("renameat2", n) for n in range(1, 5)),  # a file gets its name
    *(("fdatasync", n) for n in range(1, 6)),  # SQLite's commits
    *(("pwrite64", n) for n in (3, 15)),  # in the middle of them
    ("mkdir", 1),
]


@pytest.mark.parametrize(("call", "number"), POINTS, ids=str)
def test_killed_just_before_each_step_and_done_again(aged, store, tmp_path, call: str, number: int):
    """strace kills the process before the n-th such call; then all is there once, and the next run finishes."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: apt-get install strace")
    for job in ask(aged, 10):
        finish(aged, job, "completed")
    ask(aged, 3)
    store.checkpoint()
    before = told(store)
    listed = {row["id"]: row for row in jobs.listed(store, "completed", "", "", 99)}
    command = [sys.executable, "-c", _COMPACT, str(tmp_path)]
    inject = f"inject={call}:signal=SIGKILL:when={number}"
    killed = subprocess.run(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject, *command],
        cwd=REPOSITORY, capture_output=True, timeout=PATIENCE_SECONDS, check=False,
    )  # fmt: skip
    assert killed.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL), killed.stderr
    assert_whole(store, before, listed)
    subprocess.run(command, cwd=REPOSITORY, check=True, timeout=PATIENCE_SECONDS)
    assert_whole(store, before, listed)
    assert jobs.counts(store)["verify"]["completed"] == 0
    assert len(in_table(store)) <= 3
    names = {str(Path("archive", name)) for name in os.listdir(tmp_path / "archive")}
    named = {getattr(r.event, "segment", "") or getattr(r.event, "archive", "") for r in told(store)} - {""}
    assert named <= names
    assert len(names - named) <= 1, "at most one file that nothing refers to"
    assert not [name for name in names if name.endswith(".part")]


def assert_whole(store: Store, before: list[e.Recorded], listed: dict[int, dict[str, Any]]) -> None:
    """Nothing is lost, nothing is there twice, the triggers are back."""
    assert told(store)[: len(before)] == before
    now = {row["id"]: row for row in jobs.listed(store, "completed", "", "", 99)}
    for job, row in listed.items():
        found = now.get(job) or (compaction.archived_job(log.root(store), job) or ("", {}))[1]
        assert {**found, "history": {}} == {**row, "history": {}}
    assert list(verify.chain_differences(store)) == list(verify.log_differences(store, log.root(store))) == []
    with pytest.raises(sqlite3.IntegrityError, match=STAYS):
        store.execute("DELETE FROM events")


# --- two years -------------------------------------------------------------------------------------------------------


def a_day(aged: Engine, clock: Clock, day: int, photos: int) -> None:
    """So many photos come in, and those of a month ago are taken out of the library, so that it stays as it is."""

    def path(area: str, day: int, number: int) -> str:
        return f"users/ada/{area}/{day:03}-{number}.jpg"

    found = aged.record(
        *(
            e.FileSettled(
                user="ada", path=path("inbox", day, n), size=1, mtime_ns=n, inode=n, media_type="image/jpeg"
            )
            for n in range(photos)
        )
    )  # fmt: skip
    asked = [each.position for each in found if isinstance(each.event, e.JobRequested)]
    aged.record(*(e.JobStarted(user="ada", job=job, lease="L") for job in asked))
    done: list[e.Event] = []
    for n, job in enumerate(asked):
        filed = e.PhotoFiled(
            user="ada", source=path("inbox", day, n), path=path("photos", day, n), size=1, mtime_ns=n,
            digest=f"{day:032}{n:032}", media_type="image/jpeg", width=1, height=1,
        )  # fmt: skip
        done += [filed, e.JobSucceeded(user="ada", job=job, lease="L", result=json.dumps({"path": filed.path}))]
    aged.record(*done)
    if day >= 30:
        aged.record(*(e.FileVanished(user="ada", path=path("photos", day - 30, n)) for n in range(photos)))
    finish(aged, ask(aged, 1)[0], ("failed", "cancelled", "quarantined")[day % 3])
    clock.seconds += DAY


def test_over_two_years_the_database_stays_as_large_as_what_is_kept(store, clock):
    """With less kept than by default, so that it is full after a month and stays so for long."""
    aged = Engine(store, Policy(kinds={"image/jpeg": "photo"}, attempts_max=3), commit_seconds=0, now=clock)
    keep = {state: seconds / 3 for state, seconds in KEEP_SECONDS.items()}
    store.execute("PRAGMA synchronous = off")  # how it is made durable is not the question here
    photos, sizes = 10, list[tuple[int, ...]]()
    for day in range(730):
        a_day(aged, clock, day, photos)
        if day % 7 == 0:
            compact_events(aged, 10 * DAY, clock.seconds)
            archive_jobs(aged, keep, clock.seconds)
        counted = store.row("SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM jobs)") or ()
        sizes.append((*counted, store.value("PRAGMA page_count")))
    for column, slack in ((0, 1.02), (1, 1.02), (2, 1.1)):
        settled = max(size[column] for size in sizes[:60])
        assert max(size[column] for size in sizes[60:]) <= settled * slack, column
    assert log.last_position(store) > 730 * photos * 5
    assert list(verify.chain_differences(store)) == list(verify.log_differences(store, log.root(store))) == []
