"""Claims: which sentences state something that can be checked. The rule: a score says how likely, never whether true.

What speaks for a sentence: numbers, dates, named things, comparisons, causes, attribution, acts that somebody recorded.
What speaks against it: opinion, wish, talk. Questions, headings, boilerplate and what has no verb of its own are none.
Each sentence is cut into words once, and words are looked up in sets: the work grows with its length.
"""

# ruff: noqa: RUF001 - marks of other scripts

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import nsmallest
from itertools import pairwise
from typing import Final

from box.library.cues import by_language
from box.library.cues.cue import Cues
from box.library.cues.tongue import language_of
from box.library.sentences import spans

NAME: Final = "heuristic"
VERSION: Final = 2
"""Goes up with every change of what it finds: what an older one examined is examined again."""

CHARS_MIN: Final = 15
CHARS_MAX: Final = 1000
"""Shorter or longer ones are no sentence that anybody would check."""
WORDS_MIN: Final = 4

NUMBER, DATE, NAMED, COMPARING, CAUSING, SAYING, RECORDED = (
    "number", "date", "named", "comparison", "cause", "attribution", "record",
)  # fmt: skip

_WORD: Final = re.compile(r"[^\W_]+(?:[’'.,\-][^\W_]+)*")
_I: Final = ("I'", "I’")
"""A capital letter that is no name."""
_YEAR: Final = re.compile(r"(?:1[0-9]|20)[0-9][0-9]")
_UNIT: Final = re.compile("[$€£¥₽%‰°]")
_ADDRESS: Final = re.compile(r"\]\([^)\s]{1,1000}\)|<[A-Za-z/!][^<>]{0,500}>|https?://[^\s)>\]]+")
"""Of links and tags: their numbers state nothing."""
_CODE: Final = re.compile(r"[={}<>|\\~^@]|(?<=\w)(?:[_(](?=\w)|\[(?=[^\W\d]))|::|(?<=\s)#(?=\s)")
"""What is common in code and tables, and rare in what people write."""
_CODE_MIN: Final = 3
_CODE_WORDS: Final = 6
"""Code has at least one such sign to so many words."""
_BEGINS_CODE: Final = (">>>", "$ ")
_LEADERS: Final = re.compile(r"\.{8}|(?:\. ){6}")
"""They lead to the page numbers of a table of contents."""
_ENDS: Final = (".", "!", "…", "。", "！", "।", "॥", "۔", '"', "'", "”", "’", "»", "“", ")", "」", "』")
_QUESTION: Final = ("?", "？", "؟")

WEIGHTS: Final = {
    NUMBER: 0.30, DATE: 0.10, NAMED: 0.10, COMPARING: 0.20, CAUSING: 0.30, SAYING: 0.15, RECORDED: 0.15,
}  # fmt: skip
"""What a reason adds; round numbers, set by hand. The second of its kind adds half as much, and so on."""

