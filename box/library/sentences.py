"""Sentences. The rule: one pass over the text; what is looked at around a full stop is bounded.

A sentence ends at a mark that ends sentences in some script, unless a full stop belongs to an abbreviation, an initial
or a number, or the next word begins small. Chinese and Japanese need no space after the mark; Thai has no mark, so a
space ends a sentence there after a polite particle, or when it has become long. Blank lines end every sentence.
"""

# ruff: noqa: RUF001, SIM905 - marks, words and letters of other scripts are what this is about

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

THAI_CHARS: Final = 80
"""A Thai sentence that is so long ends at the next space."""

_LOOK_CHARS: Final = 24
"""How far around a full stop is looked."""

_MARKS: Final = ".!?…؟।॥۔。！？｡"
_WIDE: Final = "。！？｡"
_CLOSING: Final = "\"'»”’“)\\]」』）》〉"

# They begin with one set of characters: so the search skips all others at once.
_BORDER: Final = re.compile(rf"[{_MARKS}\n](?:(?<=\n)[ \t\r]*+\n|(?<!\n)[{_MARKS}]*+[{_CLOSING}]*+)")
_THAI_BORDER: Final = re.compile(
    rf"[{_MARKS}\n ](?:(?<=\n)[ \t\r]*+\n|(?<=[\u0e01-\u0e7f] ) *+(?=[\u0e01-\u0e7f])"
    rf"|(?<![\n ])[{_MARKS}]*+[{_CLOSING}]*+)"
)
_THAI: Final = re.compile("[\u0e01-\u0e7f]")
_FOLLOWING: Final = re.compile(r"[\s\"'«„“”‘’(\[{<¿¡*_–—-]*+")
_THAI_END: Final = ("ครับ", "ค่ะ", "คะ", "ๆ", "ฯลฯ")
_OPENING: Final = "\"'«„“”‘’([{<¿¡*_-–—"

_TITLES: Final = frozenset(
    # What is written before something: never the end of a sentence.
    "dr mr mrs ms prof st sr sra srta mme mlle vs cf ca bzw bspw nr no vol pp p fig figs eq ed eds gen col capt lt sgt"
    " rev hon gov sen rep z.b d.h u.a i.d.r v.a o.ä e.g i.e al approx dept est str abs art bd hr fr frl dipl ing geb"
    " gest ggf inkl max min mind sog vgl zzgl evtl av av. num núm pág págs ej p.ej aprox dott sig sigg prof.ssa pag"
    " es m mm mgr dhr mevr drs ir bijv blz nl resp tzw tzn np ul im г ул им стр рис см т.е т.к напр проф акад д кв обл"
    " jan feb mar apr jun jul aug sep sept oct okt nov dec dez".split()
)
_MAYBE: Final = frozenset(
    "etc inc co corp ltd llc jr usw usf u.s u.k u.s.a a.m p.m ph.d b.c a.d m.a b.a др т.д т.п пр и.т.д ecc itp itd enz"
    " gmbh bros ff".split()
)
"""The end of a sentence when a capital letter follows."""

_ORDINALS: Final = frozenset(
    "januar jänner februar märz april mai juni juli august september oktober november dezember jahrhundert jahrhunderts"
    " jh kapitel weltkrieg weltkriegs lebensjahr platz mal etage klasse auflage".split()
)
"""What a number with a full stop counts in German."""


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Where each sentence begins and ends, without the space around it; all that is no space lies in one."""
    begun = 0
    border = _BORDER if text.isascii() or not _THAI.search(text) else _THAI_BORDER
    for match in border.finditer(text):
        at, end = match.span()
        if _is_plain_end(text, begun, at, end) or _is_border(text, begun, match):
            bare = text[begun:end].strip()
            if bare:
                start = text.index(bare[0], begun)
                yield start, start + len(bare)
            begun = end
    rest = text[begun:].strip()
    if rest:
        start = text.index(rest[0], begun)
        yield start, start + len(rest)


def _is_plain_end(text: str, begun: int, at: int, end: int) -> bool:
    """Whether it is what most ends are, for which there is less to look at: a word, a mark, a space, a capital."""
    if end - at > 1 or text[end : end + 1] != " " or not text[end + 1 : end + 2].isupper() or text[at] not in ".!?":
        return False
    space = text.rfind(" ", max(begun, at - _LOOK_CHARS), at)
    word = text[space + 1 : at]
    return space >= 0 and word.isalpha() and len(word) > 1 and word.casefold() not in _TITLES


def _is_border(text: str, begun: int, match: re.Match[str]) -> bool:
    first, end = match[0][0], match.end()
    if first == "\n":
        return True
    if first == " ":
        return match.start() - begun >= THAI_CHARS or text.endswith(_THAI_END, begun, match.start())
    if first in _WIDE or match[0].rstrip(_CLOSING)[-1] in _WIDE:
        return True
    return (end == len(text) or text[end].isspace()) and _is_end(text, begun, match)


def _is_end(text: str, begun: int, match: re.Match[str]) -> bool:
    """Whether a sentence ends at a mark that is followed by space."""
    following = _FOLLOWING.match(text, match.end())
    after = following.end() if following else match.end()
    if text[after : after + 1].islower():
        return False
    if match[0] != ".":
        return True
    start = match.start()
    before = text[max(begun, start - _LOOK_CHARS) : start].rsplit(None, 1)
    word = before[-1].lstrip(_OPENING) if before else ""
    if word.isdigit():
        is_first = len(before) < 2 and start - begun <= _LOOK_CHARS
        return not (is_first or (len(word) <= 2 and _is_counted(text[after : after + _LOOK_CHARS])))
    folded = word.casefold()
    if folded in _MAYBE:
        return text[after : after + 1].isupper()
    return not (folded in _TITLES or _is_initial(word))


def _is_counted(after: str) -> bool:
    words = after.split(None, 1)
    return bool(words) and words[0].rstrip(".,;").casefold() in _ORDINALS


def _is_initial(word: str) -> bool:
    """Whether it is a letter of a name: "J", "J.R", "Ю"; a single I or A ends sentences too, but not often."""
    if len(word) > 1 and word[1] not in ".-":
        return False
    return bool(word) and all(len(part) == 1 and part.isupper() for part in word.replace("-", ".").split("."))
