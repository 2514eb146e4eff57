"""Dates in file names: those of cameras and messengers, and no other numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from box import patterns
from box.errors import ConfigError
from box.photos import filenames
from box.photos.filenames import date_in

REPO = Path(__file__).parent.parent.parent
EVENING = "2024-05-04T18:59:59"


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("IMG_20240503_101112.jpg", "2024-05-03T10:11:12"),
        ("IMG_20240503_101112_HDR.jpg", "2024-05-03T10:11:12"),
        ("IMG20240503101112.jpg", "2024-05-03T10:11:12"),
        ("20240503_101112.jpg", "2024-05-03T10:11:12"),
        ("20240503_101112(1).jpg", "2024-05-03T10:11:12"),
        ("20240503-101112.jpg", "2024-05-03T10:11:12"),
        ("20240503101112.jpg", "2024-05-03T10:11:12"),
        ("20240503T101112.jpg", "2024-05-03T10:11:12"),
        ("VID_20240503_101112.mp4", "2024-05-03T10:11:12"),
        ("MVIMG_20240503_101112.jpg", "2024-05-03T10:11:12"),
        ("PANO_20240503_101112.vr.jpg", "2024-05-03T10:11:12"),
        ("DSC_20240503_101112.jpg", "2024-05-03T10:11:12"),
        ("DJI_20240503101112_0001_D.JPG", "2024-05-03T10:11:12"),
        ("00100lPORTRAIT_00100_BURST20240503101112345_COVER.jpg", "2024-05-03T10:11:12.345"),
        ("20210531082538-RCNX0031.JPG", "2021-05-31T08:25:38"),
        ("2024-05-04 18.59.59.jpg", EVENING),
        ("2024-05-04 18.59.59-1.jpg", EVENING),
        ("2024-05-04_18-59-59.png", EVENING),
        ("2024-05-04T18:59:59.jpg", EVENING),
        ("Screenshot_2024-05-04-18-59-59-123_com.app.jpg", EVENING),
        ("Screenshot_20240504-185959.png", EVENING),
        ("Screenshot_20240504_185959_Chrome.png", EVENING),
        ("Screenshot 2024-05-04 at 18.59.59.png", EVENING),
        ("Screen Shot 2024-05-04 at 6.59.59 PM.png", EVENING),
        ("Screen Shot 2024-05-04 at 6.59.59\u202fPM.png", EVENING),
        ("Screenshot 2024-05-04 at 12.00.01 AM.png", "2024-05-04T00:00:01"),
        ("Screenshot 2024-05-04 at 12.00.01 PM.png", "2024-05-04T12:00:01"),
        ("Bildschirmfoto 2024-05-04 um 18.59.59.png", EVENING),
        ("signal-2024-05-04-18-59-59-123.jpg", EVENING),
        ("signal-2024-05-04-185959.jpg", EVENING),
        ("signal-2024-05-04-185959-001.jpg", EVENING),
        ("signal-2024-05-04-18-59-59-123-1.jpg", EVENING),
        ("photo_2024-05-04_18-59-59.jpg", EVENING),
        ("photo_2024-05-04_18-59-59 (2).jpg", EVENING),
        ("photo_5_2024-05-04_18-59-59.jpg", EVENING),
        ("IMG_20240504_185959_123.jpg", EVENING),
        ("WhatsApp Image 2024-05-04 at 18.59.59.jpeg", EVENING),
        ("WhatsApp Image 2024-05-04 at 18.59.59 (1).jpeg", EVENING),
        ("WhatsApp Video 2024-05-04 at 6.59.59 PM.mp4", EVENING),
        ("WIN_20240504_18_59_59_Pro.jpg", EVENING),
        ("WP_20240504_18_59_59_Pro.jpg", EVENING),
        ("mothbox_2024_05_02__21_30_05_HDR0.jpg", "2024-05-02T21:30:05"),
        ("box07_2024_05_02__21_30_05_HDR2.png", "2024-05-02T21:30:05"),
        ("Station__2024-05-04__18-59-59(1).JPG", EVENING),
        ("StationA__Cam2__2024-05-04__18-59-59(12).JPG", EVENING),
        ("mothbox_1970_01_01__00_00_05_HDR0.jpg", "1970-01-01T00:00:05"),
        ("été_20240503_101112.jpg", "2024-05-03T10:11:12"),
        ("99999999_999999 20240503_101112.jpg", "2024-05-03T10:11:12"),
    ],
)
def test_a_time_in_a_name_is_local_time(name: str, at: str):
    named = date_in(name)
    assert named is not None
    assert (str(named.moment), named.is_utc) == (at, False)


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("PXL_20231231_220232177.jpg", "2023-12-31T22:02:32.177"),
        ("PXL_20231231_220232177.MP.jpg", "2023-12-31T22:02:32.177"),
        ("PXL_20231231_220232177~2.jpg", "2023-12-31T22:02:32.177"),
        ("pxl_20231231_220232177.mp4", "2023-12-31T22:02:32.177"),
        ("2023-12-31T22-02-32Z.jpg", "2023-12-31T22:02:32"),
        ("20231231T220232Z.jpg", "2023-12-31T22:02:32"),
    ],
)
def test_a_pixel_and_a_z_mean_utc(name: str, at: str):
    named = date_in(name)
    assert named is not None
    assert (str(named.moment), named.is_utc) == (at, True)


@pytest.mark.parametrize(
    "name",
    [
        "IMG-20240504-WA0001.jpg", "VID-20240504-WA0001.mp4", "2024-05-04.jpg", "2024_05_04_003.jpg",
        "scan 2024-05-04 (1).tif", "Screenshot_2024-05-04.png", "IMG_20240504.jpg", "WP_20240504_001.jpg",
        "Holiday 2024-05-04 beach.jpg", "IMG_20240504_256199.jpg", "2024-05-04 at the sea 12.jpg",
    ],
)  # fmt: skip
def test_a_day_in_a_name_is_a_day_without_a_time(name: str):
    named = date_in(name)
    assert named is not None
    assert (str(named.moment), named.moment.has_time) == ("2024-05-04", False)


@pytest.mark.parametrize(
    "name",
    [
        "", "photo.jpg", "IMG_0001.JPG", "100MEDIA", "DSC_20240503.jpg", "IMG_20249999.jpg", "IMG_20240230_101112.jpg",
        "IMG_20241345_101112.jpg", "20240503.jpg", "12345678.jpg", "5551234567.jpg", "99999999_999999.jpg",
        "1714816799123.jpg", "FB_IMG_1714816799123.jpg", "120240503101112.jpg", "202405031011123.jpg",
        "20240503_1011123.jpg", "app-2024.05.03-beta.png", "v2024-05-03.png", "invoice 555-2024-05-03.png",
        "a1b20240503101112.jpg", "deadbeef20240503c0ffee.jpg", "2024-13-45.jpg",
        "2024-0503.jpg", "05-04-2024.jpg", "2024-05.jpg", "20240503_0001.jpg", "1599-05-04 10.11.12.jpg",
        "2199-05-04.jpg", "2024-05-04x.jpg", "20240503 7.jpg", "0049 2024 0503.jpg", "PXL_20231231.jpg",
        "\u0662\u0660\u0662\u0664-05-04 10.11.12.jpg", "2024-05-04" * 101,
    ],
)  # fmt: skip
def test_other_numbers_are_no_dates(name: str):
    assert date_in(name) is None


def test_the_names_that_the_docs_promise_bear_a_date():
    text = (REPO / "docs" / "configuration.md").read_text("utf-8")
    told = re.search(r"\*\*Names\*\* that bear a date: (.*?) and the like", text, re.DOTALL)
    assert told
    names = re.findall("`([^`]+)`", told[1])
    assert len(names) > 10
    assert all(date_in(f"{name}.jpg") for name in names)


# --- the owner's own patterns ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "name", "at"),
    [
        ("CAM%Y%m%d-%H%M%S*", "CAM20240503-101112.jpg", "2024-05-03T10:11:12"),
        ("CAM%Y%m%d-%H%M%S*", "cam20240503-101112-x.JPG", "2024-05-03T10:11:12"),
        ("%Y%m%d", "20240503.jpg", "2024-05-03"),
        ("%Y%m%d", "20240503", "2024-05-03"),
        ("%d.%m.%y *", "03.05.24 beach.jpg", "2024-05-03"),
        ("%d.%m.%y", "03.05.69.jpg", "1969-05-03"),
        ("*-%d%m%Y_%H%M*", "a-b-c-03052024_1011.jpg", "2024-05-03T10:11:00"),
        ("?%Y%m%d%H%M%S%f", "x20240503101112123.jpg", "2024-05-03T10:11:12.123"),
        ("100%%_%Y_%m_%d.jpg", "100%_2024_05_03.jpg", "2024-05-03"),
        ("(%Y+%m+%d)", "(2024+05+03).jpg", "2024-05-03"),
        ("*x*%Y*%m*%d*", "axbx2024-05-03", "2024-05-03"),
    ],
)
def test_a_pattern_of_the_owner_finds_its_date(pattern: str, name: str, at: str):
    assert patterns.dated_names("photos.name_patterns", [pattern]) == (pattern,)
    named = date_in(name, (pattern,))
    assert named is not None
    assert str(named.moment) == at


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("CAM%Y%m%d", "CAM20241303.jpg"), ("CAM%Y%m%d", "xCAM20240503.jpg"), ("CAM%Y%m%d", "CAM202405031.jpg"),
        ("%Y%m%d?", "20240503"), ("C.M%Y%m%d", "CAM20240503.jpg"),
    ],
)  # fmt: skip
def test_a_pattern_fits_the_whole_name_and_a_real_date_only(pattern: str, name: str):
    assert date_in(name, (pattern,)) is None


def test_the_owner_s_patterns_go_first_and_the_usual_ones_after():
    own = ("IMG_%Y%d%m_*",)
    assert str(date_in("IMG_20240503_101112.jpg", own).moment) == "2024-03-05"
    assert str(date_in("IMG_20241303_101112.jpg", own).moment) == "2024-03-13"
    assert str(date_in("VID_20240503_101112.jpg", own).moment) == "2024-05-03T10:11:12"


def test_the_configuration_takes_the_letters_that_are_known_here():
    assert {*patterns.NAME_DIRECTIVES, "%"} == set(filenames.FIELDS)


@given(st.text(st.sampled_from("%*?Y%m%dHMSf01.-_x")))
@example("%Y%m%d" + "*a" * 10)
def test_every_pattern_that_the_configuration_takes_can_be_used(pattern: str):
    try:
        patterns.dated_names("photos.name_patterns", [pattern])
    except ConfigError:
        return
    date_in("a" * 255, (pattern,))
    date_in("20240503101112123.jpg", (pattern,))


# --- any name --------------------------------------------------------------------------------------------------------

pieces = st.sampled_from([
    "2024", "05", "04", "13", "31", "18", "59", "20240504", "185959", "-", "_", "__", " ", ".", ":", "T", "Z", " at ",
    "IMG", "PXL_", "VID-", "PM", "x", "(1)", "0", "9", "1970", "\u202f", "é", "\udcff", "\n", "\0",
])  # fmt: skip


@given(st.text(max_size=60) | st.lists(pieces, max_size=16).map("".join))
@example("2024-05-04 at 13.00.00 PM")
@example("\n20240504_185959")
def test_no_name_breaks_it_or_gives_a_day_that_it_does_not_bear(name: str):
    named = date_in(name)
    if named:
        time = named.moment.time
        assert re.search(f"{time:%Y}[-_.:]?{time:%m}[-_.:]?{time:%d}", name)
        if named.moment.has_time:
            assert re.search(f"{time:%M}[-_.:]?{time:%S}", name)
            assert {f"{time.hour:02}", f"{time.hour}", f"{(time.hour + 11) % 12 + 1}"} & {
                *re.findall("[0-9]{1,2}", name)
            } or f"{time:%H%M%S}" in name
