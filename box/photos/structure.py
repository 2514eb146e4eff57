"""Structure of picture files. The rule: a file is whole when its parts lead to its end; nothing is decoded for that.

The walk (segments, chunks, directories) touches only the pages of a mapped file that hold the parts' headers, so that a
cut-off file is found even where no thumbnail is made. What looks flawed here is not condemned yet: the decoder has the
last word (`box.photos.picture`).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

from box.errors import Unprocessable
from box.photos import isobmff, tiff
from box.photos.tiff import Bytes

_SEGMENTS_MAX = 10_000
_CHUNKS_MAX = 100_000
_BLOCKS_MAX = 1_000_000
"""More parts than any picture has: past them the walk ends and the decoder decides."""
_EXIF_BYTES_MAX = 1_000_000

_TEXTS: Final = frozenset({b"tEXt", b"zTXt"})
_PROFILE: Final = b"Raw profile type "
_PROFILES: Final = (_PROFILE + b"exif\0", _PROFILE + b"APP1\0")

Flaw = Literal["", "truncated", "corrupt"]


@dataclass(frozen=True, slots=True)
class Structure:
    """What the structure of a picture file says, before anything is decoded."""

    width: int = 0
    height: int = 0
    """Pixels as they are stored (orientation not applied), 0 when the structure does not say."""
    exif: tuple[int, int] = (0, 0)
    """Where its EXIF begins and ends, both 0 when there is none (and in a TIFF, which is EXIF all over)."""
    orientation: int = 0
    """What makes it upright, where the format itself says so and EXIF has no say; 0 elsewhere."""
    pixels: int = 0
    """How many are unpacked, where they are more than width x height; 0 elsewhere."""
    flaw: Flaw = ""
    """"truncated" when its end is not there, "corrupt" when it does not hang together, empty when it is whole."""


def exif_block(data: Bytes, media_type: str, structure: Structure) -> Bytes:
    """The bytes that hold the EXIF of a picture: all of a TIFF, a part of the others."""
    begin, end = structure.exif
    block = data if media_type == "image/tiff" else data[begin : min(end, begin + _EXIF_BYTES_MAX)]
    return _profile(block) if block[: len(_PROFILE)] == _PROFILE else block


def refuse_too_many(width: int, height: int, pixels_max: int, unpacked: int = 0) -> None:
    """Raises Unprocessable when a picture of that size must not be decoded; `unpacked`: its pixels before it is cut."""
    if width * height > pixels_max:
        raise Unprocessable(
            "too-many-pixels", f"the picture has {width} x {height} pixels; photos.pixels_max allows {pixels_max}"
        )
    if unpacked > pixels_max:
        raise Unprocessable(
            "too-many-pixels", f"the picture unpacks to {unpacked} pixels; photos.pixels_max allows {pixels_max}"
        )


def examine(data: Bytes, media_type: str) -> Structure:
    """The structure of a picture whose type is known; cheap, never raises, whatever the bytes are."""
    try:
        found = _EXAMINERS[media_type](data)
    except (struct.error, IndexError, OverflowError):  # it leads past the last byte
        return Structure(flaw="truncated")
    return found if found.flaw or (found.width and found.height) else replace(found, flaw="corrupt")


def _jpeg(data: Bytes) -> Structure:
    """Segments up to the scan, an end marker after it; trailers (MPF, Samsung, Motion Photo) may follow."""
    at, width, height, exif = 2, 0, 0, (0, 0)
    for _ in range(_SEGMENTS_MAX):
        marker = data[at + 1]
        if data[at] != 0xFF or marker == 0xD9:
            break
        if marker == 0xDA:
            # In scan data FF is followed by 00 or a restart marker, so FF D9 after its start is an end.
            return Structure(width, height, exif, flaw="" if data.rfind(b"\xff\xd9", at) >= 0 else "truncated")
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:  # markers without content
            at += 2
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack_from(">HH", data, at + 5)
        elif marker == 0xE1 and not exif[1] and data[at + 4 : at + 9] == b"Exif\0":
            exif = (at + 10, end)
        at = end
    return Structure(width, height, exif, flaw="corrupt")


def _png(data: Bytes) -> Structure:
    width, height = struct.unpack_from(">II", data, 16)
    at, exif = 8, (0, 0)
    for _ in range(_CHUNKS_MAX):
        if at + 8 > len(data):
            return Structure(width, height, exif, flaw="truncated")
        length, name = struct.unpack_from(">I4s", data, at)
        if name == b"eXIf" or (name in _TEXTS and not exif[1] and data[at + 8 : at + 30] in _PROFILES):
            exif = (at + 8, at + 8 + length)
        at += 12 + length
        if name == b"IEND":
            return Structure(width, height, exif, flaw="" if at <= len(data) else "truncated")
        if not name.isalpha():
            break
    return Structure(width, height, exif, flaw="corrupt")


def _profile(text: Bytes) -> bytes:
    """The EXIF that ImageMagick, and exiftool long ago, write into a text: digits, packed or not, after two words."""
    digits = text[len(_PROFILE) + 5 :]
    try:
        if digits[:1] == b"\0":  # how it is packed: there is but one way
            digits = zlib.decompressobj().decompress(digits[1:], 2 * _EXIF_BYTES_MAX)
        return bytes.fromhex(digits.split(None, 2)[2].decode("ascii"))
    except (zlib.error, ValueError, IndexError):
        return b""


def _gif(data: Bytes) -> Structure:
    width, height = struct.unpack_from("<HH", data, 6)
    if data[-2:] == b"\0;":  # the end of the last block and the trailer: all there is to see in most files
        return Structure(width, height)
    at, in_blocks = 13 + _colours(data[10]), False
    for _ in range(_BLOCKS_MAX):
        byte = data[at]
        if in_blocks:  # a sub-block's length, 0 after the last
            at += 1 + byte
            in_blocks = byte != 0
        elif byte == 0x3B:
            return Structure(width, height)
        elif byte == 0x21:  # extension: a label, then sub-blocks
            at, in_blocks = at + 2, True
        elif byte == 0x2C:  # picture: its place, its colours, the code size, then sub-blocks
            at, in_blocks = at + 11 + _colours(data[at + 9]), True
        else:
            break
    return Structure(width, height, flaw="truncated")


def _colours(flags: int) -> int:
    """Bytes of a GIF's colour table."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _webp(data: Bytes) -> Structure:
    (length,) = struct.unpack_from("<I", data, 4)
    # The last chunk is padded to an even size; some writers count the pad and leave it out.
    flaw: Flaw = "" if length + 8 <= len(data) + 1 else "truncated"
    kind, width, height, exif = data[12:16], 0, 0, (0, 0)
    if kind == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    elif kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        if data[20] & 0x08:
            exif = _riff_chunk(data, b"EXIF")
    return Structure(width, height, exif, flaw=flaw)


