from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box.backup import names
from box.paths import to_text

CHARACTERS = st.characters(exclude_characters="/\0", exclude_categories=["Cs"])
UNDECODABLE = st.sampled_from(["\udc80", "\udcff"])
NAMES = (
    st.lists(CHARACTERS | UNDECODABLE, min_size=1, max_size=80)
    .map("".join)
    .filter(lambda name: name not in {".", ".."})
)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join).map(to_text)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("users/me/photos/2024/a.jpg", "users/me/photos/2024/a.jpg"),
        ("what?.jpg", "what%3F.jpg"),
        ('<>:"|*', "%3C%3E%3A%22%7C%2A"),
        ("100%.jpg", "100%25.jpg"),
        ("dot./x", "dot%2E/x"),
        ("space ", "space%20"),
        ("...", "..%2E"),
        ("CON", "%43ON"),
        ("nul.txt", "%6Eul.txt"),
        ("Com1 .jpg", "%43om1 .jpg"),
        ("console.txt", "console.txt"),
        ("COM10", "COM10"),
        ("a\tb", "a%09b"),
        (to_text("\udcff.jpg"), "%5Cxff.jpg"),
        (to_text("a\\b"), "a%5C%5Cb"),
        ("Grüße.jpg", "Grüße.jpg"),
    ],
)
def test_a_name_that_windows_refuses_is_written_so_that_it_can_be_read_back(path: str, expected: str):
    assert names.stored(path, portable=True) == expected
    assert names.original(expected) == path
    assert names.stored(path, portable=False) == path


@given(PATHS)
def test_every_path_comes_back_from_its_name_on_a_portable_destination(path: str):
    place = names.stored(path, portable=True)
    assert names.original(place) in (path, None)
    assert len(place.split("/")) == len(path.split("/"))
    for name in place.split("/"):
        assert len(name.encode()) <= 255
        assert not set(name) & set('<>:"|?*\\') and name[-1] not in ". "
        assert name.isprintable() or not any(ord(letter) < 32 for letter in name)


@given(PATHS, st.integers(2, 99_999))
def test_a_numbered_name_still_tells_its_path(path: str, number: int):
    place = names.numbered(names.stored(path, portable=True), number)
    assert place != names.stored(path, portable=True)
    assert all(len(name.encode()) <= 255 for name in place.split("/"))
    if len(path) < 60:
        assert names.original(place) == path


def test_the_number_stands_before_the_ending():
    assert names.numbered("a/IMG.JPG", 2) == "a/IMG%~2.JPG"
    assert names.numbered("a/README", 3) == "a/README%~3"
    assert names.numbered("a/.keep", 2) == "a/.keep%~2"
    assert names.numbered("a/b", 1) == "a/b"


def test_a_name_that_is_too_long_is_cut_and_says_so():
    path = "?" * 200 + ".jpg"
    place = names.stored(path, portable=True)
    assert len(place) <= 255
    assert names.original(place) is None
    assert place != names.stored("?" * 201 + ".jpg", portable=True)


@given(PATHS)
def test_a_part_lies_hidden_beside_its_file(path: str):
    part = names.part(names.stored(path, portable=True))
    assert part.rpartition("/")[0] == names.stored(path, portable=True).rpartition("/")[0]
    assert part.rpartition("/")[2].startswith(".") and part.endswith(".part")
    assert len(part.rpartition("/")[2].encode()) <= 255


@pytest.mark.parametrize(
    ("kind", "portable", "limit"),
    [("vfat", True, 4_294_967_295), ("msdos", True, 4_294_967_295), ("exfat", True, None), ("ext4", False, None)],
)
def test_a_file_of_four_gibibytes_is_too_large_for_fat_and_only_for_fat(kind: str, portable: bool, limit: int | None):
    assert names.is_portable(kind) is portable
    assert names.bytes_max(kind) == limit


def test_on_a_portable_destination_upper_and_lower_case_are_one():
    assert names.folded("A/ß.JPG", portable=True) == names.folded("a/ẞ.jpg", portable=True)
    assert names.folded("A", portable=False) == "A"
