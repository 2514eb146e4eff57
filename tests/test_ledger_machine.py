"""The ledger tells the truth: engine, rules, claims and recovery on a real file, against a model of plain dictionaries.

The model knows nothing of SQL, events or leases of time: a job is a record with a state, a worker a list of jobs. Among
the steps are workers that die, processes that die with their transactions, and clocks that jump.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from itertools import takewhile

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from box import errors, log
from box import events as e
from box.claims import Claims
from box.compaction import archive_jobs
from box.engine import Engine, Transaction, create, log_time, rebuild
from box.errors import BoxError, IllegalMove
from box.models import jobs, live, ready, usage
from box.models.base import Store
from box.models.jobs import Claimed
from box.policy import Policy
from box.tasks import outcomes, retry
from box.tasks.recover import recover
from box.upkeep import end_waiting
from box.verify import sum_differences
from tests.helpers import projections

USERS = ("ada", "bob")
KINDS = ("photo", "call", "verify", "quarantine", "unheard-of")
BATCHED = ("photo", "call")
"""Kinds whose fresh jobs may share a lease."""
BATCH_MAX = 3
LIMITS = {"call": (2, 2), "verify": (5, 3)}
"""kind -> (attempts_max, quarantine_after), where they are not (3, 3)."""
RUNNING_MAX = {"quarantine": 1, "call": 2}
BASE_SECONDS, CAP_SECONDS = 3000.0, 20_000.0
RETRIES = retry.Policy(
    3,
    BASE_SECONDS,
    CAP_SECONDS,
    3,
    {kind: retry.Policy(most, BASE_SECONDS, CAP_SECONDS, row) for kind, (most, row) in LIMITS.items()},
)
POLICY = Policy(kinds={}, attempts_max=3, quarantine_after=3, limits_by_kind=LIMITS)
UNDONE = ("failed", "cancelled", "quarantined")
"""Ended, and not completed."""


@dataclass
class Wanted:
    """A job of the model."""

    number: int
    user: str
    kind: str
    priority: int = 0
    exclusive: str = ""
    after: tuple[int, ...] = ()
    reserve: int = 0
    not_before: str = ""
    due_at: str = ""
    created_at: str = ""
    finished_at: str = ""
    state: str = "queued"
    attempts: int = 0
    lease: str = ""
    asked_to_end: bool = False
    streak: int = 0
    streak_code: str = ""
    shared_deaths: int = 0
    steps: int = 0
    undoes: int = 0
    completions: int = 0
    kept: list[tuple[int, str]] = field(default_factory=list)
    """(number, outcome) of the attempts that did not succeed."""

    def place(self) -> tuple[int, int]:
        return -self.priority, self.number

    def ends_with(self, code: str) -> None:
        self.streak = self.streak + 1 if self.streak_code == code else 1
        self.streak_code = code


@cache
def empty() -> bytes:
    """A database without rows: to copy it is faster than to make it."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(os.path.join(folder, "box.db"))
        create(store)
        store.close()
        with open(store.path, "rb") as file:
            return file.read()


def own_error(code: str) -> BoxError:
    error = BoxError("it went wrong in its own way")
    error.code = code
    return error


FAILURES: dict[str, tuple[BoxError, bool]] = {
    "retryable": (errors.DatabaseBusy("locked"), False),
    "for good": (own_error("own"), False),
    "bad file": (errors.Unprocessable("truncated", "half of it"), False),
    "no room": (errors.OutOfSpace("full"), False),
    "child died": (errors.ChildDied("killed"), False),
    "stopping": (errors.ChildDied("killed"), True),
    "cancelled": (errors.Stopped("enough"), False),
    "too long": (errors.Stopped("too long", "failed", "ttl-runtime"), False),
}
"""What may go wrong in a handler, and whether the service is stopping meanwhile."""


@dataclass(frozen=True)
class Asked:
    """What a request may say."""

    user: str
    kind: str
    priority: int
    key: str
    exclusive: str
    later: int
    reserve: int
    follows: bool


JOBS = st.builds(
    Asked, st.sampled_from(USERS), st.sampled_from((*KINDS, "photo", "photo")), st.sampled_from((0, 0, 5)),
    key=st.sampled_from(("", "", "", "k1", "k2")), exclusive=st.sampled_from(("", "", "x")),
    later=st.sampled_from((0, 0, 0, 0, -50, 40, 4000)), reserve=st.sampled_from((0, 7)), follows=st.booleans(),
)  # fmt: skip


