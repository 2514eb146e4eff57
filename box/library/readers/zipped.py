"""ZIPs of books and texts. The rule: one note, a heading for each that could be read, and a list of all that was not.

An archive in an archive is never opened. One that holds a single book (`book.fb2.zip`) is that book.
"""

from __future__ import annotations

import dataclasses
import os
from typing import Final

from box.errors import Unprocessable
from box.library import readers
from box.library.markdown import Markdown
from box.library.packed import Packed, open_zip
from box.library.reading import NO_READER, OVERSIZED, Context, Reader, Reading
from box.library.recognising import recognise

MEMBERS_MAX: Final = 200
MEMBER_BYTES_MAX: Final = 256 * 1024 * 1024
MEMBERS_BYTES_MAX: Final = 1024 * 1024 * 1024
LISTED_MAX: Final = 1_000

_READ: Final = frozenset(
    ("epub", "fb2", "pdf", "txt", "md", "markdown", "rst", "html", "htm", "xhtml", "docx", "odt", "rtf", "mobi", "azw3")
)
_COPY_BYTES: Final = 1024 * 1024


def read(path: str, out: Markdown, context: Context) -> Reading:
    """The books in it, in the order of their names."""
    with open_zip(path, context.name) as archive:
        names = [name for name in archive.names if not _is_clutter(name)]
        books = sorted(name for name in names if name.rpartition(".")[2].lower() in _READ)
        if not books:
            raise Unprocessable(NO_READER, f"{context.name} is an archive without a book or text in it")
        if len(books) > MEMBERS_MAX or sum(map(archive.size, books)) > MEMBERS_BYTES_MAX:
            raise Unprocessable(OVERSIZED, f"{context.name} holds more books than can be read at once")
        if len(names) == 1:
            return _read_member(archive, books[0], out, context)
        return _read_all(archive, books, names, out, context)


def _read_all(archive: Packed, books: list[str], names: list[str], out: Markdown, context: Context) -> Reading:
    readings: list[Reading] = []
    failed: list[Unprocessable] = []
    for number, name in enumerate(books):
        context.progress(done=number, total=len(books))
        out.heading(1, name)
        out.deeper += 1
        try:
            readings.append(_read_member(archive, name, out, context))
        except Unprocessable as error:
            if out.chars > out.chars_max:
                raise
            failed.append(error)
            out.paragraph(f"It could not be read: {error}")
        finally:
            out.deeper -= 1
    if not readings:
        raise failed[0]
    others = [name for name in names if name not in set(books)]
    if others:
        out.heading(1, "Other files")
        for name in others[:LISTED_MAX]:
            out.item(f"{name} ({archive.size(name):,} bytes)")
    marks = [mark for reading in readings for mark in reading.marks]
    marks += ["members-unread"] if failed or others else []
    return Reading(
        "book" if any(reading.kind == "book" for reading in readings) else "document",
        authors=tuple(dict.fromkeys(author for reading in readings for author in reading.authors))[:100],
        counts={"members": len(readings)},
        cover=next((reading.cover for reading in readings if reading.cover), ""),
        marks=tuple(dict.fromkeys(marks)),
    )


def _read_member(archive: Packed, name: str, out: Markdown, context: Context) -> Reading:
    """One of them, by its own reader, in a folder of its own."""
    folder = os.path.join(context.scratch, f"member-{len(os.listdir(context.scratch))}")
    os.mkdir(folder)
    path = os.path.join(folder, "member")
    try:
        with archive.stream(name, MEMBER_BYTES_MAX) as stream, open(path, "wb") as file:
            while piece := stream.read(_COPY_BYTES):
                file.write(piece)
        reading = _reader(path, name).read(path, out, dataclasses.replace(context, name=name, scratch=folder))
    finally:
        if os.path.exists(path):
            os.unlink(path)
    cover = os.path.join(os.path.basename(folder), reading.cover) if reading.cover else ""
    return dataclasses.replace(reading, cover=cover)


def _reader(path: str, name: str) -> Reader:
    kind = recognise(path, name)
    found = readers.by_media_type(kind)
    if found is None or found.name == "zip":
        raise Unprocessable(NO_READER, f"{name} is {kind or 'nothing'} that has a reader here")
    return found


def _is_clutter(name: str) -> bool:
    """What other systems leave in archives."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2] in {".DS_Store", "Thumbs.db", "desktop.ini"}
