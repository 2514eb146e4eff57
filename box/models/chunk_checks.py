"""Checks of chunks: what of the index is not as it should be. The rule: reads only, but for `check`."""

from __future__ import annotations

from typing import Final

from box.models.base import Store
from box.models.chunks import WORDS
from box.models.items import UNINDEXED

SHOWN_MAX: Final = 100
"""So many of each sort are told; the rest is no better."""


def counts(store: Store) -> list[tuple[int, int, int]]:
    """(item, chunks that it should have, chunks that are seen) where the two differ, of what is said to be indexed."""
    return store.rows(
        f"SELECT id, chunks, there FROM (SELECT id, chunks, (SELECT count(*) FROM chunks c WHERE c.item = items.id"
        " AND c.edition = (SELECT edition FROM editions WHERE item = items.id)) AS there FROM items"
        f" WHERE NOT {UNINDEXED}) WHERE there <> chunks LIMIT {SHOWN_MAX}"
    )


def unlisted(store: Store, index: str) -> list[int]:
    """Chunks that are not in the index."""
    meant = "" if index == WORDS else " AND c.spaceless"
    return _numbers(
        store,
        f"SELECT c.id FROM chunks c LEFT JOIN {index}_docsize d ON d.id = c.id WHERE d.id IS NULL{meant}"
        f" LIMIT {SHOWN_MAX}",
    )


def stray(store: Store, index: str) -> list[int]:
    """What the index holds of chunks that are not there."""
    return _numbers(
        store,
        f"SELECT d.id FROM {index}_docsize d LEFT JOIN chunks c ON c.id = d.id WHERE c.id IS NULL LIMIT {SHOWN_MAX}",
    )


def check(store: Store, index: str) -> None:
    """Have SQLite compare an index with its table, word for word. Raises sqlite3.DatabaseError."""
    store.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")


def _numbers(store: Store, sql: str) -> list[int]:
    return [number for (number,) in store.rows(sql)]
