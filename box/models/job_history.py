"""History: finished jobs leave the ledger. The rule: the event alone says which, so a rebuild removes the same rows.

A job that has ended stays for a while and is then archived, with the rows of the tables in `HISTORY` that are about it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from box.errors import IllegalMove
from box.events import JobsArchived, Recorded
from box.models.answers import Asker
from box.models.attempts import Attempt, Step
from box.models.base import Store, Table
from box.models.jobs import Job
from box.models.waits import Wait

HISTORY: Final[tuple[type[Table], ...]] = (Attempt, Step, Wait, Asker)
"""Tables with a column `job`: their rows are archived with that job, and go with it."""

PAGE_ROWS: Final = 1000

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_GONE: Final = "id BETWEEN ? AND ? AND state = ? AND finished_at > '' AND finished_at < ?"


@dataclass(frozen=True, slots=True)
class Old:
    """A job that is to be archived, as the archive has it (JSON)."""

    id: int
    text: str


def old(store: Store, state: str, before: str, after: int = 0) -> Iterator[int]:
    """The jobs behind the number `after` that ended so before that time, oldest first.

    Walks along the key and ends at the first job that was asked for later: no later one can have ended before.
    """
    sql = f"SELECT id, created_at, finished_at FROM jobs WHERE state = ? AND id > ? ORDER BY id LIMIT {PAGE_ROWS}"
    while page := store.rows(sql, (state, after)):
        for job, created_at, finished_at in page:
            if created_at >= before:
                return
            if "" < finished_at < before:
                yield job
        after = page[-1][0]


def some_old(store: Store, state: str, before: str, after: int, limit: int) -> list[Old]:
    """At most `limit` of the `old` jobs with all that is known of them."""
    with store.snapshot():
        ids = list(islice(old(store, state, before, after), limit))
        if not ids:
            return []
        which = (ids[0], ids[-1], state, before)
        return [Old(job, _encode(row)) for job, row in _with_history(store, _GONE, which).items()]


def of_job(store: Store, job: int) -> dict[str, Any] | None:
    """All that is known of a job, as the archive would have it; None if it is not in the ledger."""
    with store.snapshot():
        return _with_history(store, "id = ?", (job,)).get(job)


def _with_history(store: Store, where: str, values: tuple[Any, ...]) -> dict[int, dict[str, Any]]:
    """Rows of jobs by their numbers, each with those of the other tables that are about it."""
    rows = {row["id"]: {**row, "history": {}} for row in _rows(store, Job, where, values)}
    for table in HISTORY:
        for row in _rows(store, table, f"job IN (SELECT id FROM jobs WHERE {where})", values):
            rows[row["job"]]["history"].setdefault(table._meta.table_name, []).append(row)
    return rows


def _rows(store: Store, table: type[Table], where: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
    names = [field.column_name for field in table._meta.sorted_fields]
    keys = ", ".join(key.column_name for key in table._meta.get_primary_keys())  # type: ignore[no-untyped-call]
    sql = f"SELECT {', '.join(names)} FROM {table._meta.table_name} WHERE {where} ORDER BY {keys}"
    return [dict(zip(names, row, strict=True)) for row in store.rows(sql, values)]


def still(store: Store, state: str, before: str, first: int, last: int) -> list[int]:
    """The jobs that a `JobsArchived` of these would remove now."""
    sql = f"SELECT id FROM jobs WHERE {_GONE} ORDER BY id"
    return [job for (job,) in store.rows(sql, (first, last, state, before))]


def on_archived(store: Store, _: Recorded, event: JobsArchived) -> None:
    """They are in the archive; refused if they are no longer as many."""
    which = (event.first, event.last, event.state, event.before)
    counts = store.rows(f"SELECT kind, count(*) FROM jobs WHERE {_GONE} GROUP BY kind", which)
    if sum(number for _, number in counts) != event.jobs:
        raise IllegalMove(
            f"JobsArchived: not {event.jobs} jobs are {event.state} between {event.first} and {event.last}"
        )
    for table in HISTORY:
        store.execute(f"DELETE FROM {table._meta.table_name} WHERE job IN (SELECT id FROM jobs WHERE {_GONE})", which)
    store.execute(f"DELETE FROM jobs WHERE {_GONE}", which)
    for kind, number in counts:
        store.execute("UPDATE job_counts SET jobs = jobs - ? WHERE kind = ? AND state = ?", (number, kind, event.state))
