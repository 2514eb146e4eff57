"""Capture time. The rule: the best witness of the moment counts, and it is told who that was; a doubtful clock is none.

Witnesses in this order: the camera's own date (EXIF, then its digitized date, maker notes, AVI, AVCHD, QuickTime with
its offset, QuickTime in UTC), GPS, XMP inside the file; then what stands beside it; its name; the time of the
file itself only where the owner trusts it. Never when it was modified, never "now".

A field that is no date is passed over. A date that no right clock shows is not: the file is in doubt and filed without
a day, because the next best would be a guess. Only what did not come from that clock can still give the day (GPS, XMP,
Takeout, the name), with low confidence; and not where the date is too early, for that may be a scan of an old print,
whose other dates are those of the scan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final, TypeAlias

from box.photos import clock as clocks
from box.photos import dates, filenames
from box.photos.clock import Clock, clock_of
from box.photos.dates import Moment

__all__ = ["Capture", "Clock", "Evidence", "clock_of", "day_of", "decide", "shifted"]

Evidence: TypeAlias = Mapping[str, str]
"""What the fields of a file say, word for word, by the names that exiftool has for them."""
NOTHING: Final[Evidence] = MappingProxyType({})

HIGH, MEDIUM, LOW = "high", "medium", "low"


@dataclass(frozen=True, slots=True)
class Capture:
    """When a picture was taken, who says so, and where it belongs; all empty when nobody does."""

    at: str = ""
    """RFC 3339, local time at the camera: `2024-05-03T23:59:59.12+02:00`; the day alone where no more is known."""
    source: str = ""
    """The field that says so, `name` or `mtime`."""
    zone: str = ""
    """Where the offset came from: "file", "timezone" (the owner's, or the machine's), empty when there is none."""
    confidence: str = ""
    """"high", "medium", "low"; empty when the time is unknown."""
    day: str = ""
    """The day to file it under; empty when unknown or in doubt."""
    doubt: str = ""
    """Why the clock is not believed: "factory-date", "future", "too-early"; then `at` is what it showed."""


@dataclass(frozen=True, slots=True)
class _Witness:
    """Somebody who tells a moment."""

    source: str
    moment: Moment
    confidence: str
    is_utc: bool = False
    is_camera: bool = False
    """Whether it is the camera's clock that speaks."""


_CAMERA: Final = (
    # (time, its fraction of a second, its offset, confidence, whether it is UTC)
    ("EXIF:DateTimeOriginal", "EXIF:SubSecTimeOriginal", "EXIF:OffsetTimeOriginal", HIGH, False),
    ("EXIF:DateTimeDigitized", "EXIF:SubSecTimeDigitized", "EXIF:OffsetTimeDigitized", MEDIUM, False),
    ("MakerNotes:DateTimeOriginal", "", "", HIGH, False),
    ("RIFF:DateTimeOriginal", "", "", HIGH, False),
    ("H264:DateTimeOriginal", "", "", HIGH, False),
    ("Keys:CreationDate", "", "", HIGH, False),
    ("QuickTime:CreateDate", "", "", MEDIUM, True),
)
_WRITTEN: Final = (("XMP:DateTimeOriginal", MEDIUM), ("XMP:DateCreated", MEDIUM), ("XMP:CreateDate", LOW))
_UNSET: Final = ("1904-01-01T00:00:00", "1970-01-01T00:00:00")
"""What a field in UTC shows when nobody set it: the beginning of the count."""


