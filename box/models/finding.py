"""Finding texts. The rule: what a search costs is bounded: of what very many chunks say, the newest are ranked.

A score is better the lower it is, as `bm25` has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from box.models.base import Store
from box.models.chunks import RUNS, TITLES

RANKED_MAX: Final = 500
"""So many chunks are ranked: each costs some 8 µs, and who looks for a word that is everywhere is helped by none."""

COMMON_ROWS: Final = 30_000
"""What more chunks hold than that says little, and to count it, as `bm25` does, takes longer than all else."""

_SAMPLE_ROWS: Final = 2000
"""The newest chunks: how many of them hold a word tells how many of all do."""

TITLES_MAX: Final = 200
EXPANDED_MAX: Final = 200
HEADING_WEIGHT, TEXT_WEIGHT = 4.0, 1.0

type_hit = tuple[float, int, int]
"""Score, item (negative: of equals the newest is the best), chunk."""


class Found(NamedTuple):
    """An item that was found."""

    id: int
    user: str
    kind: str
    title: str
    authors: str
    date: str
    tags: str
    note: str
    path: str
    origin: str


class Filter(NamedTuple):
    """Which items are looked for; empty is any."""

    user: str = ""
    kind: str = ""
    tag: str = ""
    since: str = ""

    @property
    def is_any(self) -> bool:
        """Whether all items are meant."""
        return not any(self)

    def condition(self) -> tuple[str, list[Any]]:
        """SQL for rows of `items i`, and its values."""
        parts = ["i.replaced_by = 0"]
        values: list[Any] = []
        for sql, value in (
            ("i.user = ?", self.user),
            ("i.item_kind = ?", self.kind),
            ("coalesce(nullif(i.date, ''), i.read_at) >= ?", self.since),
        ):
            if value:
                parts.append(sql)
                values.append(value)
        if self.tag:
            parts.append("instr(char(10) || i.tags || char(10), char(10) || ? || char(10)) > 0")
            values.append(self.tag)
        return " AND ".join(parts), values


def ranked(
    store: Store, index: str, match: str, wanted: Filter, unwanted: str = "", within: str = ""
) -> tuple[list[type_hit], bool]:  # fmt: skip
    """The chunks that hold it, in no order; whether there were more than were ranked.

    `unwanted` is a question for the index of parts of words that none of them may answer; `within` is another one for
    this index that they have to answer, too, without being ranked by it.
    """
    return _hits(store, index, f"bm25({index}, {HEADING_WEIGHT}, {TEXT_WEIGHT})", match, wanted, unwanted, within)


def newest(
    store: Store, index: str, match: str, wanted: Filter, unwanted: str = ""
) -> tuple[list[type_hit], bool]:  # fmt: skip
    """The same, but the newest are the best."""
    return _hits(store, index, f"-{index}.rowid / 1e12", match, wanted, unwanted, "")


def _hits(
    store: Store, index: str, score: str, match: str, wanted: Filter, unwanted: str, within: str
) -> tuple[list[type_hit], bool]:  # fmt: skip
    condition, values = wanted.condition()
    # An item is looked at only if it matters which it is: of old versions the chunks go anyway.
    items, values = ("", []) if wanted.is_any else (f" CROSS JOIN items i ON i.id = c.item AND {condition}", values)
    # The `+` keeps SQLite from asking the index once for each row of the other question.
    outside = f" AND +{index}.rowid NOT IN (SELECT rowid FROM {RUNS} WHERE {RUNS} MATCH ?)" if unwanted else ""
    chunk = f"{index} CROSS JOIN chunks c INDEXED BY chunk_item ON c.id = {index}.rowid"
    the_newest = f"ORDER BY {index}.rowid DESC LIMIT {RANKED_MAX + 1}"
    shown = (
        f"{chunk} CROSS JOIN editions e ON e.item = c.item AND e.edition = c.edition{items}"
        f" WHERE {index} MATCH ?{outside} {the_newest}"
    )
    asked = (*values, within or match, *([unwanted] if unwanted else []))
    if within:  # the newest that answer, then their scores: so of a word that is everywhere no more is read than that
        inside = f"+{index}.rowid IN (SELECT {index}.rowid FROM {shown})"
        rows = store.rows(
            f"SELECT {score}, -c.item, c.id FROM {chunk} WHERE {index} MATCH ? AND {inside} {the_newest}",
            (match, *asked),
        )
    else:
        rows = store.rows(f"SELECT {score}, -c.item, c.id FROM {shown}", asked)
    return rows[:RANKED_MAX], len(rows) > RANKED_MAX


def is_common(store: Store, index: str, word: str) -> bool:
    """Whether very many chunks hold a word; told from the newest."""
    last = store.value("SELECT max(id) FROM chunks") or 0
    if last <= COMMON_ROWS:
        return False
    quoted = '"' + word.replace('"', '""') + '"'
    count: int = store.value(
        f"SELECT count(*) FROM (SELECT 1 FROM {index} WHERE {index} MATCH ? AND rowid > ?)",
        (quoted, last - _SAMPLE_ROWS),
    )
    return count / _SAMPLE_ROWS * last > COMMON_ROWS


def titled(store: Store, match: str, wanted: Filter) -> list[tuple[int, float]]:
    """Items whose title, source or tags hold it as parts of words."""
    condition, values = wanted.condition()
    return store.rows(
        f"SELECT i.id, bm25({TITLES}) FROM {TITLES} CROSS JOIN items i ON i.id = {TITLES}.rowid"
        f" WHERE {TITLES} MATCH ? AND {condition} ORDER BY {TITLES}.rowid DESC LIMIT {TITLES_MAX}",
        (match, *values),
    )


def runs_that_begin(store: Store, index: str, text: str) -> list[str]:
    """What an index of parts of words holds that begins so."""
    text = text.lower()
    rows = store.rows(
        f"SELECT term FROM {index}_vocabulary WHERE term >= ? AND term < ? LIMIT {EXPANDED_MAX}",
        (text, text + "\U0010ffff"),
    )
    return [term for (term,) in rows]


def items(store: Store, ids: Sequence[int]) -> dict[int, Found]:
    """Items by their numbers."""
    marks = ", ".join("?" * len(ids))
    rows = store.rows(
        "SELECT id, user, item_kind, title, authors, date, tags, note, path, origin FROM items"
        f" WHERE id IN ({marks}) AND replaced_by = 0",
        tuple(ids),
    )
    return {row[0]: Found(*row) for row in rows}


class Comparable(NamedTuple):
    """A text of whose chunks there may be vectors."""

    item: int
    user: str
    note_digest: str


def comparable(store: Store, wanted: Filter, after: int, limit: int) -> list[Comparable]:
    """Texts that are in the index as they stand, by number, a page at a time."""
    condition, values = wanted.condition()
    rows = store.rows(
        "SELECT i.id, i.user, i.note_digest FROM items i WHERE i.id > ? AND i.chunks > 0"
        f" AND i.note_digest = i.indexed_digest AND {condition} ORDER BY i.id LIMIT ?",
        (after, *values, limit),
    )
    return [Comparable(*row) for row in rows]


def chunk_of(store: Store, item: int, number: int) -> int:
    """The chunk of an item that has that number, 0 for none."""
    return (
        store.value(
            "SELECT c.id FROM chunks c JOIN editions e ON e.item = c.item AND e.edition = c.edition"
            " WHERE c.item = ? AND c.number = ?",
            (item, number),
        )
        or 0
    )


def holds(store: Store, index: str, match: str, chunk: int) -> bool:
    """Whether a chunk answers a question."""
    return store.row(f"SELECT 1 FROM {index} WHERE {index} MATCH ? AND rowid = ?", (match, chunk)) is not None
