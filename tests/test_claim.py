"""Claims: however many workers race, each job is claimed by exactly one, and a dead one's jobs come back."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from box import events as e
from box import log
from box.claims import Claims, together
from box.engine import Engine, Transaction, create, log_time
from box.errors import DatabaseBusy
from box.models import job_history, jobs, live, ready
from box.models.base import Store
from box.policy import Policy
from box.queue import ClaimStorage, JsonSerializer, Queue
from box.tasks import outcomes, retry
from box.tasks.recover import recover

POLICY = Policy(kinds={}, attempts_max=3)
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
from box.policy import Policy
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


# --- who comes next ---------------------------------------------------------------------------------------------------


def begin(claims: Claims) -> list[int]:
    """Claim once; the jobs of the lease, which goes on."""
    claimed = claims._try()
    return [job.id for job in jobs.of_lease(claims.engine.store, claimed[1])] if claimed else []


def end(engine: Engine, job: int) -> None:
    lease = engine.store.value("SELECT lease FROM jobs WHERE id = ?", (job,))
    engine.record(e.JobSucceeded(user="me", job=job, lease=lease))


def test_a_job_that_shares_no_text_with_a_running_one_is_begun_although_one_that_does_stands_before_it(
    engine: Engine, store: Store, tmp_path
):
    engine.record(*(e.JobRequested(user="me", kind="photo", exclusive=text) for text in ("disk", "disk", "", "")))
    claims = claims_of(engine, str(tmp_path), batch_max=4)
    assert begin(claims) == [1]
    assert begin(claims) == [3, 4]
    assert begin(claims) == []
    end(engine, 1)
    assert begin(claims) == [2]


def test_what_is_exclusive_runs_once_at_a_time_whatever_its_kind_and_user(engine: Engine, tmp_path):
    engine.record(
        e.JobRequested(user="ada", kind="verify", exclusive="disk"),
        e.JobRequested(user="bob", kind="snapshot", exclusive="disk"),
        e.JobRequested(user="bob", kind="snapshot", exclusive="other"),
    )
    claims = claims_of(engine, str(tmp_path))
    assert [begin(claims), begin(claims), begin(claims)] == [[1], [3], []]
    end(engine, 1)
    assert begin(claims) == [2]


def test_of_a_kind_no_more_workers_are_at_work_than_it_may_have(engine: Engine, tmp_path):
    ask(engine, 6)
    engine.record(e.JobRequested(user="me", kind="verify"))
    claims = claims_of(engine, str(tmp_path), batch_max=2)
    claims.running_max = {"photo": 2}
    assert [begin(claims) for _ in range(4)] == [[1, 2], [3, 4], [7], []]  # those that share a lease are one worker's
    end(engine, 1)
    assert begin(claims) == []
    end(engine, 2)
    assert begin(claims) == [5, 6]


def test_of_all_heavy_kinds_together_no_more_are_at_work_than_there_are_slots_and_others_go_on(
    engine: Engine, tmp_path
):
    for kind in ("transcribe", "embed", "transcribe", "photo", "photo"):
        engine.record(e.JobRequested(user="me", kind=kind))
    claims = claims_of(engine, str(tmp_path))
    claims.heavy = frozenset({"transcribe", "embed"})
    assert [begin(claims) for _ in range(4)] == [[1], [4], [5], []]
    end(engine, 1)
    assert begin(claims) == [2]
    claims.heavy_max = 2  # what was asked for before the key was changed is begun as it is now
    assert [begin(claims), begin(claims)] == [[3], []]


def test_workers_that_race_never_have_two_heavy_jobs_at_the_same_time(engine: Engine, store: Store, tmp_path):
    for kind in ("transcribe", "embed") * 10:
        engine.record(e.JobRequested(user="me", kind=kind))
    claims = claims_of(engine, str(tmp_path), workers=4)
    claims.heavy = frozenset({"transcribe", "embed"})
    seen: list[int] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        while jobs.any_unfinished_of(store, "transcribe") or jobs.any_unfinished_of(store, "embed"):
            claimed = claims._try()
            if claimed is not None:
                seen.append(sum(jobs.workers_on(store, kind) for kind in claims.heavy))
                engine.record(e.JobSucceeded(user="me", job=claimed[0], lease=claimed[1]))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1] * 20


def test_of_a_paused_kind_none_is_begun_and_of_a_drained_one_those_that_were_asked_for_before(engine: Engine, tmp_path):
    ask(engine, 2)
    engine.record(e.JobRequested(user="me", kind="verify"))
    engine.record(e.KindHeld(kind="photo", until=2), e.KindHeld(kind="verify"))
    ask(engine, 1)
    ask(engine, 1, priority=9)
    claims = claims_of(engine, str(tmp_path), batch_max=9)
    assert begin(claims) == [1, 2]
    assert begin(claims) == []
    engine.record(e.KindResumed(kind="photo"))
    assert begin(claims) == [7]
    engine.record(e.KindHeld(kind="", until=0), e.KindResumed(kind="verify"))
    assert begin(claims) == []  # all kinds are held
    engine.record(e.KindResumed(kind=""))
    assert begin(claims) == [3]
    assert begin(claims) == [6]


def test_a_job_is_begun_when_all_that_it_waits_for_are_completed_and_not_before(engine: Engine, tmp_path):
    ask(engine, 2)
    ask(engine, 1, after=(2, 1, 2), priority=9)
    claims = claims_of(engine, str(tmp_path))
    assert [begin(claims), begin(claims), begin(claims)] == [[1], [2], []]
    end(engine, 2)
    assert begin(claims) == []
    end(engine, 1)
    assert begin(claims) == [3]


def test_users_take_turns_and_within_a_user_it_is_first_in_first_out(engine: Engine, tmp_path):
    engine.record(*(e.JobRequested(user=user, kind="photo") for user in ("ada", "ada", "ada", "bob", "bob", "eve")))
    claims = claims_of(engine, str(tmp_path))
    assert [begin(claims) for _ in range(7)] == [[1], [4], [6], [2], [5], [3], []]


def test_a_claim_that_does_not_become_durable_leaves_nothing_behind(engine: Engine, store: Store, tmp_path):
    """Else the heartbeat asks for ever about a lease that never was, and a user's turn is over without a job."""
    ask(engine, 2)
    waits: list[float] = []
    claims = claims_of(engine, str(tmp_path))
    claims.on_wait = lambda _, seconds: waits.append(seconds)

    def work(transaction: Transaction) -> None:
        assert claims._claim(transaction)[1]
        raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        engine.transact(work)
    assert (claims.active, claims._served, waits) == (set(), {}, [])
    assert jobs.running_leases(store) == []
    assert begin(claims) == [1]
    assert (len(claims.active), list(claims._served), len(waits)) == (1, ["me"], 1)