class Ledger(RuleBasedStateMachine):
    """Steps, and what holds after each."""

    @initialize(data=st.data())
    def begin(self, data) -> None:
        self.folder = tempfile.mkdtemp()
        self.generation = 0
        self.jobs: dict[int, Wanted] = {}
        self.gone: dict[int, str] = {}
        self.keys: dict[str, int] = {}
        self.holds: dict[str, int] = {}
        self.leases: dict[str, list[int]] = {}
        self.dead: set[str] = set()
        self.late: list[Claimed] = []
        self.turns: dict[str, int] = {}
        self.seen = 0
        self.now = time.time()
        self.step_begins()
        os.mkdir(os.path.join(self.folder, "0"))
        with open(os.path.join(self.folder, "0", "box.db"), "wb") as file:
            file.write(empty())
        self.open(os.path.join(self.folder, "0"))
        self.request(data, 6)

    def open(self, root: str) -> None:
        self.root = root
        self.store = Store(os.path.join(root, "box.db"))
        create(self.store)
        self.engine = Engine(self.store, POLICY, commit_seconds=0, now=self.at)
        self.claims = Claims(
            self.engine, root, 4, BATCH_MAX, lease_seconds=60, free_bytes_min=0, running_max=RUNNING_MAX
        )
        self.turns = {}

    def at(self) -> str:
        return log_time(self.now)

    def teardown(self) -> None:
        if not hasattr(self, "store"):
            return
        assert list(sum_differences(self.store)) == []
        before = projections(self.store)
        assert rebuild(self.store) == self.seen
        assert projections(self.store) == before, "rebuild == live"
        self.store.close()
        shutil.rmtree(self.folder)

    # --- the model ----------------------------------------------------------------------------------------------------

    def in_state(self, *states: str) -> list[Wanted]:
        return [job for job in self.jobs.values() if job.state in states]

    def end(self, job: Wanted, state: str, outcome: str = "") -> None:
        """It ends; whoever waits for it in vain ends with it."""
        if job.state == "running" and outcome:
            job.kept.append((job.attempts, outcome))
        job.state, job.lease, job.finished_at = state, "", self.at()
        job.completions += state == "completed"
        if state == "cancelled" and job.steps:
            self.owed.append((job.user, job.number))
        for other in list(self.jobs.values()):
            if state in UNDONE and other.state == "queued" and job.number in other.after:
                self.end(other, "cancelled")

    def back(self, job: Wanted, outcome: str, not_before: str = "") -> None:
        """It comes back to the queue, if it may."""
        if outcome:
            job.kept.append((job.attempts, outcome))
        job.state, job.lease, job.not_before = "queued", "", not_before
        if job.asked_to_end:
            self.end(job, "cancelled")

    def release(self, job: Wanted, code: str, not_before: str = "") -> None:
        """A worker lost it."""
        job.ends_with(code)
        self.back(job, "released", not_before)
        attempts_max, quarantine_after = POLICY.limits(job.kind)
        if job.state == "queued" and (
            job.attempts - job.shared_deaths >= attempts_max or job.streak >= quarantine_after
        ):
            self.end(job, "quarantined")

    def waits(self, job: Wanted) -> int:
        return sum(self.state(number) != "completed" for number in set(job.after))

    def state(self, number: int) -> str:
        return self.jobs[number].state if number in self.jobs else self.gone[number]

    def until(self, kind: str) -> int:
        return min(self.holds.get(kind, 1 << 62), self.holds.get("", 1 << 62))

    def ready(self, user: str, kind: str) -> list[Wanted]:
        """What could be begun of a user's jobs of a kind, in order."""
        ready = [
            job
            for job in self.in_state("queued")
            if (job.user, job.kind) == (user, kind) and not job.not_before and not self.waits(job)
            and job.number <= self.until(kind)
        ]  # fmt: skip
        taken = {job.exclusive for job in self.in_state("running")} - {""}
        return sorted((job for job in ready if job.exclusive not in taken), key=Wanted.place)

    def at_work_on(self, kind: str) -> int:
        return len({job.lease for job in self.in_state("running") if job.kind == kind})

    def next(self) -> list[Wanted]:
        """What a worker that asks now has to get."""
        lanes = [lane for user in USERS for kind in (*KINDS, "undo") if (lane := self.ready(user, kind))]
        lanes.sort(key=lambda lane: (-lane[0].priority, self.turns.get(lane[0].user, 0), lane[0].number))
        for lane in lanes:
            first = lane[0]
            if self.at_work_on(first.kind) >= RUNNING_MAX.get(first.kind, 99):
                continue
            together = [first]
            if first.kind in BATCHED and not first.attempts and not first.exclusive:
                for job in [job for job in lane if not job.exclusive][1:BATCH_MAX]:
                    if job.attempts or job.priority != first.priority:
                        break
                    together.append(job)
            return together
        return []

    # --- steps: asking ------------------------------------------------------------------------------------------------

    def step_begins(self) -> None:
        """Time goes on, and so far no rule has asked for anything."""
        self.now += 0.01
        self.owed: list[tuple[str, int]] = []

    @rule(data=st.data(), count=st.integers(1, 4))
    def request(self, data, count) -> None:
        self.step_begins()
        for _ in range(count):
            self.request_one(data.draw(JOBS), data)

    def request_one(self, asked: Asked, data) -> None:
        number_of = sorted(self.jobs)[-4:]
        after = (
            tuple(data.draw(st.lists(st.sampled_from(number_of), max_size=3))) if number_of and asked.follows else ()
        )
        not_before = log_time(self.now + asked.later) if asked.later else ""
        number = self.engine.request(
            e.JobRequested(
                user=asked.user, kind=asked.kind, priority=asked.priority, key=asked.key, exclusive=asked.exclusive,
                after=after, not_before=not_before, reserve_bytes=asked.reserve,
            )
        )  # fmt: skip
        if asked.key and asked.key in self.keys:
            assert number == self.keys[asked.key], "a second request is the first job"
            return
        assert number not in self.jobs
        job = self.jobs[number] = Wanted(
            number, asked.user, asked.kind, asked.priority, asked.exclusive, after, asked.reserve, not_before,
            max(not_before, self.at()), self.at(),
        )  # fmt: skip
        self.keys.update({asked.key: number} if asked.key else {})
        if any(self.state(each) in UNDONE for each in after):
            self.end(job, "cancelled")

    def refused(self, *facts: e.Event) -> None:
        try:
            self.engine.record(*facts)
        except IllegalMove:
            return
        raise AssertionError(f"accepted: {facts}")

    # --- steps: working -----------------------------------------------------------------------------------------------

    @rule(data=st.data(), claims=st.integers(0, 3), outcomes=st.integers(0, 4))
    def work(self, data, claims, outcomes) -> None:
        """Workers come for jobs, and some of those at work come to an end with theirs."""
        self.step_begins()
        for _ in range(claims):
            self.claim_once()
        for _ in range(min(outcomes, len(self.held()))):
            number = data.draw(st.sampled_from(self.held()))
            how = data.draw(st.sampled_from((*["done"] * 6, "step", *FAILURES)))
            if how == "done":
                self.succeed(number)
            elif how == "step":
                self.step(number)
            else:
                self.fail(number, how)

    def claim_once(self) -> None:
        wanted = self.next()
        claimed = self.claims._try()
        if not wanted:
            assert claimed is None
            return
        assert claimed is not None, f"{wanted} can be begun"
        first, lease = claimed
        assert first == wanted[0].number
        assert [job.id for job in jobs.of_lease(self.store, lease)] == [job.number for job in wanted]
        self.leases[lease] = [job.number for job in wanted]
        self.turns[wanted[0].user] = max(self.turns.values(), default=0) + 1
        for job in wanted:
            job.state, job.lease, job.attempts = "running", lease, job.attempts + 1

    def held(self) -> list[int]:
        """Jobs whose workers live."""
        return sorted(n for lease, numbers in self.leases.items() if lease not in self.dead for n in numbers)

    def claimed(self, number: int) -> Claimed:
        found = jobs.of_lease(self.store, self.jobs[number].lease)
        return next(job for job in found if job.id == number)

    def concluded(self, number: int) -> None:
        """Its worker is through with it."""
        for lease, numbers in list(self.leases.items()):
            if number in numbers:
                numbers.remove(number)
                if not numbers:
                    del self.leases[lease]
                    self.claims.done(lease, 1, 1.0)
                    live.close_lease(self.store, lease)

    def succeed(self, number: int) -> None:
        claimed = self.claimed(number)
        self.engine.record(outcomes.succeeded(claimed, {"n": number}))
        self.end(self.jobs[number], "completed")
        self.concluded(number)
        self.late.append(claimed)

    def step(self, number: int) -> None:
        """A running job says what it is about to do."""
        job = self.jobs[number]
        self.engine.record(e.JobStepped(user=job.user, job=number, lease=job.lease, what="w", undo=""))
        job.steps += 1

    def fail(self, number: int, how: str) -> None:
        job, claimed = self.jobs[number], self.claimed(number)
        error, stopping = FAILURES[how]
        event = outcomes.ended_by(claimed, error, RETRIES.of(job.kind), stopping=stopping)
        assert event is not None
        self.engine.record(event)
        self.late.append(claimed)
        attempts_max, quarantine_after = POLICY.limits(job.kind)
        row = job.streak + 1 if job.streak_code == error.code else 1
        if how in {"no room", "stopping"}:
            job.attempts -= 1
            self.back(job, "")
        elif how == "child died":
            self.release(job, "child-died")
        elif how == "bad file" or (how in {"retryable", "for good"} and row >= quarantine_after):
            self.end(job, "quarantined", "quarantined")
        elif how == "cancelled":
            self.end(job, "cancelled", "cancelled")
        elif how == "retryable" and job.attempts < attempts_max:
            assert isinstance(event, e.JobFailed)
            assert log_time(time.time() - 60) < event.retry_at < log_time(time.time() + CAP_SECONDS)
            job.ends_with(error.code)
            self.back(job, "failed", event.retry_at)
        else:
            job.ends_with(error.code)
            self.end(job, "failed", "failed")
        self.concluded(number)

    @rule(data=st.data(), how=st.sampled_from(("succeed", "step", *FAILURES)))
    def nobody_says_anything_of_a_job_that_is_not_theirs(self, data, how) -> None:
        """Nor begins one that runs or has ended, nor waits for what was not there before it: so no circle is made."""
        self.step_begins()
        number = log.last_position(self.store) + data.draw(st.integers(1, 3))
        self.refused(e.JobRequested(user="ada", kind="photo", after=(number,)))
        begun = self.in_state("running", "completed", *UNDONE)
        if begun:
            job = data.draw(st.sampled_from(begun))
            self.refused(e.JobStarted(user=job.user, job=job.number, lease="another"))
        if not self.late:
            return
        claimed = data.draw(st.sampled_from(self.late))
        if how == "succeed":
            event: e.Event | None = outcomes.succeeded(claimed, {})
        elif how == "step":
            event = e.JobStepped(user=claimed.user, job=claimed.id, lease=claimed.lease, what="late")
        else:
            error, stopping = FAILURES[how]
            event = outcomes.ended_by(claimed, error, RETRIES, stopping=stopping)
        assert event is not None
        self.refused(event)

    # --- steps: dying -------------------------------------------------------------------------------------------------

    @precondition(lambda self: set(self.leases) - self.dead)
    @rule(data=st.data())
    def a_worker_dies(self, data) -> None:
        self.step_begins()
        lease = data.draw(st.sampled_from([lease for lease in self.leases if lease not in self.dead]))
        self.dead.add(lease)
        self.claims.active.discard(lease)

    @rule()
    def reap(self) -> None:
        """Leases of the dead have run out; those of the living are as old, and stay."""
        self.step_begins()
        expired = live.expired_leases(self.store, time.time() + 3600)
        assert {lease for lease in expired if lease not in self.claims.active} == self.dead
        self.recovered([lease for lease in self.leases if lease in self.dead])

    def recovered(self, leases: list[str]) -> None:
        held = {lease: jobs.of_lease(self.store, lease) for lease in leases}
        assert recover(self.engine, self.root, RETRIES, leases) == sum(map(len, held.values()))
        for lease, claimed in held.items():
            for each in claimed:
                job = self.jobs[each.id]
                later = self.store.value("SELECT not_before FROM jobs WHERE id = ?", (each.id,))
                alone = len(claimed) == 1
                assert bool(later) == alone, "who was alone with its worker is under suspicion, and waits"
                job.shared_deaths += not alone
                self.release(job, "worker-died" if alone else "worker-died-with-others", later)
            self.late += claimed
            self.leases.pop(lease, None)
            self.dead.discard(lease)

    @rule()
    def the_process_dies(self) -> None:
        """The file and its WAL as they stand; whoever comes next takes back all that was begun."""
        self.step_begins()
        self.generation += 1
        root = os.path.join(self.folder, str(self.generation))
        shutil.copytree(self.root, root)
        self.store.close()
        shutil.rmtree(self.root)
        self.open(root)
        assert set(jobs.running_leases(self.store)) == set(self.leases)
        self.recovered(list(self.leases))
        live.close_all(self.store)
        assert self.leases == {}
        self.dead.clear()

    @rule(data=st.data())
    def a_transaction_dies(self, data) -> None:
        """Nothing of it is left."""
        self.step_begins()
        before = projections(self.store), log.last_position(self.store)

        def work(transaction: Transaction) -> None:
            transaction.record(e.JobRequested(user="ada", kind="photo", reserve_bytes=9))
            for job in self.in_state("queued")[:2]:
                transaction.record(e.JobCancelled(user=job.user, job=job.number, reason="r"))
            raise BoxError("the power went")

        try:
            self.engine.transact(work)
        except BoxError:
            assert (projections(self.store), log.last_position(self.store)) == before

    # --- steps: deciding ----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.in_state("queued", "running"))
    @rule(data=st.data())
    def cancel(self, data) -> None:
        self.step_begins()
        job = data.draw(st.sampled_from(self.in_state("queued", "running")))
        if job.state == "queued":
            self.engine.record(e.JobCancelled(user=job.user, job=job.number, reason="changed my mind"))
            self.end(job, "cancelled")
        else:
            self.engine.record(e.JobCancelRequested(user=job.user, job=job.number, reason="changed my mind"))
            job.asked_to_end = True
            assert jobs.held(self.store, job.lease).asked[job.number] == "changed my mind"
            assert jobs.is_held(self.store, job.number, job.lease) is False

    @precondition(lambda self: self.in_state(*UNDONE, "completed"))
    @rule(data=st.data())
    def retry_by_hand(self, data) -> None:
        self.step_begins()
        job = data.draw(st.sampled_from(self.in_state(*UNDONE, "completed")))
        event = e.JobRetried(user=job.user, job=job.number)
        is_being_undone = any(other.undoes == job.number for other in self.in_state("queued", "running"))
        undone = self.jobs.get(job.undoes)
        too_late = undone is not None and undone.state != "cancelled"
        in_vain = any(self.state(number) in UNDONE for number in job.after)
        if job.state == "completed" or in_vain or is_being_undone or too_late:
            self.refused(event)
            return
        self.engine.record(event)
        job.state, job.attempts, job.not_before, job.due_at = "queued", 0, "", self.at()
        job.asked_to_end, job.shared_deaths, job.streak, job.streak_code = False, 0, 0, ""

    @rule(kind=st.sampled_from(("", *KINDS)), how=st.sampled_from(("pause", "drain")))
    def hold(self, kind, how) -> None:
        """At most one is held at a time, or all would soon be."""
        self.step_begins()
        how = "resume" if self.holds else how
        kind = next(iter(self.holds), kind)
        if how == "resume":
            self.engine.record(e.KindResumed(kind=kind))
            self.holds.pop(kind, None)
        else:
            self.holds[kind] = 0 if how == "pause" else max(self.jobs, default=0)
            self.engine.record(e.KindHeld(kind=kind, until=self.holds[kind]))

    # --- steps: time --------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from((0, 1, 30, 120, 5000, -5000, -60)))
    def the_clock_jumps_and_what_is_due_may_be_claimed(self, seconds) -> None:
        self.step_begins()
        self.now += seconds
        due = jobs.due(self.store, self.at(), 999)
        now = {job.number for job in self.in_state("queued") if "" < job.not_before <= self.at()}
        assert {number for number, _ in due} == now
        if due:
            self.engine.record(*(e.JobDue(user=user, job=number) for number, user in due))
        for number in now:
            self.jobs[number].not_before = ""

    @rule(age=st.sampled_from((20, 100, 3000)), fails=st.booleans())
    def end_what_has_waited_too_long(self, age, fails) -> None:
        self.step_begins()
        before = log_time(self.now - age)
        old = sorted(
            (job for job in self.in_state("queued") if job.due_at < before), key=lambda j: (j.due_at, j.number)
        )
        end_waiting(self.engine, before, "it waited for too long", fails=fails)
        for job in old:
            if job.state == "queued":
                job.not_before = "" if fails else job.not_before
                if fails:
                    job.ends_with("ttl-age")
                self.end(job, "failed" if fails else "cancelled")

    @rule(state=st.sampled_from((*UNDONE, "completed")))
    def archive(self, state) -> None:
        """What ended a while ago leaves the ledger. Who waited for it knows all the same how it ended."""
        self.step_begins()
        before = log_time(self.now)
        ended = [job for _, job in sorted(self.jobs.items()) if job.state == state]
        reached = takewhile(lambda job: job.created_at < before, ended)
        old = [job for job in reached if job.finished_at < before]
        assert archive_jobs(self.engine, {state: 0.0}, self.now).jobs == {state: len(old)}
        for job in old:
            self.gone[job.number] = state
            del self.jobs[job.number]
            self.keys = {key: number for key, number in self.keys.items() if number != job.number}

    # --- what holds after each step -----------------------------------------------------------------------------------

    @invariant()
    def all_of_this(self) -> None:
        self.what_is_undone_was_done()  # first: it tells the model of the jobs that a rule asked for
        self.every_job_stands_where_the_model_has_it()
        self.a_job_is_held_by_one_lease_at_most()
        self.counts_and_reservations_are_true()
        self.who_waits_in_vain_has_been_cancelled()

    def what_is_undone_was_done(self) -> None:
        """For each cancelled job that had made steps there is one job more, which takes them back."""
        owed = Counter(self.owed)
        for recorded in log.read(self.store, since=self.seen):
            self.seen = recorded.position
            event = recorded.event
            if isinstance(event, e.JobRequested) and event.kind == "undo":
                job = Wanted(
                    recorded.position, event.user, "undo", event.priority, due_at=recorded.at, created_at=recorded.at
                )
                self.jobs[job.number] = job
                numbers = {number for _, number in owed if f'"job": {number},' in event.args}
                assert len(numbers) == 1
                job.undoes = event.undoes
                assert numbers == {event.undoes}
                owed[(event.user, numbers.pop())] -= 1
        assert not +owed
        assert min(owed.values(), default=0) >= 0

    def every_job_stands_where_the_model_has_it(self) -> None:
        found = self.store.rows(
            "SELECT id, user, kind, state, attempts, shared_deaths, lease, not_before, waits, cancel_requested, streak,"
            " streak_code, due_at FROM jobs ORDER BY id"
        )
        assert found == [
            (
                job.number, job.user, job.kind, job.state, job.attempts, job.shared_deaths, job.lease,
                job.not_before, self.waits(job), int(job.asked_to_end), job.streak, job.streak_code, job.due_at,
            )
            for _, job in sorted(self.jobs.items())
        ]  # fmt: skip
        kept = self.store.rows("SELECT job, number, outcome FROM attempts ORDER BY job, position")
        assert kept == [(job.number, *each) for _, job in sorted(self.jobs.items()) for each in job.kept]
        assert all(job.completions <= 1 for job in self.jobs.values())

    def a_job_is_held_by_one_lease_at_most(self) -> None:
        held = {
            lease: {job.id for job in jobs.of_lease(self.store, lease)} for lease in jobs.running_leases(self.store)
        }
        assert held == {lease: set(numbers) for lease, numbers in self.leases.items()}
        assert {lease for (lease,) in self.store.rows("SELECT lease FROM leases")} == set(held)
        running = [job.exclusive for job in self.in_state("running") if job.exclusive]
        assert len(running) == len(set(running)), "what is exclusive runs once at a time"
        for kind, most in RUNNING_MAX.items():
            assert jobs.workers_on(self.store, kind) <= most

    def counts_and_reservations_are_true(self) -> None:
        counted = Counter((job.kind, job.state) for job in self.jobs.values())
        told = {(k, s): n for k, states in jobs.counts(self.store).items() for s, n in states.items() if n}
        assert told == dict(counted)
        for user in USERS:
            mine = [job for job in self.in_state("queued", "running") if job.user == user]
            assert usage.balance(self.store, user).reserved_bytes == sum(job.reserve for job in mine)
        assert ready.any_unfinished(self.store) == bool(self.in_state("running") or self.any_ready())

    def any_ready(self) -> bool:
        return any(self.ready(user, kind) for user in USERS for kind in (*KINDS, "undo"))

    def who_waits_in_vain_has_been_cancelled(self) -> None:
        for job in self.in_state("queued", "running", "completed"):
            assert all(self.state(number) not in UNDONE for number in job.after)
            assert job.state == "queued" or not self.waits(job)


TestLedger = Ledger.TestCase
TestLedger.settings = settings(
    max_examples=35, stateful_step_count=50, deadline=None, phases=[Phase.reuse, Phase.generate, Phase.shrink]
)
