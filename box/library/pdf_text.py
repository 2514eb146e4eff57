"""Lines of a page to paragraphs. The rule: lines are joined where a sentence runs on, and a word that was cut is whole.

A PDF knows where letters stand, not what a paragraph is. A line that is as long as most of its page runs on into the
next; one that is shorter ends something.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

_CUT_WORD: Final = re.compile(r"[\ufffe\x02](?:\r?\n)?")
"""What PDFium writes where a word is cut at the end of a line."""
_ITEM: Final = re.compile(r"(?:[•‣▪●○◦■□\u2013\u2014*·-]|\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.)])\s+\S")
_BULLET: Final = re.compile(r"^[\uf020-\uf0ff](?=\s)")
"""As the fonts of symbols have it."""
_ENDS: Final = re.compile(r"[.!?:;…。\uff01\uff1f]['\"”\u2019»)\]]*$")
_CJK: Final = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")
_RUNS_ON_SHARE: Final = 0.75
"""Of the longest lines, which is how long a line is that runs on whatever it ends with."""
_IS_FULL_SHARE: Final = 0.9
_IS_PROSE_SHARE: Final = 0.5
_TITLE_LINES_MAX: Final = 3


def lines_of(text: str) -> list[str]:
    """The lines of a page as PDFium gives it."""
    lines = _CUT_WORD.sub("-\n", text).replace("\r\n", "\n").split("\n")
    return [_BULLET.sub("•", each.strip()) for each in lines]


def paragraphs(lines: Sequence[str]) -> str:
    """Text with blank lines between paragraphs; lines that are no running text stay lines."""
    lengths = sorted(len(each) for each in lines if each)
    full = lengths[len(lengths) * 9 // 10] if lengths else 0
    pieces: list[str] = []
    before = ""
    for each in lines:
        if before and each and _is_cut(before, each):
            pieces[-1] = pieces[-1][:-1] if each[0].islower() else pieces[-1]
        elif before:
            pieces.append(_gap(before, each, full) if each else "\n\n")
        pieces.append(each)
        before = each
    return "".join(pieces).strip()


def _is_cut(before: str, after: str) -> bool:
    """Whether a word begins on one line and ends on the next."""
    return len(before) > 2 and before[-1] == "-" and before[-2].isalpha() and after[0].isalpha()


def _gap(before: str, after: str, full: int) -> str:
    """What stands between two lines; nothing where a script without spaces goes on."""
    if _ITEM.match(after):
        return "\n"
    ends = bool(_ENDS.search(before))
    is_long = len(before) >= full * _RUNS_ON_SHARE
    if is_long and not (ends and len(before) < full * _IS_FULL_SHARE and after[0].isupper()):
        return "" if _CJK.match(before[-1]) and _CJK.match(after[0]) else " "
    if ends:
        return "\n\n"
    return " " if after[0].islower() and len(before) >= full * _IS_PROSE_SHARE else "\n"


def sections(lines: Sequence[str], titles: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str, Sequence[str]]]:
    """(level, title, the lines below it), in their order; level 0 for what stands before the first.

    `titles`: those that the outline has for this page. One that does not stand on it is put before the rest.
    """
    wanted = list(titles)
    bare = [_bare(each) for each in lines] if wanted else []
    start, head = 0, (0, "")
    for level, title in wanted:
        at, end = _find(bare, _bare(title), start)
        if at < 0:
            yield level, title, ()
            continue
        yield *head, lines[start:at]
        start, head = end, (level, title)
    yield *head, lines[start:]


def _find(bare: Sequence[str], title: str, start: int) -> tuple[int, int]:
    """Where the lines that are the title begin and end; -1 if none are."""
    for at in range(start, len(bare)):
        if title and bare[at] and (title.startswith(bare[at]) or bare[at].endswith(title)):
            joined = ""
            for end in range(at, min(at + _TITLE_LINES_MAX, len(bare))):
                joined += bare[end]
                if joined == title or (joined.endswith(title) and len(joined) < len(title) + _NUMBER_CHARS_MAX):
                    return at, end + 1
    return -1, -1


_NUMBER_CHARS_MAX: Final = 12
"""Of the number that a title has on its page and not in the outline."""


def _bare(text: str) -> str:
    return "".join(text.split()).casefold()
