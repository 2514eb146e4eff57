"""Attempts and steps: how it came to where a job stands. The rule: an attempt that succeeded is the job's own row.

So a job that goes well writes nothing here.
"""

from __future__ import annotations

from typing import Any, Final

import peewee

from box.errors import IllegalMove
from box.events import JobStepped, Recorded
from box.models.base import Store, Table

SHARED_DEATH: Final = "worker-died-with-others"
"""The code of an attempt that ended with its worker while the lease held others too: who was at work is unknown."""


class Attempt(Table):
    """One attempt that did not succeed."""

    position = peewee.BigIntegerField(primary_key=True)
    """Of the event that ended it."""
    job = peewee.BigIntegerField()
    number = peewee.IntegerField()
    started_at = peewee.TextField()
    ended_at = peewee.TextField()
    outcome = peewee.TextField()
    """released, failed, cancelled or quarantined."""
    code = peewee.TextField()
    error_class = peewee.TextField()
    message = peewee.TextField()
    traceback = peewee.TextField()

    class Meta:
        table_name = "attempts"


class Step(Table):
    """Something that a job did, or was about to do, and that stands even if the job is cancelled."""

    position = peewee.BigIntegerField(primary_key=True)
    job = peewee.BigIntegerField()
    what = peewee.TextField()
    undo = peewee.TextField()

    class Meta:
        table_name = "job_steps"


INDEXES: Final = (
    "CREATE INDEX IF NOT EXISTS attempt_job ON attempts (job)",
    "CREATE INDEX IF NOT EXISTS step_job ON job_steps (job)",
)


def ended(
    store: Store, recorded: Recorded, number: int, started_at: str, outcome: str, code: str, message: str
) -> None:
    """The running attempt of the event's job is over, and did not succeed."""
    event: Any = recorded.event
    store.execute(
        "INSERT INTO attempts (position, job, number, started_at, ended_at, outcome, code, error_class, message,"
        " traceback) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            recorded.position, event.job, number, started_at, recorded.at, outcome, code,
            getattr(event, "error_class", ""), message, getattr(event, "traceback", ""),
        ),
    )  # fmt: skip


def of_job(store: Store, job: int) -> list[dict[str, Any]]:
    """The attempts of a job that did not succeed, the first one first."""
    return store.dicts(Attempt.select().where(Attempt.job == job).order_by(Attempt.position))


def steps(store: Store, job: int) -> list[tuple[str, str]]:
    """(what, undo) of a job's steps, in their order."""
    sql = "SELECT what, undo FROM job_steps WHERE job = ? ORDER BY position"
    return [(what, undo) for what, undo in store.rows(sql, (job,))]


def on_stepped(store: Store, recorded: Recorded, event: JobStepped) -> None:
    """Noted before it is done; refused for a worker that no longer holds the job."""
    row = store.row("SELECT 1 FROM jobs WHERE id = ? AND state = 'running' AND lease = ?", (event.job, event.lease))
    if row is None:
        raise IllegalMove(f"JobStepped: job {event.job} is not held by the lease {event.lease!r}")
    store.execute(
        "INSERT INTO job_steps (position, job, what, undo) VALUES (?, ?, ?, ?)",
        (recorded.position, event.job, event.what, event.undo),
    )
