"""ISO base media files: HEIC, AVIF, MOV, MP4, 3GP, CR3. The rule: a box is only believed as far as the file goes.

Such a file is boxes, each with its size and a name of four letters, in boxes. A picture keeps its EXIF as an item of
its own; where that begins, and how large the picture is, says its `meta` box: so the date is read without a decoder. A
file is whole when its outermost boxes lie inside it and what says where everything is (`meta`, `moov`) is among them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from box.photos.tiff import Bytes

_BOXES_MAX: Final = 100_000
"""More than any file has beside each other; past them nothing is looked for."""
_MANY: Final = 10_000
"""Items and properties, likewise."""
_KNOWN: Final = frozenset({
    b"ftyp", b"styp", b"moov", b"mdat", b"meta", b"moof", b"mfra", b"sidx", b"free", b"skip", b"wide", b"uuid",
    b"pnot", b"udta", b"PICT", b"idat",
})  # fmt: skip
"""What stands outermost. Behind it makers append what they like: that is no box, and ends the walk."""
_INDEXES: Final = frozenset({b"meta", b"moov", b"moof"})

_UPRIGHT: Final = ((1, 2, 4), (8, 7, 5), (3, 4, 2), (6, 5, 7))
"""EXIF's orientation by quarter turns (against the clock), then nothing, left and right or top and bottom swapped."""

Read = Callable[[int, int], bytes]
"""(where, how many bytes) -> what is there; less at the end of the file."""


@dataclass(frozen=True, slots=True)
class Item:
    """The main picture of a file."""

    width: int = 0
    height: int = 0
    """Pixels as they are stored, 0 when it does not say."""
    orientation: int = 1
    """What makes it upright, as EXIF says it. What EXIF itself says has no meaning in such a file."""
    exif: tuple[int, int] = (0, 0)
    """Where its EXIF begins and ends, both 0 when there is none."""
    end: int = 0
    """How many bytes the file must have at least to hold all its items."""
    pixels: int = 0
    """How many are unpacked, which are more than it shows where a part of it is cut away."""


def flaw(read: Read, size: int) -> Literal["", "truncated"]:
    """Whether the outermost boxes of a file of that size, or its index, are missing in part."""
    at, has_index = 0, False
    for _ in range(_BOXES_MAX):
        name, _, end = _box(read(at, 16), at, size)
        if name not in _KNOWN:
            break
        if end > size:
            return "truncated"
        has_index = has_index or name in _INDEXES
        at = end
    return "" if has_index else "truncated"


def main_item(data: Bytes) -> Item:
    """What the `meta` box says of the main picture. Raises struct.error or IndexError where it leads outside."""
    meta = _find(data, (0, len(data)), b"meta")
    if not meta:
        return Item()
    inside = (meta[0] + 4, meta[1])  # behind version and flags
    primary = _find(data, inside, b"pitm")
    main = _number(data, primary[0] + 4, 4 if data[primary[0]] else 2) if primary else 0
    width, height, orientation, pixels = _looks(data, inside, main)
    places = list(_places(data, inside))
    exif_item = _item_of_type(data, inside, b"Exif")
    begin, end = next(((begin, end) for item, begin, end in places if item == exif_item), (0, 0))
    if end > begin + 4:
        begin += 4 + _number(data, begin, 4)  # it begins with the number of bytes before its TIFF
    return Item(width, height, orientation, (begin, end), max((end for _, _, end in places), default=0), pixels)


def _box(head: bytes, at: int, end: int) -> tuple[bytes, int, int]:
    """(name, where its content begins, where it ends) of the box that begins at `at`; no name where there is none."""
    if len(head) < 8:
        return b"", at, end
    size, name = struct.unpack_from(">I4s", head)
    if size == 1:
        if len(head) < 16:
            return b"", at, end
        return name, at + 16, at + max(16, struct.unpack_from(">Q", head, 8)[0])
    return name, at + 8, end if size == 0 else at + max(8, size)


def _boxes(data: Bytes, within: tuple[int, int]) -> Iterator[tuple[bytes, int, int]]:
    """The boxes in a part of the file; one that reaches beyond it ends with it."""
    at, end = within
    for _ in range(_BOXES_MAX):
        name, begin, box_end = _box(data[at : min(at + 16, end)], at, end)
        if not name:
            return
        yield name, begin, min(box_end, end)
        at = box_end


