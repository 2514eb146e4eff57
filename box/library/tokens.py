"""Tokens. The rule: how much a model would see in a text is estimated, rather too high, and never by cutting a word.

A token is taken for three characters, or for one of a script that writes words with one or two: few models see more
tokens than that in a text, whatever its language. Sizes are in thirds of tokens.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

TOKENS_MAX: Final = 512
SIZE_MAX: Final = 3 * TOKENS_MAX

_WIDE: Final = re.compile("[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]+")
_SPACELESS: Final = re.compile(
    "[\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fff\u3005-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
_SPACES: Final = re.compile(r"\s+")
_NO_WORD: Final = re.compile(r"[^\w\s]")


def size_of(text: str) -> int:
    """In thirds of tokens."""
    if text.isascii() or not _WIDE.search(text):
        return len(text)
    return len(text) + 2 * sum(map(len, _WIDE.findall(text)))


def is_spaceless(text: str) -> bool:
    """Whether there is something in it of a script that puts no spaces between words."""
    return not text.isascii() and _SPACELESS.search(text) is not None


def fitting(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A sentence in pieces that fit into a chunk: cut at spaces, else after punctuation, else anywhere."""
    while end - start > SIZE_MAX // 3 and (end - start > SIZE_MAX or size_of(text[start:end]) > SIZE_MAX):
        window = text[start : start + SIZE_MAX + 1]
        room = SIZE_MAX if size_of(window[:SIZE_MAX]) <= SIZE_MAX else SIZE_MAX // 3
        cut = start + _cut(window[: room + 1], room)
        yield start, start + len(text[start:cut].rstrip())
        following = _SPACES.match(text, cut)
        start = following.end() if following else cut
    yield start, end


def _cut(text: str, room: int) -> int:
    """How many of at most `room` characters go together; there is one more to look at, unless the text ends there."""
    if len(text) <= room or text[room].isspace():
        return room
    head = text[:room]
    if head[-1].isspace():
        return room
    words = head.rsplit(None, 1)
    if len(words) == 2 and not is_spaceless(words[1]):
        return len(head) - len(words[1])
    for match in reversed(list(_NO_WORD.finditer(head, room // 2))):
        if not unicodedata.category(match[0]).startswith("M"):
            return match.end()
    if len(words) == 2:
        return len(head) - len(words[1])
    while room > 1 and unicodedata.category(text[room]).startswith("M"):
        room -= 1
    return room
