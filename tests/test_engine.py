"""The engine: all or nothing, gapless, refused moves leave no trace, and a burst shares its commits."""

from __future__ import annotations

import sqlite3
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box import events as e
from box import log
from box.engine import BURST_COMMITS, Engine, Pace
from box.errors import IllegalMove
from box.models import jobs
from box.models.base import Store


def wanted(user: str = "me", **fields: object) -> e.JobRequested:
    return e.JobRequested(user=user, kind="photo", **fields)  # type: ignore[arg-type]


def test_positions_begin_at_one_and_have_no_gaps(engine: Engine, store: Store):
    engine.record(wanted(), wanted())
    with pytest.raises(IllegalMove):
        engine.record(wanted(), e.JobSucceeded(user="me", job=99, lease="L"))
    engine.record(wanted())
    assert [r.position for r in log.read(store)] == [1, 2, 3]


def test_a_refused_event_is_not_in_the_log_and_takes_its_whole_record_with_it(engine: Engine, store: Store):
    engine.record(wanted())
    with pytest.raises(IllegalMove, match="job 1 is queued"):
        engine.record(wanted(), e.JobSucceeded(user="me", job=1, lease="L"))
    assert log.last_position(store) == 1
    assert jobs.counts(store) == {"photo": {"queued": 1}}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET user = 'x'",
        "DELETE FROM events",
        "INSERT INTO events VALUES (5, '', 'JobDue', '', '{}')",
        "INSERT OR REPLACE INTO events VALUES (1, '', 'JobDue', '', '{}')",
    ],
)
def test_the_log_refuses_everything_but_the_next_event(engine: Engine, store: Store, statement: str):
    engine.record(wanted(), wanted())
    before = store.rows("SELECT * FROM events")
    with pytest.raises(sqlite3.IntegrityError):
        store.execute(statement)
    assert store.rows("SELECT * FROM events") == before


def test_a_key_asks_for_one_job_however_that_ends(engine: Engine):
    first = engine.request(wanted(key="backup /mnt"))
    assert engine.request(wanted(key="backup /mnt")) == first, "a second request is the first job"
    with pytest.raises(IllegalMove, match="a job with the key"):
        engine.record(wanted(key="backup /mnt"))
    engine.record(e.JobCancelled(user="me", job=1, reason="changed my mind"))
    assert engine.request(wanted(key="backup /mnt")) == first


def test_a_second_worker_is_refused_and_a_late_outcome_too(engine: Engine):
    engine.record(wanted())
    engine.record(e.JobStarted(user="me", job=1, lease="first"))
    with pytest.raises(IllegalMove):
        engine.record(e.JobStarted(user="me", job=1, lease="second"))
    engine.record(e.JobReleased(user="me", job=1, lease="first", reason="taken for dead"))
    engine.record(e.JobStarted(user="me", job=1, lease="second"))
    with pytest.raises(IllegalMove, match="no longer held"):
        engine.record(e.JobSucceeded(user="me", job=1, lease="first"))
    engine.record(e.JobSucceeded(user="me", job=1, lease="second"))


@pytest.mark.parametrize(
    "late",
    [
        e.JobSucceeded(user="me", job=1, lease="first"),
        e.JobFailed(user="me", job=1, lease="first", code="c", message="m"),
        e.JobFailed(user="me", job=1, lease="first", code="c", message="m", retry_at="2999-01-01T00:00:00.000Z"),
        e.JobCancelled(user="me", job=1, lease="first", reason="r"),
        e.JobQuarantined(user="me", job=1, lease="first", code="c", message="m"),
        e.JobReleased(user="me", job=1, lease="first", reason="r"),
        e.JobStepped(user="me", job=1, lease="first", what="w"),
    ],
    ids=lambda late: f"{type(late).__name__}{'-again' * bool(getattr(late, 'retry_at', ''))}",
)
def test_what_a_worker_says_of_a_job_that_went_back_to_the_queue_is_refused(
    engine: Engine, store: Store, late: e.Event
):
    """It was taken for dead; its job waits for the next attempt, and must not end by the word of the last one."""
    engine.record(wanted(), e.JobStarted(user="me", job=1, lease="first"))
    engine.record(e.JobReleased(user="me", job=1, lease="first", reason="taken for dead"))
    with pytest.raises(IllegalMove):
        engine.record(late)
    assert jobs.state_of(store, 1) == (jobs.State.QUEUED, "")


def test_threads_share_commits_and_a_refusal_stays_its_own(store: Store, engine: Engine):
    paced = Engine(store, engine.policy, commit_seconds=0.02)
    results: list[object] = []
    start = threading.Barrier(16)

    def work(number: int) -> None:
        start.wait()
        for _ in range(10):
            try:
                paced.record(wanted(), *([e.JobDue(user="me", job=10**9)] if number % 4 == 0 else []))
                results.append("ok")
            except IllegalMove:
                results.append("refused")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (results.count("ok"), results.count("refused")) == (120, 40)
    assert [r.position for r in log.read(store)] == list(range(1, 121))
    assert paced.commits < 160


def test_who_asks_for_a_job_waits_for_no_pace_and_takes_along_who_does(store: Store, engine: Engine):
    paced = Engine(store, engine.policy, commit_seconds=3600)
    for _ in range(BURST_COMMITS):
        paced.record(wanted())
    waits = threading.Thread(target=lambda: paced.record(wanted()))
    waits.start()
    asked = [paced.request(wanted()) for _ in range(3 * BURST_COMMITS)]
    while waits.is_alive():
        asked.append(paced.request(wanted()))
    assert log.last_position(store) == BURST_COMMITS + 1 + len(set(asked))


def test_what_was_recorded_is_told_once_after_it_is_durable(engine: Engine, store: Store):
    told: list[tuple[int, int]] = []
    other = Store(store.path)
    engine.on_commit = lambda recorded: told.extend((r.position, log.last_position(other)) for r in recorded)
    engine.record(wanted(), wanted())
    other.close()
    assert told == [(1, 2), (2, 2)]


def test_a_lone_file_is_recorded_at_once_and_a_burst_is_paced():
    pace = Pace(0.05)
    now = 100.0
    pace.spend(now)
    waits = []
    for _ in range(BURST_COMMITS + 3):
        wait = pace.wait_seconds(now)
        waits.append(round(wait, 6))
        now += wait
        pace.spend(now)
    assert waits[: BURST_COMMITS - 1] == [0.0] * (BURST_COMMITS - 1)
    assert waits[-3:] == [0.05] * 3
    assert pace.wait_seconds(now + 60) == 0.0


@given(st.lists(st.floats(0, 0.2), max_size=200), st.sampled_from([0.01, 0.05, 1.0]))
def test_however_the_work_comes_there_are_never_more_commits_than_the_pace_allows(gaps: list[float], seconds: float):
    pace, now, began = Pace(seconds), 1000.0, 1000.0
    for commits, gap in enumerate(gaps, start=1):
        now += gap
        now += pace.wait_seconds(now)
        pace.spend(now)
        assert commits <= BURST_COMMITS + (now - began) / seconds + 1e-6
