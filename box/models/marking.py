"""Marks: what was found in a passage. The rule: passages are marked by an index of them alone, with the same words.

To look each of them up in the index of all texts again takes ten times as long as to make one of those few, in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from box.models.base import Store
from box.models.chunks import COLUMNS, FOLDED_VIEWS, TOKENIZERS, Row

OPEN, CLOSE = "\x02", "\x03"
"""Around what was found."""

_ROW: Final = f"c.{', c.'.join(COLUMNS)}"


class Passage(NamedTuple):
    """A chunk as it was found, and its text with marks around the words."""

    row: Row
    marked: str


def prepare(store: Store) -> None:
    """Once for a connection, before the transaction in which something is marked."""
    with store.lock:
        for table, tokenize in TOKENIZERS.items():
            columns = f'heading, text, tokenize = "{tokenize}"'
            store.execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.few_{table} USING fts5 ({columns})")


def marked(store: Store, table: str, match: str, ids: Sequence[int]) -> dict[int, Passage]:
    """Of these chunks those that answer a question that was put to an index, by number, with what was found marked."""
    if not ids:
        return {}
    few = f"few_{table}"
    store.execute(f"DELETE FROM {few}")
    store.execute(
        f"INSERT INTO {few} (rowid, heading, text) SELECT id, heading, text FROM {FOLDED_VIEWS[table]}"
        f" WHERE id IN ({', '.join('?' * len(ids))})",
        tuple(ids),
    )
    rows = store.rows(
        f"SELECT {_ROW}, highlight({few}, 1, '{OPEN}', '{CLOSE}') FROM {few}"
        f" CROSS JOIN chunks c ON c.id = {few}.rowid WHERE {few} MATCH ?",
        (match,),
    )
    return {row[0]: Passage(Row(*row[:-1]), row[-1]) for row in rows}


def plain(store: Store, ids: Sequence[int]) -> dict[int, Passage]:
    """Chunks as they stand, by number; those that have gone meanwhile are not among them."""
    rows = store.rows(f"SELECT {_ROW} FROM chunks c WHERE c.id IN ({', '.join('?' * len(ids))})", tuple(ids))
    return {row[0]: unmarked(Row(*row)) for row in rows}


def unmarked(row: Row) -> Passage:
    """A chunk in which nothing was found."""
    return Passage(row, row.text)
