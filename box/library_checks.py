"""The chunks beside their notes and their index. The rule: as in `box.verify`: all is said, nothing is changed.

SQLite can compare an index with its table only where it may write, and for as long as that takes nobody else can. So
where a service is at work only the rows are compared, or, with `deep`, a copy of the database.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator

from box import locks
from box.errors import DatabaseDamaged
from box.models import chunk_checks, chunks, claims_found, texts
from box.models.base import Store
from box.models.texts import Text
from box.paths import join

_BLOCK_CHARS = 1 << 16

type_difference = tuple[str, str, str]
"""Subject, what was expected, what was found."""


def row_differences(store: Store) -> Iterator[type_difference]:
    """Whether every item has its chunks and its claims, and every chunk is in the index."""
    for item, expected, found in chunk_checks.counts(store):
        yield f"item {item}", f"{expected} chunks", f"{found} chunks"
    for item, expected, found in claims_found.unlike(store):
        yield f"item {item}", f"{expected} claims", f"{found} claims"
    for index in (chunks.WORDS, chunks.RUNS):
        for chunk in chunk_checks.unlisted(store, index):
            yield f"chunk {chunk}", f"to be in {index}", "that it is not"
        for chunk in chunk_checks.stray(store, index):
            yield f"chunk {chunk}", "none", f"one in {index}"


def index_differences(store: Store, root: str, *, deep: bool) -> Iterator[type_difference]:
    """Whether the index says what the chunks say, word for word."""
    if not locks.is_held(root):
        yield from _broken(store)
    elif deep:
        with tempfile.TemporaryDirectory(prefix=".verify-", dir=root) as folder:
            path = os.path.join(folder, "copy.db")
            store.copy_to(path)
            copy = Store(path, durable=False)
            try:
                yield from _broken(copy)
            finally:
                copy.close()


def _broken(store: Store) -> Iterator[type_difference]:
    for index in chunks.INDEXED:
        try:
            with store.transaction():
                chunk_checks.check(store, index)
        except DatabaseDamaged:
            yield index, "the words of the texts", "others; `box do index policy=all` makes it anew"


def text_differences(store: Store, root: str, check: Callable[[], None]) -> Iterator[type_difference]:
    """Read every note again and compare it with its chunks."""
    for user in texts.users(store):
        after = 0
        while page := texts.indexed(store, user, after, 200):
            for each in page:
                check()
                yield from _text_differences(store, root, each)
            after = page[-1].id


def _text_differences(store: Store, root: str, text: Text) -> Iterator[type_difference]:
    try:
        note = open(join(root, text.note), encoding="utf-8", errors="replace", newline="")  # noqa: SIM115 - below
    except OSError:
        return  # said already
    with note:
        window, at, number = "", 0, -1
        while page := chunks.of_item(store, text.id, number):
            for chunk in page:
                while at + len(window) < chunk.end and (block := note.read(_BLOCK_CHARS)):
                    window += block
                window, at = window[chunk.start - at :], chunk.start
                if window[: chunk.end - chunk.start] != chunk.text:
                    yield f"{text.note} chunk {chunk.number}", "the text of the note", "another one"
                    return
            number = page[-1].number
