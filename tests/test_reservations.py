"""What is set aside in a quota: before anything is written, to the byte, and never twice."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from box import events as e
from box.engine import Engine
from box.errors import IllegalMove, OverQuota, Stopped
from box.models import drops, jobs, usage
from box.models.base import Store
from box.models.jobs import Claimed
from box.policy import Policy
from box.tasks import reserving
from box.tasks.reserving import STEP_BYTES, Allowance
from tests.helpers import REPOSITORY, projections

WORKERS = 32
MEGABYTE = 1_000_000


def limited(store: Store, quota_bytes: int | None) -> Engine:
    policy = Policy(kinds={"image/jpeg": "photo"}, attempts_max=3, quota_default_bytes=quota_bytes)
    return Engine(store, policy, commit_seconds=0)


def at_work(engine: Engine, user: str = "me", lease: str = "L") -> Claimed:
    """A running job."""
    job = engine.record(e.JobRequested(user=user, kind="camtrap-dp"))[0].position
    engine.record(e.JobStarted(user=user, job=job, lease=lease))
    return jobs.of_lease(engine.store, lease)[-1]


def together(work: Callable[[int], bool]) -> int:
    """All workers at the same moment; of how many it is true."""
    gate = threading.Barrier(WORKERS)

    def one(number: int) -> bool:
        gate.wait()
        return work(number)

    with ThreadPoolExecutor(WORKERS) as pool:
        return sum(pool.map(one, range(WORKERS)))


@pytest.mark.parametrize("size", [100_000, 90_000, 333_333, MEGABYTE, MEGABYTE + 1])
def test_threads_that_race_for_the_last_megabyte_get_exactly_what_fits(store: Store, size: int):
    engine = limited(store, 3 * MEGABYTE)
    engine.record(e.FilePlaced(user="me", path="users/me/media/a", size=2 * MEGABYTE, mtime_ns=1))
    held = [at_work(engine, lease=f"L{number}") for number in range(WORKERS)]

    def reserve(number: int) -> bool:
        try:
            reserving.reserve(engine, held[number], "me", size)
        except OverQuota:
            return False
        return True

    fitting = MEGABYTE // size
    assert together(reserve) == fitting
    assert usage.balance(store, "me").reserved_bytes == fitting * size


_RACE = """
import sys, threading
from box.engine import Engine
from box.errors import OverQuota
from box.models import jobs
from box.models.base import Store
from box.policy import Policy
from box.tasks import reserving

path, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
got = []

def work(number):
    store = Store(path)
    engine = Engine(store, Policy(kinds={}, attempts_max=3, quota_default_bytes=1_000_000), commit_seconds=0)
    job = jobs.of_lease(store, f"L{number}")[0]
    gate.wait()
    try:
        reserving.reserve(engine, job, "me", 90_000)
        got.append(number)
    except OverQuota:
        pass
    store.close()

