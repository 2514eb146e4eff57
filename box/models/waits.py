"""Waits: jobs that have to be completed before another may begin. The rule: a job waits only for older ones.

The number of a job is the position of its request, so no circle of jobs that wait for each other can ever be made.
"""

from __future__ import annotations

from typing import Final

import peewee

from box.errors import IllegalMove
from box.models.base import Store, Table

_LOST: Final = ("failed", "cancelled", "quarantined")
_COMING: Final = ("queued", "running")


class Wait(Table):
    """One job waits for another."""

    job = peewee.BigIntegerField()
    after = peewee.BigIntegerField()

    class Meta:
        table_name = "job_waits"
        primary_key = peewee.CompositeKey("job", "after")
        without_rowid = True


INDEXES: Final = ("CREATE INDEX IF NOT EXISTS wait_after ON job_waits (after)",)


def begin(store: Store, job: int, after: tuple[int, ...]) -> int:
    """Note what a new job waits for; how many of these are not completed. Raises IllegalMove."""
    missing = 0
    for number in dict.fromkeys(after):
        row = store.row("SELECT state FROM jobs WHERE id = ?", (number,)) if number < job else None
        if row is None:
            what = "itself" if number == job else f"job {number}, which is not there"
            raise IllegalMove(f"a job cannot wait for {what}: it waits only for jobs that were asked for before it")
        store.execute("INSERT INTO job_waits (job, after) VALUES (?, ?)", (job, number))
        store.execute("UPDATE jobs SET followers = 1 WHERE id = ? AND followers = 0", (number,))
        missing += row[0] != "completed"
    return missing


def completed(store: Store, job: int) -> None:
    """Whoever waits for it has one less to wait for."""
    store.execute("UPDATE jobs SET waits = waits - 1 WHERE id IN (SELECT job FROM job_waits WHERE after = ?)", (job,))


def followers(store: Store, job: int) -> list[tuple[int, str]]:
    """(id, user) of the queued jobs that wait for it, or for one that waits for it; the newest first."""
    # A CROSS JOIN, so that SQLite goes from job to job along the index, and does not begin with all that are queued.
    sql = (
        "WITH RECURSIVE waiting (id, user) AS (SELECT ?, '' UNION SELECT jobs.id, jobs.user FROM waiting"
        " CROSS JOIN job_waits ON after = waiting.id CROSS JOIN jobs ON jobs.id = job AND state = 'queued')"
        " SELECT id, user FROM waiting WHERE id <> ? ORDER BY id DESC"
    )
    return [(number, user) for number, user in store.rows(sql, (job, job))]


def lost(store: Store, job: int) -> tuple[int, str] | None:
    """(number, state) of a job that it waits for and that will not be completed, None if there is none.

    Of those that have left the ledger for the archive only their number is known: how many are not completed.
    """
    sql = "SELECT after, state FROM job_waits LEFT JOIN jobs ON id = after WHERE job = ? ORDER BY after"
    states: dict[int, str | None] = dict(store.rows(sql, (job,)))
    for number, state in states.items():
        if state in _LOST:
            return number, state
    archived = [number for number, state in states.items() if state is None]
    missing = store.value("SELECT waits FROM jobs WHERE id = ?", (job,)) or 0
    coming = sum(state in _COMING for state in states.values())
    return (archived[0], "archived") if archived and missing > coming else None
