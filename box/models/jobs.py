"""Jobs: the ledger, which is huey's store. The rule: the row is the message, and every question about it has an index.

How rows change is in `job_moves`; here are the tables and what workers, timers and people ask of them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import peewee

from box.models.base import Store, Table


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    QUARANTINED = "quarantined"


class Job(Table):
    """One job. `id` is the position of the event that asked for it."""

    id = peewee.BigIntegerField(primary_key=True)
    kind = peewee.TextField()
    user = peewee.TextField()
    state = peewee.TextField()
    source = peewee.TextField()
    size = peewee.BigIntegerField()
    mtime_ns = peewee.BigIntegerField()
    inode = peewee.BigIntegerField()
    args = peewee.TextField()
    priority = peewee.IntegerField()
    not_before = peewee.TextField()
    key = peewee.TextField()
    reserve_bytes = peewee.BigIntegerField()
    attempts = peewee.IntegerField()
    shared_deaths = peewee.IntegerField()
    """How many of these ended with their worker while its lease held others too."""
    lease = peewee.TextField()
    cancel_requested = peewee.SmallIntegerField()
    code = peewee.TextField()
    message = peewee.TextField()
    result = peewee.TextField()
    exclusive = peewee.TextField()
    answer = peewee.TextField()
    undoes = peewee.BigIntegerField()
    """The cancelled job whose steps it takes back, 0 for none."""
    waits = peewee.IntegerField()
    """How many jobs have to be completed first."""
    followers = peewee.SmallIntegerField()
    """1 if others wait, or waited, for this one."""
    streak = peewee.IntegerField()
    """How many attempts in a row have ended with `streak_code`."""
    streak_code = peewee.TextField()
    due_at = peewee.TextField()
    """From when on it has been waiting: when it was asked for, or the time that it was asked for."""
    created_at = peewee.TextField()
    started_at = peewee.TextField()
    finished_at = peewee.TextField()

    class Meta:
        table_name = "jobs"


class JobCount(Table):
    """How many jobs of a kind stand in a state, so that nobody counts rows."""

    kind = peewee.TextField()
    state = peewee.TextField()
    jobs = peewee.BigIntegerField()

    class Meta:
        table_name = "job_counts"
        primary_key = peewee.CompositeKey("kind", "state")
        without_rowid = True


_UNDOING: Final = "undoes > 0 AND state IN ('queued', 'running')"

INDEXES: Final = (
    "CREATE INDEX IF NOT EXISTS job_oldest ON jobs (due_at) WHERE state = 'queued'",
    "CREATE INDEX IF NOT EXISTS job_scheduled ON jobs (not_before) WHERE state = 'queued' AND not_before <> ''",
    "CREATE INDEX IF NOT EXISTS job_running ON jobs (lease) WHERE state = 'running'",
    "CREATE INDEX IF NOT EXISTS job_trouble ON jobs (state, id) WHERE state IN ('failed', 'cancelled', 'quarantined')",
    f"CREATE INDEX IF NOT EXISTS job_undoing ON jobs (undoes) WHERE {_UNDOING}",
    "CREATE UNIQUE INDEX IF NOT EXISTS job_key ON jobs (key) WHERE key <> ''",
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a worker needs to know of a job that it holds."""

    id: int
    kind: str
    user: str
    source: str
    size: int
    mtime_ns: int
    inode: int
    args: dict[str, Any]
    attempts: int
    lease: str
    streak: int = 0
    streak_code: str = ""
    reserve_bytes: int = 0
    """More than `size` where other files have joined it."""


_CLAIMED: Final = (
    "id, kind, user, source, size, mtime_ns, inode, args, attempts, lease, streak, streak_code, reserve_bytes"
)


