"""Items: what the library holds as text. The rule: an item is a text that was read once; it is never a row less.

A note that is changed or deleted by hand, an original that is: the item stays and says so. What is derived from the
text (`chunks`, claims) follows, and is known to follow by the digest of the note.
"""

from __future__ import annotations

from typing import Final

import peewee

from box.events import (
    ClaimsExtracted,
    DocumentDescribed,
    DocumentIndexed,
    DocumentRead,
    DuplicateDropped,
    EpisodeDownloaded,
    FileMoved,
    FileNoticed,
    FileRemoved,
    FileVanished,
    NoteRewritten,
    Recorded,
)
from box.models.base import Store, Table
from box.paths import owner


class Item(Table):
    """A text that was read. Columns as the fields of `DocumentRead`."""

    id = peewee.BigIntegerField(primary_key=True)
    """Position of the event that told of it."""
    user = peewee.TextField()
    item_kind = peewee.TextField()
    title = peewee.TextField()
    authors = peewee.TextField()
    date = peewee.TextField()
    language = peewee.TextField()
    origin = peewee.TextField()
    tags = peewee.TextField()
    source = peewee.TextField()
    path = peewee.TextField()
    """Of the original, empty once it was deleted."""
    note = peewee.TextField()
    """Empty once it was deleted."""
    digest = peewee.TextField()
    note_digest = peewee.TextField()
    """Empty while nobody has read a note that was changed by hand, and when there is none."""
    written_digest = peewee.TextField()
    """Of the note as Box wrote it last: one that holds another text is somebody's own."""
    media_type = peewee.TextField()
    reader = peewee.TextField()
    reader_version = peewee.IntegerField()
    chars = peewee.BigIntegerField()
    words = peewee.BigIntegerField()
    counts = peewee.TextField()
    marks = peewee.TextField()
    cover = peewee.TextField()
    read_at = peewee.TextField()
    changed_at = peewee.TextField()
    """When its text changed last."""
    version = peewee.IntegerField()
    """1 for the first that was read from that source."""
    replaced_by = peewee.BigIntegerField()
    """The item that is the next version, 0 for the newest."""
    chunks = peewee.BigIntegerField()
    indexed_digest = peewee.TextField()
    """Of the note whose chunks are in the index, empty for none."""
    chunker_version = peewee.IntegerField()
    """0 as long as nobody has indexed it."""
    claims = peewee.BigIntegerField()
    examined_digest = peewee.TextField()
    """Of the note that was examined for claims."""
    extractor = peewee.TextField()
    """Empty as long as nobody has examined it."""
    extractor_version = peewee.IntegerField()
    examined_at = peewee.TextField()

    class Meta:
        table_name = "items"


class ItemName(Table):
    """Another drop that held the bytes of an item."""

    item = peewee.BigIntegerField()
    source = peewee.TextField()

    class Meta:
        table_name = "item_names"
        primary_key = peewee.CompositeKey("item", "source")
        without_rowid = True


class LibraryCount(Table):
    """How much of everything a user's library holds."""

    user = peewee.TextField(primary_key=True)
    items = peewee.BigIntegerField()
    chunks = peewee.BigIntegerField()
    claims = peewee.BigIntegerField()

    class Meta:
        table_name = "library_counts"
        without_rowid = True


UNINDEXED: Final = (
    "(CASE replaced_by WHEN 0 THEN indexed_digest <> note_digest OR chunker_version = 0"
    " OR (note <> '' AND note_digest = '') ELSE chunks > 0 END)"
)
"""What is not in the index as it should be. Of what has a newer version nothing should be there."""

INDEXES: Final = (
    "CREATE INDEX IF NOT EXISTS item_source ON items (user, source)",
    "CREATE INDEX IF NOT EXISTS item_digest ON items (digest, user)",
    "CREATE INDEX IF NOT EXISTS item_path ON items (path)",
    "CREATE INDEX IF NOT EXISTS item_note ON items (note)",
    # What waits to be indexed: few rows, however large the library is.
    f"CREATE INDEX IF NOT EXISTS item_unindexed ON items (user, id) WHERE {UNINDEXED}",
    "CREATE INDEX IF NOT EXISTS item_chunker ON items (chunker_version, user, id) WHERE chunker_version > 0",
)


def count(store: Store, user: str, items: int, chunks: int, claims: int) -> None:
    """A user has so many more of them."""
    store.execute(
        "INSERT INTO library_counts (user, items, chunks, claims) VALUES (?, ?, ?, ?) ON CONFLICT (user) DO UPDATE SET"
        " items = items + excluded.items, chunks = chunks + excluded.chunks, claims = claims + excluded.claims",
        (user, items, chunks, claims),
    )


# --- folds -----------------------------------------------------------------------------------------------------------

_FIELDS: Final = (
    "user", "item_kind", "title", "authors", "date", "language", "origin", "tags", "source", "path", "note", "digest",
    "note_digest", "media_type", "reader", "reader_version", "chars", "words", "counts", "marks", "cover",
)  # fmt: skip
_INSERT: Final = (
    "INSERT INTO items (id, read_at, changed_at, version, replaced_by, chunks, indexed_digest, chunker_version, claims,"
    f" examined_digest, extractor, extractor_version, examined_at, written_digest, {', '.join(_FIELDS)})"
    f" VALUES (?, ?, ?, ?, 0, 0, '', 0, 0, '', '', 0, '', ?, {', '.join('?' * len(_FIELDS))})"
)


