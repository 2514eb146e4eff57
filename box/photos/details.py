"""Details. The rule: what a picture says about itself beside its time; empty or 0 where it does not say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Details:
    """The camera, how it was set, and where it stood."""

    make: str = ""
    model: str = ""
    serial: str = ""
    lens: str = ""
    exposure: str = ""
    """Exposure time in seconds, as people write it: `1/250`."""
    aperture: float = 0.0
    iso: int = 0
    latitude: float | None = None
    longitude: float | None = None
    orientation: int = 1
    """EXIF's, 1 to 8."""
