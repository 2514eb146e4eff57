"""Chunks. The rule: `note[start:end]` is the chunk, it has at most 512 tokens, and no word is cut in two.

Units (paragraphs, headings, rows of tables, lines of code) are put together until there is no room for the next one; of
a paragraph as many sentences go in as there is room for. The last sentence, if it is short, begins the next chunk
again. Headings and pages begin a new chunk unless there is next to nothing in this one. All is streamed: what is held
is a chunk, and the paragraph that is being read.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Final, NamedTuple, TextIO

from box.library.note_units import GAP_CHARS, LEAST, Unit, spans, units
from box.library.tokens import SIZE_MAX, size_of

CHUNKER_VERSION: Final = 1


class Chunk(NamedTuple):
    """A piece of a note."""

    number: int
    """From 0 on."""
    start: int
    end: int
    heading: str
    """The headings that it stands under: "Title > Chapter > Section"."""
    place: str
    """The page ("p. 12") or the time ("00:01:23") where it begins, if the note says so."""
    text: str


def chunks_of(note: str, title: str = "") -> Iterator[Chunk]:
    """The chunks of a note that is held as a whole."""
    return chunks(io.StringIO(note, newline="\n"), title)


def chunks(note: TextIO, title: str = "") -> Iterator[Chunk]:
    r"""The chunks of a note, opened with `newline="\n"`; `title` begins every path of headings that lacks it."""
    held: list[Unit] = []
    size = number = 0
    for whole in units(note, title):
        rest: Unit | None = whole
        while rest:
            unit, rest = _torn(rest, SIZE_MAX - size)
            if held and (unit.parts or size + unit.size > SIZE_MAX or (unit.breaks and size >= LEAST)):
                kept = [] if unit.parts or unit.breaks else _carried(held, SIZE_MAX - unit.size)
                done = held[: -len(kept)] if kept and kept[0].heads else held
                yield _chunk(number, done)
                number += 1
                held, size = kept, sum(each.size for each in kept)
            held.append(unit)
            size += unit.size
    if held:
        yield _chunk(number, held)


def _torn(unit: Unit, room: int) -> tuple[Unit, Unit | None]:
    """As many sentences of a paragraph as there is room for, but one at least, and the others."""
    if unit.size <= room or not unit.is_prose:
        return unit, None
    text, size, done, last = unit.text, len(unit.gap), 0, 0
    is_narrow = unit.size == size + len(text)
    for start, end in spans(text):
        more = end - done if is_narrow else start - done + size_of(text[start:end])
        if done and (size + more > room or start - done > GAP_CHARS):
            some = Unit(
                unit.gap, unit.start, text[:done], size, unit.path, unit.place, breaks=unit.breaks, parts=unit.parts,
                is_prose=True, last=last,
            )  # fmt: skip
            return some, _others(unit, size, done, start)
        size, done, last = size + more, end, start
    return unit._replace(last=last), None


def _others(unit: Unit, size: int, done: int, start: int) -> Unit:
    """What follows in a paragraph of which so much is done: its size, and where that ended and the rest begins."""
    gap, text, is_far = unit.text[done:start], unit.text[start:], start - done > GAP_CHARS
    left = unit.size - size
    if is_far:
        left, gap = left - len(gap), ""
    return Unit(gap, unit.start + start, text, left, unit.path, unit.place, parts=is_far, is_prose=True)


def _carried(held: list[Unit], room: int) -> list[Unit]:
    """What the next chunk begins with: headings that nothing followed yet, else the last sentence once more."""
    first = len(held)
    while first and held[first - 1].heads:
        first -= 1
    if first < len(held):
        heads = held[first:]
        return heads if first and sum(each.size for each in heads) <= room else []
    last = _last_sentence(held[-1])
    is_more = len(held) > 1 or last is not held[-1]
    return [last] if is_more and last.size <= min(LEAST, room) else []


def _last_sentence(unit: Unit) -> Unit:
    if not unit.is_prose:
        return unit
    last = unit.last or max(start for start, _ in spans(unit.text))
    if not last:
        return unit
    text = unit.text[last:]
    size = size_of(text) + last - len(unit.text[:last].rstrip())
    return Unit("", unit.start + last, text, size, unit.path, unit.place, is_prose=True)


def _chunk(number: int, held: list[Unit]) -> Chunk:
    first = next((unit for unit in held if not unit.heads), held[-1])
    text = held[0].text + "".join(unit.gap + unit.text for unit in held[1:])
    start = held[0].start
    return Chunk(number, start, start + len(text), first.path, first.place, text)
