"""Redating: a capture time is moved because the camera's clock was wrong. The rule: pure; the clock is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

EARLIEST: Final = "1990-01-01"
"""A camera that shows an earlier day has lost its time."""
_AHEAD: Final = timedelta(days=1)
"""Local times run ahead of UTC by up to 14 hours."""


@dataclass(frozen=True, slots=True)
class Redated:
    """What a photo says of its time from now on."""

    at: str
    day: str
    doubt: str


def redated(at: str, seconds: int, now: float) -> Redated:
    """A capture time (RFC 3339, or a date alone) so much later. Raises ValueError outside the calendar."""
    has_time = len(at) >= 19
    try:
        # A day alone counts as noon, so that less than half a day leaves it where it is.
        time = datetime.fromisoformat(at[:19] if has_time else f"{at[:10]}T12:00:00") + timedelta(seconds=seconds)
    except OverflowError:
        raise ValueError(f"{at} moved by {seconds} s is outside the calendar") from None
    moved = time.isoformat() + at[19:] if has_time else time.date().isoformat()
    doubt = _doubt(time, now)
    return Redated(moved, "" if doubt else moved[:10], doubt)


def _doubt(time: datetime, now: float) -> str:
    if time.date().isoformat() < EARLIEST:
        return "too-early"
    return "future" if time > datetime.fromtimestamp(now, UTC).replace(tzinfo=None) + _AHEAD else ""
