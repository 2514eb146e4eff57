"""Capture time. The rule: only what the camera said about the moment of the picture counts; a doubtful value is none.

DateTimeOriginal, then DateTimeDigitized; never ModifyDate (when somebody last saved the file), never the file's own
times, never "now". The time stays the local one at the camera, with an offset only if the file has one. Maker notes,
GPS, sidecars, file names and implausible clocks are not looked at yet: one more field is one more line in `_SOURCES`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Taken:
    """When a picture was taken, and who says so."""

    at: str
    """RFC 3339: `2024-05-03T23:59:59.12+02:00`; fraction and offset only as far as the file has them."""
    source: str
    """The field, named as exiftool names it: `EXIF:DateTimeOriginal`."""


_SOURCES: Final = (
    ("EXIF:DateTimeOriginal", 0x9003, 0x9291, 0x9011),
    ("EXIF:DateTimeDigitized", 0x9004, 0x9292, 0x9012),
)
"""(name, tag of the time, of its fraction of a second, of its offset), the best first."""

_YEAR_MIN = 1826
"""The year of the first photograph that is left; scans of old prints bear such dates."""
_OFFSET_MINUTES_MAX = 14 * 60

_TIME = re.compile(r"([0-9]{4})[:/-]([0-9]{2})[:/-]([0-9]{2})[ T]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?")
_FRACTION = re.compile(r"[0-9]{1,9}")
_OFFSET = re.compile(r"([+-])([0-9]{2}):([0-9]{2})")


def capture_time(tags: Mapping[int, Any]) -> Taken | None:
    """When the picture was taken, from raw EXIF values by tag number; None when no field says so believably."""
    for source, time_tag, fraction_tag, offset_tag in _SOURCES:
        if at := _time(_text(tags.get(time_tag)), _text(tags.get(fraction_tag))):
            return Taken(at + _offset(_text(tags.get(offset_tag))), source)
    return None


def _text(value: object) -> str:
    """The text of an EXIF value; cameras pad with blanks and zero bytes."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return value.strip("\0 \t\r\n") if isinstance(value, str) else ""


def _time(text: str, fraction: str) -> str:
    """The local time in RFC 3339, empty when it is none that a calendar and a clock can show."""
    match = _TIME.fullmatch(text)
    if not match:
        return ""
    try:
        time = datetime(*(int(part) for part in match.groups()[:6]))  # type: ignore[arg-type]  # noqa: DTZ001 - local
    except ValueError:
        return ""
    if time.year < _YEAR_MIN:
        return ""
    fraction = match[7] or (fraction if _FRACTION.fullmatch(fraction) else "")
    return time.isoformat() + (f".{fraction}" if fraction else "")


def _offset(text: str) -> str:
    """The offset from UTC in RFC 3339, empty when there is none that a place on earth has."""
    if text == "Z":
        return "+00:00"
    match = _OFFSET.fullmatch(text)
    if not match or int(match[3]) > 59 or int(match[2]) * 60 + int(match[3]) > _OFFSET_MINUTES_MAX:
        return ""
    return text
