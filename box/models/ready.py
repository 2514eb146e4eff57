"""What can be claimed. The rule: a lane is one user's jobs of one kind; whoever chooses looks at the head of each.

So nobody's hundred thousand files stand before somebody else's one, and what a claim costs depends on how many lanes
there are, not on how many jobs wait.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from box.models import holds
from box.models.base import Store

_READY: Final = "state = 'queued' AND not_before = '' AND waits = 0"
_FIELDS: Final = "user, kind, priority, id, attempts, exclusive, due_at"

INDEXES: Final = (
    # Do not also index (state, ...): the planner would take that and sort.
    f"CREATE INDEX IF NOT EXISTS job_ready ON jobs (user, kind, priority DESC, id) WHERE {_READY}",
)


@dataclass(frozen=True, slots=True)
class Ready:
    """A job that a worker may claim now."""

    user: str
    kind: str
    priority: int
    id: int
    attempts: int = 0
    exclusive: str = ""
    due_at: str = ""
    """Since when it has been waiting."""


def heads(store: Store, taken: tuple[str, ...] = ()) -> Iterator[Ready]:
    """The next job of each lane: higher priorities first, then first in, first out.

    Held kinds are left out, and jobs that bear one of the texts that running ones have `taken` for themselves.
    """
    held = holds.all_of(store)
    sql = f"SELECT {_FIELDS} FROM jobs WHERE {_READY} AND (user, kind) > (?, ?) ORDER BY user, kind, priority DESC, id"
    user, kind = "", ""
    while row := store.row(f"{sql} LIMIT 1", (user, kind)):
        head = Ready(*row)
        user, kind = head.user, head.kind
        if held or head.exclusive in taken:
            found = lane(store, user, kind, limit=1, taken=taken, until=holds.until(held, kind))
            yield from found
        else:
            yield head


def lane(
    store: Store, user: str, kind: str, *, limit: int, taken: tuple[str, ...] = (), until: int = holds.NOBODY
) -> list[Ready]:
    """The next jobs of a lane, those with a number after `until` and those that bear a `taken` text left out."""
    marks = ", ".join("?" * len(taken))
    return [
        Ready(*row)
        for row in store.rows(
            f"SELECT {_FIELDS} FROM jobs WHERE {_READY} AND user = ? AND kind = ? AND id <= ?"
            f" AND exclusive NOT IN ({marks}) ORDER BY priority DESC, id LIMIT ?",
            (user, kind, until, *taken, limit),
        )
    ]


def any_unfinished(store: Store) -> bool:
    """Whether a job is running or could be claimed now; scheduled, waiting and held ones do not count."""
    with store.lock:  # between two looks a job can be claimed, and seem to be in neither state
        running = store.row("SELECT 1 FROM jobs WHERE state = 'running' LIMIT 1") is not None
        return running or next(heads(store), None) is not None
