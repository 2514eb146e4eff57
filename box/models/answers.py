"""Answers: dropped files that are told what came of a job. The rule: whoever asks gets an answer, also the second one.

The file that asked for a job is in the row of that job; here are those that asked for it again, by its key.
"""

from __future__ import annotations

import peewee

from box.errors import IllegalMove
from box.events import JobAskedAgain, Recorded
from box.models import jobs
from box.models.base import Store, Table


class Asker(Table):
    """A file that asked for a job that was there already."""

    job = peewee.BigIntegerField()
    path = peewee.TextField()

    class Meta:
        table_name = "job_askers"
        primary_key = peewee.CompositeKey("job", "path")
        without_rowid = True


def beside(store: Store, job: int) -> list[str]:
    """The files beside which it is told what came of a job."""
    sql = "SELECT answer FROM jobs WHERE id = ? AND answer <> '' UNION SELECT path FROM job_askers WHERE job = ?"
    return [path for (path,) in store.rows(sql, (job, job))]


def on_asked_again(store: Store, _: Recorded, event: JobAskedAgain) -> None:
    """Noted, once for each file."""
    if jobs.state_of(store, event.job) is None:
        raise IllegalMove(f"there is no job {event.job}")
    sql = "INSERT INTO job_askers (job, path) VALUES (?, ?) ON CONFLICT (job, path) DO NOTHING"
    store.execute(sql, (event.job, event.answer))