def of_lease(store: Store, lease: str) -> list[Claimed]:
    """The running jobs of a lease, in the order of their claim."""
    sql = f"SELECT {_CLAIMED} FROM jobs WHERE state = 'running' AND lease = ? ORDER BY priority DESC, id"
    return [
        Claimed(i, kind, user, source, size, mtime_ns, inode, json.loads(args) if args else {}, *rest)
        for i, kind, user, source, size, mtime_ns, inode, args, *rest in store.rows(sql, (lease,))
    ]


def any_of_lease(store: Store, lease: str) -> bool:
    """Whether a lease still holds a job."""
    return store.row("SELECT 1 FROM jobs WHERE state = 'running' AND lease = ? LIMIT 1", (lease,)) is not None


def queued_count(store: Store) -> int:
    """How many jobs are queued, scheduled ones too."""
    return store.value("SELECT sum(jobs) FROM job_counts WHERE state = 'queued'") or 0


def is_held(store: Store, job: int, lease: str) -> bool | None:
    """Whether the lease still holds the job: None if it lost it, False if it should cancel it, True to go on."""
    row = store.row("SELECT cancel_requested FROM jobs WHERE id = ? AND state = 'running' AND lease = ?", (job, lease))
    return None if row is None else not row[0]


def next_due(store: Store) -> str:
    """When the next scheduled job is due, empty for none."""
    return store.value("SELECT min(not_before) FROM jobs WHERE state = 'queued' AND not_before <> ''") or ""


def due(store: Store, now: str, limit: int) -> list[tuple[int, str]]:
    """(id, user) of scheduled jobs whose time has come."""
    sql = "SELECT id, user FROM jobs WHERE state = 'queued' AND not_before <> '' AND not_before <= ? LIMIT ?"
    return [(i, u) for i, u in store.rows(sql, (now, limit))]


def never_begun(store: Store, kind: str, limit: int) -> list[tuple[int, str]]:
    """(id, user) of scheduled jobs of a kind that were never begun."""
    sql = "SELECT id, user FROM jobs WHERE state = 'queued' AND not_before <> '' AND attempts = 0 AND kind = ? LIMIT ?"
    return [(i, u) for i, u in store.rows(sql, (kind, limit))]


@dataclass(frozen=True, slots=True)
class Held:
    """What a lease holds: the answer to a worker that says that it is alive."""

    lease: str
    jobs: frozenset[int]
    """Whatever else the worker is doing for this lease, it has lost."""
    asked: dict[int, str]
    """Of these, those that should end, and why."""


def held(store: Store, lease: str) -> Held:
    """What a lease holds."""
    sql = "SELECT id, cancel_requested, message FROM jobs WHERE state = 'running' AND lease = ?"
    rows = store.rows(sql, (lease,))
    return Held(lease, frozenset(job for job, _, _ in rows), {job: reason for job, asked, reason in rows if asked})


def workers_on(store: Store, kind: str) -> int:
    """How many workers are at work on a kind; those that share a lease are one worker's."""
    sql = "SELECT count(DISTINCT lease) FROM jobs WHERE state = 'running' AND kind = ?"
    number: int = store.value(sql, (kind,))
    return number


def exclusive_running(store: Store) -> tuple[str, ...]:
    """What running jobs have for themselves."""
    sql = "SELECT exclusive FROM jobs WHERE state = 'running' AND exclusive <> ''"
    return tuple(text for (text,) in store.rows(sql))


def outlived(store: Store, before: str, limit: int) -> list[tuple[int, str]]:
    """(id, user) of queued jobs that have been waiting since before that time."""
    sql = "SELECT id, user FROM jobs WHERE state = 'queued' AND due_at < ? ORDER BY due_at LIMIT ?"
    return [(job, user) for job, user in store.rows(sql, (before, limit))]


def any_unfinished_of(store: Store, kind: str) -> bool:
    """Whether a job of that kind is queued or running."""
    sql = "SELECT 1 FROM job_counts WHERE kind = ? AND state IN ('queued', 'running') AND jobs > 0"
    return store.row(sql, (kind,)) is not None


