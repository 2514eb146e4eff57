"""Units of a note. The rule: paragraphs, and what is a line by itself; of each it is known where in the note it stands.

A note is read line by line, as `box.library.markdown` writes it. What is held is the paragraph that is being read; of
one that is very long the last sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TextIO

from box.library import sentences
from box.library.tokens import SIZE_MAX, fitting, size_of

LEAST: Final = SIZE_MAX // 6
"""Less than that is not worth a chunk of its own, and is short enough to be said twice."""

GAP_CHARS: Final = 200
"""So much space ends a chunk."""

_LINE_CHARS: Final = 64 * 1024
"""What comes at once; a longer line is a paragraph that comes in pieces."""

_FRONT_CHARS: Final = 256 * 1024
_HEADING_CHARS: Final = 160
_PATH_CHARS: Final = 480

_LINE: Final = re.compile(
    r"(?P<blank>\s*$)|(?P<heading>#{1,6})(?=\s)|(?P<fence>`{3,}|~{3,})|<!-- page (?P<page>\d{1,9}) -->\s*$"
    r"|\[(?P<time>\d\d:\d\d:\d\d)[.\d]*\]|(?P<row>\|)|(?P<item>[ \t]*(?:[-+*]|\d{1,9}[.)])[ \t])"
    r"|(?P<under>={3,}|-{3,})\s*$"
)


class Unit(NamedTuple):
    """A paragraph or a line, with the space before it."""

    gap: str
    start: int
    text: str
    size: int
    """Of both, in thirds of tokens."""
    path: str
    """The headings that it stands under."""
    place: str
    heads: bool = False
    breaks: bool = False
    """It should rather begin a chunk."""
    parts: bool = False
    """It must begin one."""
    is_prose: bool = False
    """It may be torn between its sentences."""
    last: int = 0
    """Where in it its last sentence begins, if that is known."""


def units(note: TextIO, title: str = "") -> Iterator[Unit]:
    r"""All units of a note, opened with `newline="\n"`; `title` begins every path of headings that lacks it."""
    return _Units(title).of(note)


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Where each sentence of a paragraph begins and ends; those that are too long for a chunk are cut."""
    for start, end in sentences.spans(text):
        if end - start <= LEAST:
            yield start, end
        else:
            yield from fitting(text, start, end)


@dataclass(slots=True)
class _Units:
    """Reads lines, tells units. Every character goes through `_space` or `_put`, so it is known where it stands."""

    title: str
    _at: int = 0
    _gap: str = ""
    _heads: list[str] = field(default_factory=lambda: [""] * 6)
    _path: str = ""
    _place: str = ""
    _breaks: bool = False
    _parts: bool = False
    _fence: str = ""
    _held: list[str] = field(default_factory=list)
    """The paragraph that is being read."""
    _held_chars: int = 0
    _ready: list[Unit] = field(default_factory=list)
    """Units of the line that was read last."""

    def of(self, note: TextIO) -> Iterator[Unit]:
        """All units of a note."""
        self._path = self.title[:_HEADING_CHARS]
        first = note.readline(_LINE_CHARS)
        for line in self._body(first, note):
            is_piece = not line.endswith("\n") and len(line) == _LINE_CHARS
            if is_piece or (self._held and not self._held[-1].endswith("\n")):
                self._hold(line)
            elif self._fence:
                self._code(line)
            else:
                self._line(line)
            if self._held_chars > 2 * _LINE_CHARS:
                self._let_go(rest=True)
            if self._ready:
                yield from self._ready
                self._ready.clear()
        self._let_go()
        yield from self._ready

    def _body(self, first: str, note: TextIO) -> Iterator[str]:
        """The lines after the front matter."""
        front, chars = [first], len(first)
        if first.rstrip() == "---":
            while chars < _FRONT_CHARS and (line := note.readline(_LINE_CHARS)):
                front.append(line)
                chars += len(line)
                if line.rstrip() == "---":
                    front, self._at = [], chars
                    break
        yield from front
        while line := note.readline(_LINE_CHARS):
            yield line

    def _line(self, line: str) -> None:
        """A whole line outside of code."""
        match = _LINE.match(line)
        kind = match.lastgroup if match else None
        if kind is None or match is None:
            self._hold(line)
            return
        if kind == "under" and len(self._held) == 1:
            self._underlined(line)
            return
        self._let_go()
        if kind == "blank":
            self._space(line)
        elif kind == "page":
            self._place, self._breaks = f"p. {int(match['page'])}", True
            self._space(line)
        elif kind == "heading":
            self._enter(len(match["heading"]), line[match.end() :])
            self._whole(line, heads=True)
        elif kind == "fence":
            self._fence = match["fence"]
            self._whole(line)
        elif kind in ("row", "under"):
            self._whole(line)
        else:
            if kind == "time":
                self._place = match["time"]
            self._hold(line)

    def _underlined(self, line: str) -> None:
        """A heading whose second line underlines it."""
        title = self._held[0]
        self._held, self._held_chars = [], 0
        self._enter(1 if line.startswith("=") else 2, title)
        self._whole(title, heads=True)
        self._whole(line, heads=True)

    def _code(self, line: str) -> None:
        self._let_go()
        if line.startswith(self._fence) and not line.strip(self._fence[0] + " \t\r\n"):
            self._fence = ""
        self._whole(line)

    def _enter(self, level: int, text: str) -> None:
        """What follows stands under that heading."""
        self._heads[level - 1 :] = [" ".join(text.strip().rstrip("#").split())[:_HEADING_CHARS], *[""] * (6 - level)]
        names = [name for name in self._heads if name]
        if self.title and names[:1] != [self.title[:_HEADING_CHARS]]:
            names.insert(0, self.title[:_HEADING_CHARS])
        self._path = " > ".join(names)[:_PATH_CHARS]
        self._breaks = True

    # --- units --------------------------------------------------------------------------------------------------------

    def _hold(self, line: str) -> None:
        self._held.append(line)
        self._held_chars += len(line)

    def _let_go(self, *, rest: bool = False) -> None:
        """The paragraph; with `rest` its last sentence is held on to, more of it may come."""
        if not self._held:
            return
        text = "".join(self._held)
        self._held, self._held_chars = [], 0
        if rest:
            last = max(start for start, _ in spans(text))
            self._hold(text[last:])
            text = text[:last]
        self._put(text, is_prose=True)

    def _whole(self, line: str, *, heads: bool = False) -> None:
        """A line that is no prose."""
        if len(line) <= LEAST:
            self._put(line, heads=heads)
            return
        done = 0
        for _, end in fitting(line, len(line) - len(line.lstrip()), len(line.rstrip())):
            self._put(line[done:end], heads=heads)
            done = end
        self._space(line[done:])

    def _put(self, text: str, *, heads: bool = False, is_prose: bool = False) -> None:
        """A unit, and the space around it."""
        bare = text.strip()
        if not bare:
            self._space(text)
            return
        start = text.index(bare[0]) if text[0] != bare[0] else 0
        if start:
            self._space(text[:start])
        gap, at = self._gap, self._at
        size = size_of(bare) + len(gap)
        self._ready.append(
            Unit(gap, at, bare, size, self._path, self._place, heads, self._breaks, self._parts, is_prose)
        )
        self._at = at + len(bare)
        self._gap, self._parts, self._breaks = "", False, False
        if start + len(bare) < len(text):
            self._space(text[start + len(bare) :])

    def _space(self, text: str) -> None:
        self._at += len(text)
        if len(self._gap) + len(text) > GAP_CHARS:
            self._gap, self._parts = "", True
        elif not self._parts:
            self._gap += text
