"""Photos by their age. The rule: the oldest day first, a page at a time; nothing that is not asked for is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from box.models.base import Store
from box.models.photos import AGE
from box.paths import split

PAGE_ROWS: Final = 500


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides whether a photo may go."""

    age: str
    """The day that tells how old it is."""
    digest: str
    is_kept: bool


def paths(store: Store, user: str = "") -> Iterator[tuple[str, str]]:
    """(day, path) of all photos, or a user's, the oldest first; those that go meanwhile do not come again."""
    mine, values = (" AND user = ?", (user,)) if user else ("", ())
    day = store.value(f"SELECT min({AGE}) FROM photos")
    while day is not None:
        after = ("", "")
        sql = (
            f"SELECT folder, name FROM photos WHERE {AGE} = ? AND (folder, name) > (?, ?){mine}"
            f" ORDER BY folder, name LIMIT {PAGE_ROWS}"
        )
        while rows := store.rows(sql, (day, *after, *values)):
            after = rows[-1]
            yield from ((day, f"{folder}/{name}") for folder, name in rows)
        day = store.value(f"SELECT min({AGE}) FROM photos WHERE {AGE} > ?", (day,))


def find(store: Store, path: str) -> Standing | None:
    """What is known of the photo at that path."""
    row = store.row(
        f"SELECT {AGE}, digest, kept OR EXISTS (SELECT 1 FROM kept_days AS k WHERE k.user = photos.user"
        " AND k.day = photos.day) FROM photos WHERE folder = ? AND name = ?",
        split(path),
    )
    return Standing(row[0], row[1], bool(row[2])) if row else None


def proofs(store: Store) -> int:
    """A number that rises with all that becomes known of backups."""
    return store.value("SELECT sum(seq) FROM replicas") or 0
