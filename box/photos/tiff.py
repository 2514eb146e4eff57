"""TIFF directories, which EXIF is made of too. The rule: numbers from a file are only believed as far as the file goes.

A TIFF is whole when its directories, one for each page, and the strips or tiles of what they describe lie inside the
file.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final

Bytes = bytes | mmap.mmap

ENTRIES_MAX: Final = 4096
_PIECES_MAX = 100_000
_PAGES_MAX = 1000
"""More entries, strips and pages than any picture has: past them the decoder decides."""

NUMBERS: Final = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
"""Field types that hold whole numbers: byte, short, long, directory, and the two of BigTIFF."""

_WIDTH, _HEIGHT = 256, 257
_BLANK: Final = 2**32 - 1
_PIECES: Final = ((273, 279), (324, 325), (513, 514))
"""Tags of the offsets and lengths of strips, of tiles, and of the one JPEG stream that some raw files have instead."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the numbers of a TIFF are written."""

    order: str
    """Byte order, as `struct` writes it."""
    is_big: bool
    first: int
    """Where the first directory begins."""

    @property
    def word(self) -> str:
        """An offset, as `struct` writes it."""
        return "Q" if self.is_big else "I"


@dataclass(frozen=True, slots=True)
class Entry:
    """A field of a directory."""

    kind: int
    count: int
    at: int
    """Where its value begins; possibly past the end of the file."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The first picture of a TIFF; sizes in pixels, 0 when it does not say."""

    width: int
    height: int
    end: int
    """How many bytes the file must have at least to hold it, all that is said of it, and the pages that follow; 0 when
    no place is given."""


def layout(data: Bytes) -> Layout:
    """The layout that the header tells. Raises struct.error when there is none."""
    order = "<" if data[:2] == b"II" else ">"
    is_big = data[2:4] in {b"+\0", b"\0+"}
    (first,) = struct.unpack_from(f"{order}Q", data, 8) if is_big else struct.unpack_from(f"{order}I", data, 4)
    return Layout(order, is_big, first)


def directory(
    data: Bytes, how: Layout, at: int, wanted: AbstractSet[int] | None = None
) -> tuple[dict[int, Entry], int]:
    """(the wanted fields by tag, else all; where the directory ends).

    Of a directory that ends outside the file, what is inside is given. Raises struct.error or OverflowError for one
    that begins there.
    """
    (count,) = struct.unpack_from(how.order + ("Q" if how.is_big else "H"), data, at)
    at += 8 if how.is_big else 2
    shape = struct.Struct(f"{how.order}HH{how.word}{'8s' if how.is_big else '4s'}")
    inline = 8 if how.is_big else 4
    end = at + min(count, ENTRIES_MAX) * shape.size
    inside = data[at:end]
    fields: dict[int, Entry] = {}
    for tag, kind, number, value in shape.iter_unpack(inside[: len(inside) // shape.size * shape.size]):
        at += shape.size
        if (wanted is None or tag in wanted) and tag not in fields:
            fits = number * SIZES.get(kind, 1) <= inline
            fields[tag] = Entry(kind, number, at - inline if fits else struct.unpack(how.order + how.word, value)[0])
    return fields, end


SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes of one value of each field type."""


def numbers(data: Bytes, how: Layout, entry: Entry | None) -> tuple[int, ...]:
    """The whole numbers of a field; none when it holds something else, or more than a picture needs."""
    if entry is None or entry.kind not in NUMBERS or not 0 < entry.count <= _PIECES_MAX:
        return ()
    return struct.unpack_from(f"{how.order}{entry.count}{NUMBERS[entry.kind]}", data, entry.at)


def is_cut(data: Bytes) -> bool:
    """Whether the first picture of a RAW file surely lies past its end, at least in part.

    Surely: makers write what they like into other fields, and some leave the places of the picture blank.
    """
    try:
        how = layout(data)
        fields, _ = directory(data, how, how.first)
    except (struct.error, OverflowError):
        return True  # not even the first directory is there
    for offsets_tag, lengths_tag in _PIECES:
        try:
            offsets = numbers(data, how, fields.get(offsets_tag))
            lengths = numbers(data, how, fields.get(lengths_tag))
        except struct.error:
            continue
        pieces = [(at, count) for at, count in zip(offsets, lengths, strict=False) if _BLANK not in {at, count}]
        if any(at + count > len(data) for at, count in pieces):
            return True
    return False


def first_picture(data: Bytes) -> Picture:
    """Where the first picture is. Raises struct.error or OverflowError where something that is needed is not there."""
    how = layout(data)
    picture, at = _page(data, how, how.first)
    end, seen = picture.end, {0, _BLANK, how.first}
    while picture.end and (following := _following(data, how, at)) not in seen and len(seen) < _PAGES_MAX:
        seen.add(following)
        page, at = _page(data, how, following)
        end = max(end, page.end, at)
    return replace(picture, end=end)


def _page(data: Bytes, how: Layout, at: int) -> tuple[Picture, int]:
    """(the picture of the directory that begins there, where that directory ends)."""
    fields, end = directory(data, how, at)
    values_end = max((entry.at + entry.count * SIZES.get(entry.kind, 0) for entry in fields.values()), default=0)
    picture_end = 0
    for offsets_tag, lengths_tag in _PIECES:
        offsets = numbers(data, how, fields.get(offsets_tag))
        lengths = numbers(data, how, fields.get(lengths_tag)) or (1,) * len(offsets)  # old writers leave them out
        picture_end = max(picture_end, *map(sum, zip(offsets, lengths, strict=False)), 0)
    width, height = (numbers(data, how, fields.get(tag)) or (0,) for tag in (_WIDTH, _HEIGHT))
    return Picture(width[0], height[0], max(end, values_end, picture_end) if picture_end else 0), end


def _following(data: Bytes, how: Layout, end: int) -> int:
    """Where the next directory begins, which stands behind one; 0 for none."""
    return int.from_bytes(data[end : end + struct.calcsize(how.word)], "little" if how.order == "<" else "big")
