"""Jobs: the ledger, which is huey's store. The rule: the row is the message, and every question about it has an index.

How rows change is in `job_moves`; here are the tables and what workers, timers and people ask of them.
"""

from __future__ import annotations

import json
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
    lease = peewee.TextField()
    cancel_requested = peewee.SmallIntegerField()
    code = peewee.TextField()
    message = peewee.TextField()
    result = peewee.TextField()
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


INDEXES: Final = (
    # The claim reads this one from its beginning. Do not also index (state, ...): the planner would take that and sort.
    "CREATE INDEX IF NOT EXISTS job_ready ON jobs (priority DESC, id) WHERE state = 'queued' AND not_before = ''",
    "CREATE INDEX IF NOT EXISTS job_scheduled ON jobs (not_before) WHERE state = 'queued' AND not_before <> ''",
    "CREATE INDEX IF NOT EXISTS job_running ON jobs (lease) WHERE state = 'running'",
    "CREATE INDEX IF NOT EXISTS job_trouble ON jobs (state, id) WHERE state IN ('failed', 'cancelled', 'quarantined')",
    "CREATE UNIQUE INDEX IF NOT EXISTS job_key ON jobs (key) WHERE key <> '' AND state IN ('queued', 'running')",
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


_CLAIMED: Final = "id, kind, user, source, size, mtime_ns, inode, args, attempts, lease"


def of_lease(store: Store, lease: str) -> list[Claimed]:
    """The running jobs of a lease, in the order of their claim."""
    sql = f"SELECT {_CLAIMED} FROM jobs WHERE state = 'running' AND lease = ? ORDER BY priority DESC, id"
    return [
        Claimed(i, kind, user, source, size, mtime_ns, inode, json.loads(args) if args else {}, attempts, held)
        for i, kind, user, source, size, mtime_ns, inode, args, attempts, held in store.rows(sql, (lease,))
    ]


def any_of_lease(store: Store, lease: str) -> bool:
    """Whether a lease still holds a job."""
    return store.row("SELECT 1 FROM jobs WHERE state = 'running' AND lease = ? LIMIT 1", (lease,)) is not None


@dataclass(frozen=True, slots=True)
class Ready:
    """A job that a worker may claim now."""

    id: int
    kind: str
    user: str
    attempts: int


def ready(store: Store, limit: int) -> list[Ready]:
    """The next jobs in the order of work."""
    return [
        Ready(*row)
        for row in store.rows(
            "SELECT id, kind, user, attempts FROM jobs WHERE state = 'queued' AND not_before = ''"
            " ORDER BY priority DESC, id LIMIT ?",
            (limit,),
        )
    ]


def queued_count(store: Store) -> int:
    """How many jobs are queued, scheduled ones too."""
    return store.value("SELECT sum(jobs) FROM job_counts WHERE state = 'queued'") or 0


def is_held(store: Store, job: int, lease: str) -> bool | None:
    """Whether the lease still holds the job: None if it lost it, False if it should cancel it, True to go on."""
    row = store.row("SELECT cancel_requested FROM jobs WHERE id = ? AND state = 'running' AND lease = ?", (job, lease))
    return None if row is None else not row[0]


def any_unfinished(store: Store) -> bool:
    """Whether a job is running or could be claimed now; scheduled ones do not count."""
    return (  # one statement: between two a job can be claimed, and seem to be in neither state
        store.row(
            "SELECT 1 FROM (SELECT 1 FROM jobs WHERE state = 'queued' AND not_before = '' LIMIT 1)"
            " UNION ALL SELECT 1 FROM (SELECT 1 FROM jobs WHERE state = 'running' LIMIT 1)"
        )
        is not None
    )


def next_due(store: Store) -> str:
    """When the next scheduled job is due, empty for none."""
    return store.value("SELECT min(not_before) FROM jobs WHERE state = 'queued' AND not_before <> ''") or ""


def due(store: Store, now: str, limit: int) -> list[tuple[int, str]]:
    """(id, user) of scheduled jobs whose time has come."""
    sql = "SELECT id, user FROM jobs WHERE state = 'queued' AND not_before <> '' AND not_before <= ? LIMIT ?"
    return [(i, u) for i, u in store.rows(sql, (now, limit))]


def running_leases(store: Store) -> list[str]:
    """The leases that running jobs bear."""
    return [lease for (lease,) in store.rows("SELECT DISTINCT lease FROM jobs WHERE state = 'running'")]


def state_of(store: Store, job: int) -> tuple[State, str] | None:
    """(state, source) of a job, None for one that never was."""
    row = store.row("SELECT state, source FROM jobs WHERE id = ?", (job,))
    return (State(row[0]), row[1]) if row else None


def with_key(store: Store, key: str) -> int | None:
    """The unfinished job with that idempotency key."""
    sql = "SELECT id FROM jobs WHERE key = ? AND key <> '' AND state IN ('queued', 'running')"
    job: int | None = store.value(sql, (key,))
    return job


def counts(store: Store) -> dict[str, dict[str, int]]:
    """kind -> state -> how many."""
    found: dict[str, dict[str, int]] = {}
    for kind, state, jobs in store.rows("SELECT kind, state, jobs FROM job_counts ORDER BY kind, state"):
        found.setdefault(kind, {})[state] = jobs
    return found


def oldest_queued(store: Store) -> str:
    """When the job that would be claimed next was asked for, empty without one."""
    sql = "SELECT created_at FROM jobs WHERE state = 'queued' AND not_before = '' ORDER BY priority DESC, id LIMIT 1"
    return store.value(sql) or ""


def scheduled_count(store: Store, limit: int) -> int:
    """How many queued jobs wait for their time, counted up to `limit`."""
    sql = "SELECT count(*) FROM (SELECT 1 FROM jobs WHERE state = 'queued' AND not_before <> '' LIMIT ?)"
    number: int = store.value(sql, (limit,))
    return number


def running(store: Store, limit: int) -> list[dict[str, Any]]:
    """The jobs at work, the oldest first, with the time when their lease runs out (seconds since the epoch)."""
    names = ("id", "kind", "user", "started_at", "lease_expires")
    rows = store.rows(
        "SELECT jobs.id, kind, user, started_at, expires_at FROM jobs"
        " LEFT JOIN leases ON leases.lease = jobs.lease WHERE state = 'running' ORDER BY jobs.id LIMIT ?",
        (limit,),
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def listed(store: Store, state: str, kind: str, user: str, limit: int) -> list[dict[str, Any]]:
    """The newest jobs first, as rows of the table; empty strings ask for any."""
    query = Job.select().order_by(Job.id.desc()).limit(limit)
    for column, wanted in ((Job.state, state), (Job.kind, kind), (Job.user, user)):
        if wanted:
            query = query.where(column == wanted)
    return store.dicts(query)
