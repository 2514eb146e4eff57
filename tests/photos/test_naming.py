"""Where a photo goes and what it is called."""

from __future__ import annotations

import locale
import os
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box import patterns
from box.errors import ConfigError
from box.paths import to_os, to_text
from box.photos.naming import (
    COUNTER,
    FIELDS,
    STAND_INS,
    Stem,
    Subject,
    camera_of,
    folder_of,
    named,
    number_of,
    portable,
    stem_of,
    together,
)

OLDEST = datetime.fromisoformat("1826-01-01")
TAKEN = Subject(at="2024-05-03T23:59:58.5+02:00", day="2024-05-03", stem="IMG_0001")
SAID = replace(TAKEN, camera="Canon EOS 5D", serial="123", source_folder="100CANON")


def options(folder: str = "%Y/%Y-%m-%d", name: str = "{stem}", *, portable: bool = False) -> dict[str, Any]:
    return {"folder": folder, "name": name, "portable_names": portable}


# --- folders ----------------------------------------------------------------------------------------------------------


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
        ("{camera}/%Y", "Canon EOS 5D/2024"),
        ("{serial}-{source_folder}/{stem}", "123-100CANON/IMG_0001"),
    ],
)
def test_the_folder_is_what_the_pattern_says(pattern: str, folder: str):
    assert folder_of(options(pattern), SAID) == folder


def test_without_a_day_it_is_undated():
    assert folder_of(options(), replace(TAKEN, day="")) == "undated"


def test_a_night_is_one_folder_whose_hours_are_those_of_the_clock():
    night = replace(TAKEN, at="2024-05-03T02:30:00", day="2024-05-02")
    assert folder_of(options("%Y-%m-%d %H"), night) == "2024-05-02 02"
    assert stem_of(options(name="%Y-%m-%d %H"), night).text == "2024-05-03 02"


@pytest.mark.parametrize("offset", ["", "+14:00", "-12:00"])
def test_the_offset_does_not_move_the_hour(offset: str):
    subject = replace(TAKEN, at=f"2024-05-03T00:30:00{offset}")
    assert folder_of(options("%Y-%m-%d %H"), subject) == "2024-05-03 00"


@pytest.mark.parametrize("pattern", ["", "/", "/%Y", "%Y/", "../%Y", "%Y/../%m", "%Y//%m", "./%Y", "%Y/. ", "a\0b"])
def test_a_pattern_that_names_no_folder_below_is_refused(pattern: str):
    with pytest.raises(ConfigError, match=r"^photos\.folder: "):
        folder_of(options(pattern), TAKEN)


@pytest.mark.parametrize("pattern", ["%", "%Y/%", "%Q", "%-d", "%c", "%x", "%p", "%Z", "%s", "%\n", "%é", "{x}", "{"])
def test_a_field_that_means_nothing_is_refused(pattern: str):
    with pytest.raises(ConfigError, match=r"^photos\.folder: "):
        folder_of(options(pattern), TAKEN)


def test_the_configuration_takes_the_fields_that_are_known_here():
    assert set(FIELDS) == {*patterns.DATE_DIRECTIVES, "%"}
    assert set(STAND_INS) == set(patterns.FIELDS)
    assert patterns.COUNTER == COUNTER


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
            assert folder_of(options("%B %A"), TAKEN) == "May Friday"
    finally:
        locale.setlocale(locale.LC_TIME, before)


def _speaks(name: str) -> bool:
    try:
        locale.setlocale(locale.LC_TIME, name)
    except locale.Error:
        return False
    return True


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "stem"),
    [
        ("{stem}", Stem("IMG_0001")),
        ("%Y%m%d_%H%M%S", Stem("20240503_235958")),
        ("%Y%m%d_{stem}", Stem("20240503_IMG_0001")),
        ("{camera}-{counter}", Stem("Canon EOS 5D-", 13)),
        ("{counter}_{stem}", Stem("_IMG_0001", 0)),
        ("{source_folder}_{stem} {serial}", Stem("100CANON_IMG_0001 123")),
        ("100%%", Stem("100%")),
    ],
)
def test_the_name_is_what_the_pattern_says(pattern: str, stem: Stem):
    assert stem_of(options(name=pattern), SAID) == stem


def test_what_a_photo_does_not_say_has_a_stand_in():
    assert stem_of(options(name="{camera} {serial} {source_folder}"), TAKEN).text == (
        "unknown camera unknown serial no folder"
    )


def test_where_a_name_needs_a_time_that_nobody_knows_the_photo_keeps_its_own():
    undated, day_only = replace(TAKEN, at="", day=""), replace(TAKEN, at="2024-05-03")
    in_doubt = replace(TAKEN, day="")
    for subject in (undated, in_doubt):
        assert stem_of(options(name="%Y_{counter}"), subject) == Stem("IMG_0001")
        assert stem_of(options(name="100%% {stem}"), subject) == Stem("100% IMG_0001")
    assert stem_of(options(name="%Y-%m-%d %H"), day_only) == Stem("IMG_0001")
    assert stem_of(options(name="%Y-%m-%d {stem}"), day_only) == Stem("2024-05-03 IMG_0001")


