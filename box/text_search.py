"""Which texts are meant. The rule: words are looked for where their script has them, and what is found is one ranking.

Scripts that put no spaces between words have an index of their own (`box.models.chunks`). A question may be about
both: each of its alternatives is put to the index that knows its words.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from functools import cache, partial
from typing import Any, Final, NamedTuple

from box import vector_search
from box.library import query as asking
from box.library.query import Query
from box.library.vectors import fused
from box.models import chunks, finding, marking
from box.models.base import Store
from box.models.marking import Passage
from box.vector_search import Asked

PASSAGES_MAX: Final = 3

type_passage = tuple[Passage, Sequence[str]]
"""A passage, and the parts of words that were looked for in it."""

_FIRST: Final = 1000.0
"""Better than any score."""


class Way(NamedTuple):
    """What is asked of one of the indexes."""

    table: str
    query: Query
    match: str
    unwanted: str = ""
    """What the other index may not have of what is found."""

    @property
    def parts(self) -> list[str]:
        """The parts of words that are looked for, of an index of those."""
        return [text for term in self.query.terms() for text in term.texts] if self.table == chunks.RUNS else []


class Ranked(NamedTuple):
    """An item in its place."""

    stage: int
    score: float
    item: int
    hits: tuple[int, ...] = ()
    found_by: tuple[str, ...] = ("title",)

    @property
    def key(self) -> tuple[Any, ...]:
        """By which they are sorted."""
        return self.stage, self.score, -self.item


class Ranking(NamedTuple):
    """What was found, the best first."""

    texts: list[Ranked]
    ways: list[Way]
    is_cut: bool
    """Very many passages hold it: only the newest of them were ranked."""


def ranked(store: Store, query: Query, asked: Asked | None, wanted: finding.Filter) -> Ranking:
    """The texts that answer a question, and with a vector those that are near it."""
    ways = _ways(store, query)
    in_titles = asking.runs_match(query, partial(finding.runs_that_begin, store, chunks.TITLES))
    titles = finding.titled(store, in_titles, wanted)
    found = [_hits(store, way, wanted) for way in ways]
    is_cut = any(is_part for _, is_part in found)
    # Of what very many hold, those are meant that are about it.
    texts = _by_item([hit for hits, _ in found for hit in hits], {item for item, _ in titles} if is_cut else ())
    if asked:
        texts = _hybrid(texts, vector_search.near(store, asked, wanted, _unwanted(store, query)))
    known = {each.item for each in texts}
    texts += sorted((Ranked(1, score, item) for item, score in titles if item not in known), key=lambda each: each.key)
    return Ranking(texts, ways, is_cut)


def passages(store: Store, ways: Sequence[Way], texts: Sequence[Ranked]) -> dict[int, list[type_passage]]:
    """Where texts say it, by their numbers; of one of which only the title does, how it begins."""
    hits = [chunk for text in texts for chunk in text.hits]
    found: dict[int, type_passage] = {}
    for way in ways:
        left = [chunk for chunk in hits if chunk not in found]
        for chunk, passage in marking.marked(store, way.table, way.match, left).items():
            found[chunk] = passage, way.parts
    for chunk, passage in marking.plain(store, [chunk for chunk in hits if chunk not in found]).items():
        found[chunk] = passage, ()
    said = {text.item: [found[chunk] for chunk in text.hits if chunk in found] for text in texts}
    for text in texts:
        if not text.hits:
            rows = chunks.of_item(store, text.item, limit=1)
            said[text.item] = [(marking.unmarked(row), ()) for row in rows]
    return said


def _ways(store: Store, query: Query) -> list[Way]:
    spaced, spaceless = asking.by_script(query)
    ways = []
    if not spaced.is_empty:
        unwanted = _runs(store, asking.any_of(spaceless.excluded)) if spaceless.excluded else ""
        ways.append(Way(chunks.WORDS, spaced, asking.words_match(spaced), unwanted))
    if not spaceless.is_empty:
        every = Query(spaceless.alternatives, query.excluded)
        ways.append(Way(chunks.RUNS, every, _runs(store, every)))
    return ways


def _unwanted(store: Store, query: Query) -> list[tuple[str, str]]:
    """(index, what it may not have of a chunk) for what is excluded."""
    spaced, spaceless = asking.by_script(query)
    words = [(chunks.WORDS, asking.words_match(asking.any_of(spaced.excluded)))] if spaced.excluded else []
    runs = [(chunks.RUNS, _runs(store, asking.any_of(spaceless.excluded)))] if spaceless.excluded else []
    return words + runs


def _runs(store: Store, query: Query) -> str:
    return asking.runs_match(query, partial(finding.runs_that_begin, store, chunks.RUNS))


def _hits(store: Store, way: Way, wanted: finding.Filter) -> tuple[list[finding.type_hit], bool]:
    """The chunks that answer, ranked by what is not in very many of them, if there is such a word."""
    telling = asking.without(way.query, cache(partial(finding.is_common, store, way.table)))
    if telling is None:
        return finding.newest(store, way.table, way.match, wanted, way.unwanted)
    if telling == way.query:
        return finding.ranked(store, way.table, way.match, wanted, way.unwanted)
    words = asking.words_match(telling) if way.table == chunks.WORDS else _runs(store, telling)
    return finding.ranked(store, way.table, words, wanted, way.unwanted, way.match)


def _by_item(hits: list[finding.type_hit], first: Container[int]) -> list[Ranked]:
    """The items of the hits, the best first, each with its best chunks; `first` are those that come before others."""
    best: dict[int, list[int]] = {}
    scores: list[tuple[float, int]] = []
    for score, negative, chunk in sorted(hits):
        if -negative not in best:
            best[-negative] = []
            scores.append((score - (_FIRST if -negative in first else 0.0), negative))
        if len(best[-negative]) < PASSAGES_MAX and chunk not in best[-negative]:
            best[-negative].append(chunk)
    return [Ranked(0, score, -negative, tuple(best[-negative]), ("words",)) for score, negative in sorted(scores)]


def _hybrid(by_words: list[Ranked], near: list[tuple[int, list[int]]]) -> list[Ranked]:
    """One ranking of what holds the words and what is near; its passages are those with the words, if it has any."""
    words = {each.item: each.hits for each in by_words}
    vectors = {item: tuple(hits[:PASSAGES_MAX]) for item, hits in near}
    texts: list[Ranked] = []
    for item, score in fused(words, vectors).items():
        found_by = tuple(name for name, items in (("words", words), ("vectors", vectors)) if item in items)
        texts.append(Ranked(0, -score, item, words.get(item) or vectors[item], found_by))
    return sorted(texts, key=lambda each: each.key)
