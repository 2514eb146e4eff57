"""The log. The rule: events are appended, at the next position, and never changed; triggers refuse everything else.

Only `engine` calls `append`. Positions begin at 1 and have no gaps: the trigger refuses an insert anywhere but at the
end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import peewee

from box import event_text
from box.errors import BoxError
from box.events import Event, Recorded
from box.models.base import Store, Table

PAGE_ROWS: Final = 1000
"""How many events are in memory at a time while the log is read."""


class Log(Table):
    """One event a row."""

    position = peewee.BigIntegerField(primary_key=True)
    at = peewee.TextField()
    kind = peewee.TextField()
    user = peewee.TextField()
    data = peewee.TextField()

    class Meta:
        table_name = "events"


TRIGGERS: Final = (
    """CREATE TRIGGER IF NOT EXISTS events_keep BEFORE UPDATE ON events
       BEGIN SELECT raise(ABORT, 'the log is append-only'); END""",
    """CREATE TRIGGER IF NOT EXISTS events_stay BEFORE DELETE ON events
       BEGIN SELECT raise(ABORT, 'the log is append-only'); END""",
    """CREATE TRIGGER IF NOT EXISTS events_follow BEFORE INSERT ON events
       WHEN new.position IS NOT (SELECT coalesce(max(position), 0) + 1 FROM events)
       BEGIN SELECT raise(ABORT, 'the log has no gaps'); END""",
)

_INSERT: Final = "INSERT INTO events (position, at, kind, user, data) VALUES (?, ?, ?, ?, ?)"


def create(store: Store) -> None:
    """Make the table and its triggers, if they are not there yet."""
    store.create((Log,), *TRIGGERS)


def append(store: Store, position: int, at: str, event: Event) -> None:
    """Write one event, inside the caller's transaction."""
    store.execute(_INSERT, (position, at, type(event).__name__, event.user, event_text.dump(event)))


def last_position(store: Store) -> int:
    """The position of the newest event, 0 for an empty log."""
    position: int = store.value("SELECT coalesce(max(position), 0) FROM events")
    return position


def first_at(store: Store) -> str:
    """When the oldest event was recorded, empty for an empty log."""
    return store.value("SELECT at FROM events ORDER BY position LIMIT 1") or ""


def read(store: Store, since: int = 0, until: int | None = None) -> Iterator[Recorded]:
    """The events after position `since`, oldest first, up to and including `until`; a page at a time."""
    while rows := store.rows(
        "SELECT position, at, kind, user, data FROM events WHERE position > ? AND position <= ?"
        f" ORDER BY position LIMIT {PAGE_ROWS}",
        (since, until if until is not None else 1 << 62),
    ):
        for position, at, kind, user, data in rows:
            try:
                event = event_text.load(kind, user, data)
            except (KeyError, TypeError, ValueError) as error:
                raise BoxError(
                    f"event {position} ({kind}) is not one that this version knows: run the version that wrote it"
                ) from error
            yield Recorded(position, at, event)
        since = rows[-1][0]
