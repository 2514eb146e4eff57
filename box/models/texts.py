"""Texts: which items wait to be indexed. The rule: the work grows with what waits, not with the library."""

from __future__ import annotations

from dataclasses import dataclass

from box.models.base import Store
from box.models.items import UNINDEXED


@dataclass(frozen=True, slots=True)
class Text:
    """An item, as far as its text is concerned."""

    id: int
    user: str
    title: str
    note: str
    note_digest: str
    replaced_by: int
    chunks: int


def text(store: Store, item: int) -> Text | None:
    """The item of that number."""
    row = store.row("SELECT id, user, title, note, note_digest, replaced_by, chunks FROM items WHERE id = ?", (item,))
    return Text(*row) if row else None


def indexed(store: Store, user: str, after: int, limit: int) -> list[Text]:
    """Texts of a user whose chunks are those of their notes, by number."""
    rows = store.rows(
        "SELECT id, user, title, note, note_digest, replaced_by, chunks FROM items WHERE user = ? AND id > ?"
        " AND note <> '' AND chunks > 0 AND indexed_digest = note_digest ORDER BY id LIMIT ?",
        (user, after, limit),
    )
    return [Text(*row) for row in rows]


def users(store: Store) -> list[str]:
    """Who has items."""
    return [user for (user,) in store.rows("SELECT user FROM library_counts ORDER BY user")]


def unindexed(store: Store, user: str, after: int, limit: int) -> list[int]:
    """What of a user is not in the index as it should be, by number."""
    rows = store.rows(
        f"SELECT id FROM items WHERE user = ? AND id > ? AND {UNINDEXED} ORDER BY id LIMIT ?", (user, after, limit)
    )
    return [item for (item,) in rows]


def outdated(store: Store, user: str, version: int, after: int, limit: int) -> list[int]:
    """What of a user is in the index as an older version of Box put it there, by number."""
    rows = store.rows(
        "SELECT id FROM items WHERE chunker_version > 0 AND chunker_version < ? AND user = ? AND id > ?"
        " ORDER BY id LIMIT ?",
        (version, user, after, limit),
    )
    return [item for (item,) in rows]


def waiting(store: Store, user: str, version: int) -> int:
    """How many those are together."""
    count: int = store.value(
        f"SELECT (SELECT count(*) FROM items WHERE user = ? AND {UNINDEXED})"
        " + (SELECT count(*) FROM items WHERE chunker_version > 0 AND chunker_version < ? AND user = ?)",
        (user, version, user),
    )
    return count


def count(store: Store, user: str) -> int:
    """How many items a user has."""
    return store.value("SELECT items FROM library_counts WHERE user = ?", (user,)) or 0


def numbers(store: Store, user: str, after: int, limit: int) -> list[int]:
    """All items of a user, by number."""
    rows = store.rows("SELECT id FROM items WHERE user = ? AND id > ? ORDER BY id LIMIT ?", (user, after, limit))
    return [item for (item,) in rows]


def has_outdated(store: Store, user: str, version: int) -> bool:
    """Whether something of a user is in the index as an older version of Box put it there."""
    return bool(outdated(store, user, version, 0, 1))
