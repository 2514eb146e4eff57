"""Cutting notes. The rule: a note is cut as it stands; where there is a processor for it, a child does that ahead.

To cut notes takes about as long as to write the index of them: with a child both are done at the same time. What it
does not answer, and what is too long for an answer, is left to who asked.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, TextIO

from blake3 import blake3

from box import disk
from box.errors import BoxError
from box.library.chunking import Chunk, chunks
from box.library.folding import folded
from box.library.tokens import is_spaceless
from box.tasks.handler import Found, Handler, Request, Tools

if TYPE_CHECKING:  # the child loads no database
    from box.models.chunks import type_piece
    from box.sections import Config
    from box.tasks.child import Child

KIND: Final = "cut"
NOTE_BYTES_MAX: Final = 256 * 1024
"""Of a note that is cut ahead: all of its chunks are one answer."""

NOTES_MIN: Final = 50
"""For fewer no child is started."""

_BLOCK_BYTES: Final = 1 << 20


@contextmanager
def opened(path: str, bytes_max: int) -> Iterator[int]:
    """A note, open for reading; it is as it was when that is left, or OSError is raised."""
    fd = disk.open_to_read(path)
    try:
        before = os.fstat(fd)
        if not stat.S_ISREG(before.st_mode):
            raise OSError(0, "it is no file")
        if before.st_size > bytes_max:
            raise OSError(0, f"it has {before.st_size:,} bytes: more than any note that Box writes")
        yield fd
        after = os.fstat(fd)
        if (before.st_size, disk.mtime_ns(before)) != (after.st_size, disk.mtime_ns(after)):
            raise OSError(0, "it changes while it is read")
    finally:
        os.close(fd)


@contextmanager
def text_of(fd: int, check: Callable[[], None]) -> Iterator[tuple[str, TextIO]]:
    """The digest of an open note, and its text from the beginning on; `check` raises what should end it."""
    digest = blake3()
    while block := os.read(fd, _BLOCK_BYTES):
        digest.update(block)
        check()
    os.lseek(fd, 0, os.SEEK_SET)
    with open(fd, encoding="utf-8", errors="replace", newline="\n", closefd=False) as note:
        yield digest.hexdigest(), note


def pieces(note: TextIO, title: str) -> Iterator[type_piece]:
    """The chunks of a note as the index takes them."""
    return map(_piece, chunks(note, title))


def _piece(chunk: Chunk) -> type_piece:
    other = folded(chunk.text)
    return (
        chunk.number, chunk.start, chunk.end, chunk.place, chunk.heading, chunk.text,
        other if other != chunk.text else "", is_spaceless(chunk.text) or is_spaceless(chunk.heading),
    )  # fmt: skip


# --- ahead -----------------------------------------------------------------------------------------------------------


@contextmanager
def ahead(config: Config, notes: int) -> Iterator[Child | None]:
    """A child that cuts so many notes; None if they are few, or if two things are not to be done at the same time."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if notes < NOTES_MIN or min(processors, config.workers.count) < 2:
        yield None
        return
    from box.tasks.child import Child  # noqa: PLC0415 - the child itself has no use for it
    from box.tasks.limits import ChildLimits  # noqa: PLC0415 - as above

    limits = ChildLimits(**{each.name: getattr(config.child, each.name) for each in fields(ChildLimits)})
    child = Child(limits, {}, handlers=__name__)
    try:
        yield child
    finally:
        child.close()


def answered(found: Found | BoxError) -> tuple[str, tuple[type_piece, ...]] | None:
    """The digest of a note and its pieces, as a child answered; None if it did not, or what is no answer."""
    if isinstance(found, BoxError):
        return None
    try:
        return found.digest, tuple(map(_checked, found.facts["pieces"]))
    except (LookupError, TypeError, ValueError):
        return None


def _checked(piece: Sequence[Any]) -> type_piece:
    number, start, end, place, heading, text, other, is_other_script = piece
    return int(number), int(start), int(end), str(place), str(heading), str(text), str(other), bool(is_other_script)


def run(request: Request, tools: Tools) -> Found:
    """In the child: cut a note. Raises OSError if it cannot be read, or changes meanwhile."""
    with opened(request.source, NOTE_BYTES_MAX) as fd, text_of(fd, tools.check_cancelled) as (digest, note):
        cut = list(pieces(note, request.args["title"]))
    return Found(digest=digest, facts={"pieces": cut})


ALL: Final = (Handler(kind=KIND, run=run, report=lambda _request, _found, _landed: ()),)
"""What the child knows."""