def decide(
    evidence: Evidence, name: str, mtime_ns: int, clock: Clock, now: float, sidecar: Evidence = NOTHING
) -> Capture:
    """When the picture of that name was taken. `sidecar` is what stands beside it, `now` is in seconds since 1970."""
    doubted = None
    for witness in _witnesses(evidence, sidecar, name, clock):
        doubt = clocks.doubt(witness.moment, clock, now)
        if doubt == clocks.FACTORY and _is_confirmed(witness.moment, evidence):
            doubt = ""
        if doubt:
            doubted = doubted or _captured(witness, clock, LOW, doubt)
        elif doubted is None:
            return _captured(witness, clock, witness.confidence)
        elif not witness.is_camera and doubted.doubt != clocks.EARLY:
            return _captured(witness, clock, LOW)
    if doubted is None and clock.trust_mtime and (moment := dates.of_seconds(mtime_ns / 1e9)):
        witness = _Witness("mtime", moment, LOW, is_utc=True)
        return _captured(witness, clock, LOW, clocks.doubt(moment, clock, now))
    return doubted or Capture()


def day_of(at: str, clock: Clock) -> str:
    """The day to file a capture time under, empty for a text that is none."""
    moment = dates.parse(at)
    return clocks.day(moment, clock) if moment else ""


def shifted(at: str, seconds: int) -> str:
    """The same capture time so much later, written the same way. Raises ValueError for none or outside the calendar."""
    moment = dates.parse(at)
    if moment is None:
        raise ValueError(f"{at!r} is no capture time")
    return str(dates.shifted(moment, seconds))


def _witnesses(evidence: Evidence, sidecar: Evidence, name: str, clock: Clock) -> Iterator[_Witness]:
    """All that tell a moment, the best first; of each kind the first that does."""
    for said in (evidence, sidecar):
        for kind in (_camera, _satellites, _written, _takeout):
            if witness := next(kind(said), None):
                yield witness
    if named := filenames.date_in(name, clock.name_patterns):
        yield _Witness("name", named.moment, MEDIUM if named.moment.has_time else LOW, is_utc=named.is_utc)


def _camera(said: Evidence) -> Iterator[_Witness]:
    for source, fraction, offset, confidence, is_utc in _CAMERA:
        moment = dates.parse(said.get(source, ""), said.get(fraction, ""), said.get(offset, ""))
        if moment and not (is_utc and _is_unset(moment)):
            sure = confidence if moment.has_time else LOW
            yield _Witness(source, moment, sure, is_utc=is_utc and not moment.offset, is_camera=True)


def _satellites(said: Evidence) -> Iterator[_Witness]:
    day, time = said.get("GPS:GPSDateStamp", ""), said.get("GPS:GPSTimeStamp", "")
    moment = dates.parse(f"{day} {time}".rstrip()) if day else None
    if moment and moment.has_time:
        yield _Witness("GPS:GPSDateStamp", moment, MEDIUM, is_utc=True)


def _written(said: Evidence) -> Iterator[_Witness]:
    for source, confidence in _WRITTEN:
        if moment := dates.parse(said.get(source, "")):
            yield _Witness(source, moment, confidence if moment.has_time else LOW)


def _takeout(said: Evidence) -> Iterator[_Witness]:
    text = said.get("Takeout:photoTakenTime", "")
    seconds = float(text) if text.removeprefix("-").isdecimal() and text.isascii() and len(text) < 20 else 0.0
    moment = dates.of_seconds(seconds)
    if moment and seconds:
        yield _Witness("Takeout:photoTakenTime", moment, MEDIUM, is_utc=True)


def _is_unset(moment: Moment) -> bool:
    return moment.time.isoformat() in _UNSET


def _is_confirmed(moment: Moment, evidence: Evidence) -> bool:
    """Whether GPS saw the same day: then a picture from the first hour of a year is one."""
    seen = next(_satellites(evidence), None)
    return seen is not None and abs(seen.moment.time - moment.time) <= timedelta(days=1)


def _captured(witness: _Witness, clock: Clock, confidence: str, doubt: str = "") -> Capture:
    moment, zone = clocks.local(witness.moment, clock, is_utc=witness.is_utc)
    return Capture(str(moment), witness.source, zone, confidence, "" if doubt else clocks.day(moment, clock), doubt)
