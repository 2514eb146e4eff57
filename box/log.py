"""The log. The rule: events are appended, at the next position, and never changed; triggers refuse everything else.

Only `engine` calls `append`. Positions begin at 1 and have no gaps: the trigger refuses an insert anywhere but at the
end. Old events move to segments, files of the archive; the table `segments` says which, and belongs to the log as much
as the events do. Who reads sees no difference: archived events come first, then those of the table.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import peewee

from box import archive, event_text
from box.errors import BoxError
from box.events import Event, Recorded
from box.models.base import Store, Table

PAGE_ROWS: Final = 1000
"""How many events are in memory at a time while the log is read."""

END: Final = 1 << 62
"""Beyond every position."""


class Log(Table):
    """One event a row."""

    position = peewee.BigIntegerField(primary_key=True)
    at = peewee.TextField()
    kind = peewee.TextField()
    user = peewee.TextField()
    data = peewee.TextField()

    class Meta:
        table_name = "events"


class Segments(Table):
    """One segment a row."""

    first = peewee.BigIntegerField(primary_key=True)
    last = peewee.BigIntegerField()
    name = peewee.TextField()
    digest = peewee.TextField()
    bytes = peewee.BigIntegerField()
    first_at = peewee.TextField()

    class Meta:
        table_name = "segments"


@dataclass(frozen=True, slots=True)
class Segment:
    """A file that holds the events from `first` to `last`."""

    first: int
    last: int
    name: str
    """Relative to the root."""
    digest: str
    bytes: int
    first_at: str
    """When its first event was recorded."""


_STAY: Final = """CREATE TRIGGER IF NOT EXISTS events_stay BEFORE DELETE ON events
       BEGIN SELECT raise(ABORT, 'the log is append-only'); END"""

TRIGGERS: Final = (
    """CREATE TRIGGER IF NOT EXISTS events_keep BEFORE UPDATE ON events
       BEGIN SELECT raise(ABORT, 'the log is append-only'); END""",
    _STAY,
    """CREATE TRIGGER IF NOT EXISTS events_follow BEFORE INSERT ON events
       WHEN new.position IS NOT (SELECT coalesce(max(position), 0) + 1 FROM events)
       BEGIN SELECT raise(ABORT, 'the log has no gaps'); END""",
)

_INSERT: Final = "INSERT INTO events (position, at, kind, user, data) VALUES (?, ?, ?, ?, ?)"
_encode = json.JSONEncoder(ensure_ascii=False).encode
_SEGMENT: Final = "SELECT first, last, name, digest, bytes, first_at FROM segments"


def create(store: Store) -> None:
    """Make the tables and their triggers, if they are not there yet."""
    store.create((Log, Segments), *TRIGGERS)


def append(store: Store, position: int, at: str, event: Event) -> None:
    """Write one event, inside the caller's transaction."""
    store.execute(_INSERT, (position, at, type(event).__name__, event.user, event_text.dump(event)))


def last_position(store: Store) -> int:
    """The position of the newest event, 0 for an empty log."""
    position: int = store.value("SELECT coalesce(max(position), 0) FROM events")
    return position


def holds_other(store: Store, since: int, kinds: Collection[str]) -> bool:
    """Whether the log holds an event after position `since` that is of none of these kinds.

    What was archived meanwhile counts as one.
    """
    if since + 1 < oldest_in_table(store)[0]:
        return True
    marks = ", ".join("?" * len(kinds))
    sql = f"SELECT 1 FROM events WHERE position > ? AND kind NOT IN ({marks}) LIMIT 1"
    return store.row(sql, (since, *kinds)) is not None


def first_at(store: Store) -> str:
    """When the oldest event was recorded, empty for an empty log."""
    return (
        store.value("SELECT first_at FROM segments ORDER BY first LIMIT 1")
        or store.value("SELECT at FROM events ORDER BY position LIMIT 1")
        or ""
    )


def spans(store: Store) -> list[tuple[str, str]]:
    """Of each hour of which the table has events, the earliest and the latest time that one bears; in their order."""
    found: dict[str, tuple[str, str]] = {}
    sql = "SELECT min(at), max(at) FROM events WHERE position >= ? AND position < ? GROUP BY substr(at, 1, 13)"
    first, end = oldest_in_table(store)[0], last_position(store) + 1
    for start in range(first, end, 10 * PAGE_ROWS):  # in pieces: others wait for their turn
        for low, high in store.rows(sql, (start, start + 10 * PAGE_ROWS)):
            known = found.get(low[:13], (low, high))
            found[low[:13]] = (min(low, known[0]), max(high, known[1]))
    return sorted(found.values())


