"""What can be claimed. The rule: a lane is one user's jobs of one kind; whoever chooses looks at the head of each.

So nobody's hundred thousand files stand before somebody else's one, and what a claim costs depends on how many lanes
there are, not on how many jobs wait. Jobs that bear an `exclusive` text have a lane for each text: those that wait for
a running one are passed over all at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from box.models import holds
from box.models.base import Store

_READY: Final = "state = 'queued' AND not_before = '' AND waits = 0"
_SHARED: Final = f"{_READY} AND exclusive = ''"
_ALONE: Final = f"{_READY} AND exclusive <> ''"
_FIELDS: Final = "user, kind, priority, id, attempts, exclusive, due_at, started_at"
_SELECT: Final = f"SELECT {_FIELDS} FROM jobs WHERE"
_ORDER: Final = "priority DESC, id"

INDEXES: Final = (
    # A job is in one of them at most. Do not also index (state, ...): the planner would take that and sort.
    f"CREATE INDEX IF NOT EXISTS job_shared ON jobs (user, kind, {_ORDER}) WHERE {_SHARED}",
    f"CREATE INDEX IF NOT EXISTS job_alone ON jobs (user, kind, exclusive, {_ORDER}) WHERE {_ALONE}",
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
    started_at: str = ""
    """When it was begun last, empty for never."""

    @property
    def is_new(self) -> bool:
        """Whether nobody has begun it since it has been waiting: a stop takes its attempt back, not that."""
        return not self.attempts and self.started_at < self.due_at


def _questions(where: str, *lane: str) -> tuple[str, ...]:
    """For the first job of all lanes; then, of the lanes after one, for that which differs last from it, and so on."""
    # One question for each column, because SQLite answers `(user, kind) > (?, ?)` by reading the whole lane.
    order = f"ORDER BY {', '.join(lane)}, {_ORDER} LIMIT 1"
    found = [f"{_SELECT} {where} {order}"]
    for column in range(len(lane) - 1, -1, -1):
        same = "".join(f" AND {name} = ?" for name in lane[:column])
        found.append(f"{_SELECT} {where}{same} AND {lane[column]} > ? {order}")
    return tuple(found)


_SHARED_HEADS: Final = _questions(_SHARED, "user", "kind")
_ALONE_HEADS: Final = _questions(_ALONE, "user", "kind", "exclusive")


def heads(store: Store, taken: tuple[str, ...] = ()) -> Iterator[Ready]:
    """The next job of each lane: higher priorities first, then first in, first out.

    Held kinds are left out, and jobs that bear one of the texts that running ones have `taken` for themselves.
    """
    held = holds.all_of(store)
    for questions in (_SHARED_HEADS, _ALONE_HEADS):
        head = _head(store, questions[0])
        while head:
            if head.exclusive not in taken:
                yield from lane(store, head, limit=1, until=holds.until(held, head.kind)) if held else (head,)
            head = _next(store, head, questions)


def _head(store: Store, question: str, *values: str) -> Ready | None:
    row = store.row(question, values)
    return Ready(*row) if row else None


def _next(store: Store, head: Ready, questions: tuple[str, ...]) -> Ready | None:
    """The head of the lane after that of this one."""
    lane_of = (head.user, head.kind, head.exclusive)
    for place, question in enumerate(questions[1:], 1):
        found = _head(store, question, *lane_of[: len(questions) - place])
        if found:
            return found
    return None


def lane(store: Store, head: Ready, *, limit: int, until: int = holds.NOBODY) -> list[Ready]:
    """The next jobs of the lane of one, those with a number after `until` left out."""
    where = f"{_SELECT} {_ALONE if head.exclusive else _SHARED} AND user = ? AND kind = ? AND exclusive = ?"
    which = (head.user, head.kind, head.exclusive)
    found: list[Ready] = []
    priority = holds.NOBODY
    # One priority after the other: within each, `until` is a place in the index.
    while len(found) < limit and until > 0:
        row = store.row(f"{where} AND priority < ? ORDER BY {_ORDER} LIMIT 1", (*which, priority))
        if row is None:
            break
        priority = Ready(*row).priority
        sql = f"{where} AND priority = ? AND id <= ? ORDER BY {_ORDER} LIMIT ?"
        found += [Ready(*each) for each in store.rows(sql, (*which, priority, until, limit - len(found)))]
    return found


def is_any_alone(store: Store, user: str, kind: str) -> bool:
    """Whether a job of that user and kind, which bears an `exclusive` text, can be claimed."""
    return store.row(f"SELECT 1 FROM jobs WHERE {_ALONE} AND user = ? AND kind = ? LIMIT 1", (user, kind)) is not None


def do_others_wait(store: Store, user: str, kind: str) -> bool:
    """Whether a job of that kind for another user, which is never done beside another one, can be claimed."""
    return store.row(f"SELECT 1 FROM jobs WHERE {_ALONE} AND kind = ? AND user <> ? LIMIT 1", (kind, user)) is not None


def any_unfinished(store: Store) -> bool:
    """Whether a job is running or could be claimed now; scheduled, waiting and held ones do not count."""
    with store.lock:  # between two looks a job can be claimed, and seem to be in neither state
        running = store.row("SELECT 1 FROM jobs WHERE state = 'running' LIMIT 1") is not None
        return running or next(heads(store), None) is not None
