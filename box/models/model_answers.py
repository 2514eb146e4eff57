"""What a model answered about a piece of text. The rule: kept until the whole item is done, so nothing is paid twice.

An item larger than the budget of a day is done over several days; one whose job is killed goes on where it was. A text
about which there is no answer to use is asked about again on another day.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

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
    failure = peewee.TextField()
    """Why there is no answer to use, empty if there is."""
    day = peewee.TextField()
    """On which it was asked, in UTC."""

    class Meta:
        table_name = "model_answers"
        primary_key = peewee.CompositeKey("digest", "extractor", "extractor_version")
        without_rowid = True


class Answer(NamedTuple):
    """What came of asking about a text."""

    quotes: list[str]
    failure: str
    day: str


def put(store: Store, digest: str, extractor: str, version: int, answer: Answer) -> None:
    """It answered that, or did not."""
    store.execute(
        "INSERT INTO model_answers (digest, extractor, extractor_version, quotes, failure, day)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (digest, extractor, extractor_version) DO UPDATE SET"
        " quotes = excluded.quotes, failure = excluded.failure, day = excluded.day",
        # In ASCII: a model may quote halves of characters, which no database takes.
        (digest, extractor, version, json.dumps(answer.quotes), answer.failure, answer.day),
    )


def find(store: Store, digest: str, extractor: str, version: int) -> Answer | None:
    """What it answered, None if it was not asked."""
    row = store.row(
        "SELECT quotes, failure, day FROM model_answers WHERE digest = ? AND extractor = ? AND extractor_version = ?",
        (digest, extractor, version),
    )
    return None if row is None else Answer(list(json.loads(row[0])), row[1], row[2])


def forget(store: Store, digests: Sequence[str]) -> None:
    """They are no longer needed: the item is done. What other extractors answered goes too."""
    store.execute_each("DELETE FROM model_answers WHERE digest = ?", ((digest,) for digest in digests))


def forget_all(store: Store) -> None:
    """Nobody needs any: all items are done, and what is left is about texts that are gone."""
    store.execute("DELETE FROM model_answers")
