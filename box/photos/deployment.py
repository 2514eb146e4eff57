"""Deployments. The rule: which photos are a camera's at a place is said by a person, in words that a person knows.

By the folder in which they came, by the camera, by the time that it stood there. A time that is not believed decides
nothing: neither whether a photo belongs, nor when the deployment began or ended. Pure: records in, answers out.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

EVERYWHERE: Final = "."
"""A folder that holds all photos."""

APART_DEGREES_MAX: Final = 0.01
"""About a kilometre: photos that were taken further apart are not of one place."""

_OFFSET = re.compile(r"([+-])([01][0-9]):([0-5][0-9])")
_A_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Shot:
    """A photo, as far as a deployment is concerned with it: columns of the table of photos, under their names."""

    folder: str
    name: str
    origin: str
    size: int
    digest: str
    media_type: str
    taken_at: str
    doubt: str
    make: str
    model: str
    serial: str
    lens: str
    exposure: str
    aperture: float
    iso: int
    width: int
    height: int
    orientation: int
    latitude: float | None
    longitude: float | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which photos are meant; what is empty or None does not decide."""

    folder: str = ""
    camera: str = ""
    start: datetime | None = None
    end: datetime | None = None


# --- times -----------------------------------------------------------------------------------------------------------


def zone_named(text: str) -> tzinfo | None:
    """The zone of that name ("Europe/Brussels") or that far from UTC ("+01:00"); None for "". Raises ValueError."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - only this kind of job needs them

    if not text:
        return None
    if match := _OFFSET.fullmatch(text):
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(offset if match[1] == "+" else -offset)
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(text) from error


def moment(text: str, zone: tzinfo | None) -> datetime | None:
    """The moment of a local time, by its own offset, else by `zone`, else by this machine's; None if there is none."""
    try:
        time = datetime.fromisoformat(text)
        time = time if time.tzinfo else time.replace(tzinfo=zone) if zone else time.astimezone()
        time.astimezone(UTC)
    except (ValueError, OverflowError, OSError):  # empty, or at the end of the calendar
        return None
    return time


def limit(text: str, zone: tzinfo | None, *, is_end: bool) -> datetime | None:
    """When a deployment began or ended, as a person writes it; a day begins at 0:00 and ends at 23:59:59."""
    return moment(f"{text}T23:59:59" if is_end and _A_DAY.fullmatch(text) else text, zone)


def has_zone(shot: Shot, zone: tzinfo | None) -> bool:
    """Whether somebody knows how far from UTC the camera's clock was."""
    return zone is not None or datetime.fromisoformat(shot.taken_at).tzinfo is not None


# --- which photos ----------------------------------------------------------------------------------------------------


def is_of(shot: Shot, wanted: Wanted) -> bool:
    """Whether folder and camera are those that are meant."""
    return _is_in(shot, wanted.folder) and _is_by(shot, wanted.camera)


def _is_in(shot: Shot, folder: str) -> bool:
    """Whether it came in such a folder of the inbox, or lies in one below `photos/`."""
    if folder in {"", EVERYWHERE}:
        return True
    return any(f"/{folder}/" in f"/{_below(path)}" for path in (shot.origin, f"{shot.folder}/{shot.name}"))


def _below(path: str) -> str:
    """What of a path is below `users/<user>/<area>/`."""
    parts = path.split("/", 3)
    return parts[3] if parts[0] == "users" and len(parts) == 4 else path


def _is_by(shot: Shot, camera: str) -> bool:
    """Whether its camera bears that serial number or that name, with or without its maker."""
    names = (shot.serial, shot.model, f"{shot.make} {shot.model}", f"{shot.make}-{shot.model}")
    return not camera or camera.casefold() in {name.casefold() for name in names}


def reason_against(shot: Shot, at: datetime | None, wanted: Wanted) -> str:
    """Why a photo of that camera or folder is left out, empty if it belongs; "other-time" is no loss."""
    if at is None:
        return "undated"
    if wanted.start is None and wanted.end is None:
        return ""
    if shot.doubt:
        return "clock-in-doubt"
    is_within = (wanted.start is None or at >= wanted.start) and (wanted.end is None or at <= wanted.end)
    return "" if is_within else "other-time"


# --- what is known of all of them ------------------------------------------------------------------------------------


@dataclass(slots=True)
class Span:
    """From the first to the last of some moments."""

    first: datetime | None = None
    last: datetime | None = None

    def add(self, at: datetime) -> None:
        """One more moment."""
        self.first = min(self.first or at, at)
        self.last = max(self.last or at, at)


@dataclass(slots=True)
class Summary:
    """What the photos of a deployment say together; grows with the cameras, not with the photos."""

    photos: int = 0
    size: int = 0
    unzoned: int = 0
    doubtful: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    cameras: set[tuple[str, str]] = field(default_factory=set)
    serials: set[str] = field(default_factory=set)
    believed: Span = field(default_factory=Span)
    doubted: Span = field(default_factory=Span)
    low: tuple[float, float] | None = None
    high: tuple[float, float] | None = None
    """The southernmost and westernmost, the northernmost and easternmost degrees."""
    folder_low: tuple[str, ...] = ()
    folder_high: tuple[str, ...] = ()
    """The first and the last folder, as their names are sorted one by one."""

    def add(self, shot: Shot, at: datetime, *, zone_is_known: bool) -> None:
        """One more photo."""
        (self.doubted if shot.doubt else self.believed).add(at)
        folder = tuple(shot.folder.split("/"))
        self.folder_low = min(self.folder_low or folder, folder)
        self.folder_high = max(self.folder_high, folder)
        self.photos += 1
        self.size += shot.size
        self.unzoned += not zone_is_known
        self.doubtful += bool(shot.doubt)
        self.cameras.add((shot.make, shot.model))
        self.serials.add(shot.serial)
        if shot.latitude is not None and shot.longitude is not None:
            here = (shot.latitude, shot.longitude)
            low, high = self.low or here, self.high or here
            self.low = min(low[0], here[0]), min(low[1], here[1])
            self.high = max(high[0], here[0]), max(high[1], here[1])

    def span(self) -> Span:
        """When the photos were taken; those whose clock is in doubt count where there are no others."""
        return self.believed if self.believed.first else self.doubted

    def folder(self) -> str:
        """The deepest folder that holds all of them."""
        shared = []
        for one, other in zip(self.folder_low, self.folder_high, strict=False):
            if one != other:
                break
            shared.append(one)
        return "/".join(shared)

    def issues(self) -> tuple[str, ...]:
        """What is wrong with the times, in words."""
        found = []
        if self.unzoned:
            found.append(f"the time zone of {self.unzoned} files is not known: that of the computer was taken")
        if self.doubtful:
            found.append(f"the clock of the camera is in doubt in {self.doubtful} files")
        return tuple(found)

    def place(self) -> tuple[float, float] | None:
        """Where the photos were taken, by what they say themselves; None if they do not say, or disagree."""
        if self.low is None or self.high is None:
            return None
        if max(high - low for low, high in zip(self.low, self.high, strict=True)) > APART_DEGREES_MAX:
            return None
        return round((self.low[0] + self.high[0]) / 2, 6), round((self.low[1] + self.high[1]) / 2, 6)