def _riff_chunk(data: Bytes, wanted: bytes) -> tuple[int, int]:
    """Where that chunk begins and ends, both 0 when there is none."""
    at = 12
    for _ in range(_CHUNKS_MAX):
        if at + 8 > len(data):
            break
        name, length = struct.unpack_from("<4sI", data, at)
        if name == wanted:
            return at + 8, at + 8 + length
        at += 8 + length + length % 2
    return 0, 0


_BMP_UNCOMPRESSED = frozenset({0, 3, 6})


def _bmp(data: Bytes) -> Structure:
    length, _, pixels, header = struct.unpack_from("<IIII", data, 2)
    width, height, _, depth = struct.unpack_from("<HHHH" if header == 12 else "<iiHH", data, 18)
    (compression,) = struct.unpack_from("<I", data, 30) if header >= 40 else (0,)
    width, height = abs(width), abs(height)  # a negative height says that the first row is the top one
    if compression in _BMP_UNCOMPRESSED:
        length = pixels + (width * depth + 31) // 32 * 4 * height  # the header's own length is often wrong
    return Structure(width, height, flaw="" if length <= len(data) else "truncated")


def _tiff(data: Bytes) -> Structure:
    picture = tiff.first_picture(data)
    flaw: Flaw = "corrupt" if not picture.end else "truncated" if picture.end > len(data) else ""
    return Structure(picture.width, picture.height, flaw=flaw)


def _boxed(data: Bytes) -> Structure:
    """HEIC and AVIF."""
    item = isobmff.main_item(data)
    flaw = isobmff.flaw(lambda at, count: data[at : at + count], len(data))
    flaw = "truncated" if item.end > len(data) else flaw
    return Structure(item.width, item.height, item.exif, item.orientation, item.pixels, flaw)


_EXAMINERS: Final[dict[str, Callable[[Bytes], Structure]]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/tiff": _tiff,
    "image/webp": _webp,
    "image/bmp": _bmp,
    "image/gif": _gif,
    "image/heic": _boxed,
    "image/heif": _boxed,
    "image/avif": _boxed,
}
