"""Reservations: what running jobs set aside beyond their requests. The rule: none outlives the attempt that made it.

A job that is tried again asks again: what it needs then may be another size.
"""

from __future__ import annotations

import peewee

from box.errors import IllegalMove, OverQuota
from box.events import Recorded, SpaceReserved
from box.models import usage
from box.models.base import Store, Table


class Reservation(Table):
    """What one running job has set aside in one user's quota."""

    job = peewee.BigIntegerField()
    user = peewee.TextField()
    bytes = peewee.BigIntegerField()

    class Meta:
        table_name = "reservations"
        primary_key = peewee.CompositeKey("job", "user")
        without_rowid = True


def give_back(store: Store, job: int) -> None:
    """It runs no longer."""
    for user, size in store.rows("SELECT user, bytes FROM reservations WHERE job = ?", (job,)):
        usage.reserve(store, user, -size)
        store.execute("DELETE FROM reservations WHERE job = ? AND user = ?", (job, user))


def of(store: Store, job: int, user: str) -> int:
    """What a running job has set aside in a user's quota."""
    return store.value("SELECT bytes FROM reservations WHERE job = ? AND user = ?", (job, user)) or 0


def of_unfinished(store: Store) -> dict[str, int]:
    """user -> what is set aside for jobs that have not ended, with their requests and while they run."""
    rows = store.rows(
        "SELECT user, sum(bytes) FROM ("
        " SELECT user, reserve_bytes AS bytes FROM jobs WHERE state IN ('queued', 'running') AND reserve_bytes > 0"
        " UNION ALL SELECT reservations.user, bytes FROM reservations JOIN jobs ON jobs.id = job"
        " WHERE state = 'running') GROUP BY user"
    )
    return dict(rows)


def on_reserved(store: Store, _: Recorded, event: SpaceReserved) -> None:
    """Set aside if it fits; refused otherwise, and for a worker that no longer holds the job."""
    row = store.row("SELECT 1 FROM jobs WHERE id = ? AND state = 'running' AND lease = ?", (event.job, event.lease))
    if row is None:
        raise IllegalMove(f"SpaceReserved: job {event.job} is not held by the lease {event.lease!r}")
    if event.size <= 0:
        raise IllegalMove(f"SpaceReserved: {event.size} bytes are nothing to set aside")
    if not usage.reserve_within(store, event.user, event.size, event.quota_bytes):
        raise OverQuota(f"{event.size} more bytes are more than the quota of {event.user} leaves; `box quota` shows it")
    store.execute(
        "INSERT INTO reservations (job, user, bytes) VALUES (?, ?, ?) ON CONFLICT (job, user)"
        " DO UPDATE SET bytes = reservations.bytes + excluded.bytes",
        (event.job, event.user, event.size),
    )
