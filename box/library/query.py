"""Queries. The rule: whatever somebody types is a valid question or none; what is no sign of the language is a word.

    heron nest          both words              "grey heron"        the phrase
    heron OR egret      either                  heron*              words that begin so (three letters at least)
    -swan               not that                NEAR(heron nest, 5) at most five words apart; also: heron NEAR/5 nest

OR parts alternatives: `a b OR c` is "a and b, or c". What is excluded is excluded from all of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from box.library.folding import folded
from box.library.markdown import clean
from box.library.tokens import is_spaceless

CHARS_MAX: Final = 1000
TERMS_MAX: Final = 32
PREFIX_CHARS_MIN: Final = 3
"""Shorter beginnings are those of half the words there are."""

NEAR_WORDS: Final = 10
NEAR_WORDS_MAX: Final = 64
RUN_CHARS: Final = 3
"""What the index of parts of words holds."""

_TERM: Final = re.compile(
    r'(?P<minus>-?)"(?P<phrase>[^"]*)"?(?P<star>\*?)'
    r"|NEAR\((?P<near>[^()]*)\)"
    r"|(?P<word>\S+)"
)
_WORD: Final = re.compile("[\\w\u0900-\u0963\u0966-\u0dff]+")
"""Signs of India's scripts are parts of words, as in the index."""

_KOREAN: Final = re.compile("[\uac00-\ud7a3]{2,}")
"""Of those, what is added at the end of a word (to, from, of) is a part of it."""

_BETWEEN: Final = re.compile(r"NEAR(?:/(\d{1,3}))?")

type_expand = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Term:
    """Something that a text has to hold."""

    kind: Literal["words", "prefix", "near"]
    texts: tuple[str, ...]
    """One text, of one word or several in that order; of `near` several."""
    distance: int = 0

    @property
    def is_spaceless(self) -> bool:
        """Whether there is a word in it of a script that puts no spaces between them."""
        return any(map(is_spaceless, self.texts))


