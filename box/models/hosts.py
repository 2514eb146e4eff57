"""Hosts elsewhere: whose turn it is at each. The rule: live, not in the log; whoever dies there loses the turn in time.

One row decides, in one statement: two workers, even of two machines, never both have a turn at a host. A row that keeps
nobody waiting says nothing and goes, so there are no more than hosts that were asked just now.
"""

from __future__ import annotations

import peewee

from box.models.base import Store, Table


class Host(Table):
    """A host that was asked for something."""

    host = peewee.TextField(primary_key=True)
    next_ok_at = peewee.DoubleField()
    """Nobody asks it before (seconds since the epoch)."""
    job = peewee.BigIntegerField()
    """Whose turn it is, 0 for nobody's."""
    until = peewee.DoubleField()
    """How long that job is believed to be there."""

    class Meta:
        table_name = "hosts"
        without_rowid = True


def take(store: Store, host: str, job: int, now: float, hold_seconds: float) -> float:
    """0: it is this job's turn from now on; else in how many seconds it may be."""
    store.execute("DELETE FROM hosts WHERE next_ok_at <= ? AND (job = 0 OR until <= ?)", (now, now))
    taken = store.execute(
        "INSERT INTO hosts (host, next_ok_at, job, until) VALUES (?, 0, ?, ?) ON CONFLICT (host) DO UPDATE SET"
        " job = excluded.job, until = excluded.until"
        " WHERE job = excluded.job AND next_ok_at <= ?",
        (host, job, now + hold_seconds, now),
    )
    if taken:
        return 0.0
    row = store.row("SELECT next_ok_at, job, until FROM hosts WHERE host = ?", (host,))
    if row is None:
        return 0.0
    next_ok_at, other, until = float(row[0]), int(row[1]), float(row[2])
    # While another one is there nobody knows for how long: then it is asked again soon.
    return max(0.1, next_ok_at - now, min(1.0, until - now) if other not in {0, job} else 0.0)


def leave(store: Store, host: str, job: int, next_ok_at: float) -> None:
    """The job is done there for now; nobody asks before that time."""
    store.execute(
        "UPDATE hosts SET job = 0, next_ok_at = max(next_ok_at, ?) WHERE host = ? AND job = ?", (next_ok_at, host, job)
    )


def leave_all(store: Store, job: int) -> None:
    """The job has ended, however it did."""
    store.execute("UPDATE hosts SET job = 0 WHERE job = ?", (job,))
