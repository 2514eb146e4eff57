"""Upkeep: what is done by the clock. Time is passed in by what was recorded when, not by waiting for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from box import events as e
from box import log, service
from box.beside import policy_of
from box.client import Client
from box.config import Config
from box.engine import Engine, log_time
from box.models import jobs, live
from box.service import Service
from tests.helpers import running, until

LONG_AGO = "2020-02-02T02:02:02.000Z"
BuildBox = Callable[..., Service]


@pytest.fixture
def build_box(make_root: Callable[..., Config]) -> Iterator[BuildBox]:
    """Builds a box whose doors stay shut: nothing is claimed, no timer runs."""
    built: list[Service] = []

    def build(**keys: object) -> Service:
        built.append(service.build(make_root(**keys)))
        return built[-1]

    yield build
    for each in built:
        each.store.close()
        each.lock.release()


def long_ago(box: Service, *facts: e.Event) -> None:
    Engine(box.store, policy_of(box.config), commit_seconds=0, now=lambda: LONG_AGO).record(*facts)


def photo(**fields: object) -> e.JobRequested:
    return e.JobRequested(user="me", kind="photo", **fields)  # type: ignore[arg-type]


def told(box: Service, job: int) -> tuple[str, str, str]:
    row = box.store.row("SELECT state, code, message FROM jobs WHERE id = ?", (job,))
    assert row is not None
    return row[0], row[1], row[2]


@pytest.mark.parametrize(("action", "state", "code"), [("cancel", "cancelled", ""), ("fail", "failed", "ttl-age")])
def test_what_has_waited_for_too_long_is_ended_and_what_runs_or_came_just_now_is_not(
    build_box: BuildBox, action: str, state: str, code: str
):
    box = build_box(jobs__ttl_age="1 h", jobs__ttl_action=action)
    long_ago(box, photo(), photo(), photo(), e.JobStarted(user="me", job=2, lease="L"))
    box.engine.record(photo())
    box.upkeep.end_outlived()
    why = "it waited for longer than jobs.ttl_age (1 h)"
    assert [told(box, job) for job in (1, 3)] == [(state, code, why)] * 2
    assert jobs.state_of(box.store, 2) == (jobs.State.RUNNING, "")
    assert jobs.state_of(box.store, 5) == (jobs.State.QUEUED, "")


@pytest.mark.parametrize(("action", "state"), [("cancel", "cancelled"), ("fail", "failed")])
def test_a_chain_of_jobs_that_have_all_waited_for_too_long_ends_and_holds_up_no_others(
    build_box: BuildBox, action: str, state: str
):
    """The end of the first ends the second by a rule; that one is then no longer there to be ended."""
    box = build_box(jobs__ttl_age="1 h", jobs__ttl_action=action)
    long_ago(box, photo(), photo(after=(1,)), photo(after=(2,)), photo())
    box.upkeep.end_outlived()
    assert [told(box, job)[0] for job in (1, 2, 3, 4)] == [state, "cancelled", "cancelled", state]
    assert told(box, 3)[2] == f"it waited for job 1, which is {state}"


def test_without_a_limit_nothing_is_ended_however_old(build_box: BuildBox):
    box = build_box()
    long_ago(box, photo())
    before = log.last_position(box.store)
    box.upkeep.end_outlived()
    assert log.last_position(box.store) == before


def test_a_job_that_was_asked_for_with_a_time_that_is_over_has_not_waited_since_then(build_box: BuildBox):
    """Else asking for it "at 2020-02-02" ends it at once, and the metrics say that it waited for years."""
    box = build_box(jobs__ttl_age="1 h")
    box.engine.record(photo(not_before=LONG_AGO))
    box.upkeep.end_outlived()
    assert jobs.state_of(box.store, 1) == (jobs.State.QUEUED, "")
    assert jobs.oldest_queued(box.store) > "2026"


def test_a_job_for_later_does_not_grow_old_before_its_time(build_box: BuildBox):
    box = build_box(jobs__ttl_age="1 h")
    long_ago(box, photo(not_before="2999-01-01T00:00:00.000Z"))
    box.upkeep.end_outlived()
    assert jobs.state_of(box.store, 1) == (jobs.State.QUEUED, "")


@pytest.mark.parametrize(("action", "state"), [("cancel", "cancelled"), ("fail", "failed")])
def test_what_runs_for_too_long_is_stopped(make_root: Callable[..., Config], action: str, state: str):
    config = make_root(jobs__ttl_runtime="1 s", jobs__ttl_action=action)
    with running(config), Client(config) as client:
        job = client.enqueue("call", function="time:sleep", args=[3600])
        until(lambda: client.get_job_status(job) not in {"queued", "running"}, "the job was stopped")
        found = client.get_job(job)
        assert found is not None
        assert (found.status, found.attempts) == (state, 1)
        assert found.error is not None
        assert found.error["message"] == "it ran for longer than jobs.ttl_runtime (1 s)"
        assert found.error["code"] == ("ttl-runtime" if action == "fail" else "")


def test_jobs_whose_time_has_come_may_be_claimed_and_the_others_wait(build_box: BuildBox):
    box = build_box()
    box.engine.record(
        photo(not_before=LONG_AGO), photo(not_before="2999-01-01T00:00:00.000Z"), photo(not_before=log_time(0))
    )
    assert box.upkeep.promote() > 3600
    assert [row for (row,) in box.store.rows("SELECT id FROM jobs WHERE not_before = '' ORDER BY id")] == [1, 3]


def test_one_heartbeat_renews_all_leases_at_a_third_of_their_time_or_a_little_sooner(build_box: BuildBox):
    box = build_box(jobs__lease_seconds=30)
    (beat,) = [timer for timer in box.upkeep._timers if timer.name == "heartbeat"]
    assert {8 <= beat.after(0) <= 10 for _ in range(100)} == {True}
    box.engine.record(*(e.JobRequested(kind="verify") for _ in range(3)))
    leases = {(box.claims._try() or (0, ""))[1] for _ in range(3)}
    assert len(leases) == 3
    box.store.execute("UPDATE leases SET expires_at = 1")
    commits = box.engine.commits
    beat.run()
    assert box.engine.commits == commits + 1
    assert live.expired_leases(box.store, time.time() + 20) == []


def test_the_timer_of_a_service_ends_what_has_waited_for_too_long(make_root: Callable[..., Config]):
    with running(config := make_root(jobs__ttl_age="1 s")), Client(config) as client:
        client._box.engine.record(e.KindHeld(kind="verify"))
        job = client.enqueue("verify")
        until(lambda: client.get_job_status(job) == "cancelled", "it has waited for too long")


def test_the_leases_of_living_workers_are_not_reaped_however_the_clock_jumps(build_box: BuildBox):
    """A lease is believed by the clock; that a worker of this process holds it is known without one."""
    box = build_box()
    box.engine.record(e.JobRequested(kind="verify"))
    _, lease = box.claims._try() or (0, "")
    box.store.execute("UPDATE leases SET expires_at = 1 WHERE lease = ?", (lease,))  # the clock jumped by decades
    box.upkeep.reap()
    assert jobs.state_of(box.store, 1) == (jobs.State.RUNNING, "")
    box.claims.active.discard(lease)
    box.upkeep.reap()
    assert jobs.state_of(box.store, 1) == (jobs.State.QUEUED, "")
    assert not live.is_open(box.store, lease)
