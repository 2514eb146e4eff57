"""Names of filed photos. The rule: a photo keeps its name; its folder is its day at the camera, or `undated`.

The pattern of `photos.folder` is written as for strftime but filled in here: the same on every system, in English in
every locale, and nothing in it can leave the library.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final

from box.errors import ConfigError
from box.photos.capture import Taken

UNDATED: Final = "undated"
"""The folder of photos that do not say when they were taken."""

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

FIELDS: Final[dict[str, Callable[[datetime], str]]] = {
    "Y": lambda time: f"{time.year:04}",
    "y": lambda time: f"{time.year % 100:02}",
    "m": lambda time: f"{time.month:02}",
    "d": lambda time: f"{time.day:02}",
    "j": lambda time: f"{time.timetuple().tm_yday:03}",
    "H": lambda time: f"{time.hour:02}",
    "M": lambda time: f"{time.minute:02}",
    "S": lambda time: f"{time.second:02}",
    "B": lambda time: _MONTHS[time.month - 1],
    "b": lambda time: _MONTHS[time.month - 1][:3],
    "A": lambda time: _DAYS[time.weekday()],
    "a": lambda time: _DAYS[time.weekday()][:3],
    "u": lambda time: f"{time.isoweekday()}",
    "U": lambda time: f"{(time.timetuple().tm_yday + 6 - time.isoweekday() % 7) // 7:02}",
    "W": lambda time: f"{(time.timetuple().tm_yday + 6 - time.weekday()) // 7:02}",
    "V": lambda time: f"{time.isocalendar().week:02}",
    "G": lambda time: f"{time.isocalendar().year:04}",
    "%": lambda _: "%",
}
"""What may follow `%` in the pattern, with the meaning that it has for strftime."""

_FIELD = re.compile(r"%(.?)", re.DOTALL)
THUMBNAIL_SUFFIX: Final = ".jpg"
"""Behind the name of the photo: the thumbnail of `a.png` is `a.png.jpg`."""


def folder_of(pattern: str, taken: Taken | None) -> str:
    """The folder of a photo, below the area: `2024/2024-05-03`. Raises ConfigError for a pattern that gives none."""
    if taken is None:
        return UNDATED
    time = datetime.fromisoformat(taken.at[:19])
    folder = _FIELD.sub(lambda match: _fill(match[1], time, pattern), pattern)
    if "\0" in folder or any(not part.strip(". ") for part in folder.split("/")):
        raise ConfigError(f"photos.folder: {pattern!r} does not name a folder below the photos; try %Y/%Y-%m-%d")
    return folder


def _fill(letter: str, time: datetime, pattern: str) -> str:
    if letter not in FIELDS:
        known = " ".join(f"%{known}" for known in FIELDS)
        raise ConfigError(f"photos.folder: {pattern!r} has %{letter}, which means nothing here; write one of {known}")
    return FIELDS[letter](time)