def is_wanted(store: Store, kind: str, argument: str, value: str) -> bool:
    """Whether a job of that kind with that argument is queued or running; cheap where none of the kind is."""
    if not any_unfinished_of(store, kind):
        return False
    rows = store.rows("SELECT args FROM jobs WHERE kind = ? AND state IN ('queued', 'running')", (kind,))
    return any(json.loads(args or "{}").get(argument) == value for (args,) in rows)


def all_wanted(store: Store, kind: str, argument: str) -> set[Any]:
    """What that argument is in the jobs of that kind that are queued or running."""
    rows = store.rows("SELECT args FROM jobs WHERE kind = ? AND state IN ('queued', 'running')", (kind,))
    return {json.loads(args or "{}").get(argument) for (args,) in rows}


def running_leases(store: Store) -> list[str]:
    """The leases that running jobs bear."""
    return [lease for (lease,) in store.rows("SELECT DISTINCT lease FROM jobs WHERE state = 'running'")]


def state_of(store: Store, job: int) -> tuple[State, str] | None:
    """(state, source) of a job, None for one that never was."""
    row = store.row("SELECT state, source FROM jobs WHERE id = ?", (job,))
    return (State(row[0]), row[1]) if row else None


def due_at(store: Store, job: int) -> str:
    """From when on a job has been waiting, or had been before it was claimed; a retry by hand counts anew."""
    return store.value("SELECT due_at FROM jobs WHERE id = ?", (job,)) or ""


def with_key(store: Store, key: str, user: str | None = None) -> int | None:
    """The job with that idempotency key, however it ended; `user`: only if it is theirs."""
    row = store.row("SELECT id, user FROM jobs WHERE key = ? AND key <> ''", (key,))
    return row[0] if row and user in (None, row[1]) else None


def undone_by(store: Store, job: int) -> int | None:
    """The job that is to take back, or is just taking back, what a cancelled one did."""
    found: int | None = store.value(f"SELECT id FROM jobs WHERE {_UNDOING} AND undoes = ?", (job,))
    return found


def counts(store: Store) -> dict[str, dict[str, int]]:
    """kind -> state -> how many."""
    found: dict[str, dict[str, int]] = {}
    for kind, state, jobs in store.rows("SELECT kind, state, jobs FROM job_counts ORDER BY kind, state"):
        found.setdefault(kind, {})[state] = jobs
    return found


def oldest_queued(store: Store) -> str:
    """Since when the queued job has been waiting that waits longest; later than now if all wait for their time."""
    return store.value("SELECT min(due_at) FROM jobs WHERE state = 'queued'") or ""


def scheduled_count(store: Store, limit: int) -> int:
    """How many queued jobs wait for their time, counted up to `limit`."""
    sql = "SELECT count(*) FROM (SELECT 1 FROM jobs WHERE state = 'queued' AND not_before <> '' LIMIT ?)"
    number: int = store.value(sql, (limit,))
    return number


def running(store: Store, begun: Sequence[int], limit: int) -> list[dict[str, Any]]:
    """The jobs at work, with the time when their lease runs out (seconds since the epoch).

    Those that have `begun` come first, then the oldest.
    """
    names = ("id", "kind", "user", "started_at", "lease_expires")
    marks = ", ".join("?" * len(begun))
    rows = store.rows(
        "SELECT jobs.id, kind, user, started_at, expires_at FROM jobs LEFT JOIN leases ON leases.lease = jobs.lease"
        f" WHERE state = 'running' ORDER BY jobs.id NOT IN ({marks}), jobs.id LIMIT ?",
        (*begun, limit),
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def listed(store: Store, state: str, kind: str, user: str, limit: int) -> list[dict[str, Any]]:
    """The newest jobs first, as rows of the table; empty strings ask for any."""
    query = Job.select().order_by(Job.id.desc()).limit(limit)
    for column, wanted in ((Job.state, state), (Job.kind, kind), (Job.user, user)):
        if wanted:
            query = query.where(column == wanted)
    return store.dicts(query)
