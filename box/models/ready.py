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
_SELECT: Final = f"SELECT {_FIELDS} FROM jobs WHERE {_READY}"
_ORDER: Final = "priority DESC, id"

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
    user, kind = "", ""
    while head := _next(store, user, kind):
        user, kind = head.user, head.kind
        if held or head.exclusive in taken:
            yield from lane(store, user, kind, limit=1, taken=taken, until=holds.until(held, kind))
        else:
            yield head


def _next(store: Store, user: str, kind: str) -> Ready | None:
    """The head of the lane after that one."""
    # Two questions, because SQLite answers `(user, kind) > (?, ?)` by reading the whole lane.
    row = store.row(f"{_SELECT} AND user = ? AND kind > ? ORDER BY user, kind, {_ORDER} LIMIT 1", (user, kind))
    row = row or store.row(f"{_SELECT} AND user > ? ORDER BY user, kind, {_ORDER} LIMIT 1", (user,))
    return Ready(*row) if row else None


def lane(
    store: Store, user: str, kind: str, *, limit: int, taken: tuple[str, ...] = (), until: int = holds.NOBODY
) -> list[Ready]:
    """The next jobs of a lane, those with a number after `until` and those that bear a `taken` text left out."""
    where = f"{_SELECT} AND user = ? AND kind = ?"
    marks = ", ".join("?" * len(taken))
    found: list[Ready] = []
    priority = holds.NOBODY
    while (
        len(found) < limit and until > 0
    ):  # one priority after the other: within each, `until` is a place in the index
        row = store.row(f"{where} AND priority < ? ORDER BY {_ORDER} LIMIT 1", (user, kind, priority))
        if row is None:
            break
        priority = Ready(*row).priority
        sql = f"{where} AND priority = ? AND id <= ? AND exclusive NOT IN ({marks}) ORDER BY {_ORDER} LIMIT ?"
        found += [Ready(*each) for each in store.rows(sql, (user, kind, priority, until, *taken, limit - len(found)))]
    return found


def any_unfinished(store: Store) -> bool:
    """Whether a job is running or could be claimed now; scheduled, waiting and held ones do not count."""
    with store.lock:  # between two looks a job can be claimed, and seem to be in neither state
        running = store.row("SELECT 1 FROM jobs WHERE state = 'running' LIMIT 1") is not None
        return running or next(heads(store), None) is not None