@pytest.mark.parametrize(
    ("stem", "number", "name"),
    [
        (Stem("a"), 1, "a.jpg"),
        (Stem("a"), 2, "a-2.jpg"),
        (Stem("a_", 2), 1, "a_0001.jpg"),
        (Stem("_a", 0), 12345, "12345_a.jpg"),
        (Stem("ab", 1), 7, "a0007b.jpg"),
    ],
)
def test_a_number_goes_behind_or_where_the_counter_is(stem: Stem, number: int, name: str):
    assert named(stem, number, ".jpg") == name
    assert number_of(name, stem, ".jpg") == number


@pytest.mark.parametrize("name", ["a-1.jpg", "a-02.jpg", "a-.jpg", "a-2.png", "b.jpg", "a-2-3.jpg", "a-x.jpg", "jpg"])
def test_another_name_has_no_number(name: str):
    assert number_of(name, Stem("a"), ".jpg") is None


def test_a_group_has_one_name_but_for_those_that_had_another_before():
    pattern = options(name="%Y_{stem}")
    assert together(pattern, TAKEN, ["IMG_0001", "img_0001", "IMG_E0001"]) == [
        Stem("2024_IMG_0001"), Stem("2024_IMG_0001"), Stem("2024_IMG_E0001"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Canon", "Canon EOS 5D", "Canon EOS 5D"),
        ("NIKON CORPORATION", "NIKON D70", "NIKON D70"),
        ("EASTMAN KODAK COMPANY", "KODAK DX4530", "KODAK DX4530"),
        ("OLYMPUS IMAGING CORP.", "E-M5", "OLYMPUS E-M5"),
        ("SONY", "DSC-P92", "SONY DSC-P92"),
        ("", "MothboxV4", "MothboxV4"),
        ("RECONYX", "", "RECONYX"),
        ("", "", ""),
    ],
)
def test_a_camera_is_called_what_people_call_it(make: str, model: str, camera: str):
    assert camera_of(make, model) == camera


# --- FAT and Windows --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "mapped"),
    [
        ('a<b>c:d"e|f?g*h\\i', "a_b_c_d_e_f_g_h_i"),
        ("dots and blanks. .", "dots and blanks___"),
        ("CON", "_CON"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("console", "console"),
        ("new\nline", "new_line"),
        (os.fsdecode(b"\xff"), "_"),
        ("é 🦉", "é 🦉"),
    ],
)
def test_what_other_systems_refuse_is_mapped_only_where_that_is_wanted(name: str, mapped: str):
    assert portable(name) == mapped
    subject = replace(TAKEN, stem=name)
    assert stem_of(options(portable=True), subject).text == mapped
    assert stem_of(options(), subject).text == name
    assert folder_of(options("{camera}", portable=True), replace(TAKEN, camera="NUL")) == "_NUL"


@given(st.text())
def test_a_portable_name_stays_as_it_is(name: str):
    assert portable(portable(name)) == portable(name)
    assert not set('<>:"/\\|?*\0\n') & set(portable(name))


# --- whatever a file says ---------------------------------------------------------------------------------------------

HOSTILE = (
    st.text(max_size=400)
    | st.binary(max_size=300).map(os.fsdecode)
    | st.sampled_from(["..", ".", "/", "\0", "../..", "/etc/passwd", " ", ". .", "é" * 200, "a/../b", "\\x2f..", "-rf"])
)
PATTERNS = st.text(st.sampled_from("%Ymd/ab-"), max_size=8) | st.lists(
    st.sampled_from(["{stem}", "{camera}", "{serial}", "{source_folder}", "{counter}", "%Y", "%H", "-", "x", "/", "."]),
    min_size=1, max_size=5,
).map("".join)  # fmt: skip
SUBJECTS = st.builds(
    Subject, at=st.sampled_from(["", "2024-05-03", "2024-05-03T23:59:58.5+02:00"]),
    day=st.sampled_from(["", "2024-05-03"]), stem=HOSTILE, camera=HOSTILE, serial=HOSTILE, source_folder=HOSTILE,
)  # fmt: skip


@given(PATTERNS, SUBJECTS, st.booleans())
def test_nothing_that_a_photo_says_leaves_the_folder_or_makes_no_name(pattern: str, subject: Subject, mapped: bool):
    try:
        patterns.folder_pattern("photos.folder", pattern)
    except ConfigError:
        return
    folder = folder_of(options(pattern, portable=mapped), subject)
    names = folder.split("/")
    assert subject.day == "" or len(names) == len(pattern.split("/"))
    for name in names:
        assert name.strip(". ")
        assert "\0" not in name
        assert len(os.fsencode(name)) <= 255
    assert to_os(to_text(folder)) == folder


@given(PATTERNS, SUBJECTS, st.booleans(), st.integers(1, 10**6), st.sampled_from(["", ".jpg", ".supplemental.json"]))
def test_every_name_is_one_and_says_its_number_again(
    pattern: str, subject: Subject, mapped: bool, number: int, ending: str
):
    try:
        patterns.name_pattern("photos.name", pattern)
    except ConfigError:
        return
    stem = stem_of(options(name=pattern, portable=mapped), subject)
    name = named(stem, number, ending)
    assert name not in {"", ".", ".."}
    assert not {"/", "\0"} & set(name)
    assert len(os.fsencode(name)) <= 255
    assert to_os(to_text(name)) == name
    assert named(stem, number_of(name, stem, ending) or 0, ending) == name


@given(st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=50))
def test_a_name_is_kept_as_it_is(stem: str):
    assert stem_of(options(), replace(TAKEN, stem=stem)).text == stem or not stem.strip(".")
