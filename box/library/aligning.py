"""Aligning: where a text says what somebody quotes from it. The rule: as it stands, else word by word, else nearly so.

A quote that is nowhere near the text has no place. The work grows with the text: words are counted in a window that
moves over it, and only the best window is compared in order.
"""

# ruff: noqa: RUF001 - marks of other scripts

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Final

EXACT, NORMALISED, FUZZY = "exact", "normalised", "fuzzy"
NORMALISED_SCORE: Final = 0.98
FUZZY_MIN: Final = 0.75
"""Of the words of quote and place together so many have to be the same, in the same order."""

WORDS_MAX: Final = 300
"""Longer quotes are aligned word by word or not at all."""

_SIGN: Final = "[\u3005-\u9fff\uf900-\ufaff\uff66-\uff9f\u0e01-\u0e7f\U00020000-\U0003ffff]"
_WORD: Final = re.compile(rf"{_SIGN}|(?:(?!{_SIGN})[^\W_])+")
"""A word; in scripts that put no spaces between words, a character."""
_BETWEEN: Final = "\0"
"""What is in no word."""
_CLOSING: Final = frozenset(".!?…\"'”’»)]」』。！？।")
_OPENING: Final = frozenset("\"'“‘«([「『¿¡„")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a quote stands."""

    start: int
    end: int
    method: str
    score: float


def align(quote: str, text: str) -> Place | None:
    """The place in the text that a quote is from, None if there is none."""
    quote = quote.strip()
    if not quote:
        return None
    found = text.find(quote)
    if found >= 0:
        return Place(found, found + len(quote), EXACT, 1.0)
    wanted = [_folded(match[0]) for match in _WORD.finditer(quote)]
    matches = list(_WORD.finditer(text))
    if not wanted or not matches:
        return None
    words = [_folded(match[0]) for match in matches]
    first, score, method = _sequence(wanted, words), NORMALISED_SCORE, NORMALISED
    last = first + len(wanted) - 1
    if first < 0:
        first, last, score = _nearest(wanted, words) if len(wanted) <= WORDS_MAX else (0, 0, 0.0)
        method = FUZZY
    if score < FUZZY_MIN:
        return None
    start, end = matches[first].start(), matches[last].end()
    while end < len(text) and text[end] in _CLOSING and quote[-1] in _CLOSING:
        end += 1
    while start and text[start - 1] in _OPENING and quote[0] in _OPENING:
        start -= 1
    return Place(start, end, method, score)


def _folded(word: str) -> str:
    return unicodedata.normalize("NFKC", word).casefold()


def _sequence(wanted: list[str], words: list[str]) -> int:
    """Where the words stand one after the other, -1 if nowhere: as one text is searched in another."""
    before, found, _ = _joined(words).partition(_joined(wanted))
    return before.count(_BETWEEN) if found else -1


def _joined(words: list[str]) -> str:
    return _BETWEEN + _BETWEEN.join(words) + _BETWEEN


def _nearest(wanted: list[str], words: list[str]) -> tuple[int, int, float]:
    """(first word, last word, score) of the window that has most of the words, cut to those that are asked for."""
    need = Counter(wanted)
    have: Counter[str] = Counter()
    size = min(len(words), len(wanted) + len(wanted) // 4 + 1)
    same = best = at = 0
    for index, word in enumerate(words):
        have[word] += 1
        same += have[word] <= need[word]
        if index >= size:
            gone = words[index - size]
            same -= have[gone] <= need[gone]
            have[gone] -= 1
        if same > best:
            best, at = same, max(0, index - size + 1)
    first, last = at, min(len(words), at + size) - 1
    if best / len(wanted) < FUZZY_MIN / 2:
        return 0, 0, 0.0
    common = _common(wanted, words[first : last + 1])
    if not common:
        return 0, 0, 0.0
    first, last = at + common[0], at + common[-1]
    return first, last, round(2 * len(common) / (len(wanted) + last - first + 1), 3)


def _common(wanted: list[str], words: list[str]) -> list[int]:
    """Which of the words belong to the longest sequence that both have."""
    rows = [[0] * (len(words) + 1)]
    for word in wanted:
        above, row = rows[-1], [0]
        for index, other in enumerate(words):
            row.append(above[index] + 1 if word == other else max(above[index + 1], row[index]))
        rows.append(row)
    found: list[int] = []
    line, index = len(wanted), len(words)
    while line and index:
        if wanted[line - 1] == words[index - 1]:
            found.append(index - 1)
            line, index = line - 1, index - 1
        elif rows[line - 1][index] >= rows[line][index - 1]:
            line -= 1
        else:
            index -= 1
    return found[::-1]
