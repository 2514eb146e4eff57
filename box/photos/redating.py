"""Redating: a capture time is moved because the camera's clock was wrong. The rule: pure; the clock is an argument."""

from __future__ import annotations

from dataclasses import dataclass

from box.photos import capture, clock, dates
from box.photos.clock import Clock


@dataclass(frozen=True, slots=True)
class Redated:
    """What a photo says of its time from now on."""

    at: str
    day: str
    doubt: str


def redated(at: str, seconds: int, rules: Clock, now: float) -> Redated:
    """A capture time (RFC 3339, or a date alone) so much later. Raises ValueError outside the calendar."""
    moved = capture.shifted(at, seconds)
    moment = dates.parse(moved)
    doubt = clock.doubt(moment, rules, now) if moment else ""
    return Redated(moved, "" if doubt else capture.day_of(moved, rules), doubt)
