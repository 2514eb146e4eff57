"""Dates in text. The rule: a text is a moment that a calendar and a clock can show, or it is none.

Cameras and programs write `2024:05:03 23:59:58`, ISO 8601, fractions, offsets, blanks for digits; some know the day
only. All of that is read; nothing is filled in that the text does not say, but seconds that it leaves out count as 0.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

YEAR_MIN: Final = 1826
"""The year of the first photograph that is left: an earlier one is a mistake in writing, not a moment."""
OFFSET_MINUTES_MAX: Final = 14 * 60
"""No place on earth is further from UTC."""

_TEXT_MAX = 100
_FRACTION_DIGITS_MAX = 9
_PADDING: Final = "\0 \t\r\n"

_MOMENT: Final = re.compile(
    r"([0-9]{4})[:/.-] ?([0-9]{1,2})[:/.-] ?([0-9]{1,2})"
    r"(?:[ :]*"  # a time of blanks is none
    r"|[ T] ?([0-9]{1,2}): ?([0-9]{1,2})(?:: ?([0-9]{1,2})(?:[.,]([0-9]+))?)? ?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)"
)
_FRACTION: Final = re.compile(r"[0-9]+")
_OFFSET: Final = re.compile(r"([+-])([0-9]{2})(?::?([0-9]{2}))?")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as somebody wrote it."""

    time: datetime
    """Without a zone and in whole seconds; midnight where only the day is known."""
    fraction: str = ""
    """Digits of a fraction of a second, as far as they are known."""
    offset: str = ""
    """From UTC, as RFC 3339 has it; empty when unknown."""
    has_time: bool = True
    """Whether more than the day is known."""

    def __str__(self) -> str:
        """RFC 3339, or the day alone: `2024-05-03T23:59:58.12+02:00`, `2024-05-03`."""
        if not self.has_time:
            return self.time.date().isoformat()
        return self.time.isoformat() + (f".{self.fraction}" if self.fraction else "") + self.offset


def parse(text: str, fraction: str = "", offset: str = "") -> Moment | None:
    """The moment that a text tells, None when it tells none.

    `fraction` and `offset` are fields beside it; what stands in the text itself goes before them.
    """
    match = _MOMENT.fullmatch(text.strip(_PADDING)) if len(text) <= _TEXT_MAX else None
    return moment(match.groups()[:6], match[7] or fraction, match[8] or offset) if match else None


def moment(parts: Sequence[str | None], fraction: str = "", offset: str = "") -> Moment | None:
    """The moment of year, month, day, hour, minute, second; the last three, or the last, may be None."""
    try:
        time = datetime(*(int(part or 0) for part in parts))  # type: ignore[arg-type]  # noqa: DTZ001 - local
    except ValueError:
        return None
    if time.year < YEAR_MIN:
        return None
    if parts[3] is None:
        return Moment(time, has_time=False)
    fraction = fraction.strip(_PADDING)
    known = fraction[:_FRACTION_DIGITS_MAX] if parts[5] is not None and _FRACTION.fullmatch(fraction) else ""
    return Moment(time, known, _offset(offset.strip(_PADDING)))


def of_seconds(seconds: float) -> Moment | None:
    """The moment so many seconds after 1970 began, in UTC; None outside the calendar."""
    try:
        time = datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return Moment(time.replace(tzinfo=None), offset="+00:00") if time.year >= YEAR_MIN else None


def shifted(of: Moment, seconds: int) -> Moment:
    """The moment so much later, its offset the same. Raises ValueError outside the calendar.

    A day alone goes by whole days: it counts as noon, so that less than half a day leaves it where it is.
    """
    noon = timedelta(0) if of.has_time else timedelta(hours=12)
    try:
        time = of.time + noon + timedelta(seconds=seconds)
    except OverflowError:
        time = datetime.min  # noqa: DTZ901 - local
    if time.year < YEAR_MIN:
        raise ValueError(f"{of} moved by {seconds} s is outside the calendar")
    if not of.has_time:
        time = datetime(time.year, time.month, time.day)  # noqa: DTZ001 - local
    return Moment(time, of.fraction, of.offset, of.has_time)


def offset_text(offset: timedelta | None) -> str:
    """An offset as RFC 3339 has it; empty for one that is not of whole minutes, which it cannot write."""
    if offset is None or offset % timedelta(minutes=1):
        return ""
    minutes = offset // timedelta(minutes=1)
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


def _offset(text: str) -> str:
    """The offset in RFC 3339, empty when there is none that a place on earth has."""
    if text == "Z":
        return "+00:00"
    match = _OFFSET.fullmatch(text)
    if not match:
        return ""
    hours, rest = int(match[2]), int(match[3] or 0)
    if rest > 59 or hours * 60 + rest > OFFSET_MINUTES_MAX:
        return ""
    return f"{match[1] if hours or rest else '+'}{hours:02}:{rest:02}"
