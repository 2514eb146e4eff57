"""What is asked about items. The rule: reads only; what grows with the library comes in pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

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
    """The paths of a user's originals with these bytes, of texts that can be found."""
    sql = "SELECT path FROM items WHERE digest = ? AND user = ? AND path <> '' AND note <> '' AND replaced_by = 0"
    rows = store.rows(sql, (digest, user))
    return [path for (path,) in rows]


def digest_of(store: Store, path: str) -> str:
    """blake3 of the note or the original at that path, empty where none is known."""
    note = store.value("SELECT note_digest FROM items WHERE note = ?", (path,))
    return note or store.value("SELECT digest FROM items WHERE path = ? AND path <> note", (path,)) or ""


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


_STANDS: Final = (Item.path != "") & (Item.note_digest != "") & (Item.replaced_by == 0)
_UNHEARD: Final = _STANDS & (
    (Item.reader == "sound")
    | (
        (Item.reader == "feed")
        & (Item.media_type.startswith("audio/") | (Item.media_type == "video/mp4"))
        & ~Item.counts.contains('"transcripts"')
    )
)
"""A recording, or an episode whose sound is here and whose feed gave no transcript."""

_UNSEEN: Final = _STANDS & (Item.reader == "pdf") & Item.marks.contains("needs-ocr")
"""A document with pages that are pictures of text."""


def unheard(store: Store, user: str, after: int, limit: int) -> list[dict[str, Any]]:
    """Recordings that nobody has listened to, as rows, a page at a time."""
    return _page(store, _UNHEARD, user, after, limit)


def unseen(store: Store, user: str, after: int, limit: int) -> list[dict[str, Any]]:
    """Documents with pages that nobody has looked at, as rows, a page at a time."""
    return _page(store, _UNSEEN, user, after, limit)


def _page(store: Store, which: Any, user: str, after: int, limit: int) -> list[dict[str, Any]]:
    query = Item.select().where(Item.id > after, which).order_by(Item.id).limit(limit)
    return store.dicts(query.where(Item.user == user) if user else query)


def unheard_at(store: Store, path: str) -> dict[str, Any] | None:
    """The recording that stands at that path, if nobody has listened to it."""
    found = store.dicts(Item.select().where(Item.path == path, _UNHEARD).limit(1))
    return found[0] if found else None


def read_from(store: Store, user: str, path: str) -> list[tuple[int, str]]:
    """(item, source) of a user's newest versions that came as a drop of that path, or one that goes on with a dot."""
    sql = (
        "SELECT id, source FROM items WHERE user = ? AND (source = ? OR (source > ? AND source < ?))"
        " AND replaced_by = 0 ORDER BY source LIMIT 20"
    )
    return store.rows(sql, (user, path, path + ".", path + "/"))  # "/" follows "."


_TOLD: Final = (
    "path", "note", "note_digest", "source", "digest", "media_type", "item_kind", "title", "authors", "date",
    "language", "origin", "tags", "reader", "reader_version", "words", "counts", "marks",
)  # fmt: skip


def told(store: Store, item: int, *, as_written: bool) -> dict[str, Any]:
    """What a job is told of an item; nothing if there is none. The digest of its note as it is, or as Box wrote it."""
    row = store.row(f"SELECT written_digest, {', '.join(_TOLD)} FROM items WHERE id = ?", (item,))
    if row is None:
        return {}
    known = dict(zip(_TOLD, row[1:], strict=True))
    return {**known, "note_digest": row[0]} if as_written else known


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