gate = threading.Barrier(count + 1)
threads = [threading.Thread(target=work, args=(number,)) for number in range(first, first + count)]
[thread.start() for thread in threads]
print("ready", flush=True)
sys.stdin.readline()
gate.wait()
[thread.join() for thread in threads]
print(len(got))
"""


def test_processes_that_race_for_the_last_megabyte_get_exactly_what_fits(store: Store):
    engine = limited(store, MEGABYTE)
    for number in range(WORKERS):
        at_work(engine, lease=f"L{number}")
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", _RACE, store.path, str(first), "8"], cwd=REPOSITORY, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for first in range(0, WORKERS, 8)
    ]  # fmt: skip
    try:
        for racer in racers:
            assert racer.stdout is not None
            assert racer.stdout.readline() == "ready\n"
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("go\n")
            racer.stdin.flush()
        assert sum(int(racer.communicate(timeout=60)[0]) for racer in racers) == 11
    finally:
        for racer in racers:
            racer.kill()
            racer.wait()
    assert usage.balance(store, "me").reserved_bytes == 990_000


def test_drops_that_settle_at_the_same_moment_are_taken_as_far_as_they_fit(store: Store):
    engine = limited(store, MEGABYTE)

    def settle(number: int) -> bool:
        path = f"users/me/inbox/{number}.jpg"
        settled = e.FileSettled(user="me", path=path, size=300_000, mtime_ns=1, inode=1, media_type="image/jpeg")
        return any(isinstance(each.event, e.JobRequested) for each in engine.record(settled))

    assert together(settle) == 3
    assert drops.waiting_counts(store) == {"me": WORKERS - 3}


def test_the_boundary_fits_nothing_fits_into_nothing_and_no_limit_takes_all(store: Store):
    for user, limit, fits, not_any_more in (("ada", 100, 100, 1), ("bob", 0, 0, 1), ("cyd", None, 10**15, 0)):
        engine = limited(store, limit)
        job = at_work(engine, user, lease=user)
        reserving.reserve(engine, job, user, fits)
        assert usage.balance(store, user).reserved_bytes == fits
        if not_any_more:
            with pytest.raises(OverQuota, match=f"1 more bytes are more than the quota of {user} leaves"):
                reserving.reserve(engine, job, user, not_any_more)
        assert usage.balance(store, user).reserved_bytes == fits


END = {
    "succeeded": lambda own: e.JobSucceeded(**own),
    "failed": lambda own: e.JobFailed(**own, code="c", message="m"),
    "tried again later": lambda own: e.JobFailed(**own, code="c", message="m", retry_at="2030-01-01T00:00:00.000Z"),
    "given back": lambda own: e.JobReleased(**own, reason="its worker died"),
    "cancelled": lambda own: e.JobCancelled(**own, reason="r"),
    "quarantined": lambda own: e.JobQuarantined(**own, code="c", message="m"),
}


@pytest.mark.parametrize("end", END)
def test_however_an_attempt_ends_what_it_had_set_aside_is_given_back(store: Store, end: str):
    engine = limited(store, 1000)
    job = at_work(engine)
    reserving.reserve(engine, job, "me", 600)
    reserving.reserve(engine, job, "me", 400)
    engine.record(END[end]({"user": "me", "job": job.id, "lease": "L"}))
    assert usage.balance(store, "me").reserved_bytes == 0


def test_what_the_box_itself_had_set_aside_for_a_user_makes_room_for_the_drops_of_that_user(store: Store):
    engine = limited(store, 1000)
    job = at_work(engine, user="")
    reserving.reserve(engine, job, "me", 800)
    path = "users/me/inbox/a.jpg"
    engine.record(e.FileSettled(user="me", path=path, size=300, mtime_ns=1, inode=1, media_type="image/jpeg"))
    assert drops.waiting_counts(store) == {"me": 1}
    ended = engine.record(e.JobSucceeded(user="", job=job.id, lease="L"))
    assert [each.event.source for each in ended if isinstance(each.event, e.JobRequested)] == [path]


def test_a_worker_that_lost_its_job_sets_nothing_aside(store: Store):
    engine = limited(store, None)
    job = at_work(engine)
    engine.record(e.JobReleased(user="me", job=job.id, lease="L", reason="r"))
    with pytest.raises(Stopped) as caught:
        reserving.reserve(engine, job, "me", 1)
    assert caught.value.outcome == "lost"
    with pytest.raises(IllegalMove):
        engine.record(e.SpaceReserved(user="me", job=job.id, lease="L", size=1))
    assert usage.balance(store, "me").reserved_bytes == 0


def test_who_writes_file_after_file_asks_now_and_then_and_gets_the_last_byte(store: Store):
    engine = limited(store, STEP_BYTES + 500)
    allowance = Allowance(engine, at_work(engine), "me")
    for _ in range(100):
        allowance.take(STEP_BYTES // 100)
    assert store.value("SELECT count(*) FROM events WHERE kind = 'SpaceReserved'") == 1
    allowance.take(500)
    assert allowance.reserved == usage.balance(store, "me").reserved_bytes == STEP_BYTES + 500
    with pytest.raises(OverQuota):
        allowance.take(1)


def test_a_refusal_takes_back_only_its_own_part_and_is_not_in_the_log(store: Store):
    engine = limited(store, 10)
    job = at_work(engine)
    before = projections(store), store.value("SELECT count(*) FROM events")
    with pytest.raises(OverQuota):
        reserving.reserve(engine, job, "me", 11)
    assert (projections(store), store.value("SELECT count(*) FROM events")) == before


def test_room_that_appears_twice_at_once_asks_for_a_drop_once(store: Store):
    engine = limited(store, 1000)
    job = at_work(engine)
    reserving.reserve(engine, job, "me", 500)
    engine.record(e.JobRequested(user="me", kind="call", after=(job.id,), reserve_bytes=500))
    path = "users/me/inbox/a.jpg"
    engine.record(e.FileSettled(user="me", path=path, size=300, mtime_ns=1, inode=1, media_type="image/jpeg"))
    assert drops.waiting_counts(store) == {"me": 1}
    engine.record(e.JobCancelRequested(user="me", job=job.id, reason="r"))
    released = e.JobReleased(user="me", job=job.id, lease="L", reason="its worker died")  # so it is cancelled
    asked = [each.event.source for each in engine.record(released) if isinstance(each.event, e.JobRequested)]
    assert asked == [path]
    assert usage.balance(store, "me").reserved_bytes == 300
