"""Finding texts. The rule: what a search costs is bounded: of what very many chunks say, the newest are ranked.

A score is better the lower it is, as `bm25` has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from box.models.base import Store
from box.models.chunks import TITLES

RANKED_MAX: Final = 5000
"""So many chunks are ranked: more cost time, and somebody who looks for a word that is everywhere is helped by none."""

TITLES_MAX: Final = 200
EXPANDED_MAX: Final = 200
HEADING_WEIGHT, TEXT_WEIGHT = 4.0, 1.0

OPEN, CLOSE = "\x02", "\x03"
"""Around what was found."""


class Hit(NamedTuple):
    """A chunk that holds what was asked for."""

    chunk: int
    item: int
    score: float


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


class Passage(NamedTuple):
    """A chunk as it was found, with marks around the words."""

    number: int
    start: int
    end: int
    place: str
    heading: str
    text: str
    marked: str


class Filter(NamedTuple):
    """Which items are looked for; empty is any."""

    user: str = ""
    kind: str = ""
    tag: str = ""
    since: str = ""

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


def ranked(store: Store, index: str, match: str, wanted: Filter) -> tuple[list[Hit], bool]:
    """The chunks that hold it, in no order; whether there were more than were ranked."""
    condition, values = wanted.condition()
    rows = store.rows(
        f"SELECT c.id, c.item, bm25({index}, {HEADING_WEIGHT}, {TEXT_WEIGHT}) FROM {index}"
        f" CROSS JOIN chunks c ON c.id = {index}.rowid"
        " CROSS JOIN editions e ON e.item = c.item AND e.edition = c.edition CROSS JOIN items i ON i.id = c.item"
        f" WHERE {index} MATCH ? AND {condition} ORDER BY {index}.rowid DESC LIMIT {RANKED_MAX + 1}",
        (match, *values),
    )
    return [Hit(*row) for row in rows[:RANKED_MAX]], len(rows) > RANKED_MAX


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
        f"SELECT id, user, item_kind, title, authors, date, tags, note, path, origin FROM items WHERE id IN ({marks})",
        tuple(ids),
    )
    return {row[0]: Found(*row) for row in rows}


def passage(store: Store, index: str, match: str, chunk: int) -> Passage | None:
    """A chunk with what was found in it marked; None if it has gone meanwhile."""
    row = store.row(
        "SELECT c.number, c.start, c.stop, c.place, c.heading, c.text, highlight("
        f"{index}, 1, '{OPEN}', '{CLOSE}') FROM {index} JOIN chunks c ON c.id = {index}.rowid"
        f" WHERE {index} MATCH ? AND {index}.rowid = ?",
        (match, chunk),
    )
    return Passage(*row) if row else None
