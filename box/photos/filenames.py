"""Dates in file names. The rule: only what can hardly be anything else is a date; other numbers are numbers.

A date with a time counts wherever it stands by itself in the name; a date alone needs separators (`2024-05-04`) or a
word in front that cameras and messengers use (`IMG-20240504-WA0001`). Eight digits by themselves may as well be an
order number or a telephone, so they count only where the owner says so: `photos.name_patterns`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from box.photos import dates
from box.photos.dates import Moment

FIELDS: Final = {
    "Y": "(?P<Y>[0-9]{4})", "y": "(?P<y>[0-9]{2})", "m": "(?P<m>[0-9]{2})", "d": "(?P<d>[0-9]{2})",
    "H": "(?P<H>[0-9]{2})", "M": "(?P<M>[0-9]{2})", "S": "(?P<S>[0-9]{2})", "f": "(?P<f>[0-9]{1,9})", "%": "%",
}  # fmt: skip
"""What may follow `%` in the owner's patterns, with the meaning that it has for strptime."""

_NAME_CHARS_MAX = 1000
_YEAR: Final = "((?:19|20)[0-9]{2})"
_TWO: Final = "([0-9]{2})"
_WORD_BEFORE: Final = r"(?:^|[^0-9A-Za-z])[A-Za-z]*"
"""The digits are not the end of something that is made of digits and letters, such as a checksum."""

_RUN: Final = re.compile(rf"{_WORD_BEFORE}{_YEAR}{_TWO * 5}([0-9]{{3}})?(?![0-9])(Z(?![A-Za-z0-9]))?")
"""`IMG20240503101112`, `…BURST20190101101112345_COVER`."""
_APART: Final = re.compile(
    rf"{_WORD_BEFORE}{_YEAR}([-_.:]?){_TWO}\2{_TWO}"
    r"(?:[ T]|[_-]{1,2}|, | [^\W\d]{1,5} |-at-)"
    r"([0-9]{1,2})([-_.:]?)([0-9]{2})\6([0-9]{2})([0-9]{3})?(?![0-9])"
    r"(?:[ \u00a0\u202f]?([AaPp])\.?[Mm](?![A-Za-z0-9])|(Z(?![A-Za-z0-9])))?"
)
"""`20240503_101112`, `2024-05-04 18.59.59`, `2024_05_02__21_30_05`, `2024-05-04 at 6.59.59 PM`."""
_DAY_APART: Final = re.compile(rf"(?<![0-9A-Za-z])(?<![0-9][-.]){_YEAR}([-_]){_TWO}\2{_TWO}(?![0-9A-Za-z])")
_DAY_RUN: Final = re.compile(
    rf"(?:^|[^0-9A-Za-z])(?:IMG|VID|AUD|PTT|STK|DOC|MVIMG|PANO|WP|WIN|Screenshot|Photo|Image|Video|Scan)[ _-]?"
    rf"{_YEAR}{_TWO}{_TWO}(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_PIXEL: Final = re.compile("PXL_", re.IGNORECASE)
"""Google's Pixel cameras write UTC into names."""


@dataclass(frozen=True, slots=True)
class Named:
    """The date that a file name bears."""

    moment: Moment
    is_utc: bool = False


def date_in(name: str, patterns: tuple[str, ...] = ()) -> Named | None:
    """The date in a file name, None when there is none. The owner's patterns go first."""
    if len(name) > _NAME_CHARS_MAX:
        return None
    for pattern in patterns:
        for text in (name, name.rpartition(".")[0]):
            match = _compiled(pattern).fullmatch(text)
            if match and (moment := _own(match)):
                return Named(moment)
    return next((named for read in _READERS for named in read(name)), None)


def _run(name: str) -> Iterator[Named]:
    for match in _RUN.finditer(name):
        if moment := dates.moment(match.groups()[:6], match[7] or ""):
            yield _named(name, moment, match[8])


def _apart(name: str) -> Iterator[Named]:
    for match in _APART.finditer(name):
        year, _, month, day, hour, separator, minute, second, fraction, half, utc = match.groups()
        if half:
            hour = _hour_of_24(int(hour), half)
        elif len(hour) == 1 and not separator:
            continue
        if moment := dates.moment((year, month, day, hour, minute, second), fraction or ""):
            yield _named(name, moment, utc)


def _day_apart(name: str) -> Iterator[Named]:
    for match in _DAY_APART.finditer(name):
        if moment := dates.moment((match[1], match[3], match[4], None, None, None)):
            yield Named(moment)


def _day_run(name: str) -> Iterator[Named]:
    for match in _DAY_RUN.finditer(name):
        if moment := dates.moment((*match.groups(), None, None, None)):
            yield Named(moment)


_READERS: Final[tuple[Callable[[str], Iterator[Named]], ...]] = (_apart, _run, _day_apart, _day_run)


def _named(name: str, moment: Moment, utc: str | None) -> Named:
    return Named(moment, is_utc=bool(utc or _PIXEL.match(name)))


def _hour_of_24(hour: int, half: str) -> str:
    """The hour of a day of which noon is 12 PM and midnight 12 AM; one that no clock shows for one that is none."""
    if not 1 <= hour <= 12:
        return "99"
    return str(hour % 12 + (12 if half in "Pp" else 0))


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    """One of the owner's patterns; what stands between two `*` is taken where it first fits, so that none is slow."""
    pieces = [_piece(piece) for piece in re.split(r"\*+", pattern)]
    if len(pieces) == 1:
        return re.compile(pieces[0], re.IGNORECASE | re.DOTALL)
    middle = "".join(f"(?>.*?{piece})" for piece in pieces[1:-1])
    return re.compile(f"{pieces[0]}{middle}.*{pieces[-1]}", re.IGNORECASE | re.DOTALL)


def _piece(pattern: str) -> str:
    """A part of a pattern without `*`, as a regular expression."""
    parts = re.split(r"(%.|\?)", pattern, flags=re.DOTALL)
    fields = {f"%{letter}": field for letter, field in FIELDS.items()} | {"?": "."}
    return "".join(fields.get(part, re.escape(part)) for part in parts)


def _own(match: re.Match[str]) -> Moment | None:
    """The moment that one of the owner's patterns found."""
    found = match.groupdict()
    year = found.get("Y") or _full_year(found["y"])
    has_time = "H" in found
    time = (found["H"], found["M"], found.get("S", "0")) if has_time else (None, None, None)
    return dates.moment((year, found["m"], found["d"], *time), found.get("f", ""))


def _full_year(two: str) -> str:
    """The year of two digits: 1969 to 2068, as for strptime."""
    return ("20" if int(two) < 69 else "19") + two