_BASE: Final = 0.20
_AGAINST: Final = {"opinion": 0.20, "wish": 0.15, "talk": 0.10}
_PAST: Final = 0.10
"""What is told as past has happened, or has not: that can be checked."""
_ABOUT_OTHERS: Final = 0.05
_BY_SPEAKER, _WITH_SPEAKER = 0.10, 0.05
"""A sentence that begins with its speaker, or the one spoken to, is about them more often than about the world."""
_SHORT_WORDS, _LONG_WORDS = 5, 18
_SHORT, _LONG = 0.10, 0.05
_BOILERPLATE_WORDS: Final = 16
"""What pages say about themselves is short; one that says it twice is nothing else."""
_UNENDED_WORDS: Final = 8
"""Without a full stop it may be a heading, unless it has so many words."""
_STEM_CHARS: Final = 2
"""So much there has to be of a verb before its ending; "ed." is none, and no name is."""
_VERBLESS_WORDS, _COMMON_MIN = 10, 0.3
"""Nobody lists all verbs: a sentence of so many words, of which such a part is among the commonest, has one."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a sentence looks like."""

    score: float
    """0 to 1: how much speaks for that it states something that can be checked."""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of a text that states something."""

    start: int
    end: int
    score: float
    reasons: tuple[str, ...]


_NOTHING: Final = Judgement(0.0)


def claims_of(text: str, *, score_min: float, count_max: int, language: str = "", begun: int = 0) -> list[Claim]:
    """The best of the sentences in a piece of Markdown, in their order; those that begin before `begun` are known."""
    cues = by_language(language_of(text, language))
    found = []
    for start, end in prose(text):
        if start >= begun:
            judged = judge(text[start:end], cues)
            if judged.score >= score_min and judged.score:
                found.append(Claim(start, end, judged.score, judged.reasons))
    best = nsmallest(count_max, found, key=lambda claim: (-claim.score, claim.start))
    return sorted(best, key=lambda claim: claim.start)


# --- sentences -------------------------------------------------------------------------------------------------------

_LINE: Final = re.compile(
    r"[ \t]*(?:(?P<none>#{1,6}[ \t]|\||<!--|[=\-*_]{3,}[ \t]*\Z|\Z)|(?P<fence>```|~~~)"
    r"|(?P<mark>(?:[-+*>•‣◦]|[0-9]{1,9}[.)]|\[[0-9:.]{5,16}\]|\[\^[^\]\s]{1,20}\]:)[ \t]+))"
)


def prose(text: str) -> Iterator[tuple[int, int]]:
    """Where the sentences of a piece of Markdown are: no headings, tables, code; of list items what follows the dot."""
    for start, end in _paragraphs(text):
        for first, last in spans(text[start:end]):
            yield start + first, start + last


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    begun, at, fenced = -1, 0, False
    for line in text.splitlines(keepends=True):
        match = _LINE.match(line.rstrip("\r\n"))
        if match and match["fence"]:
            fenced = not fenced
        if begun >= 0 and (match or fenced):
            yield begun, at
            begun = -1
        if not fenced and (not match or match["mark"]) and begun < 0:
            begun = at + (match.end() if match else 0)
        at += len(line)
    if begun >= 0:
        yield begun, at


# --- one sentence ----------------------------------------------------------------------------------------------------


def judge(sentence: str, cues: Cues | None) -> Judgement:
    """How much speaks for a sentence; without cues of its language only what any language shows."""
    sentence = sentence.strip()
    if not (CHARS_MIN if cues else CHARS_MIN // 2) <= len(sentence) <= CHARS_MAX:
        return _NOTHING
    if sentence.rstrip("\"'”’»)*_ ").endswith(_QUESTION):
        return _NOTHING
    told = _ADDRESS.sub(" ", sentence).strip()
    written = _WORD.findall(told)
    if not _is_written(told, written):
        return _NOTHING
    small = [word.lower().replace("’", "'") for word in written]
    found = _numbers(told, small)
    if cues is None:
        return _judged(found, _BASE) if found[NUMBER] and _is_whole(sentence, written) else _NOTHING
    _look_up(small, cues, found)
    if not _is_sentence(sentence, small, found) or not _has_verb(sentence, written, small, found, cues):
        return _NOTHING
    if not cues.capital_nouns:
        found[NAMED] += sum(word[0].isupper() and len(word) > 1 and not word.startswith(_I) for word in written[1:])
    else:
        found[NAMED] += sum(word.isupper() and len(word) > 1 and word.isalpha() for word in written) + _full_names(
            told, cues
        )
    past = sum(word.endswith(cues.past_endings) for word in small)
    speaker = [word in cues.first for word in small]
    score = _BASE + _PAST * _times(past) + _ABOUT_OTHERS * _times(sum(word in cues.others for word in small))
    score -= _BY_SPEAKER if speaker[0] else _WITH_SPEAKER if any(speaker) else 0.0
    score += -_SHORT if len(small) < _SHORT_WORDS else _LONG if len(small) >= _LONG_WORDS else 0.0
    return _judged(found, score)


def _is_written(text: str, words: list[str]) -> bool:
    """Whether somebody wrote it to be read: no code, no dump, no row of figures, no line of a table of contents."""
    if text.startswith(_BEGINS_CODE) or _LEADERS.search(text):
        return False
    if 3 * sum(map(str.isalpha, text)) < len(text) - text.count(" "):
        return False
    if 2 * sum(word.isascii() and not word.isalpha() for word in words) > len(words):
        return False
    signs = len(_CODE.findall(text))
    return signs < _CODE_MIN or signs * _CODE_WORDS < len(words)


def _is_whole(sentence: str, words: list[str]) -> bool:
    """Whether a sentence of an unknown language is one; those of scripts without spaces need not look like ours."""
    if 2 * sum(letter.isascii() for letter in sentence if letter.isalpha()) < sum(map(str.isalpha, sentence)):
        return True
    return len(words) >= WORDS_MIN and sentence.endswith(_ENDS) and not sentence.endswith(" .")


def _full_names(text: str, cues: Cues) -> int:
    """How many names of two words there are, where every noun has a capital letter: these are nouns side by side."""
    words = [word if word[0].isupper() and not word.isupper() else "" for word in text.split()[1:]]
    words = ["" if word.lower() in cues.others or word.lower() in cues.first else word for word in words]
    return sum(one[-1:].isalpha() and other != "" for one, other in pairwise(words))


def _judged(found: Counter[str], score: float) -> Judgement:
    score += sum(weight * _times(found[reason]) for reason, weight in WEIGHTS.items())
    score -= sum(weight * _times(found[what]) for what, weight in _AGAINST.items())
    return Judgement(round(min(1.0, max(0.0, score)), 3), tuple(reason for reason in WEIGHTS if found[reason]))


def _times(count: int) -> float:
    """One counts whole, the next half, the one after it a quarter, and that is all."""
    return (0.0, 1.0, 1.5, 1.75)[min(count, 3)]


def _numbers(sentence: str, words: list[str]) -> Counter[str]:
    """What can be counted whatever the language is."""
    found: Counter[str] = Counter()
    for word in words:
        if not word.isalpha() and any(map(str.isdigit, word)):
            found[NUMBER] += 1
            found[DATE] += _YEAR.fullmatch(word) is not None
    found[NUMBER] += len(_UNIT.findall(sentence))
    return found


def _look_up(words: list[str], cues: Cues, found: Counter[str]) -> None:
    """Count the cues of each kind."""
    kinds, longest = cues.table
    for at, word in enumerate(words):
        for length in range(1, longest.get(word, 0) + 1):
            for kind in kinds.get(word if length == 1 else " ".join(words[at : at + length]), ()):
                found[kind] += 1


def _is_sentence(sentence: str, words: list[str], found: Counter[str]) -> bool:
    """Whether it ends like a sentence, and is none that any page has."""
    if len(words) < WORDS_MIN or sentence.isupper():
        return False
    if found["boilerplate"] > 1 or (found["boilerplate"] and len(words) <= _BOILERPLATE_WORDS):
        return False
    return sentence.endswith(_ENDS) or len(words) >= _UNENDED_WORDS


def _has_verb(sentence: str, written: list[str], words: list[str], found: Counter[str], cues: Cues) -> bool:
    """Whether there is a verb in it: one that is listed, one by its ending, or one that must be there."""
    if found["finite"]:
        return True
    for at, word in enumerate(words):
        if (at == 0 or written[at].islower()) and any(
            word.endswith(ending) and len(word) >= len(ending) + _STEM_CHARS for ending in cues.finite_endings
        ):
            return True
    common = sum(word in cues.stop for word in words)
    return len(words) >= _VERBLESS_WORDS and sentence.endswith(_ENDS) and common >= _COMMON_MIN * len(words)
