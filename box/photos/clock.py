"""Clocks. The rule: a camera's clock is believed until it shows what no right clock shows; a day is that of the place.

What gives a wrong clock away is little: a factory date in its first hour, the future, and what is earlier than
`photos.earliest`. A camera that fell back to its factory date and went on counting for weeks looks like any other; only
its first pictures tell, and `box do redate` moves the whole set.
"""

from __future__ import annotations

import calendar
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from box.photos import dates
from box.photos.dates import Moment

FACTORY: Final = "factory-date"
FUTURE: Final = "future"
EARLY: Final = "too-early"

_FACTORY_DAYS: Final = frozenset({
    "1970-01-01",  # Unix: boards and phones without a clock
    "1980-01-01", "1980-01-06",  # DOS and FAT; GPS
    "1990-01-01", "2000-01-01", "2001-01-01", "2005-01-01", "2010-01-01", "2015-01-01", "2016-01-01",
})  # fmt: skip
"""Where clocks of cameras begin after a new battery or a reset."""
_FACTORY_MINUTES = 60
"""So long after midnight of such a day a clock is taken for one that just began. Longer would doubt more real pictures
of these days; as it is, a New Year's party at midnight is the price, unless the file's own GPS time confirms it."""
_AHEAD_MAX: Final = timedelta(days=1)
"""Local times run ahead of UTC by up to 14 hours, and clocks differ."""
_NOW_MIN: Final = 1_704_067_200
"""2024-01-01: a machine that thinks it is earlier has no clock (a board before it hears the time) and cannot tell what
is the future."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What the owner says about time."""

    timezone: str = ""
    """IANA name of the zone in which cameras are set. Without one, local times keep no offset, and times in UTC become
    local by the zone of the machine, which is what people expect."""
    day_starts_at: int = 0
    """Minutes after midnight. What is taken earlier belongs to the day before: with 12 * 60 a night is one folder."""
    earliest: str = "1990-01-01"
    """A clock that shows an earlier day is not believed: digital cameras of people begin about then, clocks that lost
    the time show 1970 or 1980. Who files scans of old prints under their own days sets an earlier one."""
    trust_mtime: bool = False
    """Whether the time at which a file was changed counts where nothing else does."""
    name_patterns: tuple[str, ...] = ()
    """The owner's own patterns of dates in file names."""


def clock_of(options: Mapping[str, Any]) -> Clock:
    """The clock of the section [photos], as a child process gets it."""
    hour, _, minute = options["day_starts_at"].partition(":")
    return Clock(
        timezone=options["timezone"],
        day_starts_at=int(hour) * 60 + int(minute),
        earliest=options["earliest"],
        trust_mtime=options["trust_mtime"],
        name_patterns=tuple(options["name_patterns"]),
    )


def doubt(moment: Moment, clock: Clock, now: float) -> str:
    """Why a clock that shows this moment is not believed; empty when it is."""
    day = moment.time.date().isoformat()
    if moment.has_time and day in _FACTORY_DAYS and moment.time.hour * 60 + moment.time.minute < _FACTORY_MINUTES:
        return FACTORY
    if day < clock.earliest:
        return EARLY
    today = dates.of_seconds(now)
    if now >= _NOW_MIN and today and moment.time > today.time + _AHEAD_MAX:
        return FUTURE
    return ""


def local(moment: Moment, clock: Clock, *, is_utc: bool) -> tuple[Moment, str]:
    """(the moment as the place of the camera has it, where its offset came from: "file", "timezone", "")."""
    if is_utc:
        return _from_utc(moment, clock)
    if moment.offset:
        return moment, "file"
    if clock.timezone and moment.has_time:
        offset = dates.offset_text(moment.time.replace(tzinfo=ZoneInfo(clock.timezone)).utcoffset())
        return replace(moment, offset=offset), "timezone" if offset else ""
    return moment, ""


def day(moment: Moment, clock: Clock) -> str:
    """The day under which a local moment is filed: a day alone is itself."""
    time = moment.time - timedelta(minutes=clock.day_starts_at) if moment.has_time else moment.time
    return time.date().isoformat()


def _from_utc(moment: Moment, clock: Clock) -> tuple[Moment, str]:
    """A moment in UTC as the owner's place has it."""
    seconds = calendar.timegm(moment.time.timetuple())
    try:
        if clock.timezone:
            offset = datetime.fromtimestamp(seconds, ZoneInfo(clock.timezone)).utcoffset() or timedelta(0)
        else:
            offset = timedelta(seconds=time.localtime(seconds).tm_gmtoff)
        return replace(moment, time=moment.time + offset, offset=dates.offset_text(offset)), "timezone"
    except (ValueError, OverflowError, OSError):  # the last hours of the year 9999, or more than the system knows
        return replace(moment, offset="+00:00"), ""
