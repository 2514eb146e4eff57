"""Maker notes of Reconyx camera traps. The rule: the date is taken where the layout is known, and only a real one.

The HyperFire (HC500, HC600, PC900) writes no date into EXIF, only here. Three layouts are known, told apart by how the
notes begin; all numbers are little-endian, but some firmware writes the date big-endian.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

_YEAR_MAX = 9999


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where things are in the notes."""

    magic: bytes
    date_at: int
    date: str
    """How the numbers of the date are packed."""
    order: tuple[int, int, int, int, int, int]
    """Which of them are year, month, day, hour, minute, second."""
    serial_at: int
    serial_bytes: int
    serial_encoding: str


_LAYOUTS: Final = (
    _Layout(b"RECONYXH2\0", 0x3E, "6H", (5, 3, 4, 2, 1, 0), 0x7E, 30, "utf-16-le"),  # HyperFire 2
    _Layout(b"RECONYXUF\0", 0x3B, "5BH", (5, 4, 3, 2, 1, 0), 0x4B, 15, "latin-1"),  # UltraFire
    _Layout(b"\x01\xf1", 0x16, "6H", (5, 3, 4, 2, 1, 0), 0x2A, 30, "utf-16-le"),  # HyperFire
)


def read(makernote: bytes) -> str:
    """When the picture was taken, as EXIF writes it; empty when these are no such notes."""
    layout = _layout(makernote)
    if layout is None:
        return ""
    values: tuple[int, ...] = ()
    for order in "<>":
        try:
            values = struct.unpack_from(order + layout.date, makernote, layout.date_at)
        except struct.error:
            return ""
        if values[5] <= _YEAR_MAX:
            break
    year, month, day, hour, minute, second = (values[place] for place in layout.order)
    return f"{year:04}:{month:02}:{day:02} {hour:02}:{minute:02}:{second:02}"


def serial(makernote: bytes) -> str:
    """The serial number of the camera, raw; empty when these are no such notes."""
    layout = _layout(makernote)
    if layout is None:
        return ""
    raw = makernote[layout.serial_at : layout.serial_at + layout.serial_bytes]
    return raw.decode(layout.serial_encoding, "replace").partition("\0")[0]


def _layout(makernote: bytes) -> _Layout | None:
    return next((layout for layout in _LAYOUTS if makernote.startswith(layout.magic)), None)
