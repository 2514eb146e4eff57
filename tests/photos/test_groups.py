"""Groups: names say what belongs together; whatever a name is, it comes apart into what it was, and nothing is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box.photos import groups
from box.photos.groups import File, Role, Spot

LONG = "a_very_long_name_that_somebody_gave_to_a_photo_of_an_owl"


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("IMG_1.jpg.xmp", "IMG_1.jpg"),
        ("IMG_1.xmp", "IMG_1.JPG"),
        ("img_1.XMP", "IMG_1.JPG"),
        ("IMG_1.AAE", "IMG_1.HEIC"),
        ("IMG_O1234.AAE", "IMG_1234.HEIC"),
        ("IMG_E1234.JPG", "IMG_1234.HEIC"),
        ("IMG_1.MOV", "IMG_1.HEIC"),
        ("IMG_1.CR2", "IMG_1.JPG"),
        ("IMG_1.CR2.xmp", "IMG_1.CR2"),
        ("IMG_1.THM", "IMG_1.MP4"),
        ("IMG_1.WAV", "IMG_1.JPG"),
        ("IMG_1.json", "IMG_1.jpg"),
        ("IMG_1.jpg.json", "IMG_1.jpg"),
        ("IMG_1.csv", "IMG_1.jpg"),
        ("m_2024_05_02__21_30_05_HDR0_botdetection.json", "m_2024_05_02__21_30_05_HDR0.jpg"),
        ("m_2024_05_02__21_30_05_HDR1.jpg", "m_2024_05_02__21_30_05_HDR0.jpg"),
        ("IMG_20190101_101112_BURST002.jpg", "IMG_20190101_101112_BURST001_COVER.jpg"),
        ("20180101_120000_Burst02.jpg", "20180101_120000_Burst01.jpg"),
        ("00002IMG_00002_BURST20190224143315824.jpg", "00001IMG_00001_BURST20190224143315824_COVER.jpg"),
        ("IMG_1.jpg.supplemental-metadata.json", "IMG_1.jpg"),
        *((f"IMG_1.jpg{'.supplemental-metadata'[:n]}.json", "IMG_1.jpg") for n in range(1, 23)),
        ("IMG_1.jpg.supplemental-metadata(1).json", "IMG_1(1).jpg"),
        ("IMG_1.jpg(1).json", "IMG_1(1).jpg"),
        (f"{LONG[:46]}.json", f"{LONG}.jpg"),
        (f"{LONG[:42]}.jpg.json", f"{LONG[:42]}.jpg"),
        (f"{LONG[:43]}.jp.json", f"{LONG[:43]}.jpg"),
        (f"{LONG[:45]}..json", f"{LONG[:45]}.jpg"),
        (f"{LONG[:41]}.jpg..json", f"{LONG[:41]}.jpg"),
        (f"{LONG[:46]}(1).json", f"{LONG}(1).jpg"),
        (f"{LONG[:43]}.jp(1).json", f"{LONG[:43]}(1).jpg"),
        ("PXL_20231231_220232177.MP", "PXL_20231231_220232177.MP.jpg"),
    ],
)
def test_a_name_tells_what_it_belongs_to(name: str, of: str):
    low, high = groups.key_range(name)
    assert low <= groups.parse(of).key <= high
    assert groups.parse(name).key in {groups.parse(of).key, groups.cut_key(of)}


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("IMG_10.xmp", "IMG_1.jpg"),
        ("IMG_1.jpg.supplemental-metadata(1).json", "IMG_1.jpg"),
        ("IMG_1.jpg.sidecar.json", "IMG_1.jpg"),
        ("IMG_E1235.JPG", "IMG_1234.HEIC"),
        ("m_2024_05_02__21_30_06_HDR1.jpg", "m_2024_05_02__21_30_05_HDR0.jpg"),
        ("IMG_1 (edited).jpg", "IMG_1.jpg"),
    ],
)
def test_a_name_that_is_only_alike_belongs_to_another(name: str, of: str):
    assert groups.parse(name).key not in {groups.parse(of).key, groups.cut_key(of)}


@pytest.mark.parametrize(
    ("name", "media_type", "role"),
    [
        ("a.jpg", "image/jpeg", Role.PICTURE),
        ("a", "image/jpeg", Role.PICTURE),
        ("a.nef", "image/tiff", Role.RAW),
        ("a.cr2", "image/x-canon-cr2", Role.RAW),
        ("a.mov", "video/quicktime", Role.VIDEO),
        ("a.thm", "image/jpeg", Role.SIDECAR),
        ("a.XMP", "", Role.SIDECAR),
        ("a.json", "", Role.MAYBE),
        ("a.jpg.json", "", Role.SIDECAR),
        ("a_botdetection.json", "", Role.SIDECAR),
        ("a.jpg.supplemental-meta.json", "", Role.SIDECAR),
        ("a.csv", "", Role.MAYBE),
        ("a.wav", "audio/wav", Role.MAYBE),
        ("a.pdf", "application/pdf", Role.NONE),
        (".xmp", "", Role.NONE),
    ],
)
def test_a_role_is_told_by_the_name_first_and_by_the_bytes_then(name: str, media_type: str, role: Role):
    assert groups.role(name, media_type) is role


@pytest.mark.parametrize(
    ("one", "other", "are"),
    [
        ("a.jpg", "a.cr2", True),
        ("a.jpg", "a.mov", True),
        ("a.cr2", "a.mov", True),
        ("a.jpg", "a.png", False),
        ("a.mov", "a.mp4", False),
        ("a_HDR0.jpg", "a_HDR1.jpg", True),
        ("IMG_1234.jpg", "IMG_E1234.jpg", True),
        ("a.jpg", "a.xmp", True),
        ("a.xmp", "a.json", True),
        ("a.jpg", "a.pdf", False),
        ("a.jpg", "a.jpg.xmp", True),
        ("a.png", "A.jpg.xmp", False),
        ("a.cr2", "a.jpg.xmp", True),
        ("a.mov", "a.jpg.json", True),
        ("a_HDR0.jpg", "a_HDR1.png.xmp", True),
        ("a.png", "a.jpg.supplemental-metadata.json", False),
        ("a(1).jpg", "a.jpg.supplemental-metadata(1).json", True),
        (f"{LONG}.jpg", f"{LONG[:46]}.json", True),
        (f"{LONG}(1).jpg", f"{LONG[:46]}.json", False),
        (f"{LONG}.jpg", f"{LONG[:46]}(1).json", False),
        (f"{LONG}(1).jpg", f"{LONG[:46]}(1).json", True),
        (f"{LONG[:43]}.jpg", f"{LONG[:43]}.jp.json", True),
        (f"{LONG[:43]}.mov", f"{LONG[:43]}.jp.json", True),
        (f"{LONG[:43]}(1).jpg", f"{LONG[:43]}.jp.json", False),
        (f"{LONG[:44]}.jpg", f"{LONG[:43]}.jp.json", False),
    ],
)
def test_two_pictures_are_a_group_only_as_frames_of_a_set(one: str, other: str, are: bool):
    types = {"jpg": "image/jpeg", "png": "image/png", "cr2": "image/x-canon-cr2", "mov": "video/quicktime",
             "mp4": "video/mp4"}  # fmt: skip
    roles = [groups.role(name, types.get(name.rpartition(".")[2], "")) for name in (one, other)]
    assert groups.are_mates(one, roles[0], other, roles[1]) is are
    assert groups.are_mates(other, roles[1], one, roles[0]) is are


JPG, MOV, XMP = (
    File("a.jpg", Role.PICTURE, "2024-05-04"), File("a.mov", Role.VIDEO, "2024-05-05"), File("a.xmp", Role.SIDECAR),
)  # fmt: skip


def test_all_of_a_group_go_with_its_main_file_which_is_the_picture():
    assert groups.spots([XMP, MOV, JPG]) == [Spot(2, "a", ".xmp"), Spot(2, "a", ".mov"), Spot(2, "a", ".jpg")]


def test_a_shot_of_another_day_goes_by_itself():
    far = File("a.mov", Role.VIDEO, "2024-05-06")
    assert [spot.like for spot in groups.spots([JPG, far, XMP])] == [0, 1, 0]


def test_without_a_picture_each_goes_by_itself():
    assert [spot.like for spot in groups.spots([XMP, File("a.aae", Role.SIDECAR)])] == [0, 1]


def test_what_comes_late_goes_to_the_filed_one_if_it_can_be_its():
    assert [spot.like for spot in groups.spots([MOV, XMP], JPG)] == [-1, -1]
    other = File("a.jpg", Role.PICTURE, "2021-01-01")
    assert [spot.like for spot in groups.spots([MOV, XMP], other)] == [0, 0]
    assert [spot.like for spot in groups.spots([JPG], JPG)] == [0]


def test_the_base_is_found_again_under_the_name_that_a_file_got():
    assert groups.base_in("IMG_1-2.jpg", "IMG_1.jpg") == "IMG_1-2"
    assert groups.base_in("owl.jpg", "IMG_1.jpg") == "owl"
    assert groups.base_in("b-2_HDR0.jpg", "a_HDR0.jpg") == "b-2"
    assert groups.base_in("owl.jpeg", "a_HDR0.jpg") == "owl"


ANY_NAME = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=120)
names = ANY_NAME | st.from_regex(
    r"(IMG_|PXL_|a)[0-9_]{1,9}(_HDR[0-9])?(_botdetection)?(\([0-9]\))?\.(jpg|JPG|heic|mov|cr2)?"
    r"(\.s[a-z-]{0,22})?(\.(xmp|json|aae))?",
    fullmatch=True,
)  # fmt: skip


@given(names)
def test_every_name_comes_apart_into_what_it_was(name: str):
    base, tail = groups.parts(name)
    assert base + tail == name
    assert groups.parse(name).key == groups.parse(name.swapcase() if name.isascii() else name).key


@given(names, names)
def test_no_name_makes_a_group_with_one_that_does_not_say_so(one: str, other: str):
    first, second = (groups.role(name, "image/jpeg") for name in (one, other))
    if groups.are_mates(one, first, other, second) and first is second is Role.PICTURE:
        assert groups.parse(one).is_frame or groups.parse(other).is_frame


@given(
    st.lists(
        st.builds(File, names, st.sampled_from(Role), st.sampled_from(["", "2024-05-04", "2024-05-06"])), min_size=1
    )
)
def test_every_file_has_a_spot_and_leaders_lead_themselves(files: list[File]):
    spots = groups.spots(files)
    assert len(spots) == len(files)
    for index, (spot, file) in enumerate(zip(spots, files, strict=True)):
        assert spots[spot.like].like == spot.like
        leader = files[spot.like]
        if file.day and leader.day and file.role.is_shot:
            assert file.day == leader.day or spot.like == index