def read(store: Store, since: int = 0, until: int | None = None) -> Iterator[Recorded]:
    """The events after position `since`, oldest first, up to and including `until`; a page at a time.

    Raises BoxError where events are missing, or an archived one cannot be read.
    """
    end = END if until is None else until
    while rows_or_segment := _next(store, since, end):
        if isinstance(rows_or_segment, Segment):
            yield from _read_segment(store, rows_or_segment, since, end)
            since = rows_or_segment.last
        else:
            for position, at, kind, user, data in rows_or_segment:
                yield Recorded(position, at, _event(position, kind, user, data))
            since = rows_or_segment[-1][0]


def _next(store: Store, since: int, end: int) -> list[Any] | Segment | None:
    """Where the event after `since` is: rows of the table, else a segment; None behind the last one.

    In this order, because events may be archived while somebody reads: what has left the table is in a segment then.
    """
    rows = store.rows(
        "SELECT position, at, kind, user, data FROM events WHERE position > ? AND position <= ?"
        f" ORDER BY position LIMIT {PAGE_ROWS}",
        (since, end),
    )
    if rows and rows[0][0] == since + 1:
        return rows
    row = store.row(f"{_SEGMENT} WHERE first <= ? ORDER BY first DESC LIMIT 1", (since + 1,))
    if row is not None and row[1] > since and since < end:
        return Segment(*row)
    if rows:
        raise BoxError(f"the events {since + 1} to {rows[0][0] - 1} are neither in the log nor in a segment")
    return None


def _read_segment(store: Store, segment: Segment, since: int, end: int) -> Iterator[Recorded]:
    skip = max(0, since + 1 - segment.first)
    for position, row in enumerate(
        archive.read(root(store), segment.name, segment.digest, skip), start=segment.first + skip
    ):
        if position > end:
            return
        if row["position"] != position:
            raise BoxError(f"{segment.name} is damaged: event {row['position']} stands where {position} should")
        yield Recorded(position, row["at"], _event(position, row["kind"], row["user"], row["data"]))


def _event(position: int, kind: str, user: str, data: str | Mapping[str, Any]) -> Event:
    try:
        return event_text.load(kind, user, data)
    except (KeyError, TypeError, ValueError) as error:
        raise BoxError(
            f"event {position} ({kind}) is not one that this version knows: run the version that wrote it"
        ) from error


def root(store: Store) -> str:
    """The root that the database of a store belongs to."""
    return os.path.dirname(store.path)


# --- segments --------------------------------------------------------------------------------------------------------


def segments(store: Store) -> list[Segment]:
    """All segments, oldest first."""
    return [Segment(*row) for row in store.rows(f"{_SEGMENT} ORDER BY first")]


def newest_segment(store: Store) -> Segment | None:
    """The segment that was written last, None without any."""
    row = store.row(f"{_SEGMENT} ORDER BY first DESC LIMIT 1")
    return Segment(*row) if row else None


def oldest_in_table(store: Store) -> tuple[int, str]:
    """(position, at) of the oldest event that is not archived; (1, "") for an empty log."""
    return store.row("SELECT position, at FROM events ORDER BY position LIMIT 1") or (1, "")


def last_before(store: Store, before: str) -> int:
    """The last event that was recorded before that time, but never the newest; the last archived one if there is none.

    Events are in the order of time, so halving the table finds it. Where a clock was set back it is one of several.
    """
    low, high = oldest_in_table(store)[0] - 1, last_position(store) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if store.value("SELECT at FROM events WHERE position = ?", (middle,)) < before:
            low = middle
        else:
            high = middle - 1
    return low


def lines(store: Store, first: int, last: int) -> Iterator[str]:
    """The events from `first` to `last`, one JSON object each; a page in memory at a time."""
    since = first - 1
    while rows := store.rows(
        "SELECT position, at, kind, user, data FROM events WHERE position > ? AND position <= ?"
        f" ORDER BY position LIMIT {PAGE_ROWS}",
        (since, last),
    ):
        for position, at, kind, user, data in rows:
            # The data is JSON already, so that the line need not be put together by a parser.
            yield f'{{"position":{position},"at":"{at}","kind":"{kind}","user":{_encode(user)},"data":{data}}}'
        since = rows[-1][0]


def forget(store: Store, segment: Segment) -> None:
    """Take the events of a segment out of the table, inside the transaction that records that they were archived.

    Only here the trigger that keeps them gives way, and it is back before the transaction ends, however that ends.
    """
    if segment.first != oldest_in_table(store)[0] or segment.last >= last_position(store):
        raise BoxError(f"the events {segment.first} to {segment.last} are not the oldest, or not without the newest")
    store.execute(
        "INSERT INTO segments (first, last, name, digest, bytes, first_at) VALUES (?, ?, ?, ?, ?, ?)",
        (segment.first, segment.last, segment.name, segment.digest, segment.bytes, segment.first_at),
    )
    store.execute("DROP TRIGGER events_stay")
    store.execute("DELETE FROM events WHERE position <= ?", (segment.last,))
    store.execute(_STAY)