def test_a_clock_that_was_set_back_makes_no_wait_that_is_less_than_nothing(store: Store, tmp_path):
    """A sum of waits that falls is read as a restart by whoever reads the metrics."""
    engine = Engine(store, POLICY, commit_seconds=0, now=lambda: "2999-01-01T00:00:00.000Z")
    ask(engine, 1)
    waits: list[float] = []
    claims = claims_of(engine, str(tmp_path))
    claims.on_wait = lambda _, seconds: waits.append(seconds)
    assert begin(claims) == [1]
    assert waits == [0.0]


def test_the_wait_of_a_job_is_told_once_also_if_it_is_given_back_uncounted_and_again_after_a_retry_by_hand(
    store: Store, tmp_path
):
    clock = count()
    engine = Engine(store, POLICY, commit_seconds=0, now=lambda: log_time(next(clock)))
    ask(engine, 1)
    waits: list[str] = []
    claims = claims_of(engine, str(tmp_path))
    claims.on_wait = lambda kind, _: waits.append(kind)
    for counted, told in ((False, 1), (False, 1), (True, 1), (True, 1)):
        _, lease = claims._try() or (0, "")
        assert len(waits) == told
        engine.record(e.JobReleased(user="me", job=1, lease=lease, reason="r", counted=counted))
    engine.record(e.JobCancelled(user="me", job=1, reason="r"), e.JobRetried(user="me", job=1))
    assert begin(claims) == [1]
    assert len(waits) == 2


def test_jobs_that_were_asked_for_at_the_same_moment_are_begun_in_their_order(store: Store, tmp_path):
    """An earlier job system told them apart by times of whole seconds, and the order was by chance."""
    engine = Engine(store, POLICY, commit_seconds=0, now=lambda: "2026-01-01T00:00:00.000Z")
    ask(engine, 9)
    assert take_all(claims_of(engine, str(tmp_path))) == list(range(1, 10))


def test_a_look_at_a_ledger_without_work_asks_little_and_writes_nothing(engine: Engine, store: Store, tmp_path):
    """An earlier job system opened five to seven databases for each of them."""
    ask(engine, 1, not_before="2999-01-01T00:00:00.000Z")
    other = Store(store.path)
    before = other.other_commits()
    statements, _ = cost(engine, claims_of(engine, str(tmp_path))._try)
    assert statements <= 5
    assert other.other_commits() == before
    other.close()


