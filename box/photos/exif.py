"""EXIF. The rule: every field stands for itself; what is broken is left out and spoils nothing else.

Read here and not by Pillow, because only a few fields are wanted: it takes a tenth of the time, needs no picture to be
opened, and broken EXIF is met with the same care everywhere.
"""

from __future__ import annotations

import struct
from typing import Final

from box.photos import tiff
from box.photos.tiff import Bytes, Entry, Layout

MAKE: Final = 0x010F
MODEL: Final = 0x0110
ORIENTATION: Final = 0x0112

_OF_THE_PICTURE: Final = frozenset({MAKE, MODEL, ORIENTATION})
_OF_THE_MOMENT: Final = frozenset({0x9003, 0x9004, 0x9011, 0x9012, 0x9291, 0x9292})
"""The fields that `box.photos.capture` wants."""

_DIRECTORY = 0x8769
_OUTER: Final = _OF_THE_PICTURE | _OF_THE_MOMENT | {_DIRECTORY}
"""What is looked for in the first directory; TIFF files that cameras write have all of it there."""
_TEXTS = frozenset({1, 2, 7, 129})
"""Field types that hold bytes: byte, ASCII, undefined, UTF-8."""
_TEXT_BYTES_MAX = 256

Tags = dict[int, bytes | int]


def read(block: Bytes) -> Tags:
    """The wanted fields of a TIFF or of the EXIF block of another picture, raw, by tag number."""
    if block[:6] == b"Exif\0\0":
        block = block[6:]
    try:
        how = tiff.layout(block)
        fields, _ = tiff.directory(block, how, how.first, _OUTER)
    except (struct.error, OverflowError):
        return {}
    pointer = fields.pop(_DIRECTORY, None)
    found = _values(block, how, fields)
    try:
        inner = tiff.directory(block, how, _inner(block, how, pointer), _OF_THE_MOMENT)[0] if pointer else {}
    except (struct.error, OverflowError):
        return found
    return found | _values(block, how, inner)


def _inner(block: Bytes, how: Layout, entry: Entry) -> int:
    """Where the EXIF directory begins; some programs store it as the value instead of pointing to it."""
    if entry.kind in _TEXTS and entry.count > 4:
        return entry.at
    return (tiff.numbers(block, how, entry) or (0,))[0]


def _values(block: Bytes, how: Layout, fields: dict[int, Entry]) -> Tags:
    """The values of the fields that can be read."""
    found: Tags = {}
    for tag, entry in fields.items():
        if entry.kind in _TEXTS and entry.at + entry.count <= len(block):
            found[tag] = block[entry.at : entry.at + min(entry.count, _TEXT_BYTES_MAX)]
        else:
            try:
                found[tag] = tiff.numbers(block, how, entry)[0]
            except (IndexError, struct.error, OverflowError):
                continue
    return found
