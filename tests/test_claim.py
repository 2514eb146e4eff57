"""Claims: however many workers race, each job is claimed by exactly one, and a dead one's jobs come back."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time

import pytest

from box import events as e
from box import log
from box.claims import Claims, together
from box.engine import Engine
from box.models import jobs, live, ready
from box.models.base import Store
from box.queue import ClaimStorage, JsonSerializer, Queue
from box.tasks import outcomes, retry
from box.tasks.recover import recover

RETRIES = retry.Policy(attempts_max=3, base_seconds=10, cap_seconds=100)


def claims_of(engine: Engine, root: str, workers: int = 2, batch_max: int = 1) -> Claims:
    return Claims(engine, root, workers, batch_max, lease_seconds=60, free_bytes_min=0)


def ask(engine: Engine, count: int, **fields: object) -> None:
    engine.record(*(e.JobRequested(user="me", kind="photo", **fields) for _ in range(count)))  # type: ignore[arg-type]


def take_all(claims: Claims) -> list[int]:
    taken = []
    while (claimed := claims._try()) is not None:
        _, lease = claimed
        for job in jobs.of_lease(claims.engine.store, lease):
            taken.append(job.id)
            claims.engine.record(e.JobSucceeded(user="me", job=job.id, lease=lease))
    return taken


@pytest.mark.parametrize("batch_max", [1, 16])
def test_threads_that_race_claim_each_job_once(engine: Engine, store: Store, tmp_path, batch_max: int):
    ask(engine, 200)
    claims = claims_of(engine, str(tmp_path), workers=4, batch_max=batch_max)
    taken: list[int] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        taken.extend(take_all(claims))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1, 201))
    assert jobs.counts(store)["photo"]["completed"] == 200


_RACER = """
import sys, json
from box.claims import Claims
from box.engine import Engine
from box.events import JobSucceeded
from box.models import jobs
from box.models.base import Store
from box.rules import Policy
store = Store(sys.argv[1] + "/box.db")
engine = Engine(store, Policy(kinds={}, attempts_max=3), commit_seconds=0)
claims = Claims(engine, sys.argv[1], 2, 4, lease_seconds=60, free_bytes_min=0)
print("ready", flush=True)
sys.stdin.readline()
taken = []
while claimed := claims._try():
    for job in jobs.of_lease(store, claimed[1]):
        taken.append(job.id)
        engine.record(JobSucceeded(user="me", job=job.id, lease=claimed[1]))
