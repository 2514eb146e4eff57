"""When a picture was taken, from what its fields say."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box.photos.capture import Taken, capture_time

ORIGINAL, DIGITIZED, MODIFIED = 0x9003, 0x9004, 0x0132
FRACTION, OFFSET = 0x9291, 0x9011
OLDEST = datetime.fromisoformat("1826-01-01")
GOOD = "2024:05:03 23:59:58"


@pytest.mark.parametrize(
    ("tags", "at"),
    [
        ({ORIGINAL: GOOD}, "2024-05-03T23:59:58"),
        ({ORIGINAL: b"2024:05:03 23:59:58\0"}, "2024-05-03T23:59:58"),
        ({ORIGINAL: b"2024:05:03 23:59:58\0\0\0 "}, "2024-05-03T23:59:58"),
        ({ORIGINAL: "2024-05-03 23:59:58"}, "2024-05-03T23:59:58"),
        ({ORIGINAL: "2024:05:03T23:59:58"}, "2024-05-03T23:59:58"),
        ({ORIGINAL: "2024:05:03 23:59:58.125"}, "2024-05-03T23:59:58.125"),
        ({ORIGINAL: GOOD, FRACTION: "12"}, "2024-05-03T23:59:58.12"),
        ({ORIGINAL: GOOD, FRACTION: b"012 \0"}, "2024-05-03T23:59:58.012"),
        ({ORIGINAL: GOOD, FRACTION: "abc"}, "2024-05-03T23:59:58"),
        ({ORIGINAL: GOOD, FRACTION: 12}, "2024-05-03T23:59:58"),
        ({ORIGINAL: GOOD, OFFSET: "+02:00"}, "2024-05-03T23:59:58+02:00"),
        ({ORIGINAL: GOOD, OFFSET: b"-09:30\0", FRACTION: "5"}, "2024-05-03T23:59:58.5-09:30"),
        ({ORIGINAL: GOOD, OFFSET: "Z"}, "2024-05-03T23:59:58+00:00"),
        ({ORIGINAL: GOOD, OFFSET: "+15:00"}, "2024-05-03T23:59:58"),
        ({ORIGINAL: GOOD, OFFSET: "+02:60"}, "2024-05-03T23:59:58"),
        ({ORIGINAL: GOOD, OFFSET: "   :  "}, "2024-05-03T23:59:58"),
        ({ORIGINAL: "2024:02:29 00:00:00"}, "2024-02-29T00:00:00"),
    ],
)
def test_a_good_time_is_kept_as_the_camera_wrote_it(tags: dict[int, object], at: str):
    assert capture_time(tags) == Taken(at, "EXIF:DateTimeOriginal")


@pytest.mark.parametrize(
    "bad",
    [
        "", "    ", "0000:00:00 00:00:00", "    :  :     :  :  ", "2024:13:03 10:11:12", "2024:00:03 10:11:12",
        "2024:02:30 10:11:12", "2023:02:29 10:11:12", "2024:05:03 24:00:00", "2024:05:03 10:60:12",
        "2024:05:03 10:11:60", "0012:05:03 10:11:12", "2024:05:03", "2024:05", "10:11:12", "2024:5:3 1:2:3", "now",
        "2024:05:03 10:11:12 extra", "\uff12024:05:03 10:11:12", "-024:05:03 10:11:12", "2024:05:03  10:11:12",
        b"\xff\xfe", 0, 20240503, 1.5, None, ("2024:05:03 10:11:12",), b"",
    ],
)  # fmt: skip
def test_a_bad_time_is_none_and_the_next_field_counts(bad: object):
    assert capture_time({ORIGINAL: bad}) is None
    assert capture_time({ORIGINAL: bad, DIGITIZED: GOOD}) == Taken("2024-05-03T23:59:58", "EXIF:DateTimeDigitized")


def test_the_original_comes_before_the_digitized_whatever_their_order():
    assert capture_time({DIGITIZED: "2020:01:01 00:00:00", ORIGINAL: GOOD}) == capture_time({ORIGINAL: GOOD})


def test_fraction_and_offset_of_one_field_do_not_go_with_the_other():
    assert capture_time({DIGITIZED: GOOD, FRACTION: "5", OFFSET: "+02:00"}).at == "2024-05-03T23:59:58"
    assert capture_time({DIGITIZED: GOOD, 0x9292: "5", 0x9012: "+02:00"}).at == "2024-05-03T23:59:58.5+02:00"


def test_when_it_was_modified_is_not_when_it_was_taken():
    assert capture_time({MODIFIED: GOOD}) is None


def test_nothing_is_said_by_nothing():
    assert capture_time({}) is None


values = st.one_of(
    st.text(max_size=30), st.binary(max_size=30), st.integers(), st.floats(), st.none(), st.tuples(st.integers()),
    st.from_regex(r"[0-9]{4}:[0-9]{2}:[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", fullmatch=True),
    st.from_regex(r"[+-][0-9]{2}:[0-9]{2}", fullmatch=True),
)  # fmt: skip


@given(st.dictionaries(st.sampled_from([ORIGINAL, DIGITIZED, MODIFIED, FRACTION, OFFSET, 0x9012, 0x9292]), values))
def test_whatever_the_fields_hold_the_answer_is_a_time_that_one_of_them_bears(tags: dict[int, object]):
    taken = capture_time(tags)
    if taken:
        time = datetime.fromisoformat(taken.at)
        assert time.year >= OLDEST.year
        source = {"EXIF:DateTimeOriginal": ORIGINAL, "EXIF:DateTimeDigitized": DIGITIZED}[taken.source]
        said = tags[source]
        digits = [character for character in (said if isinstance(said, str) else said.decode()) if character.isdigit()]
        assert "".join(digits)[:14] == f"{time:%Y%m%d%H%M%S}".zfill(14)


@given(st.datetimes(min_value=OLDEST), st.integers(-14 * 60, 14 * 60))
def test_every_real_time_and_offset_comes_through(time: datetime, minutes: int):
    time = time.replace(microsecond=0)
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    written = time.isoformat(" ").replace("-", ":")
    assert capture_time({ORIGINAL: written, OFFSET: offset}).at == time.isoformat() + offset