def on_read(store: Store, recorded: Recorded, event: DocumentRead) -> None:
    """An item more. What was read from that source before is an older version from now on."""
    older = store.row(
        "SELECT id, version FROM items WHERE user = ? AND source = ? AND replaced_by = 0", (event.user, event.source)
    )
    version = older[1] + 1 if older else 1
    values = (getattr(event, name) for name in _FIELDS)
    store.execute(_INSERT, (recorded.position, recorded.at, recorded.at, version, event.note_digest, *values))
    if older and event.path == event.note:  # the sound of an episode, which was fetched before, is still its original
        store.execute(
            "UPDATE items SET (path, digest, media_type) = (SELECT path, digest, media_type FROM items WHERE id = ?)"
            " WHERE id = ? AND (SELECT path NOT IN ('', note) FROM items WHERE id = ?)",
            (older[0], recorded.position, older[0]),
        )
    if older:
        store.execute("UPDATE items SET replaced_by = ? WHERE id = ?", (recorded.position, older[0]))
    count(store, event.user, 1, 0, 0)


def on_described(store: Store, recorded: Recorded, event: DocumentDescribed) -> None:
    """Somebody said more about it."""
    store.execute(
        "UPDATE items SET title = ?, authors = ?, date = ?, tags = ?, changed_at = ? WHERE id = ?",
        (event.title, event.authors, event.date, event.tags, recorded.at, event.item),
    )


def on_rewritten(store: Store, recorded: Recorded, event: NoteRewritten) -> None:
    """Its note holds another text."""
    store.execute(
        "UPDATE items SET note = ?, note_digest = ?, written_digest = ?, reader = ?, reader_version = ?, chars = ?,"
        " words = ?, marks = ?, language = coalesce(nullif(?, ''), language),"
        " counts = coalesce(nullif(?, ''), counts), changed_at = ? WHERE id = ?",
        (
            event.note, event.note_digest, event.note_digest, event.reader, event.reader_version, event.chars,
            event.words, event.marks, event.language, event.counts, recorded.at, event.item,
        ),
    )  # fmt: skip


def on_downloaded(store: Store, _: Recorded, event: EpisodeDownloaded) -> None:
    """The sound of an episode is its original from now on."""
    store.execute(
        "UPDATE items SET path = ?, digest = ?, media_type = ? WHERE replaced_by = 0 AND (user, source) ="
        " (SELECT ?, item_source FROM episodes WHERE feed = ? AND episode = ?)",
        (event.path, event.digest, event.media_type, event.user, event.feed, event.episode),
    )


def on_duplicate(store: Store, _: Recorded, event: DuplicateDropped) -> None:
    """The bytes of an item came under another name."""
    row = store.row("SELECT id, source FROM items WHERE path = ?", (event.kept,))
    if row is not None and row[1] != event.source:
        store.execute("INSERT OR IGNORE INTO item_names (item, source) VALUES (?, ?)", (row[0], event.source))


def on_gone(store: Store, recorded: Recorded, event: FileVanished | FileRemoved) -> None:
    """An original or a note was deleted."""
    area = owner(event.path)[1]
    if area in {"media", "notes"}:  # what came in a feed has no original but its note
        store.execute("UPDATE items SET path = '' WHERE path = ?", (event.path,))
    if area == "notes":
        store.execute(
            "UPDATE items SET note = '', note_digest = '', changed_at = ? WHERE note = ?", (recorded.at, event.path)
        )


def on_moved(store: Store, recorded: Recorded, event: FileMoved) -> None:
    """An original or a note has another place."""
    if event.path == event.source or owner(event.source)[1] not in {"media", "notes"}:
        return
    on_gone(store, recorded, FileVanished(user=event.user, path=event.path))
    store.execute("UPDATE items SET path = ? WHERE path = ?", (event.path, event.source))
    store.execute("UPDATE items SET note = ? WHERE note = ?", (event.path, event.source))


def on_noticed(store: Store, recorded: Recorded, event: FileNoticed) -> None:
    """A note was changed by hand: what it holds is known when it was read."""
    if owner(event.path)[1] == "notes":
        store.execute("UPDATE items SET note_digest = '', changed_at = ? WHERE note = ?", (recorded.at, event.path))


def on_indexed(store: Store, _: Recorded, event: DocumentIndexed) -> None:
    """Its chunks are those of that text."""
    old = store.row("SELECT user, chunks FROM items WHERE id = ?", (event.item,))
    if old is not None:
        store.execute(
            "UPDATE items SET note_digest = ?, indexed_digest = ?, chunker_version = ?, chunks = ? WHERE id = ?",
            (event.note_digest, event.note_digest, event.chunker_version, event.chunks, event.item),
        )
        count(store, old[0], 0, event.chunks - old[1], 0)


def on_examined(store: Store, recorded: Recorded, event: ClaimsExtracted) -> None:
    """Its claims are those that were found now."""
    old = store.row("SELECT user, claims FROM items WHERE id = ?", (event.item,))
    if old is not None:
        store.execute(
            "UPDATE items SET claims = ?, examined_digest = ?, extractor = ?, extractor_version = ?, examined_at = ?"
            " WHERE id = ?",
            (event.claims, event.note_digest, event.extractor, event.extractor_version, recorded.at, event.item),
        )
        count(store, old[0], 0, 0, event.claims - old[1])
