"""Names: files that have several, in order. The rule: a database of its own for one walk, so that memory is flat."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from box.models.base import Store

PAGE_ROWS: Final = 500

_TABLE: Final = (
    "CREATE TABLE names (device INTEGER, inode INTEGER, place INTEGER, path TEXT, size INTEGER, mtime_ns INTEGER,"
    " weight INTEGER, charged INTEGER)"
)
_ORDERED: Final = (
    "CREATE TABLE ordered AS SELECT * FROM names ORDER BY device, inode, coalesce(charged, 0) = 0, place, path"
)


class Name(NamedTuple):
    """One name of a file."""

    device: int
    inode: int
    place: int
    """Lower goes first."""
    path: str
    size: int
    mtime_ns: int
    weight: int
    """What the file is to be charged, once."""
    charged: int | None
    """What this name is charged so far; None for one that is not known."""


class Names:
    """The names that a walk meets."""

    def __init__(self, path: str) -> None:
        """Make the database at `path`, where there is none yet."""
        self._store = Store(path, durable=False)
        self._store.execute(_TABLE)

    def close(self) -> None:
        """Nobody asks any more."""
        self._store.close()

    def add(self, names: list[Name]) -> None:
        """Met on the walk."""
        with self._store.transaction():
            self._store.execute_each("INSERT INTO names VALUES (?, ?, ?, ?, ?, ?, ?, ?)", names)

    def ordered(self) -> Iterator[Name]:
        """File by file; of each the name that is charged already first, then as the places say. To be asked once."""
        with self._store.transaction():
            self._store.execute(_ORDERED)
        last = 0
        while page := self._store.rows(
            f"SELECT rowid, * FROM ordered WHERE rowid > ? ORDER BY rowid LIMIT {PAGE_ROWS}", (last,)
        ):
            for row in page:
                yield Name(*row[1:])
            last = page[-1][0]