def test_a_ledger_that_another_process_has_locked_holds_up_the_claims_and_ends_no_worker(
    engine: Engine, store: Store, tmp_path
):
    """One "database is locked" ended the workers of an earlier job system silently."""
    ask(engine, 1)
    store.execute("PRAGMA busy_timeout = 20")
    claims = claims_of(engine, str(tmp_path))
    other = Store(store.path)
    with other.transaction():
        assert begin(claims) == []
        assert isinstance(claims.held_up_by, DatabaseBusy)
    claims._hold_until = 0.0  # the while is over
    assert begin(claims) == [1]
    assert claims.held_up_by is None
    other.close()


def test_a_lease_is_renewed_never_shortened_and_the_answer_says_what_is_held_and_what_should_end(
    engine: Engine, store: Store, tmp_path
):
    ask(engine, 3)
    answers: list[jobs.Held] = []
    claims = claims_of(engine, str(tmp_path), batch_max=2)
    claims.on_renewal = answers.extend
    _, lease = claims._try() or (0, "")
    until = store.value("SELECT expires_at FROM leases")
    claims.lease_seconds = -7200  # as if the clock had been set back by two hours
    claims.renew()
    assert store.value("SELECT expires_at FROM leases") == until
    claims.lease_seconds = 7200
    claims.renew()
    assert store.value("SELECT expires_at FROM leases") > until + 3600
    engine.record(e.JobCancelRequested(user="me", job=2, reason="enough"))
    claims.renew()
    assert answers[-1] == jobs.Held(lease, frozenset({1, 2}), {2: "enough"})
    recover(engine, str(tmp_path), RETRIES, [lease])
    claims.renew()
    assert answers[-1] == jobs.Held(lease, frozenset(), {})  # lost: whoever works for it has to stop
    assert live.is_open(store, lease) is False


def test_no_two_processes_bear_one_name_though_their_numbers_come_again(engine: Engine, tmp_path):
    """Workers of an earlier job system shared one, and a late one passed for its successor."""
    owners = {claims_of(engine, str(tmp_path)).owner for _ in range(50)}
    assert len(owners) == 50


# --- a hundred thousand jobs of one user ------------------------------------------------------------------------------

