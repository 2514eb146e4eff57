"""What a snapshot of restic holds. The rule: only what restic itself lists is in it, with that size and that time.

The list is as long as the library is large, and comes in restic's own order: so it goes through a database beside the
job's other scratch, and comes out in the order of Box's rows.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from box.paths import to_os, to_text

type_file = tuple[str, int, int]
"""(path text, size, mtime_ns)."""

_PAGE_ROWS: Final = 1000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_REPLACEMENT: Final = "\ufffd"
"""What restic's lists have for bytes that are no UTF-8."""


class Listing:
    """A list of files, and of those that are expected in it."""

    def __init__(self, path: str) -> None:
        """Make it, in a file (absolute) that is not there yet and that nobody needs after a crash."""
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode = off", "synchronous = off", "cache_size = -4096"):
            self._connection.execute(f"PRAGMA {pragma}")
        for table in ("listed", "wanted"):
            self._connection.execute(f"CREATE TABLE {table} (path TEXT PRIMARY KEY, size, mtime_ns) WITHOUT ROWID")
        self._connection.execute("BEGIN")

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()

    def want(self, path: str, size: int, mtime_ns: int) -> None:
        """It is expected."""
        self._connection.execute("INSERT OR REPLACE INTO wanted VALUES (?, ?, ?)", (path, size, mtime_ns))

    def clear(self) -> None:
        """Nothing is listed."""
        self._connection.execute("DELETE FROM listed")

    def take(self, lines: Iterable[str]) -> str:
        """Take in what `restic ls --json` says of a snapshot; the snapshot's whole name."""
        name = ""
        for line in lines:
            node = json.loads(line)
            if node.get("struct_type") == "snapshot" or node.get("message_type") == "snapshot":
                name = str(node.get("id", name))
            elif node.get("type") == "file" and (found := _file(node)):
                self._connection.execute("INSERT OR REPLACE INTO listed VALUES (?, ?, ?)", found)
        return name

    def files(self) -> Iterator[type_file]:
        """What is listed, in the order of the paths."""
        return self._pages("SELECT path, size, mtime_ns FROM listed WHERE path > ? ORDER BY path LIMIT ?")

    def missing(self) -> Iterator[type_file]:
        """What is expected and not listed so."""
        return self._pages(
            "SELECT path, size, mtime_ns FROM wanted AS w WHERE path > ? AND NOT EXISTS (SELECT 1 FROM listed"
            " WHERE path = w.path AND size = w.size AND mtime_ns = w.mtime_ns) ORDER BY path LIMIT ?"
        )

    def _pages(self, sql: str) -> Iterator[type_file]:
        after = ""
        while page := self._connection.execute(sql, (after, _PAGE_ROWS)).fetchall():
            yield from page
            after = page[-1][0]


def can_tell(path: str) -> bool:
    """Whether a list of restic's tells that path (text) from all others: it does not if the name is not UTF-8."""
    name = to_os(path)
    return _REPLACEMENT not in name and not any("\udc80" <= character <= "\udcff" for character in name)


def changes(listed: Iterator[type_file], known: Iterator[type_file]) -> Iterator[tuple[type_file, bool]]:
    """What differs between two lists that are in the order of their paths: (file, whether it is in the first)."""
    row = next(known, None)
    for file in listed:
        while row is not None and row[0] < file[0]:
            yield row, False
            row = next(known, None)
        if row != file:
            yield file, True
        if row is not None and row[0] == file[0]:
            row = next(known, None)
    while row is not None:
        yield row, False
        row = next(known, None)


def nanoseconds(time: str) -> int:
    """The nanoseconds since the epoch of a time as restic writes it (RFC 3339). Raises ValueError."""
    start, _, rest = time.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    whole = datetime.fromisoformat(start + rest[len(digits) :])
    return (whole - _EPOCH) // timedelta(seconds=1) * 10**9 + int(digits.ljust(9, "0")[:9])


def _file(node: dict[str, object]) -> type_file | None:
    path = to_text(str(node["path"]).lstrip("/"))
    if not can_tell(path):
        return None
    try:
        return path, int(str(node.get("size", 0))), nanoseconds(str(node["mtime"]))
    except ValueError:
        return None  # a time that nobody can tell proves nothing
