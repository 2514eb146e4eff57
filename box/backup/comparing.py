"""What is not on the destination yet. The rule: sources and rows are compared in one pass, in the order of their paths.

A file has changed if its size or its time is not what the row of its path says: what the destination makes of times
does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from box.backup.rows import Row
from box.backup.walking import DATABASE, UNREAD, type_seen


@dataclass(frozen=True, slots=True)
class Difference:
    """A file about which something is to be done."""

    what: Literal["new", "changed", "gone", "back", "damaged", "same"]
    path: str
    size: int
    mtime_ns: int
    row: Row | None


def differences(sources: Iterator[type_seen], rows: Iterator[Row], *, full: bool = False) -> Iterator[Difference]:
    """All of them, in the order of their paths; with `full`, what has not changed as well."""
    row = _next(rows)
    for path, size, mtime_ns in sources:
        while row is not None and row.path < path:
            if row.present and not (size == UNREAD and row.path == path[:-1]):
                yield _gone(row)
            row = _next(rows)
        if size == UNREAD:
            while row is not None and row.path.startswith(path):
                row = _next(rows)
        elif row is None or row.path != path:
            yield Difference("new", path, size, mtime_ns, None)
        else:
            what = _judged(row, size, mtime_ns)
            if what != "same" or full:
                yield Difference(what, path, size, mtime_ns, row)
            row = _next(rows)
    while row is not None:
        if row.present:
            yield _gone(row)
        row = _next(rows)


def _judged(row: Row, size: int, mtime_ns: int) -> Literal["changed", "back", "damaged", "same"]:
    if (row.size, row.mtime_ns) != (size, mtime_ns):
        return "changed"
    if not row.present:
        return "back"
    return "damaged" if row.damaged == "there" else "same"


def _gone(row: Row) -> Difference:
    return Difference("gone", row.path, row.size, row.mtime_ns, row)


def _next(rows: Iterator[Row]) -> Row | None:
    return next((row for row in rows if row.path != DATABASE), None)
