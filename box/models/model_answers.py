"""What a model answered about a piece of text. The rule: kept until the whole item is done, so nothing is paid twice.

An item larger than the budget of a day is done over several days; one whose job is killed goes on where it was.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import peewee

from box.models.base import Store, Table


class ModelAnswer(Table):
    """What was quoted from a text."""

    digest = peewee.TextField()
    """Of the text."""
    extractor = peewee.TextField()
    extractor_version = peewee.IntegerField()
    quotes = peewee.TextField()
    """JSON."""

    class Meta:
        table_name = "model_answers"
        primary_key = peewee.CompositeKey("digest", "extractor", "extractor_version")
        without_rowid = True


def put(store: Store, digest: str, extractor: str, version: int, quotes: Sequence[str]) -> None:
    """It answered that."""
    store.execute(
        "INSERT INTO model_answers (digest, extractor, extractor_version, quotes) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (digest, extractor, extractor_version) DO UPDATE SET quotes = excluded.quotes",
        (digest, extractor, version, json.dumps(quotes, ensure_ascii=False)),
    )


def find(store: Store, digest: str, extractor: str, version: int) -> list[str] | None:
    """What it answered, None if it was not asked."""
    quotes = store.value(
        "SELECT quotes FROM model_answers WHERE digest = ? AND extractor = ? AND extractor_version = ?",
        (digest, extractor, version),
    )
    return None if quotes is None else list(json.loads(quotes))


def forget(store: Store, digests: Sequence[str]) -> None:
    """They are no longer needed: the item is done. What other extractors answered goes too."""
    store.execute_each("DELETE FROM model_answers WHERE digest = ?", ((digest,) for digest in digests))