def _find(data: Bytes, within: tuple[int, int], wanted: bytes) -> tuple[int, int] | None:
    """Content of the first box of that name."""
    return next(((begin, end) for name, begin, end in _boxes(data, within) if name == wanted), None)


def _number(data: Bytes, at: int, length: int) -> int:
    found = data[at : at + length]
    if len(found) < length:
        raise IndexError
    return int.from_bytes(found, "big")


def _looks(data: Bytes, meta: tuple[int, int], item: int) -> tuple[int, int, int, int]:
    """(width, height, orientation, pixels that are unpacked) of an item."""
    properties = _find(data, meta, b"iprp")
    container = _find(data, properties, b"ipco") if properties else None
    if not properties or not container:
        return 0, 0, 1, 0
    every = list(_boxes(data, container))[:_MANY]
    width = height = turns = mirror = pixels = 0
    for number in _properties_of(data, properties, item):
        name, begin, _ = every[number - 1] if 0 < number <= len(every) else (b"", 0, 0)
        if name == b"ispe":
            width, height = _number(data, begin + 4, 4), _number(data, begin + 8, 4)
            pixels = width * height
        elif name == b"clap":  # a part of it is shown: encoders want whole blocks
            parts = [_number(data, begin + 4 * each, 4) for each in range(4)]
            width, height = (parts[0] // parts[1], parts[2] // parts[3]) if parts[1] and parts[3] else (width, height)
        elif name == b"irot":
            turns = data[begin] & 3
        elif name == b"imir":
            mirror = 1 if data[begin] & 1 else 2
    return width, height, _UPRIGHT[turns][mirror], max(pixels, width * height)


def _properties_of(data: Bytes, properties: tuple[int, int], item: int) -> list[int]:
    """The numbers of an item's properties, counted from 1."""
    found: list[int] = []
    for name, begin, _ in _boxes(data, properties):
        if name != b"ipma":
            continue
        id_length, length = 4 if data[begin] else 2, 2 if data[begin + 3] & 1 else 1
        mask = 0x7FFF if length == 2 else 0x7F  # the highest bit says that it matters
        at = begin + 8
        for _ in range(min(_number(data, begin + 4, 4), _MANY)):
            of, number, at = _number(data, at, id_length), data[at + id_length], at + id_length + 1
            if of == item:
                found += [_number(data, at + length * each, length) & mask for each in range(number)]
            at += length * number
    return found


def _item_of_type(data: Bytes, meta: tuple[int, int], wanted: bytes) -> int:
    """The number of the first item of a type, 0 when there is none."""
    infos = _find(data, meta, b"iinf")
    if not infos:
        return 0
    begin = infos[0] + (8 if data[infos[0]] else 6)
    for name, at, _ in _boxes(data, (begin, infos[1])):
        version = data[at]
        if name == b"infe" and version >= 2:
            id_length = 2 if version == 2 else 4
            if data[at + 6 + id_length : at + 10 + id_length] == wanted:
                return _number(data, at + 4, id_length)
    return 0


def _places(data: Bytes, meta: tuple[int, int]) -> Iterator[tuple[int, int, int]]:
    """(item, where it begins, where it ends) of each piece of each item that lies in this file."""
    places, inner = _find(data, meta, b"iloc"), _find(data, meta, b"idat")
    if not places:
        return
    at = places[0]
    version, lengths = data[at], _number(data, at + 4, 2)
    offset, length, base = lengths >> 12, lengths >> 8 & 15, lengths >> 4 & 15
    index = lengths & 15 if version else 0
    wide = 4 if version == 2 else 2
    count, at = _number(data, at + 6, wide), at + 6 + wide
    for _ in range(min(count, _MANY)):
        item, at = _number(data, at, wide), at + wide
        method, at = (_number(data, at, 2) & 15, at + 2) if version else (0, at)
        origin = _number(data, at + 2, base) + (inner[0] if method == 1 and inner else 0)
        pieces, at = _number(data, at + 2 + base, 2), at + 4 + base
        for _ in range(pieces):
            begin = origin + _number(data, at + index, offset)
            if method < 2:  # another one is put together from other items
                yield item, begin, begin + _number(data, at + index + offset, length)
            at += index + offset + length
