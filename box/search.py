"""Searching. The rule: a search reads, and what it costs is bounded; the same question gets the same order.

    from box import search

    search.search("heron nest", user="me").results[0].title

Texts come first, the best passages of each together; then those of which only the title or the name holds it; then
photos, the newest first. `after` is where the results before ended (`Results.next`). Offsets are characters of the
note: `note[start:end]`.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from box import config, photo_search, snippets, text_search, vector_search
from box.beside import Beside, beside
from box.errors import UsageError
from box.library import query as asking
from box.library.query import Query
from box.models import finding, marking, photo_finding
from box.models.base import Store
from box.photos.naming import camera_of
from box.snippets import Snippet
from box.text_search import Ranked
from box.vector_search import Asked

LIMIT_MAX: Final = 1000
PHOTO: Final = "photo"
_SINCE: Final = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")

type_key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """Where a text says it."""

    number: int
    """Of the chunk."""
    place: str
    """Page or time where it says so, if the text tells."""
    heading: str
    start: int
    end: int
    snippet: Snippet


@dataclass(frozen=True, slots=True)
class Result:
    """Something that was found."""

    kind: str
    """"photo", or the kind of text."""
    user: str
    title: str
    path: str
    """Of the original; empty once it was deleted."""
    date: str = ""
    item: int = 0
    """Number of a text, 0 for a photo."""
    note: str = ""
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    origin: str = ""
    score: float = 0.0
    """Lower is better; of texts in which it was found."""
    found_by: tuple[str, ...] = ()
    """Of a text: `words` or `vectors`, or both, or its `title`."""
    passages: tuple[Passage, ...] = ()
    thumbnail: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """A page of what was found."""

    results: tuple[Result, ...] = ()
    next: str = ""
    """Where to go on; empty at the end."""
    is_cut: bool = False
    """Very many passages hold it: only the newest of them were ranked."""
    without_vectors: str = ""
    """Why nothing was looked for in other words, though it should be."""


def search(
    text: str, *, kind: str = "", user: str = "", tag: str = "", since: str = "", limit: int = 20, after: str = "",
    box: Beside | None = None,
) -> Results:  # fmt: skip
    """What the library holds about it. Raises UsageError for what cannot be asked, BoxError where there is no box."""
    query = asking.parse(text)
    if not 1 <= limit <= LIMIT_MAX:
        raise UsageError(f"limit {limit}: from 1 to {LIMIT_MAX} results a page")
    if since and not _SINCE.fullmatch(since):
        raise UsageError(f"since {since!r}: a day such as 2024-05-04, a month such as 2024-05, or a year")
    key = _key_of(after)
    if query.is_empty:
        return Results()
    wanted = finding.Filter(user, kind, tag, since)
    with _opened(box) as way:
        asked, why = (None, "") if kind == PHOTO else vector_search.asked(query, way.config)
        marking.prepare(way.store)
        with way.store.snapshot():
            found, more, is_cut = _found(way.store, query, asked, wanted, key, limit)
    return Results(tuple(found), _cursor(more) if more else "", is_cut, why)


def _found(
    store: Store, query: Query, asked: Asked | None, wanted: finding.Filter, key: type_key, limit: int
) -> tuple[list[Result], type_key, bool]:
    """A page of texts and photos, where to go on, and whether the ranking is of the newest only."""
    found, more, is_cut = _texts(store, query, asked, wanted, key, limit)
    if not more and wanted.kind in ("", PHOTO) and len(found) <= limit:
        photos, more = _photos(store, query, wanted, key, limit - len(found))
        found += photos
    return found, more, is_cut


@contextmanager
def _opened(box: Beside | None) -> Iterator[Beside]:
    if box is not None:
        yield box
        return
    with beside(config.load(None, os.environ)) as one:
        yield one


# --- texts -----------------------------------------------------------------------------------------------------------


def _texts(
    store: Store, query: Query, asked: Asked | None, wanted: finding.Filter, key: type_key, limit: int
) -> tuple[list[Result], type_key, bool]:
    """The texts of this page, where to go on (nowhere: empty), and whether the ranking is of the newest only."""
    if wanted.kind == PHOTO or key[:1] == (2,):
        return [], (), False
    ranking = text_search.ranked(store, query, asked, wanted)
    page = [each for each in ranking.texts if not key or each.key > key]
    shown: list[tuple[Ranked, finding.Found]] = []
    more: type_key = ()
    for number, each in enumerate(page, 1):
        facts = finding.items(store, [each.item])
        shown += ((each, found) for found in facts.values())
        if len(shown) == limit:
            more = each.key if number < len(page) else ()
            break
    said = text_search.passages(store, ranking.ways, [each for each, _ in shown])
    results = [_result(found, each, tuple(_passage(*one) for one in said[each.item])) for each, found in shown]
    return results, more, ranking.is_cut


def _passage(found: marking.Passage, parts: Sequence[str]) -> Passage:
    row = found.row
    snippet = snippets.cut(row.text, found.marked, row.start, parts)
    return Passage(row.number, snippet.place or row.place, row.heading, row.start, row.end, snippet)


def _result(item: finding.Found, ranked: Ranked, passages: tuple[Passage, ...]) -> Result:
    return Result(
        kind=item.kind, user=item.user, title=item.title, path=item.path, date=item.date, item=item.id, note=item.note,
        authors=_lines(item.authors), tags=_lines(item.tags), origin=item.origin, score=ranked.score,
        found_by=ranked.found_by, passages=passages,
    )  # fmt: skip


def _lines(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split("\n")))


# --- photos ----------------------------------------------------------------------------------------------------------


def _photos(
    store: Store, query: Query, wanted: finding.Filter, key: type_key, limit: int
) -> tuple[list[Result], type_key]:
    """The photos of this page, and where to go on."""
    place = key[1:] if key[:1] == (2,) else photo_finding.FIRST
    if limit == 0:
        return [], (2, *place)
    fits = photo_search.fitting(query, wanted.user, wanted.tag)
    shots, after = photo_finding.newest(store, fits, photo_search.days_of(query, wanted.since), place, limit)
    results = [
        Result(
            kind=PHOTO, user=shot.user, title=camera_of(shot.make, shot.model), path=f"{shot.folder}/{shot.name}",
            date=shot.taken_at or shot.day, thumbnail=shot.thumbnail,
        )
        for shot in shots
    ]  # fmt: skip
    return results, (2, *after) if after else ()


# --- pages -----------------------------------------------------------------------------------------------------------


def _cursor(key: type_key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _key_of(cursor: str) -> type_key:
    """Where a page begins, empty for the first."""
    if not cursor:
        return ()
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        key = None
    kinds = [type(each) for each in key] if isinstance(key, list) else []
    if kinds in ([int, float, int], [int, str, str, str]) and isinstance(key, list) and key[0] in (0, 1, 2):
        return tuple(key)
    raise UsageError(f"after {cursor[:40]!r}: it is not where a search ended (`next`)")
