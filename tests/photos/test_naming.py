"""Where a photo goes and what it is called."""

from __future__ import annotations

import locale
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box.errors import ConfigError
from box.patterns import DATE_DIRECTIVES
from box.photos.capture import Taken
from box.photos.naming import FIELDS, folder_of

OLDEST = datetime.fromisoformat("1826-01-01")
TAKEN = Taken("2024-05-03T23:59:58.5+02:00", "EXIF:DateTimeOriginal")


@pytest.mark.parametrize(
    ("pattern", "folder"),
    [
        ("%Y/%Y-%m-%d", "2024/2024-05-03"),
        ("%Y/%m/%d", "2024/05/03"),
        ("%y%j", "24124"),
        ("%B %Y/%a %d", "May 2024/Fri 03"),
        ("100%% of %Y", "100% of 2024"),
        ("camera", "camera"),
        ("%H-%M-%S", "23-59-58"),
    ],
)
def test_the_folder_is_the_local_day_in_the_pattern(pattern: str, folder: str):
    assert folder_of(pattern, TAKEN) == folder


def test_without_a_time_it_is_undated():
    assert folder_of("%Y/%Y-%m-%d", None) == "undated"


@pytest.mark.parametrize("offset", ["", "+14:00", "-12:00"])
def test_the_offset_does_not_move_the_day(offset: str):
    assert folder_of("%Y-%m-%d", Taken(f"2024-05-03T00:30:00{offset}", "")) == "2024-05-03"


@pytest.mark.parametrize("pattern", ["", "/", "/%Y", "%Y/", "../%Y", "%Y/../%m", "%Y//%m", "./%Y", "%Y/. ", "a\0b"])
def test_a_pattern_that_names_no_folder_below_is_refused(pattern: str):
    with pytest.raises(ConfigError, match=r"^photos\.folder: "):
        folder_of(pattern, TAKEN)


@pytest.mark.parametrize("pattern", ["%", "%Y/%", "%Q", "%-d", "%c", "%x", "%p", "%Z", "%s", "%\n", "%é"])
def test_a_field_that_means_nothing_is_refused(pattern: str):
    with pytest.raises(ConfigError, match=r"^photos\.folder: "):
        folder_of(pattern, TAKEN)


def test_the_configuration_takes_the_fields_that_are_known_here():
    assert set(FIELDS) == {*DATE_DIRECTIVES, "%"}


@given(st.datetimes(min_value=OLDEST))
def test_the_fields_mean_what_they_mean_for_strftime(time: datetime):
    for letter, field in FIELDS.items():
        assert field(time) == time.strftime(f"%{letter}")


def test_the_language_of_the_system_does_not_matter():
    before = locale.setlocale(locale.LC_TIME)
    spoken = [name for name in ("de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8") if _speaks(name)]
    try:
        for name in spoken:
            locale.setlocale(locale.LC_TIME, name)
            assert folder_of("%B %A", TAKEN) == "May Friday"
    finally:
        locale.setlocale(locale.LC_TIME, before)


def _speaks(name: str) -> bool:
    try:
        locale.setlocale(locale.LC_TIME, name)
    except locale.Error:
        return False
    return True
