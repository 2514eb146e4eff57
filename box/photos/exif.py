"""EXIF. The rule: every field stands for itself; what is broken is left out and spoils nothing else.

Read here and not by Pillow, because only a few fields are wanted: it takes a tenth of the time, needs no picture to be
opened, and broken EXIF is met with the same care everywhere.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Set as AbstractSet
from typing import Final, TypeAlias

from box.photos import details as facts
from box.photos import reconyx, tiff
from box.photos.details import Details
from box.photos.tiff import Bytes, Entry, Layout

MAKE: Final = 0x010F
MODEL: Final = 0x0110
ORIENTATION: Final = 0x0112
EXPOSURE, APERTURE, ISO = 0x829A, 0x829D, 0x8827
MAKER_NOTE: Final = 0x927C
SERIAL, LENS = 0xA431, 0xA434

GPS: Final = 0x8825
GPS_TAGS: Final = GPS << 16
"""Added to the tags of the GPS directory, which are the same numbers as others elsewhere."""
LATITUDE_REF, LATITUDE, LONGITUDE_REF, LONGITUDE, GPS_TIME = (GPS_TAGS + tag for tag in (1, 2, 3, 4, 7))
GPS_DATE: Final = GPS_TAGS + 0x1D

_MOMENTS: Final = {
    "EXIF:DateTimeOriginal": 0x9003, "EXIF:SubSecTimeOriginal": 0x9291, "EXIF:OffsetTimeOriginal": 0x9011,
    "EXIF:DateTimeDigitized": 0x9004, "EXIF:SubSecTimeDigitized": 0x9292, "EXIF:OffsetTimeDigitized": 0x9012,
    "GPS:GPSDateStamp": GPS_DATE,
}  # fmt: skip

_DIRECTORY = 0x8769
_OF_THE_PICTURE: Final = frozenset({MAKE, MODEL, ORIENTATION})
_OF_THE_SHOT: Final = frozenset({*_MOMENTS.values(), EXPOSURE, APERTURE, ISO, MAKER_NOTE, SERIAL, LENS} - {GPS_DATE})
_OUTER: Final = _OF_THE_PICTURE | _OF_THE_SHOT | {_DIRECTORY, GPS}
"""What is looked for in the first directory; TIFF files that cameras write have all of it there."""
_OF_THE_PLACE: Final = frozenset({1, 2, 3, 4, 7, 0x1D})

_TEXTS = frozenset({1, 2, 7, 129})
"""Field types that hold bytes: byte, ASCII, undefined, UTF-8."""
_RATIONALS: Final = {5: "I", 10: "i"}
"""Field types that hold fractions, without and with a sign."""
_TEXT_BYTES_MAX = 256
_RATIONALS_MAX = 3

Rationals: TypeAlias = tuple[float, ...]
Tags: TypeAlias = dict[int, bytes | int | Rationals]


def read(block: Bytes) -> Tags:
    """The wanted fields of a TIFF or of the EXIF block of another picture, raw, by tag number."""
    if block[:6] == b"Exif\0\0":
        block = block[6:]
    try:
        how = tiff.layout(block)
        fields, _ = tiff.directory(block, how, how.first, _OUTER)
    except (struct.error, OverflowError):
        return {}
    shot, place = fields.pop(_DIRECTORY, None), fields.pop(GPS, None)
    found = _values(block, how, fields)
    found |= _directory(block, how, shot, _OF_THE_SHOT)
    return found | {GPS_TAGS + tag: value for tag, value in _directory(block, how, place, _OF_THE_PLACE).items()}


def evidence(tags: Tags) -> dict[str, str]:
    """What the fields say about the moment, word for word, by the names of `box.photos.capture.Evidence`."""
    said = {name: _text(tags.get(tag)) for name, tag in _MOMENTS.items()}
    said["MakerNotes:DateTimeOriginal"] = reconyx.read(_bytes(tags.get(MAKER_NOTE)))
    said["GPS:GPSTimeStamp"] = _time(tags.get(GPS_TIME))
    return {name: text for name, text in said.items() if text}


def details(tags: Tags) -> Details:
    """What the fields say about the camera, how it was set and where it was."""
    latitude = _degrees(tags.get(LATITUDE), tags.get(LATITUDE_REF), "NS")
    longitude = _degrees(tags.get(LONGITUDE), tags.get(LONGITUDE_REF), "EW")
    north, east = facts.place(latitude, longitude)
    return Details(
        make=facts.tidy(_text(tags.get(MAKE))),
        model=facts.tidy(_text(tags.get(MODEL))),
        serial=facts.tidy(_text(tags.get(SERIAL)) or reconyx.serial(_bytes(tags.get(MAKER_NOTE)))),
        lens=facts.tidy(_text(tags.get(LENS))),
        exposure=facts.exposure(_number(tags.get(EXPOSURE))),
        aperture=facts.aperture(_number(tags.get(APERTURE))),
        iso=facts.iso(_number(tags.get(ISO))),
        latitude=north,
        longitude=east,
        orientation=facts.orientation(_number(tags.get(ORIENTATION))),
    )


# --- directories -----------------------------------------------------------------------------------------------------


def _directory(block: Bytes, how: Layout, pointer: Entry | None, wanted: AbstractSet[int]) -> Tags:
    """The wanted fields of the directory that a field points to; none when it points nowhere."""
    if pointer is None:
        return {}
    try:
        fields, _ = tiff.directory(block, how, _inner(block, how, pointer), wanted)
    except (struct.error, OverflowError):
        return {}
    return _values(block, how, fields)


def _inner(block: Bytes, how: Layout, entry: Entry) -> int:
    """Where the inner directory begins; some programs store it as the value instead of pointing to it."""
    if entry.kind in _TEXTS and entry.count > 4:
        return entry.at
    return (tiff.numbers(block, how, entry) or (0,))[0]


def _values(block: Bytes, how: Layout, fields: dict[int, Entry]) -> Tags:
    """The values of the fields that can be read."""
    found: Tags = {}
    for tag, entry in fields.items():
        try:
            if entry.kind in _RATIONALS:
                found[tag] = _rationals(block, how, entry)
            elif entry.kind not in _TEXTS:
                found[tag] = tiff.numbers(block, how, entry)[0]
            elif entry.at + entry.count <= len(block):
                found[tag] = block[entry.at : entry.at + min(entry.count, _TEXT_BYTES_MAX)]
        except (IndexError, struct.error, OverflowError):
            continue
    return found


def _rationals(block: Bytes, how: Layout, entry: Entry) -> Rationals:
    """Fractions as numbers; one by nothing is NaN, which is within no bounds."""
    count = min(entry.count, _RATIONALS_MAX)
    numbers = struct.unpack_from(f"{how.order}{2 * count}{_RATIONALS[entry.kind]}", block, entry.at)
    return tuple(over / under if under else math.nan for over, under in zip(numbers[::2], numbers[1::2], strict=True))


# --- values ----------------------------------------------------------------------------------------------------------


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def _text(value: object) -> str:
    """The text of a field up to its first zero byte; not all cameras mean ASCII."""
    raw = _bytes(value).split(b"\0")[0]
    try:
        return raw.decode().strip()
    except UnicodeDecodeError:
        return raw.decode("latin-1").strip()


def _number(value: object) -> float:
    """A single number, NaN when it is none."""
    if isinstance(value, tuple):
        value = value[0] if value else math.nan
    return value if isinstance(value, (int, float)) else math.nan


def _degrees(value: object, reference: object, directions: str) -> float:
    """Degrees, minutes and seconds as degrees, NaN when it is not said on which side of zero."""
    side = _text(reference).upper()
    if not isinstance(value, tuple) or not value or side not in {*directions}:
        return math.nan
    degrees: float = sum(part / 60**power for power, part in enumerate(value))
    return -degrees if side == directions[1] else degrees


def _time(value: object) -> str:
    """Hours, minutes and seconds as exiftool writes them: `07:30:14.5`; empty when they are none."""
    if not isinstance(value, tuple) or len(value) != 3 or not all(0 <= part < 60 for part in value):
        return ""
    hours, minutes, seconds = value
    if hours % 1 or minutes % 1:
        return ""
    whole, fraction = divmod(min(round(seconds * 1000), 59_999), 1000)
    return f"{hours:02.0f}:{minutes:02.0f}:{whole:02}" + f".{fraction:03}".rstrip("0").rstrip(".")
