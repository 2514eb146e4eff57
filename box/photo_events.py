"""Events of photos: filed, redated, imported. The rule: as in `box.events`; names and fields are for ever."""

from __future__ import annotations

from dataclasses import dataclass

from box.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class DropJoined(Event):
    """A drop belongs to a file that a job is about, and goes with it."""

    job: int
    path: str
    size: int
    """Set aside in the user's quota until that job ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoFiled(Event):
    """A photo was moved from the inbox to its day; or, with `source` = `path`, one that lay there was read."""

    source: str
    path: str
    size: int
    mtime_ns: int
    digest: str
    """blake3 of all bytes, 64 hexadecimal digits."""
    media_type: str
    width: int
    height: int
    taken_at: str = ""
    """Local time at the camera, RFC 3339, with an offset only if the file has one; empty when unknown."""
    taken_from: str = ""
    """Which field said so."""
    orientation: int = 1
    make: str = ""
    model: str = ""
    thumbnail: str = ""
    """Path of the thumbnail that landed with it, empty without one."""
    day: str = ""
    """The day that it is filed under, where that is not the calendar day of `taken_at`: a night, a doubtful clock."""
    zone: str = ""
    """Where the offset from UTC came from: "file", "timezone" (the owner's), empty when none is known."""
    confidence: str = ""
    """How sure the time is: "high", "medium", "low"; empty when it is unknown."""
    doubt: str = ""
    """Why the camera's clock is not believed: then it is filed as undated, though `taken_at` says what it showed."""
    serial: str = ""
    lens: str = ""
    exposure: str = ""
    """Exposure time in seconds, as people write it: `1/250`."""
    aperture: float = 0.0
    """The f-number, 0 when unknown."""
    iso: int = 0
    latitude: float | None = None
    longitude: float | None = None
    """Degrees, WGS 84; south and west are negative."""
    main: str = ""
    """Path of the main file of its group, empty when it is that itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanionFiled(Event):
    """What stood beside a photo in the inbox stands beside it in the library; or, where it never came, by itself."""

    source: str
    path: str
    size: int
    mtime_ns: int
    main: str = ""
    """Path of the main file of its group, empty without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoRedated(Event):
    """The clock of a camera was wrong: the photo was taken at another time than it says. The file is as it was."""

    path: str
    taken_at: str
    day: str = ""
    """The day that it belongs under from now on, empty for none."""
    doubt: str = ""
    shift_seconds: int = 0
    """By how much its time was moved; negative is back."""
    job: int = 0
    taken_before: str = ""
    """What held until now, and holds again when it is undone; so the next two."""
    day_before: str = ""
    doubt_before: str = ""
    main: str = ""
    """Path of the main file of its group, with which it was redated; empty when it is that itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileImported(Event):
    """A file from a card or a folder elsewhere stands in an inbox, as a drop like any other."""

    name: str
    """The entry of `watch.imports`."""
    place: str
    """Path text of the original, on its volume."""
    path: str
    size: int
    mtime_ns: int
    volume: str = ""
    """UUID of the file system that it came from, empty where none is known."""
    digest: str = ""
    """blake3 of the bytes, where they were copied."""
    moved: bool = False
    """The original was not to stay."""
    job: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportUndone(Event):
    """A file that had been imported was taken out of the inbox again: it may be imported anew."""

    name: str
    place: str
    path: str
    volume: str = ""
    job: int = 0
