"""Places and ways: what GPX and KML hold. The rule: a track is told by its sums, and only its ends are kept."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

_EARTH_METRES: Final = 6_371_008.8


@dataclass(slots=True)
class Way:
    """A track, a route or a line: what is told of its points."""

    name: str = ""
    kind: str = "track"
    points: int = 0
    metres: float = 0.0
    south: float = 90.0
    west: float = 180.0
    north: float = -90.0
    east: float = -180.0
    began: str = ""
    ended: str = ""
    _last: tuple[float, float] | None = None

    def add(self, latitude: float, longitude: float) -> None:
        """The next point."""
        self.points += 1
        if self._last is not None:
            self.metres += distance_metres(*self._last, latitude, longitude)
        self._last = latitude, longitude
        self.south, self.north = min(self.south, latitude), max(self.north, latitude)
        self.west, self.east = min(self.west, longitude), max(self.east, longitude)

    def pause(self) -> None:
        """The next point does not follow the last one."""
        self._last = None

    def at(self, time: str) -> None:
        """A point was passed then."""
        self.began = min(self.began, time) if self.began else time
        self.ended = max(self.ended, time)

    def row(self) -> tuple[str, ...]:
        """As a row of a table."""
        bounds = f"{self.south:.5f}, {self.west:.5f} to {self.north:.5f}, {self.east:.5f}" if self.points else ""
        return self.name, self.kind, f"{self.points:,}", f"{self.metres / 1000:.2f} km", self.began, self.ended, bounds


WAY_HEAD: Final = ("Name", "What", "Points", "Length", "From", "To", "Between")
PLACE_HEAD: Final = ("Name", "Latitude", "Longitude", "Height", "Time", "About")


def distance_metres(south: float, west: float, north: float, east: float) -> float:
    """Between two points, along a great circle."""
    phi, psi = math.radians(south), math.radians(north)
    half = math.sin((psi - phi) / 2) ** 2 + math.cos(phi) * math.cos(psi) * math.sin(math.radians(east - west) / 2) ** 2
    return 2 * _EARTH_METRES * math.asin(min(1.0, math.sqrt(half)))


def point(latitude: str | None, longitude: str | None) -> tuple[float, float] | None:
    """A point on earth, None for what is none."""
    try:
        found = float(latitude or ""), float(longitude or "")
    except ValueError:
        return None
    return found if -90 <= found[0] <= 90 and -180 <= found[1] <= 180 else None
