"""A capture time that is moved: written as before, believed or not, never outside the calendar."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box.photos.clock import Clock
from box.photos.redating import Redated, redated

CLOCK = Clock()
NOW = datetime.fromisoformat("2024-06-01T00:00:00+00:00").timestamp()


@pytest.mark.parametrize(
    ("at", "seconds", "expected"),
    [
        ("2024-05-03T23:59:59.12+02:00", 1, Redated("2024-05-04T00:00:00.12+02:00", "2024-05-04", "")),
        ("2024-03-01T00:00:00", -86400, Redated("2024-02-29T00:00:00", "2024-02-29", "")),
        ("2024-05-04", 3600, Redated("2024-05-04", "2024-05-04", "")),
        ("2024-05-04", 86400, Redated("2024-05-05", "2024-05-05", "")),
        ("1970-01-01T00:10:00", 0, Redated("1970-01-01T00:10:00", "", "factory-date")),
        ("1970-01-01T00:10:00", 86400, Redated("1970-01-02T00:10:00", "", "too-early")),
        ("2024-05-31T00:00:00", 10 * 86400, Redated("2024-06-10T00:00:00", "", "future")),
    ],
)
def test_a_time_is_moved_and_judged(at: str, seconds: int, expected: Redated):
    assert redated(at, seconds, CLOCK, NOW) == expected


def test_a_night_stays_a_night():
    nights = Clock(day_starts_at=12 * 60)
    assert redated("2024-05-04T10:00:00", 3600, nights, NOW).day == "2024-05-03"
    assert redated("2024-05-04T10:00:00", 2 * 3600, nights, NOW).day == "2024-05-04"


def test_no_time_is_outside_the_calendar():
    with pytest.raises(ValueError, match="calendar"):
        redated("2024-05-04T00:00:00", -(10**11), CLOCK, NOW)


OLDEST, NEWEST = datetime.fromisoformat("1900-01-01"), datetime.fromisoformat("2100-01-01")


@given(st.datetimes(OLDEST, NEWEST), st.integers(-(10**9), 10**9))
def test_back_is_where_it_came_from(time: datetime, seconds: int):
    at = time.replace(microsecond=0).isoformat()
    assert redated(redated(at, seconds, CLOCK, NOW).at, -seconds, CLOCK, NOW).at == at
