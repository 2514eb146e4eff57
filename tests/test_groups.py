"""Groups, end to end: what belongs together comes to stand together, whatever comes when; nothing is overwritten."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from PIL import Image

from box import log
from box.config import Config
from box.events import CompanionFiled, PhotoFiled
from box.models.base import Store
from box.paths import split
from tests.helpers import inbox, jpeg, library

DAY = "2024/2024-05-04"
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:DateTimeOriginal="2021-03-04T05:06:07"/>'
    "</rdf:RDF></x:xmpmeta>"
)

type_once = Callable[..., dict[str, bytes]]


@pytest.fixture
def once(run_box: Callable[..., subprocess.CompletedProcess[str]]) -> type_once:
    """Runs `box once` and `box verify`; the photos."""

    def run(config: Config, *, quarantined: bool = False) -> dict[str, bytes]:
        for command, code in (("once", int(quarantined)), ("verify", 0)):
            done = run_box("--config", config.path, command)
            assert done.returncode == code, done.stderr + done.stdout
        return library(config)

    return run


def drop(config: Config, files: dict[str, bytes], folder: str = "") -> None:
    place = inbox(config) / folder
    place.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (place / name).write_bytes(data)


def left(config: Config) -> set[str]:
    return {path.name for path in inbox(config).rglob("*") if path.is_file() and not path.name.startswith(".")}


SIDECARS = {
    name: name.encode()
    for name in (
        "IMG_1.jpg.xmp", "IMG_1.xmp", "IMG_1.AAE", "IMG_1.THM", "IMG_1.WAV", "IMG_1.json", "IMG_1.jpg.json",
        "IMG_1.csv", "IMG_1_botdetection.json", "IMG_1.jpg.supplemental-metadata.json", "IMG_1.jpg.suppl.json",
    )
}  # fmt: skip


def test_all_that_stands_beside_a_photo_goes_to_its_day_with_it(make_root, once: type_once):
    config = make_root()
    drop(config, {"IMG_1.jpg": jpeg(1), **SIDECARS})
    assert once(config) == {f"{DAY}/{name}": data for name, data in {"IMG_1.jpg": jpeg(1), **SIDECARS}.items()}
    assert left(config) == set()


def test_on_a_collision_all_of_a_group_get_the_same_number(make_root, once: type_once):
    config = make_root()
    drop(config, {"IMG_1.jpg": jpeg(1), "IMG_1.xmp": b"one"})
    once(config)
    drop(config, {"IMG_1.jpg": jpeg(2), "IMG_1.xmp": b"two", "IMG_1.jpg.xmp": b"three"}, "101MEDIA")
    assert once(config) == {
        f"{DAY}/IMG_1.jpg": jpeg(1), f"{DAY}/IMG_1.xmp": b"one",
        f"{DAY}/IMG_1-2.jpg": jpeg(2), f"{DAY}/IMG_1-2.xmp": b"two", f"{DAY}/IMG_1-2.jpg.xmp": b"three",
    }  # fmt: skip


def test_what_comes_later_joins_the_photo_where_it_stands_by_then(make_root, once: type_once):
    config = make_root()
    drop(config, {"IMG_1.jpg": jpeg(1)})
    once(config)
    drop(config, {"IMG_1.jpg": jpeg(2)})
    once(config)
    drop(config, {"IMG_1.xmp": b"about 2", "IMG_1.json": b"{}"})
    files = once(config)
    assert files[f"{DAY}/IMG_1-2.xmp"] == b"about 2"
    assert files[f"{DAY}/IMG_1-2.json"] == b"{}"
    assert left(config) == set()


def test_what_comes_later_in_other_letters_gets_the_number_of_its_photo(make_root, once: type_once):
    config = make_root()
    for number in (1, 2):
        drop(config, {"IMG_0001.JPG": jpeg(number)})
        once(config)
    drop(config, {"img_0001.xmp": b"about 2", "IMG_O0001.AAE": b"edits of 2"})
    assert set(once(config)) == {
        f"{DAY}/{name}" for name in ("IMG_0001.JPG", "IMG_0001-2.JPG", "img_0001-2.xmp", "IMG_O0001-2.AAE")
    }


def test_what_comes_later_follows_a_photo_that_somebody_renamed(make_root, once: type_once):
    config = make_root()
    drop(config, {"IMG_1.jpg": jpeg(1)})
    once(config)
    photos = Path(config.box.root, "users/me/photos")
    (photos / "best").mkdir()
    (photos / DAY / "IMG_1.jpg").rename(photos / "best/owl.jpg")
    once(config)
    drop(config, {"IMG_1.xmp": b"about"})
    assert once(config) == {"best/owl.jpg": jpeg(1), "best/owl.xmp": b"about"}


def test_a_sidecar_whose_photo_never_comes_is_filed_by_its_own_date(make_root, once: type_once):
    config = make_root()
    drop(config, {"gone.xmp": XMP.encode(), "IMG_20230501_101112.aae": b"x", "nothing.xmp": b"x"})
    assert set(once(config)) == {
        "2021/2021-03-04/gone.xmp", "2023/2023-05-01/IMG_20230501_101112.aae", "undated/nothing.xmp",
    }  # fmt: skip


def test_a_table_without_a_photo_is_left_in_the_inbox_and_taken_when_the_photo_comes(make_root, once: type_once):
    config = make_root()
    drop(config, {"IMG_1.csv": b"a,b", "other_1.json": b"{}"})
    assert once(config) == {}
    assert left(config) == {"IMG_1.csv", "other_1.json"}
    drop(config, {"IMG_1.jpg": jpeg(1)})
    assert set(once(config)) == {f"{DAY}/IMG_1.jpg", f"{DAY}/IMG_1.csv"}
    assert left(config) == {"other_1.json"}


def test_a_sidecar_gives_its_date_to_a_photo_that_has_none(make_root, once: type_once):
    config = make_root()
    takeout = json.dumps({"photoTakenTime": {"timestamp": "1614834367"}})  # 2021-03-04, 05:06:07 UTC
    drop(config, {"a.jpg": jpeg(1, ""), "a.jpg.xmp": XMP.encode()})
    drop(config, {"b.jpg": jpeg(2, ""), "b.jpg.supplemental-metadata.json": takeout.encode()})
    drop(config, {"c.jpg": jpeg(3), "c.jpg.xmp": XMP.encode()})
    assert set(once(config)) == {
        "2021/2021-03-04/a.jpg", "2021/2021-03-04/a.jpg.xmp",
        "2021/2021-03-04/b.jpg", "2021/2021-03-04/b.jpg.supplemental-metadata.json",
        f"{DAY}/c.jpg", f"{DAY}/c.jpg.xmp",
    }  # fmt: skip


def test_the_frames_of_an_hdr_set_and_what_was_detected_in_them_stay_together(make_root, once: type_once):
    config = make_root()
    stem = "moth_2024_05_02__21_30_05"
    frames = {f"{stem}_HDR{number}.jpg": jpeg(number, "") for number in range(3)}
    about = {f"{stem}_HDR0_botdetection.json": b"{}", f"{stem}_HDR1.json": b"{}"}
    drop(config, {**frames, **about})
    assert set(once(config)) == {f"2024/2024-05-02/{name}" for name in (*frames, *about)}
    drop(config, {name: jpeg(10 + number, "") for number, name in enumerate(frames)}, "again")
    assert {Path(name).name for name in once(config)} >= {f"{stem}-2_HDR{number}.jpg" for number in range(3)}


def test_a_group_that_is_in_the_library_already_is_dropped_and_what_is_new_of_it_joins(make_root, once: type_once):
    config = make_root()
    group = {"IMG_1.jpg": jpeg(1), "IMG_1.xmp": b"one", "IMG_1.aae": b"edits"}
    drop(config, group)
    once(config)
    drop(config, {**group, "IMG_1.csv": b"new", "IMG_1.aae": b"other edits"}, "again")
    assert once(config) == {
        f"{DAY}/IMG_1.jpg": jpeg(1), f"{DAY}/IMG_1.xmp": b"one", f"{DAY}/IMG_1.aae": b"edits",
        f"{DAY}/IMG_1.csv": b"new", f"{DAY}/IMG_1-2.aae": b"other edits",
    }  # fmt: skip
    assert left(config) == set()


def test_two_pictures_that_only_share_a_name_go_to_their_own_days(make_root, once: type_once):
    config = make_root()
    drop(config, {"1.jpg": jpeg(1), "1.jpeg": jpeg(2, "2020:01:02 03:04:05")})
    assert set(once(config)) == {f"{DAY}/1.jpg", "2020/2020-01-02/1.jpeg"}


def test_what_says_of_which_picture_it_is_goes_with_that_one(make_root, once: type_once):
    config = make_root()
    files = {"1.jpg": jpeg(1), "1.jpg.xmp": b"jpg", "1.jpeg": jpeg(2, "2020:01:02 03:04:05"), "1.jpeg.xmp": b"jpeg"}
    filed = {f"{DAY if '.jpg' in name else '2020/2020-01-02'}/{name}": data for name, data in files.items()}
    drop(config, files)
    assert once(config) == filed
    later = {"1.jpg.json": b"{}", "1.jpeg.json": b"{ }"}
    drop(config, later)
    assert once(config) == filed | {f"{DAY}/1.jpg.json": b"{}", "2020/2020-01-02/1.jpeg.json": b"{ }"}


def test_every_photo_of_a_takeout_gets_the_date_of_its_own_file(make_root, once: type_once):
    config = make_root(photos__timezone="UTC")
    long = "a_long_name_of_a_photo_that_somebody_took_of_an_owl"
    pairs = [
        ("a.jpg", "a.jpg.supplemental-metadata.json"), ("a(1).jpg", "a.jpg.supplemental-metadata(1).json"),
        ("a.png", "a.png.supplemental-metadata.json"), (f"{long}.jpg", f"{long[:46]}.json"),
        (f"{long}(1).jpg", f"{long[:46]}(1).json"), (f"{long[:43]}.jpg", f"{long[:43]}.jp.json"),
        (f"{long[:43]}(1).jpg", f"{long[:43]}.jp(1).json"), (f"{long[:41]}.jpg", f"{long[:41]}.jpg..json"),
    ]  # fmt: skip
    wanted = set()
    for number, pair in enumerate(pairs):
        taken = json.dumps({"photoTakenTime": {"timestamp": str(1614834367 + number * 7 * 86400)}})  # from 4 March 2021
        drop(config, {pair[0]: jpeg(number, ""), pair[1]: taken.encode()})
        day = f"{date(2021, 3, 4) + timedelta(weeks=number)}"
        wanted |= {f"2021/{day}/{name}" for name in pair}
    assert set(once(config)) == wanted
    assert left(config) == set()


def test_folders_whose_numbers_begin_anew_never_mix(make_root, once: type_once):
    config = make_root()
    drop(config, {"IMG_0001.JPG": jpeg(1), "IMG_0001.THM": b"one"}, "DCIM/100MEDIA")
    drop(config, {"IMG_0001.JPG": jpeg(2, "2020:01:02 03:04:05"), "IMG_0001.THM": b"two"}, "DCIM/101MEDIA")
    files = once(config)
    assert files == {
        f"{DAY}/IMG_0001.JPG": jpeg(1), f"{DAY}/IMG_0001.THM": b"one",
        "2020/2020-01-02/IMG_0001.JPG": jpeg(2, "2020:01:02 03:04:05"), "2020/2020-01-02/IMG_0001.THM": b"two",
    }  # fmt: skip


def test_a_broken_picture_goes_to_quarantine_and_the_others_of_its_group_do_not(make_root, once: type_once):
    config = make_root()
    frames = {f"a_HDR{number}.jpg": jpeg(number) for number in range(3)}
    drop(config, {**frames, "a_HDR1.jpg": jpeg(1)[:-200], "a_HDR1.xmp": b"about"})
    assert set(once(config, quarantined=True)) == {f"{DAY}/a_HDR0.jpg", f"{DAY}/a_HDR2.jpg", f"{DAY}/a_HDR1.xmp"}
    assert set(library(config, "quarantine")) == {"a_HDR1.jpg", "a_HDR1.jpg.reason.json"}


def test_raw_and_jpeg_and_the_halves_of_a_live_photo_go_together(make_root, once: type_once, corpora: Path):
    config = make_root()
    raw, film = (corpora / "makers" / name for name in ("CanonRaw.cr2", "QuickTime.mov"))
    drop(config, {"IMG_7.CR2": raw.read_bytes(), "IMG_7.JPG": jpeg(7, "2005:11:08 10:11:12"), "IMG_7.CR2.xmp": b"x"})
    drop(config, {"IMG_8.JPG": jpeg(8, "2005:08:11 14:03:54"), "IMG_8.MOV": film.read_bytes(), "IMG_8.AAE": b"x"})
    days = {name.rpartition("/")[2]: name.rpartition("/")[0] for name in once(config)}
    assert days["IMG_7.CR2.xmp"] == days["IMG_7.JPG"]
    assert days["IMG_8.AAE"] == days["IMG_8.JPG"] == "2005/2005-08-11"
    assert len(days) == 6


def test_each_file_is_recorded_with_the_drop_that_it_was_whichever_settled_first(make_root, once: type_once):
    config = make_root()
    scan = io.BytesIO()
    Image.new("RGB", (8, 8)).save(scan, "TIFF")
    drop(config, {"DSC_1.ARW": scan.getvalue(), "DSC_1.ARW.xmp": b"x", "DSC_1.JPG": jpeg(6, "2024:05:04 10:11:12")})
    once(config)
    with closing(Store(f"{config.box.root}/box.db")) as store:
        filed = [each.event for each in log.read(store) if isinstance(each.event, PhotoFiled | CompanionFiled)]
    assert len(filed) == 3
    assert all(split(event.source)[1] == split(event.path)[1] for event in filed)


def test_a_film_of_another_day_that_only_shares_a_name_goes_to_its_own(make_root, once: type_once, corpora: Path):
    config = make_root()
    film = (corpora / "makers/QuickTime.mov").read_bytes()
    drop(config, {"IMG_8.MOV": film})
    (alone,) = once(config)
    again = make_root(name="again")
    drop(again, {"IMG_8.JPG": jpeg(8, "2019:01:01 10:11:12"), "IMG_8.MOV": film})
    assert set(once(again)) == {"2019/2019-01-01/IMG_8.JPG", alone}
