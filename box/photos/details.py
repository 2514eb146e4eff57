"""Details of a picture. The rule: what a file says of its camera is short, printable and within what can be."""

from __future__ import annotations

import math
from dataclasses import dataclass

_TEXT_CHARS_MAX = 100
_EXPOSURE_SECONDS_MAX = 7 * 86_400
_APERTURE_MAX = 1000
_ISO_MAX = 10_000_000
_FRACTION_SECONDS_MAX = 0.25
"""Shorter exposures are written as people do, `1/250`; longer ones in tenths of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """The camera and how it was set."""

    make: str = ""
    model: str = ""
    serial: str = ""
    lens: str = ""
    exposure: str = ""
    """Seconds: `1/250`, `2.5`."""
    aperture: float = 0.0
    """The f-number, 0 when unknown."""
    iso: int = 0
    latitude: float | None = None
    longitude: float | None = None
    """Degrees, WGS 84; south and west are negative. Both or none."""
    orientation: int = 1
    """EXIF's, 1 to 8; 1 is upright."""


def tidy(text: str) -> str:
    """A text from a file on one line: without what cannot be printed, each blank once, cut."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_TEXT_CHARS_MAX].rstrip()


def exposure(seconds: float) -> str:
    """An exposure time, empty for one that no camera has."""
    if not 0 < seconds <= _EXPOSURE_SECONDS_MAX:
        return ""
    if seconds <= _FRACTION_SECONDS_MAX:
        return f"1/{round(1 / seconds)}" if seconds > 1e-9 else ""
    return f"{seconds:.1f}".removesuffix(".0")


def aperture(number: float) -> float:
    """An f-number, 0 for one that no lens has."""
    return round(number, 2) if 0 < number <= _APERTURE_MAX else 0.0


def iso(number: float) -> int:
    """A sensitivity, 0 for one that no film or sensor has."""
    return int(number) if 0 < number <= _ISO_MAX else 0


def orientation(number: float) -> int:
    """EXIF's orientation, upright for anything else."""
    return int(number) if number in range(1, 9) else 1


def place(latitude: float, longitude: float) -> tuple[float | None, float | None]:
    """Degrees, or twice None for no place on earth. Zero and zero are what a receiver without a fix writes."""
    if not (abs(latitude) <= 90 and abs(longitude) <= 180) or (not latitude and not longitude):
        return None, None
    return round(latitude, 7), round(longitude, 7)


def number(text: str) -> float:
    """A decimal number in text, NaN for none, which is within no bounds."""
    try:
        return float(text)
    except ValueError:
        return math.nan
