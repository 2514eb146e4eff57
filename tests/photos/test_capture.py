"""When a picture was taken, who says so, and under which day it belongs."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from box.photos.capture import Capture, Clock, clock_of, day_of, decide
from box.sections import Photos

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp()
CLOCK = Clock()
BERLIN = Clock(timezone="Europe/Berlin")
NIGHTS = Clock(day_starts_at=12 * 60)

ORIGINAL, DIGITIZED = "EXIF:DateTimeOriginal", "EXIF:DateTimeDigitized"
NOTES, AVI, KEYS, FILM = (
    "MakerNotes:DateTimeOriginal",
    "RIFF:DateTimeOriginal",
    "Keys:CreationDate",
    "QuickTime:CreateDate",
)
GPS_DAY, GPS_TIME, TAKEOUT = "GPS:GPSDateStamp", "GPS:GPSTimeStamp", "Takeout:photoTakenTime"
GOOD = "2024:05:03 23:59:58"
MTIME_NS = 1_600_000_000 * 10**9


def taken(evidence: dict[str, str], name: str = "x.jpg", clock: Clock = CLOCK, **sidecar: str) -> Capture:
    beside = {key.replace("_", ":"): text for key, text in sidecar.items()}
    return decide(evidence, name, MTIME_NS, clock, NOW, beside)


# --- who is asked first ----------------------------------------------------------------------------------------------

ORDER = [
    ({ORIGINAL: "2024:01:01 10:00:00"}, ORIGINAL, "2024-01-01T10:00:00", "high"),
    ({DIGITIZED: "2024:01:02 10:00:00"}, DIGITIZED, "2024-01-02T10:00:00", "medium"),
    ({NOTES: "2024:01:03 10:00:00"}, NOTES, "2024-01-03T10:00:00", "high"),
    ({AVI: "2024:01:04 10:00:00"}, AVI, "2024-01-04T10:00:00", "high"),
    ({KEYS: "2024:01:05 10:00:00+09:00"}, KEYS, "2024-01-05T10:00:00+09:00", "high"),
    ({FILM: "2024:01:06 10:00:00"}, FILM, "2024-01-06T11:00:00+01:00", "medium"),
    ({GPS_DAY: "2024:01:07", GPS_TIME: "10:00:00"}, GPS_DAY, "2024-01-07T11:00:00+01:00", "medium"),
    ({"XMP:DateTimeOriginal": "2024-01-08T10:00:00Z"}, "XMP:DateTimeOriginal", "2024-01-08T10:00:00+00:00", "medium"),
    ({"XMP:DateCreated": "2024-01-09T10:00:00Z"}, "XMP:DateCreated", "2024-01-09T10:00:00+00:00", "medium"),
    ({"XMP:CreateDate": "2024-01-10T10:00:00Z"}, "XMP:CreateDate", "2024-01-10T10:00:00+00:00", "low"),
]


@pytest.mark.parametrize(("evidence", "source", "at", "confidence"), ORDER, ids=lambda value: str(value)[:30])
def test_every_witness_is_heard(evidence: dict[str, str], source: str, at: str, confidence: str):
    found = taken(evidence, clock=BERLIN)
    assert (found.source, found.at[:19], found.confidence) == (source, at[:19], confidence)
    assert found.day == at[:10]
    if at[19:]:
        assert found.at == at


@pytest.mark.parametrize(("better", "worse"), list(pairwise(ORDER)), ids=lambda row: row[1])
def test_the_better_witness_wins_whatever_the_order_in_the_file(better: tuple, worse: tuple):
    for evidence in (better[0] | worse[0], worse[0] | better[0]):
        assert taken(evidence, "IMG_20200101_120000.jpg").source == better[1]


@pytest.mark.parametrize(("better", "worse"), list(pairwise(ORDER)), ids=lambda row: row[1])
@pytest.mark.parametrize("bad", ["", "    :  :     :  :  ", "0000:00:00 00:00:00", "2024:13:01 10:00:00", "garbage"])
def test_a_field_that_is_no_date_is_passed_over(better: tuple, worse: tuple, bad: str):
    broken = dict.fromkeys(better[0], bad)
    assert taken(broken | worse[0]).source == worse[1]


def test_what_stands_beside_the_file_is_asked_when_the_file_says_nothing():
    beside = {"XMP_DateTimeOriginal": "2023-01-01T10:00:00"}
    assert taken({ORIGINAL: GOOD}, **beside).source == ORIGINAL
    assert taken({"XMP:CreateDate": "2024-01-01"}, **beside).at == "2024-01-01"
    assert taken({}, "IMG_20240503_101112.jpg", **beside).at == "2023-01-01T10:00:00"
    assert taken({ORIGINAL: ""}, **beside).source == "XMP:DateTimeOriginal"


def test_takeout_counts_seconds_in_utc():
    assert taken({}, clock=BERLIN, Takeout_photoTakenTime="1714816799").at == "2024-05-04T11:59:59+02:00"
    assert taken({}, clock=BERLIN, Takeout_photoTakenTime="-1714816799").doubt == "too-early"
    for bad in ("", "0", "x", "1e9", "9" * 30, "\u0661", "--1", "9" * 19):
        assert taken({}, Takeout_photoTakenTime=bad) == Capture()


def test_the_name_comes_last_and_the_time_of_the_file_only_where_it_is_trusted():
    trusting = Clock(timezone="Europe/Berlin", trust_mtime=True)
    assert taken({}) == Capture()
    assert taken({}, "IMG_20240503_101112.jpg", trusting) == Capture(
        "2024-05-03T10:11:12+02:00", "name", "timezone", "medium", "2024-05-03"
    )
    assert taken({}, "IMG-20240504-WA0001.jpg", trusting) == Capture("2024-05-04", "name", "", "low", "2024-05-04")
    assert taken({}, "x.jpg", trusting) == Capture(
        "2020-09-13T14:26:40+02:00", "mtime", "timezone", "low", "2020-09-13"
    )


def test_neither_when_it_was_modified_nor_another_date_counts():
    for name in ("EXIF:ModifyDate", "EXIF:DateTime", "EXIF:OffsetTime", "ICC:ProfileDateTime", "XMP:ModifyDate"):
        assert taken({name: GOOD}) == Capture()


def test_fraction_and_offset_of_one_field_do_not_go_with_the_other():
    beside = {"EXIF:SubSecTimeOriginal": "5", "EXIF:OffsetTimeOriginal": "+02:00", "EXIF:OffsetTime": "+03:00"}
    assert taken({DIGITIZED: GOOD, **beside}).at == "2024-05-03T23:59:58"
    assert taken({ORIGINAL: GOOD, **beside}).at == "2024-05-03T23:59:58.5+02:00"
    own = {"EXIF:SubSecTimeDigitized": "12", "EXIF:OffsetTimeDigitized": "-03:30"}
    assert taken({DIGITIZED: GOOD, **own}).at == "2024-05-03T23:59:58.12-03:30"


# --- the day at the camera -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", ["", "+14:00", "-12:00", "Z"])
@pytest.mark.parametrize("clock", [CLOCK, BERLIN, Clock(timezone="Pacific/Auckland")])
def test_an_offset_does_not_move_the_day(offset: str, clock: Clock):
    found = taken({ORIGINAL: "2024:05:03 00:30:00", "EXIF:OffsetTimeOriginal": offset}, clock=clock)
    assert (found.day, found.at[:19]) == ("2024-05-03", "2024-05-03T00:30:00")


def test_an_offset_in_the_file_wins_over_the_timezone():
    assert taken({ORIGINAL: GOOD, "EXIF:OffsetTimeOriginal": "+09:00"}, clock=BERLIN).zone == "file"
    assert taken({ORIGINAL: GOOD}, clock=BERLIN).at == "2024-05-03T23:59:58+02:00"
    assert taken({ORIGINAL: "2024:01:03 10:00:00"}, clock=BERLIN).at == "2024-01-03T10:00:00+01:00"
    assert taken({ORIGINAL: GOOD}, clock=BERLIN).zone == "timezone"
    assert (taken({ORIGINAL: GOOD}).at, taken({ORIGINAL: GOOD}).zone) == ("2024-05-03T23:59:58", "")
    assert taken({ORIGINAL: "2024:05:03"}, clock=BERLIN) == Capture("2024-05-03", ORIGINAL, "", "low", "2024-05-03")


@pytest.mark.parametrize(
    ("evidence", "name"),
    [
        ({FILM: "2023:12:31 22:02:32"}, "x.mov"), ({}, "PXL_20231231_220232177.jpg"),
        ({GPS_DAY: "2023:12:31", GPS_TIME: "22:02:32"}, "x.jpg"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("zone", "at"),
    [
        ("Asia/Tokyo", "2024-01-01T07:02:32+09:00"), ("America/New_York", "2023-12-31T17:02:32-05:00"),
        ("Asia/Kolkata", "2024-01-01T03:32:32+05:30"),
    ],
)  # fmt: skip
def test_what_is_in_utc_becomes_local(evidence: dict[str, str], name: str, zone: str, at: str):
    found = taken(evidence, name, Clock(timezone=zone))
    assert (found.at.replace(".177", ""), found.zone, found.day) == (at, "timezone", at[:10])


def test_without_a_timezone_utc_becomes_local_by_the_zone_of_the_machine(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert taken({FILM: "2023:12:31 22:02:32"}).at == "2024-01-01T07:02:32+09:00"
        assert taken({ORIGINAL: GOOD}).at == "2024-05-03T23:59:58"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_film_with_its_own_offset_is_local_at_the_camera():
    both = {KEYS: "2024:05:04 00:30:00-07:00", FILM: "2024:05:04 07:30:00"}
    assert taken(both, clock=BERLIN).at == "2024-05-04T00:30:00-07:00"


@pytest.mark.parametrize("unset", ["1904:01:01 00:00:00", "1970:01:01 00:00:00", "0000:00:00 00:00:00"])
def test_a_film_whose_clock_was_never_set_says_nothing(unset: str):
    assert taken({FILM: unset}, "VID_20240503_101112.mp4").at == "2024-05-03T10:11:12"


@pytest.mark.parametrize(
    ("starts", "written", "day"),
    [
        ("00:00", "2024:05:03 00:00:00", "2024-05-03"),
        ("12:00", "2024:05:02 21:30:00", "2024-05-02"),
        ("12:00", "2024:05:03 02:30:00", "2024-05-02"),
        ("12:00", "2024:05:03 11:59:59", "2024-05-02"),
        ("12:00", "2024:05:03 12:00:00", "2024-05-03"),
        ("12:00", "2024:03:01 02:30:00", "2024-02-29"),
        ("12:00", "2024:01:01 02:30:00", "2023-12-31"),
        ("04:00", "2024:05:03 03:30:00", "2024-05-02"),
        ("04:00", "2024:05:03 04:00:00", "2024-05-03"),
        ("04:00", "2024:05:03 23:00:00", "2024-05-03"),
        ("23:59", "2024:05:03 23:58:59", "2024-05-02"),
        ("12:00", "2024:05:03", "2024-05-03"),
    ],
)
def test_what_is_taken_before_the_day_starts_belongs_to_the_day_before(starts: str, written: str, day: str):
    clock = clock_of({**OPTIONS, "day_starts_at": starts})
    assert taken({ORIGINAL: written}, clock=clock).day == day
    assert day_of(taken({ORIGINAL: written}, clock=clock).at, clock) == day


OPTIONS = {key: getattr(Photos(), key) for key in Photos.__slots__}


def test_the_clock_is_made_from_the_section_of_the_configuration():
    assert clock_of(OPTIONS) == Clock()
    options = {**OPTIONS, "timezone": "Asia/Tokyo", "day_starts_at": "04:30", "name_patterns": ["%Y%m%d"]}
    made = clock_of({**options, "earliest": "1850-01-01", "trust_mtime": True})
    assert made == Clock(
        timezone="Asia/Tokyo", day_starts_at=270, earliest="1850-01-01", trust_mtime=True, name_patterns=("%Y%m%d",)
    )
    assert taken({}, "20240503.jpg", made).day == "2024-05-03"


def test_a_text_that_is_no_time_has_no_day():
    assert day_of("", CLOCK) == ""


# --- clocks that are wrong -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "doubt"),
    [
        ("1970:01:01 00:00:00", "factory-date"),
        ("1970:01:01 00:59:59", "factory-date"),
        ("1980:01:01 00:00:12", "factory-date"),
        ("1980:01:06 00:00:00", "factory-date"),
        ("2000:01:01 00:00:00", "factory-date"),
        ("2005:01:01 00:01:00", "factory-date"),
        ("2010:01:01 00:00:30", "factory-date"),
        ("2015:01:01 00:03:00", "factory-date"),
        ("1970:01:05 10:00:00", "too-early"),
        ("1980:02:01 10:00:00", "too-early"),
        ("1989:12:31 23:59:59", "too-early"),
        ("1904:01:01 00:00:00", "too-early"),
        ("2026:06:02 12:00:01", "future"),
        ("2099:01:01 00:00:00", "future"),
        ("9999:12:31 23:59:59", "future"),
        ("1990:01:02 00:00:00", ""),
        ("2000:01:01 01:00:00", ""),
        ("2015:01:01 14:30:00", ""),
        ("2014:12:31 23:59:59", ""),
        ("2026:06:02 11:59:59", ""),
        ("2026:06:01 12:00:00", ""),
    ],
)
@pytest.mark.parametrize("clock", [CLOCK, BERLIN, NIGHTS])
def test_a_clock_that_is_wrong_is_in_doubt_and_shows_what_it_showed(written: str, doubt: str, clock: Clock):
    found = taken({ORIGINAL: written}, clock=clock)
    assert (found.doubt, bool(found.day)) == (doubt, not doubt)
    assert found.at[:19] == f"{written[:4]}-{written[5:7]}-{written[8:10]}T{written[11:]}"
    assert found.confidence == ("low" if doubt else "high")


def test_the_owner_says_what_is_too_early():
    scans = Clock(earliest="1850-01-01")
    assert taken({ORIGINAL: "1931:07:04 12:00:00"}, clock=scans).day == "1931-07-04"
    assert taken({ORIGINAL: "1849:12:31 12:00:00"}, clock=scans).doubt == "too-early"
    assert taken({ORIGINAL: "2019:12:31 12:00:00"}, clock=Clock(earliest="2020-01-01")).doubt == "too-early"


def test_a_machine_without_a_clock_of_its_own_calls_nothing_the_future():
    assert decide({ORIGINAL: GOOD}, "x.jpg", 0, CLOCK, 12.5).day == "2024-05-03"


def test_the_camera_s_other_dates_and_the_file_s_time_do_not_save_a_wrong_clock():
    trusting = Clock(trust_mtime=True)
    for bad in ("2000:01:01 00:00:12", "2031:01:01 10:00:00", "1975:06:01 10:00:00"):
        others = {DIGITIZED: GOOD, NOTES: GOOD, FILM: GOOD}
        found = taken({ORIGINAL: bad, **others}, clock=trusting)
        assert (found.source, found.day, found.confidence) == (ORIGINAL, "", "low")
        assert found.doubt


@pytest.mark.parametrize(
    ("evidence", "name", "sidecar", "source"),
    [
        ({GPS_DAY: "2024:05:03", GPS_TIME: "12:00:00"}, "x.jpg", {}, GPS_DAY),
        ({"XMP:DateTimeOriginal": "2024-05-03T12:00:00"}, "x.jpg", {}, "XMP:DateTimeOriginal"),
        ({}, "x.jpg", {"XMP_DateCreated": "2024-05-03"}, "XMP:DateCreated"),
        ({}, "x.jpg", {"Takeout_photoTakenTime": "1714737600"}, TAKEOUT),
        ({}, "IMG_20240503_101112.jpg", {}, "name"),
    ],
)
def test_what_does_not_come_from_the_wrong_clock_gives_the_day(
    evidence: dict[str, str], name: str, sidecar: dict[str, str], source: str
):
    for wrong in ("2000:01:01 00:00:12", "2031:01:01 10:00:00"):
        found = taken({ORIGINAL: wrong, **evidence}, name, **sidecar)
        assert (found.source, found.day, found.confidence, found.doubt) == (source, "2024-05-03", "low", "")
    early = taken({ORIGINAL: "1965:07:04 12:00:00", **evidence}, name, **sidecar)
    assert (early.source, early.day, early.doubt) == (ORIGINAL, "", "too-early"), "perhaps a scan of an old print"


def test_a_name_by_the_same_wrong_clock_does_not_help():
    found = taken({ORIGINAL: "2000:01:01 00:00:12"}, "IMG_20000101_000012.jpg")
    assert (found.source, found.doubt, found.day) == (ORIGINAL, "factory-date", "")
    assert taken({}, "mothbox_1970_01_01__00_00_05_HDR0.jpg").doubt == "factory-date"


def test_gps_confirms_a_party_at_new_year_s_midnight():
    party = {ORIGINAL: "2015:01:01 00:05:00", GPS_DAY: "2014:12:31", GPS_TIME: "23:05:00"}
    assert taken(party) == Capture("2015-01-01T00:05:00", ORIGINAL, "", "high", "2015-01-01")
    assert taken({**party, GPS_DAY: "2015:06:01"}).source == GPS_DAY


def test_the_times_of_a_wrong_file_clock_are_in_doubt_too():
    for mtime_ns, doubt in ((0, "factory-date"), (4 * 10**18, "future"), (10**30, ""), (-(10**30), "")):
        found = decide({}, "x.jpg", mtime_ns, Clock(timezone="UTC", trust_mtime=True), NOW)
        assert (found.doubt, found.day) == (doubt, "")


# --- anything --------------------------------------------------------------------------------------------------------

ZONES = ("", "Europe/Berlin", "Asia/Kolkata", "Pacific/Kiritimati", "America/St_Johns")
pieces = st.sampled_from([*"0123456789:-. TZ+", "2024", "1999", "05", "31", "24:00:00", "10:11:12", "0000"])
texts = (
    st.text(max_size=10)
    | st.lists(pieces, max_size=12).map("".join)
    | st.datetimes().map(lambda at: at.isoformat(" ", "seconds").replace("-", ":"))
    | st.sampled_from(["1714816799", "2024:05:03", "10:11:12", "+02:00", "Z", "123", "0000:00:00 00:00:00"])
)
FIELDS = [name for evidence, *_ in ORDER for name in evidence]
FIELDS += ["EXIF:SubSecTimeOriginal", "EXIF:OffsetTimeOriginal", "EXIF:ModifyDate", TAKEOUT]
clocks = st.builds(
    Clock,
    timezone=st.sampled_from(ZONES),
    day_starts_at=st.integers(0, 24 * 60 - 1),
    earliest=st.sampled_from(["1826-01-01", "1990-01-01"]),
    trust_mtime=st.booleans(),
)
UTC_SOURCES = {FILM, GPS_DAY, TAKEOUT, "mtime"}


@given(
    st.dictionaries(st.sampled_from(FIELDS), texts), texts.map(lambda text: f"{text.replace(':', '-')}.jpg"),
    st.integers(-(10**19), 10**19), clocks, st.floats(0, 4e9), st.dictionaries(st.sampled_from(FIELDS), texts),
)  # fmt: skip
@example({FILM: "9999:12:31 23:59:59"}, "x", 0, Clock(timezone="Asia/Tokyo"), 4e9, {})
@example({GPS_DAY: "1826:01:01", GPS_TIME: "00:00:00"}, "x", 0, Clock(earliest="1826-01-01"), 4e9, {})
def test_whatever_the_fields_hold_the_day_is_one_that_the_winning_field_bears(
    evidence: dict[str, str], name: str, mtime_ns: int, clock: Clock, now: float, sidecar: dict[str, str]
):
    found = decide(evidence, name, mtime_ns, clock, now, sidecar)
    assert found.day == "" or not found.doubt
    assert (found.at == "") == (found.source == "") == (found.confidence == "")
    if not found.day:
        return
    day, local = datetime.fromisoformat(found.day), datetime.fromisoformat(found.at[:19])
    assert day <= local < day + timedelta(days=1 + (len(found.at) > 10))
    near = {f"{local + timedelta(days=days):%Y%m%d}".zfill(8) for days in (-1, 0, 1)}
    if found.source == "name":
        assert any(near_by in name.replace("-", "") for near_by in near)
        return
    if found.source == "mtime":
        told = {first_day(mtime_ns / 10**9)}
    else:
        told = {first_day(said[found.source]) for said in (evidence, sidecar) if found.source in said}
    assert told & (near if found.source in UTC_SOURCES else {f"{local:%Y%m%d}".zfill(8)})


def first_day(said: str | float) -> str:
    """The day that the first three numbers of a text are, or that so many seconds make."""
    numbers = re.findall("[0-9]+", said) if isinstance(said, str) else []
    if len(numbers) > 2:
        year, month, day = (int(number) for number in numbers[:3])
        return f"{year:04}{month:02}{day:02}"
    try:
        return f"{datetime(1970, 1, 1) + timedelta(seconds=float(said)):%Y%m%d}"  # noqa: DTZ001
    except (ValueError, OverflowError):
        return ""


@given(st.datetimes(datetime(1990, 1, 2), datetime(2026, 5, 31)), st.sampled_from(ZONES[1:]))  # noqa: DTZ001
def test_every_moment_in_utc_is_the_same_moment_in_the_zone(at: datetime, zone: str):
    at = at.replace(microsecond=0)
    found = taken({FILM: at.isoformat(" ").replace("-", ":")}, clock=Clock(timezone=zone))
    if not found.doubt:
        assert datetime.fromisoformat(found.at) == at.replace(tzinfo=UTC)
        assert found.day == f"{at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)):%Y-%m-%d}"
