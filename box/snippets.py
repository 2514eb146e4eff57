"""Snippets. The rule: a snippet is a piece of the note as it stands there, and says where in the note it is.

It is cut at words, around the place where most was found.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from box.library.folding import folded, places
from box.models.marking import CLOSE, OPEN

CHARS: Final = 240
_MARK: Final = re.compile(f"[{OPEN}{CLOSE}]")
_PLACE: Final = re.compile(r"^<!-- page (?P<page>\d{1,9}) -->|^\[(?P<time>\d\d:\d\d:\d\d)[.\d]*\]", re.MULTILINE)
"""As the chunks know it."""

_SPACE: Final = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a note."""

    text: str
    start: int
    """Where in the note it begins, in characters."""
    highlights: tuple[tuple[int, int], ...] = ()
    """(start, end) in the note of what was found in it."""
    before: bool = False
    """There is more of the passage before it."""
    after: bool = False
    place: str = ""
    """Page or time, if the passage says so before what was found first."""


def cut(text: str, marked: str, offset: int, parts: Sequence[str] = ()) -> Snippet:
    """The piece of a passage to show; `marked` is the passage with what was found in it between marks.

    `parts` are parts of words that were looked for, if they were: what is marked then may be longer than they are.
    """
    spans = _spans_of(text, parts) if parts else _spans(text, marked)
    start, end = _window(text, spans)
    lit = tuple((offset + a, offset + b) for a, b in spans if start <= a and b <= end)
    return Snippet(text[start:end], offset + start, lit, start > 0, end < len(text), _place(text, spans, start))


def _place(text: str, spans: list[tuple[int, int]], start: int) -> str:
    """Of the first that is shown: a passage may go over several pages, and over minutes."""
    shown = next((begun for begun, _ in spans if begun >= start), 0)
    place = ""
    for match in _PLACE.finditer(text, 0, shown):
        place = f"p. {int(match['page'])}" if match["page"] else match["time"]
    return place


def _spans(text: str, marked: str) -> list[tuple[int, int]]:
    """Where in the text something was found; nowhere, if the text holds marks itself."""
    if _MARK.search(text):
        return []
    spans = []
    at = done = begun = 0
    for match in _MARK.finditer(marked):
        at += match.start() - done
        done = match.end()
        if match[0] == OPEN:
            begun = at
        else:
            spans.append((begun, at))
    if folded(text) == text:
        return spans
    place = places(text)
    return [(place[start], place[end]) for start, end in spans]


def _spans_of(text: str, parts: Sequence[str]) -> list[tuple[int, int]]:
    found = re.compile("|".join(map(re.escape, sorted(parts, key=len, reverse=True))), re.IGNORECASE)
    return [match.span() for match in found.finditer(text)]


def _window(text: str, spans: list[tuple[int, int]]) -> tuple[int, int]:
    if len(text) <= CHARS:
        return 0, len(text)
    best, most, last = 0, 0, 0
    for first, (begun, _) in enumerate(spans):
        last = max(last, first)
        while last < len(spans) and spans[last][1] <= begun + CHARS * 3 // 4:
            last += 1
        if last - first > most:
            best, most = begun, last - first
    start = max(0, min(best - CHARS // 4, len(text) - CHARS))
    end = start + CHARS
    if start:
        space = _SPACE.search(text, start - 1, min(start + CHARS // 8, best))
        start = space.end() if space else start
    if end < len(text) and not text[end].isspace():
        tail = text[:end].rsplit(None, 1)
        end = len(tail[0]) if len(tail) == 2 and end - len(tail[0]) <= CHARS // 8 else end
    return start, max(start, end)
