"""Dates in text: read as they are written, or refused."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from box.photos import dates
from box.photos.capture import shifted

GOOD = "2024-05-03T23:59:58"
OLDEST = datetime.fromisoformat("1826-01-01")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2024:05:03 23:59:58", "2024-05-03T23:59:58"),
        ("2024:05:03 23:59:58\0\0 \0", "2024-05-03T23:59:58"),
        ("  2024-05-03 23:59:58\r\n", "2024-05-03T23:59:58"),
        ("2024/05/03T23:59:58", "2024-05-03T23:59:58"),
        ("2024.05.03 23:59:58", "2024-05-03T23:59:58"),
        ("2024:05:03  23:59:58", "2024-05-03T23:59:58"),
        ("2024: 5: 3  1: 2: 3", "2024-05-03T01:02:03"),
        ("2024:5:3 1:2:3", "2024-05-03T01:02:03"),
        ("2024:05:03 23:59:58.125", "2024-05-03T23:59:58.125"),
        ("2024:05:03 23:59:58,5", "2024-05-03T23:59:58.5"),
        ("2024:05:03 23:59:58.12345678901234", "2024-05-03T23:59:58.123456789"),
        ("2024:05:03 23:59:58Z", "2024-05-03T23:59:58+00:00"),
        ("2024:05:03 23:59:58+02:00", "2024-05-03T23:59:58+02:00"),
        ("2024-05-03T23:59:58.5-0930", "2024-05-03T23:59:58.5-09:30"),
        ("2024-05-03T23:59:58 +02", "2024-05-03T23:59:58+02:00"),
        ("2024:05:03 23:59:58-00:00", "2024-05-03T23:59:58+00:00"),
        ("2024:05:03 23:59:58+15:00", "2024-05-03T23:59:58"),
        ("2024:05:03 23:59:58+02:60", "2024-05-03T23:59:58"),
        ("2013-09-24T15:13+02:00", "2013-09-24T15:13:00+02:00"),
        ("2024:05:03", "2024-05-03"),
        ("2024:05:03   :  :  ", "2024-05-03"),
        ("2024:02:29 00:00:00", "2024-02-29T00:00:00"),
        ("9999:12:31 23:59:59", "9999-12-31T23:59:59"),
    ],
)
def test_what_a_calendar_and_a_clock_can_show_is_a_moment(text: str, at: str):
    assert str(dates.parse(text)) == at


NONE = [
    "", "    ", "0000:00:00 00:00:00", "    :  :     :  :  ", "2024:13:03 10:11:12", "2024:00:03 10:11:12",
    "2024:02:30 10:11:12", "2023:02:29 10:11:12", "2024:05:03 24:00:00", "2024:05:03 25:00:00", "2024:05:03 10:60:12",
    "2024:05:03 10:11:60", "0012:05:03 10:11:12", "1825:12:31 23:59:59", "2024:05", "2024", "10:11:12", "now",
    "2024:05:03 10:11:12 extra", "\uff12024:05:03 10:11:12", "-024:05:03 10:11:12", "2024:05:03 10", "20240503",
    "2024:05:03 10:11:12 PM", "03:05:2024 10:11:12", "2024:05:03Z", "1714816799", "2024:05:03 10:11:12" + " " * 200,
    "\u0662\u0660\u0662\u0664:05:03 10:11:12", "2024:05:03 10:11:12\0 2024:05:03 10:11:12",
]  # fmt: skip


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_moment_is_none(text: str):
    assert dates.parse(text) is None


@pytest.mark.parametrize(
    ("fraction", "offset", "at"),
    [
        ("12", "", f"{GOOD}.12"), ("012 \0", "", f"{GOOD}.012"), ("abc", "", GOOD), ("-5", "", GOOD),
        ("", "+02:00", f"{GOOD}+02:00"), ("5", "-09:30\0", f"{GOOD}.5-09:30"), ("", "Z", f"{GOOD}+00:00"),
        ("", "   :  ", GOOD), ("", "+15:00", GOOD), ("", "02:00", GOOD), ("\u0665", "", GOOD),
    ],
)  # fmt: skip
def test_fraction_and_offset_may_stand_beside_it(fraction: str, offset: str, at: str):
    assert str(dates.parse("2024:05:03 23:59:58", fraction, offset)) == at


def test_what_stands_in_the_text_goes_before_what_stands_beside_it():
    assert str(dates.parse("2024:05:03 23:59:58.1+01:00", "2", "+02:00")) == "2024-05-03T23:59:58.1+01:00"
    assert str(dates.parse("2024:05:03", "2", "+02:00")) == "2024-05-03"
    assert str(dates.parse("2024:05:03 10:11", "2", "+02:00")) == "2024-05-03T10:11:00+02:00"


@given(st.datetimes(min_value=OLDEST), st.integers(-14 * 60, 14 * 60), st.sampled_from([":", "-", "/"]))
def test_every_real_time_and_offset_comes_through(time: datetime, minutes: int, separator: str):
    time = time.replace(microsecond=0)
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    written = f"{time.year:04}{separator}{time:%m}{separator}{time:%d} {time:%H:%M:%S}"
    assert str(dates.parse(written, offset=offset)) == time.isoformat() + offset


pieces = st.sampled_from([*"0123456789:-/. TZ+\0", "2024", "05", "03", "24:00:00", "10:11:12", "0000", "12"])


@given(st.text(max_size=40) | st.lists(pieces, max_size=14).map("".join), st.text(max_size=8), st.text(max_size=8))
@example("2024:05:03 10:11:12", "\u00b2", "+\u0662\u0660:00")
def test_no_text_breaks_it_or_gives_another_day_than_it_bears(text: str, fraction: str, offset: str):
    found = dates.parse(text, fraction, offset)
    if found:
        year, month, day = (int(digits) for digits in re.findall("[0-9]+", text)[:3])
        assert (found.time.year, found.time.month, found.time.day) == (year, month, day)
        assert dates.parse(str(found)) == found


@pytest.mark.parametrize(
    ("at", "seconds", "then"),
    [
        ("2024-05-03T23:59:58", 2, "2024-05-04T00:00:00"),
        ("2024-05-03T23:59:58.12+02:00", -86_400, "2024-05-02T23:59:58.12+02:00"),
        ("2000-01-01T00:00:12", 3 * 86_400 + 7200, "2000-01-04T02:00:12"),
        ("2024-05-03", 86_400, "2024-05-04"),
        ("2024-05-03", 3600, "2024-05-03"),
        ("2024-05-03", -3600, "2024-05-03"),
    ],
)
def test_a_time_moves_and_is_written_as_before(at: str, seconds: int, then: str):
    assert shifted(at, seconds) == then


@pytest.mark.parametrize("seconds", [10**10, -(10**12), 10**30, -(10**30)])
@pytest.mark.parametrize("at", ["9999-12-31T23:59:59", "2024-05-03"])
def test_outside_the_calendar_nothing_moves(at: str, seconds: int):
    with pytest.raises(ValueError, match="calendar"):
        shifted(at, seconds * 100)


def test_what_is_no_time_does_not_move():
    with pytest.raises(ValueError, match="no capture time"):
        shifted("", 1)


@given(st.datetimes(min_value=OLDEST, max_value=datetime(2500, 1, 1)), st.integers(-(10**8), 10**8))  # noqa: DTZ001
def test_moving_there_and_back_changes_nothing(time: datetime, seconds: int):
    at = time.isoformat()
    try:
        moved = shifted(at, seconds)
    except ValueError:
        return
    assert shifted(moved, -seconds) == at


@given(st.floats() | st.integers())
def test_no_count_of_seconds_breaks_it(seconds: float):
    found = dates.of_seconds(seconds)
    assert found is None or dates.YEAR_MIN <= found.time.year <= 9999