MANY = 100_000


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A ledger in which very many jobs of one user wait."""
    store = Store(str(tmp_path_factory.mktemp("crowd") / "box.db"))
    create(store)
    engine = Engine(store, POLICY, commit_seconds=0)
    for _ in range(10):
        engine.record(*(e.JobRequested(user="ada", kind="photo") for _ in range(MANY // 10)))
    yield store
    store.close()


@pytest.fixture
def crowded(crowd: Store, tmp_path: Path) -> Iterator[Engine]:
    """A copy of it, to work with."""
    crowd.copy_to(str(tmp_path / "crowded.db"))
    store = Store(str(tmp_path / "crowded.db"))
    yield Engine(store, POLICY, commit_seconds=0)
    store.close()


def cost(engine: Engine, work: Callable[[], object]) -> tuple[int, int]:
    """(statements, instructions of SQLite's machine) that some work takes: what it costs, told without a clock."""
    statements: list[str] = []
    instructions: list[int] = []
    connection = engine.store._connection
    connection.set_trace_callback(statements.append)
    connection.set_progress_handler(lambda: instructions.append(1), 1)
    work()
    connection.set_trace_callback(None)
    connection.set_progress_handler(None, 0)
    return len(statements), len(instructions)


@pytest.mark.parametrize("batch_max", [1, 16])
def test_another_users_one_job_is_next_but_one_however_many_wait(crowded: Engine, tmp_path, batch_max: int):
    claims = claims_of(crowded, str(tmp_path), workers=1, batch_max=batch_max)
    assert len(begin(claims)) == batch_max
    crowded.record(e.JobRequested(user="bob", kind="photo"))
    assert begin(claims) == [MANY + batch_max + 1]
    assert len(begin(claims)) == batch_max


@pytest.mark.parametrize(
    "facts",
    [
        (),
        (e.KindHeld(kind="photo"),),
        (e.KindHeld(kind="photo", until=3),),
        (e.KindHeld(kind="verify"),),
    ],
    ids=["nothing-held", "they-are-paused", "they-are-drained", "others-are-paused"],
)
def test_a_claim_costs_the_same_however_many_jobs_wait(
    crowded: Engine, engine: Engine, tmp_path, facts: tuple[e.Event, ...]
):
    """Also while these are held: a pause is when they gather, and other kinds go on meanwhile."""
    ask(engine, 20)
    found = []
    for each in (engine, crowded):
        each.record(e.JobRequested(user="eve", kind="quarantine", priority=1), *facts)
        claims = claims_of(each, str(tmp_path))
        found.append(cost(each, lambda c=claims: begin(c)))  # type: ignore[misc]
    few, many = found
    assert many[0] == few[0]
    assert many[1] < 1.5 * few[1] + 200


@pytest.mark.parametrize("kind", ["verify", "photo"])
def test_ten_thousand_jobs_that_wait_for_a_running_one_cost_a_claim_no_more_than_twenty(
    engine: Engine, store: Store, tmp_path, kind: str
):
    """Alone in their lane, in front of others, and between them."""
    found = []
    claims = claims_of(engine, str(tmp_path), batch_max=2)
    engine.record(e.JobRequested(user="me", kind=kind, exclusive="disk"))
    assert begin(claims) == [1]
    for many_wait in (20, 10_000):
        engine.record(*(e.JobRequested(user="me", kind=kind, exclusive="disk") for _ in range(many_wait)))
        found.append([cost(engine, lambda: begin(claims))])  # nothing can be begun
        ask(engine, 2)
        engine.record(*(e.JobRequested(user="me", kind=kind, exclusive="disk") for _ in range(many_wait)))
        engine.record(e.JobRequested(user="me", kind=kind, exclusive="other"))
        photos = [ready.id for ready in ready.heads(store, ("disk",)) if not ready.exclusive]
        begun: list[list[int]] = []
        found[-1] += [cost(engine, lambda: begun.append(begin(claims))) for _ in range(3)]  # noqa: B023 - called here
        assert begun == [[photos[0], photos[0] + 1], [photos[0] + 2 + many_wait], []]
        end(engine, photos[0] + 2 + many_wait)
    for few, many in zip(*found, strict=True):
        assert many[0] == few[0]
        assert many[1] < 1.5 * few[1] + 200


def test_what_goes_back_while_the_service_stops_is_not_claimed_again(engine: Engine, tmp_path):
    ask(engine, 1)
    claims = claims_of(engine, str(tmp_path))
    claims.prepare = lambda _kind: claims.close()  # it stops while a child is being started
    assert claims.next(idle=lambda: 0.0) is None
    assert jobs.counts(engine.store) == {"photo": {"queued": 1}}


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


def test_what_happens_to_a_job_costs_the_same_however_many_wait(crowded: Engine, engine: Engine):
    """Beginning, ending, cancelling and retrying it, and the questions of heartbeats, timers and people."""
    ask(engine, 20)
    found = []
    for each in (engine, crowded):
        store = each.store
        each.record(e.JobRequested(user="ada", kind="photo", after=(4,), key="k"))
        happens: tuple[Callable[[], object], ...] = (
            lambda x=each: x.record(e.JobStarted(user="ada", job=3, lease="L")),
            lambda x=each: x.record(e.JobCancelRequested(user="ada", job=3)),
            lambda s=store: jobs.held(s, "L"),
            lambda s=store: jobs.of_lease(s, "L"),
            lambda s=store: jobs.workers_on(s, "photo"),
            lambda s=store: jobs.exclusive_running(s),
            lambda s=store: jobs.running_leases(s),
            lambda x=each: x.record(e.JobSucceeded(user="ada", job=3, lease="L")),
            lambda x=each: x.record(e.JobCancelled(user="ada", job=4, reason="r")),
            lambda x=each: x.record(e.JobFailed(user="ada", job=5, lease="", code="c", message="m")),
            lambda x=each: x.record(e.JobRetried(user="ada", job=5)),
            lambda s=store: jobs.undone_by(s, 5),
            lambda s=store: jobs.due(s, "9999", 9),
            lambda s=store: jobs.outlived(s, "0", 9),
            lambda s=store: jobs.next_due(s),
            lambda s=store: jobs.oldest_queued(s),
            lambda s=store: jobs.with_key(s, "k"),
            lambda s=store: job_history.of_job(s, 4),
        )
        found.append([cost(each, work) for work in happens])
    for number, (few, many) in enumerate(zip(*found, strict=True)):
        assert many[0] == few[0], number
        assert many[1] < 1.5 * few[1] + 50, number


def test_a_long_chain_that_is_lost_costs_no_more_for_each_of_its_jobs_than_a_short_one(engine: Engine, store: Store):
    chains = (50, 1000)
    found = []
    for length in chains:
        first = engine.request(e.JobRequested(user="me", kind="photo"))
        for position in range(first, first + length - 1):
            engine.record(e.JobRequested(user="me", kind="photo", after=(position,)))
        gone = e.JobCancelled(user="me", job=first, reason="r")
        found.append(cost(engine, lambda event=gone: engine.record(event))[1] / length)  # type: ignore[misc]
    assert jobs.counts(store)["photo"]["cancelled"] == sum(chains)
    assert found[1] < 1.5 * found[0]