print(json.dumps(taken))
"""


def test_processes_that_race_claim_each_job_once(engine: Engine, tmp_path, pytestconfig):
    ask(engine, 120)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", _RACER, str(tmp_path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=pytestconfig.rootpath,
        )
        for _ in range(3)
    ]  # fmt: skip
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    taken = [json.loads(racer.communicate(timeout=60)[0]) for racer in racers]
    assert sorted(job for each in taken for job in each) == list(range(1, 121))


def test_higher_priorities_go_first_then_first_in_first_out(engine: Engine, tmp_path):
    ask(engine, 2)
    ask(engine, 1, priority=5)
    ask(engine, 1, priority=-1)
    assert take_all(claims_of(engine, str(tmp_path))) == [3, 1, 2, 4]


def test_a_job_is_not_claimed_before_its_time(engine: Engine, store: Store, tmp_path):
    ask(engine, 1, not_before="2999-01-01T00:00:00.000Z")
    assert claims_of(engine, str(tmp_path))._try() is None
    assert jobs.next_due(store) == "2999-01-01T00:00:00.000Z"
    engine.record(e.JobDue(user="me", job=1))
    assert take_all(claims_of(engine, str(tmp_path))) == [1]


def test_only_fresh_jobs_of_one_kind_and_priority_share_a_lease(engine: Engine, store: Store, tmp_path):
    ask(engine, 3)
    ask(engine, 1, priority=-1)
    engine.record(*(e.JobRequested(user="me", kind="quarantine") for _ in range(2)))
    claims = claims_of(engine, str(tmp_path))
    photos, others = sorted(ready.heads(store), key=lambda head: head.kind)
    assert [job.id for job in together(photos, store, 9)] == [1, 2, 3]  # 4 is less urgent
    assert [job.id for job in together(others, store, 9)] == [5]  # of a kind that does not share
    _, lease = claims._try() or (0, "")
    recover(engine, str(tmp_path), RETRIES, [lease])
    engine.record(*(e.JobDue(user="me", job=job) for job, _ in jobs.due(store, "9999", 9)))
    assert [job.id for job in together(next(ready.heads(store)), store, 9)] == [1]  # it has used an attempt


def test_nothing_is_claimed_below_the_reserve_of_free_space(engine: Engine, tmp_path):
    ask(engine, 1)
    claims = claims_of(engine, str(tmp_path))
    claims.free_bytes_min = 1 << 62
    assert claims._try() is None
    assert "free_bytes_min" in str(claims.held_up_by)


def test_a_waiting_worker_wakes_when_work_is_recorded(engine: Engine, tmp_path):
    claims = claims_of(engine, str(tmp_path))
    engine.on_commit = lambda _: claims.ring()
    found: list[object] = []
    waiting = threading.Thread(target=lambda: found.append(claims.next(idle=lambda: 600.0)))
    waiting.start()
    ask(engine, 1)
    waiting.join(30)
    assert [job for job, _ in found] == [1]  # type: ignore[misc]


def test_a_dead_workers_job_comes_back_after_a_while_with_its_attempt_counted(engine: Engine, store: Store, tmp_path):
    ask(engine, 1)
    _, lease = claims_of(engine, str(tmp_path))._try() or (0, "")
    assert recover(engine, str(tmp_path), RETRIES, [lease]) == 1
    attempts, not_before = store.row("SELECT attempts, not_before FROM jobs WHERE id = 1") or (0, "")
    assert attempts == 1
    assert not_before > time.strftime("%Y-%m-%dT%H:%M", time.gmtime())
    assert live.expired_leases(store, 2e9 * 10) == []


def test_jobs_that_were_claimed_together_come_back_at_once_and_are_then_claimed_alone(
    engine: Engine, store: Store, tmp_path
):
    ask(engine, 6)
    claims = claims_of(engine, str(tmp_path), workers=1, batch_max=3)
    _, lease = claims._try() or (0, "")
    assert len(jobs.of_lease(store, lease)) == 3
    recover(engine, str(tmp_path), RETRIES, [lease])
    _, lease = claims._try() or (0, "")
    assert [job.id for job in jobs.of_lease(store, lease)] == [1]


def test_messages_are_json_and_hold_nothing_but_the_job_and_its_lease(engine: Engine, tmp_path):
    queue = Queue(claims_of(engine, str(tmp_path)), perform=lambda lease: 1, tick=lambda: 60.0)
    storage = queue.storage
    assert isinstance(storage, ClaimStorage)
    ask(engine, 1)
    message = storage.dequeue()
    assert message is not None
    assert json.loads(message)[6][0] == 1
    task = queue.deserialize_task(message)
    assert task.args[0] == 1
    with pytest.raises(TypeError):
        JsonSerializer().serialize([object()])


def test_huey_leaves_nothing_on_disk_and_takes_no_work_of_its_own(engine: Engine, store: Store, tmp_path):
    done: list[str] = []
    queue = Queue(claims_of(engine, str(tmp_path)), perform=lambda lease: done.append(lease) or 1, tick=lambda: 60.0)
    ask(engine, 1)
    before = {path.name for path in tmp_path.iterdir()}
    queue.execute(queue.dequeue())
    assert len(done) == 1
    assert {path.name for path in tmp_path.iterdir()} == before
    tables = {name for (name,) in store.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables.isdisjoint({"kv", "task", "schedule", "counter"})
    with pytest.raises(AssertionError, match="JobRequested"):
        queue.enqueue(queue._run.s(1, "x"))


def test_an_outcome_that_is_refused_takes_no_other_with_it(engine: Engine, store: Store, tmp_path):
    ask(engine, 3)
    (_, lease) = claims_of(engine, str(tmp_path), workers=1, batch_max=3)._try() or (0, "")
    held = jobs.of_lease(store, lease)
    engine.record(e.JobReleased(user="me", job=2, lease=lease, reason="taken for dead"))
    ends = [(job, (e.JobSucceeded(user="me", job=job.id, lease=lease),)) for job in held]
    refused = engine.transact(lambda transaction: outcomes.recorded(transaction, ends))
    assert [job.id for job, _ in refused] == [2]
    assert jobs.counts(store) == {"photo": {"completed": 2, "queued": 1, "running": 0}}
    assert [type(r.event) for r in log.read(store)].count(e.JobSucceeded) == 2