@dataclass(frozen=True, slots=True)
class Query:
    """A question."""

    alternatives: tuple[tuple[Term, ...], ...] = ()
    """One of them has to hold, with all its terms."""
    excluded: tuple[Term, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for."""
        return not self.alternatives

    def terms(self) -> Iterator[Term]:
        """All that is asked for, without what is excluded."""
        for alternative in self.alternatives:
            yield from alternative


def parse(text: str) -> Query:
    """What somebody typed, as a question; an empty one if there is no word in it."""
    text = clean(text[:CHARS_MAX])
    alternatives: list[list[Term]] = [[]]
    excluded: list[Term] = []
    distance = count = 0
    for match in _TERM.finditer(text):
        word = match["word"] or ""
        if word == "OR":
            alternatives.append([])
            continue
        between = _BETWEEN.fullmatch(word)
        if between and alternatives[-1] and alternatives[-1][-1].kind != "prefix":
            distance = _distance(between[1])
            continue
        if word == "AND" and alternatives[-1]:
            continue
        term, is_excluded = _term(match)
        if term is None or count >= TERMS_MAX:
            continue
        count += 1
        if is_excluded:
            excluded.append(term)
        elif distance and term.kind == "words":
            last = alternatives[-1].pop()
            alternatives[-1].append(Term("near", (*last.texts, *term.texts), max(distance, last.distance)))
        else:
            alternatives[-1].append(term)
        distance = 0
    return Query(tuple(tuple(each) for each in alternatives if each), tuple(excluded))


def _term(match: re.Match[str]) -> tuple[Term | None, bool]:
    """A term, and whether it is excluded; None if there is no word in it."""
    if match["near"] is not None:
        words, _, number = match["near"].rpartition(",")
        if not number.strip().isdecimal():
            words, number = match["near"], ""
        texts = tuple(text for text in words.split() if _is_word(text))
        kind: Literal["near", "words"] = "near" if len(texts) > 1 else "words"
        return (Term(kind, texts, _distance(number.strip())) if texts else None), False
    text, minus, star = match["phrase"], match["minus"], match["star"]
    if text is None:
        text = match["word"]
        minus = text[:1] if text.startswith("-") else ""
        star = text[-1:] if text.endswith("*") else ""
        text = text.removeprefix(minus)
    text = " ".join(text.removesuffix("*").split())
    if not _is_word(text):
        return None, False
    is_prefix = bool(star) and sum(map(str.isalnum, text)) >= PREFIX_CHARS_MIN
    is_prefix |= match["phrase"] is None and _KOREAN.fullmatch(text) is not None
    return Term("prefix" if is_prefix else "words", (text,)), bool(minus)


def _distance(digits: str | None) -> int:
    return min(NEAR_WORDS_MAX, max(1, int(digits))) if digits and digits.isascii() and len(digits) < 4 else NEAR_WORDS


def _is_word(text: str) -> bool:
    """Whether there is something in it that the index takes for a part of a word."""
    return any(unicodedata.category(char)[0] in "LN" for char in text)


def any_of(terms: Sequence[Term]) -> Query:
    """A question that each of the terms answers alone."""
    return Query(tuple((term,) for term in terms))


def by_script(query: Query) -> tuple[Query, Query]:
    """The alternatives in words, and those with a word of a script without spaces; each with what it excludes so."""
    wanted: tuple[list[tuple[Term, ...]], list[tuple[Term, ...]]] = ([], [])
    for alternative in query.alternatives:
        wanted[any(term.is_spaceless for term in alternative)].append(alternative)
    excluded: tuple[list[Term], list[Term]] = ([], [])
    for term in query.excluded:
        excluded[term.is_spaceless].append(term)
    words, runs = (Query(tuple(each), tuple(those)) for each, those in zip(wanted, excluded, strict=True))
    return words, runs


def without(query: Query, is_common: Callable[[str], bool]) -> Query | None:
    """The words by which to rank what answers a question: those that are not everywhere.

    The question itself if none of its words is; None if nothing is left.
    """
    if not any(is_common(word) for term in (*query.terms(), *query.excluded) for word in _words(term)):
        return query
    if len(query.alternatives) != 1:
        return None
    kept: list[Term] = []
    for term in query.terms():
        words = _words(term)
        telling = [word for word in words if not is_common(word)]
        if term.kind == "prefix" or (words and len(telling) == len(words)):
            kept.append(term)
        else:
            kept += [Term("words", (word,)) for word in telling]
    return Query((tuple(kept),)) if kept else None


def _words(term: Term) -> list[str]:
    """What the index has for it; the words that begin so are many, and are not asked for."""
    return [] if term.kind == "prefix" else [word for text in term.texts for word in _WORD.findall(text)]


# --- what SQLite reads -----------------------------------------------------------------------------------------------


def words_match(query: Query) -> str:
    """The question for the index of words."""
    return _match(query, _in_words)


def runs_match(query: Query, expand: type_expand) -> str:
    """The question for the index of parts of words; `expand` tells which of its entries begin with a shorter text."""
    return _match(query, lambda term: _in_runs(term, expand))


def _match(query: Query, write: Callable[[Term], str]) -> str:
    wanted = " OR ".join(f"({' AND '.join(map(write, each))})" for each in query.alternatives)
    without = " OR ".join(map(write, query.excluded))
    return f"({wanted}) NOT ({without})" if wanted and without else wanted


def _in_words(term: Term) -> str:
    """As the text says it (titles and headings are not folded), or as it is looked for."""
    other = Term(term.kind, tuple(map(folded, term.texts)), term.distance)
    if other == term or not all(map(_is_word, other.texts)):
        return _plain(term)
    return f"({_plain(term)} OR {_plain(other)})"


def _plain(term: Term) -> str:
    if term.kind == "near":
        return f"NEAR({' '.join(map(_quoted, term.texts))}, {term.distance})"
    return _quoted(term.texts[0]) + (" *" if term.kind == "prefix" else "")


def _in_runs(term: Term, expand: type_expand) -> str:
    return "(" + " AND ".join(_run(text, expand) for text in term.texts) + ")"


def _run(text: str, expand: type_expand) -> str:
    found: list[str] = []
    for form in dict.fromkeys((text, folded(text))):
        found += [form] if len(form) >= RUN_CHARS else expand(form) if form else []
    # Nothing begins so: nothing is found.
    return "(" + " OR ".join(map(_quoted, found or [text + "\N{REPLACEMENT CHARACTER}" * RUN_CHARS])) + ")"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
