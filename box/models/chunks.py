"""Chunks: the texts of items in pieces, and the index over them. The rule: the index is kept in step by triggers.

They are derived from the notes, so nothing of them is in the log. The chunks of an item are written as an edition that
nobody sees until it is shown, so that an item is found with all its text or with what it had before. There are no
other changes to a chunk but to come and to go: a row that is replaced would leave its words in the index.

Words are found in `chunk_words`; in scripts that put no spaces between them, and in titles and names, parts of words
in `chunk_runs` and `item_runs`: three characters each, which takes four times as much room as the text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final, NamedTuple

import peewee

from box.models.base import Store, Table


class Chunk(Table):
    """A piece of an item's note."""

    id = peewee.AutoField()
    item = peewee.BigIntegerField()
    edition = peewee.IntegerField()
    number = peewee.IntegerField()
    start = peewee.BigIntegerField()
    stop = peewee.BigIntegerField()
    """`note[start:stop]` is the text, in characters."""
    place = peewee.TextField()
    heading = peewee.TextField()
    text = peewee.TextField()
    folded = peewee.TextField()
    """The text as it is looked for, empty where that is the text as it stands."""
    spaceless = peewee.BooleanField()
    """There is something in it of a script that puts no spaces between words."""

    class Meta:
        table_name = "chunks"


class Edition(Table):
    """Which chunks of an item are seen."""

    item = peewee.BigIntegerField(primary_key=True)
    edition = peewee.IntegerField()
    """0 for none."""
    unfinished = peewee.BooleanField()
    """There may be chunks of it that are not seen."""

    class Meta:
        table_name = "editions"


def _index(name: str, columns: str, tokenize: str) -> str:
    """A full-text index over rows that stand in a table."""
    make = f"CREATE VIRTUAL TABLE IF NOT EXISTS {name} USING fts5"
    return f"{make} ({columns}, content_rowid = 'id', tokenize = \"{tokenize}\")"


def _kept_in_step(
    index: str, table: str, key: str, columns: str, values: str = "", when: str = ""
) -> tuple[str, ...]:  # fmt: skip
    """Triggers by which an index follows a table; with values or a condition, one whose rows only come and go."""
    new = values or ", ".join(f"{{0}}.{name}" for name in columns.split(", "))
    new, old = new.format("new"), new.format("old")
    came = f"INSERT INTO {index} (rowid, {columns}) VALUES (new.{key}, {new})"
    went = f"INSERT INTO {index} ({index}, rowid, {columns}) VALUES ('delete', old.{key}, {old})"
    trigger = f"CREATE TRIGGER IF NOT EXISTS {index}"
    changed = (f"{trigger}_over AFTER UPDATE OF {columns} ON {table} BEGIN {went}; {came}; END",)
    return (
        f"{trigger}_in AFTER INSERT ON {table} {when.format('new')} BEGIN {came}; END",
        f"{trigger}_out AFTER DELETE ON {table} {when.format('old')} BEGIN {went}; END",
        *(() if values or when else changed),
    )


WORDS, RUNS, TITLES = INDEXED = ("chunk_words", "chunk_runs", "item_runs")

# Signs of India's scripts belong to words; the tokenizer takes them for spaces otherwise.
_SIGNS: Final = "".join(chr(code) for code in range(0x900, 0xE00) if unicodedata.category(chr(code)) in ("Mn", "Mc"))

_FOLDED: Final = "{0}.heading, CASE {0}.folded WHEN '' THEN {0}.text ELSE {0}.folded END"
# The last letters begin a run of three, too.
_PADDED: Final = f"{_FOLDED} || char(10, 10)"

_VIEW, _AS = "CREATE VIEW IF NOT EXISTS", "(id, heading, text) AS"

FOLDED_VIEWS: Final = {WORDS: "folded_chunks", RUNS: "spaceless_chunks"}
"""What the indexes of chunks hold, as they hold it."""

TOKENIZERS: Final = {WORDS: f"unicode61 remove_diacritics 2 tokenchars '{_SIGNS}'", RUNS: "trigram"}

