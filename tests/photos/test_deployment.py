"""Deployments: which photos are of one, when and where it was, by what a person says and what the photos say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box.photos import deployment
from box.photos.deployment import Shot, Summary, Wanted, is_of, limit, moment, reason_against, zone_named

SHOT = Shot(
    folder="users/me/photos/2021/2021-04-11", name="RCNX0031.JPG", size=10, digest="ab" * 32, media_type="image/jpeg",
    origin="users/me/inbox/2021/ST03/100RECNX/RCNX0031.JPG", taken_at="2021-04-11T20:43:09", doubt="", make="RECONYX",
    model="HYPERFIRE 2 COVERT", serial="H2RXEM06043616", lens="", exposure="1/30", aperture=0.0, iso=1600, width=2048,
    height=1440, orientation=1, latitude=None, longitude=None,
)  # fmt: skip
BRUSSELS = ZoneInfo("Europe/Brussels")


@pytest.mark.parametrize(
    ("folder", "belongs"),
    [
        ("ST03", True), ("100RECNX", True), ("2021/ST03", True), ("ST03/100RECNX", True), (".", True), ("", True),
        ("2021-04-11", True), ("2021/2021-04-11", True),  # where it lies now
        ("ST0", False), ("T03", False), ("st03", False), ("ST03/2021", False), ("inbox", False), ("photos", False),
        ("me", False), ("users", False), ("RCNX0031.JPG", False),
    ],
)  # fmt: skip
def test_a_folder_is_one_in_which_a_photo_came_or_lies(folder, belongs):
    assert is_of(SHOT, Wanted(folder=folder)) is belongs


@pytest.mark.parametrize(
    ("camera", "belongs"),
    [
        ("H2RXEM06043616", True), ("h2rxem06043616", True), ("HYPERFIRE 2 COVERT", True), ("hyperfire 2 covert", True),
        ("RECONYX HYPERFIRE 2 COVERT", True), ("RECONYX-HYPERFIRE 2 COVERT", True), ("", True),
        ("RECONYX", False), ("HYPERFIRE", False), ("H2RXEM0604361", False),
    ],
)  # fmt: skip
def test_a_camera_is_known_by_its_serial_number_or_its_name(camera, belongs):
    assert is_of(SHOT, Wanted(camera=camera)) is belongs
    assert not is_of(replace(SHOT, serial="", model="", make=""), Wanted(camera="x"))


@pytest.mark.parametrize(
    ("text", "zone", "wanted"),
    [
        ("2021-04-11T20:43:09", timezone(timedelta(hours=1)), "2021-04-11T20:43:09+01:00"),
        ("2021-04-11T20:43:09", BRUSSELS, "2021-04-11T20:43:09+02:00"),  # summer
        ("2021-01-11T20:43:09.123456789", BRUSSELS, "2021-01-11T20:43:09.123456+01:00"),
        ("2021-04-11T20:43:09-03:30", BRUSSELS, "2021-04-11T20:43:09-03:30"),  # the file's own goes first
        ("", BRUSSELS, None),
        ("2021-13-11T20:43:09", BRUSSELS, None),
        ("9999-12-31T23:59:59-12:00", BRUSSELS, None),
    ],
)
def test_a_moment_has_the_offset_of_the_file_else_of_the_owner(text, zone, wanted):
    found = moment(text, zone)
    assert (found and found.isoformat()) == wanted


def test_where_nobody_knows_the_zone_that_of_the_machine_is_taken_and_known_to_be_so():
    found = moment(SHOT.taken_at, None)
    assert found == datetime.fromisoformat(SHOT.taken_at).astimezone()
    assert not deployment.has_zone(SHOT, None)
    assert deployment.has_zone(SHOT, BRUSSELS)
    assert deployment.has_zone(replace(SHOT, taken_at="2021-04-11T20:43:09+02:00"), None)


@pytest.mark.parametrize("name", ["", "UTC", "+01:00", "-09:30", "Europe/Brussels"])
def test_a_zone_has_a_name_or_is_so_far_from_utc(name):
    zone = zone_named(name)
    assert (zone is None) is (name == "")


@pytest.mark.parametrize("name", ["Middle/Earth", "../../etc/passwd", "+25:00", "+1", "/etc/localtime", "Europe", "\0"])
def test_what_names_no_zone_is_a_value_error(name):
    with pytest.raises(ValueError):  # noqa: PT011 - the class is the contract
        zone_named(name)


def test_a_day_that_is_the_end_is_in_it():
    assert limit("2021-04-11", BRUSSELS, is_end=True) == datetime(2021, 4, 11, 23, 59, 59, tzinfo=BRUSSELS)
    assert limit("2021-04-11", BRUSSELS, is_end=False) == datetime(2021, 4, 11, tzinfo=BRUSSELS)
    assert limit("2021-04-11 18:00", BRUSSELS, is_end=True) == datetime(2021, 4, 11, 18, tzinfo=BRUSSELS)
    assert limit("", BRUSSELS, is_end=True) is None


def test_a_time_that_is_not_believed_decides_nothing():
    at = moment(SHOT.taken_at, UTC)
    assert at is not None
    day = Wanted(start=at - timedelta(hours=1), end=at + timedelta(hours=1))
    doubtful = replace(SHOT, doubt="the clock fell back")
    assert reason_against(SHOT, at, day) == reason_against(SHOT, at, Wanted()) == ""
    assert reason_against(SHOT, at - timedelta(days=1), day) == reason_against(SHOT, at + timedelta(days=1), day)
    assert reason_against(SHOT, at + timedelta(days=1), day) == "other-time"
    assert reason_against(doubtful, at, Wanted()) == ""
    assert reason_against(doubtful, at, day) == "clock-in-doubt"
    assert reason_against(SHOT, None, Wanted()) == "undated"


@given(st.lists(st.tuples(st.datetimes(timezones=st.just(UTC)), st.booleans()), min_size=1))
def test_a_deployment_lasts_from_its_first_to_its_last_believed_photo(times):
    summary = Summary()
    for at, is_doubtful in times:
        summary.add(replace(SHOT, doubt="odd" if is_doubtful else ""), at, zone_is_known=True)
    counted = [at for at, is_doubtful in times if not is_doubtful] or [at for at, _ in times]
    assert (summary.span().first, summary.span().last) == (min(counted), max(counted))
    assert bool(summary.issues()) is any(is_doubtful for _, is_doubtful in times)


FOLDER = st.lists(st.sampled_from(["a", "b", "b-2", "b.", "c"]), min_size=0, max_size=3).map(
    lambda p: "/".join(["u", *p])
)


@given(st.lists(FOLDER, min_size=1, max_size=6))
def test_the_common_folder_holds_all_and_is_the_deepest(folders):
    summary = Summary()
    for folder in folders:
        summary.add(replace(SHOT, folder=folder), datetime(2021, 4, 11, tzinfo=UTC), zone_is_known=True)
    common = summary.folder()
    assert all(folder == common or folder.startswith(common + "/") for folder in folders)
    heads = {folder.removeprefix(common).strip("/").partition("/")[0] for folder in folders}
    assert len(heads) > 1 or heads == {""}


def at_places(*places: tuple[float, float] | None) -> Summary:
    summary = Summary()
    for place in places:
        shot = replace(SHOT, latitude=place[0], longitude=place[1]) if place else SHOT
        summary.add(shot, datetime(2021, 4, 11, tzinfo=UTC), zone_is_known=False)
    return summary


def test_the_place_is_what_the_photos_say_if_they_agree():
    assert at_places((50.699, 4.013), None, (50.7, 4.014)).place() == (50.6995, 4.0135)
    for places in ((None,), ((50.699, 4.013), (50.8, 4.013)), ((1.0, 179.9), (1.0, -179.9))):
        assert at_places(*places).place() is None


def test_what_is_wrong_with_the_times_is_told_in_words():
    assert at_places(None, None).issues() == ("the time zone of 2 files is not known: that of the computer was taken",)
