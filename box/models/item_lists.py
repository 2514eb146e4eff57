"""What is asked about items. The rule: reads only; what grows with the library comes in pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from box.models.base import Store
from box.models.items import UNINDEXED, Item


@dataclass(frozen=True, slots=True)
class Totals:
    """Of the whole box."""

    items: int
    chunks: int
    claims: int


def totals(store: Store) -> Totals:
    """Counts of everybody; the work grows with the users."""
    row = store.row(
        "SELECT coalesce(sum(items), 0), coalesce(sum(chunks), 0), coalesce(sum(claims), 0) FROM library_counts"
    )
    assert row is not None  # noqa: S101  an aggregate always has a row
    return Totals(*row)


def with_digest(store: Store, user: str, digest: str) -> list[str]:
    """The paths of a user's originals with these bytes."""
    rows = store.rows("SELECT path FROM items WHERE digest = ? AND user = ? AND path <> ''", (digest, user))
    return [path for (path,) in rows]


def of_note(store: Store, note: str) -> int:
    """The item whose note stands at that path, 0 for none."""
    return store.value("SELECT id FROM items WHERE note = ?", (note,)) or 0


def of_original(store: Store, path: str) -> int:
    """The newest item whose original stands at that path, 0 for none."""
    return store.value("SELECT max(id) FROM items WHERE path = ?", (path,)) or 0


def is_known(store: Store, item: int) -> bool:
    """Whether there is an item of that number."""
    return store.row("SELECT 1 FROM items WHERE id = ?", (item,)) is not None


def is_examined(store: Store, item: int) -> bool:
    """Whether its text, as it is in the index, was examined for claims."""
    sql = "SELECT 1 FROM items WHERE id = ? AND extractor <> '' AND examined_digest = indexed_digest"
    return store.row(sql, (item,)) is not None


def newest(store: Store) -> int:
    """The item that was read last, 0 for none."""
    return store.value("SELECT max(id) FROM items") or 0


class Indexed(NamedTuple):
    """A text that is in the index as it stands."""

    item: int
    user: str
    note: str
    note_digest: str
    chunks: int


def indexed(store: Store, user: str, after: int, limit: int) -> list[Indexed]:
    """The newest versions that are in the index as they stand, of a user or (empty) of everybody, a page at a time."""
    sql = (
        "SELECT id, user, note, note_digest, chunks FROM items WHERE id > ? AND chunks > 0 AND replaced_by = 0"
        " AND note_digest = indexed_digest AND (user = ? OR ? = '') ORDER BY id LIMIT ?"
    )
    return [Indexed(*row) for row in store.rows(sql, (after, user, user, limit))]


def unheard(store: Store, user: str, after: int, limit: int) -> list[dict[str, Any]]:
    """Recordings that nobody has listened to and whose notes are as they were written, as rows, a page at a time."""
    query = (
        Item.select()
        .where(Item.id > after, Item.reader == "sound", Item.note_digest != "", Item.path != "", Item.replaced_by == 0)
        .order_by(Item.id)
        .limit(limit)
    )
    return store.dicts(query.where(Item.user == user) if user else query)


def note_of(store: Store, item: int) -> str:
    """The path of an item's note, empty for none."""
    return store.value("SELECT note FROM items WHERE id = ?", (item,)) or ""


def has_unindexed(store: Store, user: str) -> bool:
    """Whether something of a user is not in the index as it should be."""
    return store.row(f"SELECT 1 FROM items WHERE user = ? AND {UNINDEXED} LIMIT 1", (user,)) is not None


def has_claims(store: Store, item: int) -> bool:
    """Whether claims of an item are known."""
    return store.row("SELECT 1 FROM items WHERE id = ? AND claims > 0", (item,)) is not None


def users(store: Store) -> list[str]:
    """Who has items."""
    return [user for (user,) in store.rows("SELECT user FROM library_counts WHERE items > 0 ORDER BY user")]