INDEXES: Final = (
    "CREATE UNIQUE INDEX IF NOT EXISTS chunk_place ON chunks (item, edition, number)",
    # Whose a chunk is, without a look at its text: a search asks that of thousands.
    "CREATE INDEX IF NOT EXISTS chunk_item ON chunks (id, item, edition)",
    "CREATE INDEX IF NOT EXISTS edition_unfinished ON editions (item) WHERE unfinished",
    f"{_VIEW} {FOLDED_VIEWS[WORDS]} {_AS} SELECT id, {_FOLDED.format('chunks')} FROM chunks",
    f"{_VIEW} {FOLDED_VIEWS[RUNS]} {_AS} SELECT id, {_PADDED.format('chunks')} FROM chunks WHERE spaceless",
    *(_index(name, f"heading, text, content = '{view}'", TOKENIZERS[name]) for name, view in FOLDED_VIEWS.items()),
    _index(TITLES, "title, source, tags, content = 'items'", "trigram"),
    *(f"CREATE VIRTUAL TABLE IF NOT EXISTS {name}_vocabulary USING fts5vocab ({name}, row)" for name in (RUNS, TITLES)),
    *_kept_in_step(WORDS, "chunks", "id", "heading, text", _FOLDED),
    *_kept_in_step(RUNS, "chunks", "id", "heading, text", _PADDED, "WHEN {}.spaceless"),
    *_kept_in_step(TITLES, "items", "id", "title, source, tags"),
)

_SHOWN: Final = "chunks JOIN editions ON editions.item = chunks.item AND editions.edition = chunks.edition"


class Row(NamedTuple):
    """A chunk of an item."""

    id: int
    number: int
    start: int
    end: int
    place: str
    heading: str
    text: str


COLUMNS: Final = ("id", "number", "start", "stop", "place", "heading", "text")
"""Of a row."""

_MERGED: Final = 8
"""So many segments of the index go into one: with SQLite's own 4, all of it is written over half as often again."""


def tune(store: Store) -> None:
    """Have the index write itself over less often; said once, it is kept in the database."""
    if store.value(f"SELECT v FROM {WORDS}_config WHERE k = 'automerge'") != _MERGED:
        with store.transaction():
            store.execute(f"INSERT INTO {WORDS} ({WORDS}, rank) VALUES ('automerge', {_MERGED})")


type_piece = tuple[int, int, int, str, str, str, str, bool]
"""Number, start, end, place, heading, text, folded, whether it is of a script without spaces."""

_TOGETHER: Final = 1000
"""So many rows go in by one statement at most: before each the index writes what it has of those before."""


def of_item(store: Store, item: int, after: int = -1, limit: int = 500) -> list[Row]:
    """The chunks of an item in order: at most `limit` of those whose number is higher than `after`."""
    rows = store.rows(
        f"SELECT {', '.join(COLUMNS)} FROM {_SHOWN} WHERE chunks.item = ? AND number > ? ORDER BY number LIMIT ?",
        (item, after, limit),
    )
    return [Row(*row) for row in rows]


def count_of(store: Store, item: int) -> int:
    """How many chunks of an item are seen."""
    count: int = store.value(f"SELECT count(*) FROM {_SHOWN} WHERE chunks.item = ?", (item,))
    return count


def begin(store: Store, item: int) -> int:
    """The number of a new edition of an item: nobody sees it until it is shown."""
    store.execute(
        "INSERT INTO editions (item, edition, unfinished) VALUES (?, 0, 1) ON CONFLICT (item) DO UPDATE SET"
        " unfinished = 1",
        (item,),
    )
    last: int = store.value("SELECT max(edition) FROM chunks WHERE item = ?", (item,)) or 0
    shown: int = store.value("SELECT edition FROM editions WHERE item = ?", (item,))
    return max(last, shown) + 1


def add(store: Store, edition_pieces: Sequence[tuple[int, int, type_piece]]) -> None:
    """Chunks of editions that are not shown yet: (item, edition, piece)."""
    row = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    for first in range(0, len(edition_pieces), _TOGETHER):
        some = edition_pieces[first : first + _TOGETHER]
        store.execute(
            "INSERT INTO chunks (item, edition, number, start, stop, place, heading, text, folded, spaceless) VALUES "
            + ", ".join([row] * len(some)),
            [value for item, edition, piece in some for value in (item, edition, *piece)],
        )


def show(store: Store, item: int, edition: int) -> None:
    """From now on these are the chunks of the item."""
    store.execute("UPDATE editions SET edition = ? WHERE item = ?", (edition, item))


def remove_unseen(store: Store, item: int, limit: int) -> bool:
    """Remove at most `limit` chunks of an item that nobody sees; whether there are none left."""
    removed = store.execute(
        "DELETE FROM chunks WHERE id IN (SELECT id FROM chunks WHERE item = ? AND edition <> coalesce("
        "(SELECT edition FROM editions WHERE item = ?), 0) LIMIT ?)",
        (item, item, limit),
    )
    if removed < limit:
        store.execute("UPDATE editions SET unfinished = 0 WHERE item = ?", (item,))
    return removed < limit


def unfinished(store: Store) -> list[int]:
    """Items that may have chunks which nobody sees: somebody was stopped while writing them."""
    return [item for (item,) in store.rows("SELECT item FROM editions WHERE unfinished")]
