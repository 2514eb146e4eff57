"""organize: what is filed goes where the patterns say; what is in its place, or somebody's own, stays."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from box import beside
from box import events as e
from box.models.jobs import Claimed
from box.status import Problems
from box.tasks import organize
from box.tasks.at_work import AtWork
from box.tasks.chore import Inside, Reporter
from box.tasks.rearranging import Rearranging
from tests.tasks.shelves import assert_right, do, drop, folders, once, told, tree, with_photos

CARD = {
    "DCIM/100A/IMG_0001.JPG": "2024:05:04 10:11:12",
    "DCIM/101A/IMG_0001.JPG": "2024:05:04 10:11:13",
    "DCIM/100A/IMG_0002.JPG": "2024:06:01 10:11:12",
    "scan.jpg": "",
}


@pytest.fixture
def filed(make_root):
    """Four photos, two of the same name and one without a date."""
    config = make_root(photos__thumbnail_pixels=32)
    drop(config, CARD)
    once(config)
    return config


def photos_of(config) -> list[str]:
    return [path.removeprefix("photos/") for path in tree(config, "photos")]


def moves_of(config, since: int) -> list[tuple[str, str]]:
    found = told(config, e.FileMoved, since)
    return [(event.source, event.path) for event in found if "/thumbnails/" not in event.source]


def test_what_is_in_its_place_stays_also_with_a_number(filed):
    before = tree(filed)
    assert "photos/2024/2024-05-04/IMG_0001-2.JPG" in before
    result = do(filed, "organize")
    assert result["moved"] == 0
    assert tree(filed) == before
    assert not told(filed, e.FileMoved)


def test_another_pattern_moves_photos_and_thumbnails_and_leaves_no_empty_folder_behind(filed):
    before = tree(filed)
    config = with_photos(filed, folder="%Y/{source_folder}", name="%Y%m%d_{stem}")
    dry = do(config, "organize", dry_run=True)
    assert tree(config) == before
    real = do(config, "organize")
    assert real["moved"] == dry["count"] == 3
    assert moves_of(config, real["number"]) == [tuple(move) for move in dry["moves"]], "a dry run says what a run does"
    assert photos_of(config) == [
        "2024/100A/20240504_IMG_0001.JPG", "2024/100A/20240601_IMG_0002.JPG", "2024/101A/20240504_IMG_0001.JPG",
        "undated/scan.jpg",
    ]  # fmt: skip
    assert [path.removeprefix("thumbnails/") for path in tree(config, "thumbnails")] == [
        f"{path}.jpg" for path in photos_of(config)
    ]
    assert folders(config) == {
        f"{area}/{each}" for area in ("photos", "thumbnails") for each in ("2024", "2024/100A", "2024/101A", "undated")
    }
    assert sorted(tree(config).values()) == sorted(before.values())
    assert_right(config)
    after = tree(config)
    assert do(config, "organize")["moved"] == 0, "the second run has nothing to do"
    assert do(filed, "organize")["moved"] == 3, "and back again"
    assert sorted(tree(filed)) == sorted(before)
    assert sorted(tree(filed).values()) == sorted(after.values())


@pytest.mark.parametrize(
    ("folder", "name"),
    [("all", "{counter}"), ("all", "%Y"), ("{camera}/%H", "{stem}_{counter}")],
)
def test_whatever_the_pattern_nothing_is_lost_and_the_second_run_has_nothing_to_do(filed, folder: str, name: str):
    before = sorted(tree(filed, "photos", "thumbnails").values())
    config = with_photos(filed, folder=folder, name=name)
    assert do(config, "organize")["moved"] > 2
    assert sorted(tree(config, "photos", "thumbnails").values()) == before
    assert_right(config)
    assert do(config, "organize")["moved"] == 0


def test_what_stands_beside_a_photo_goes_with_it_under_the_same_name_and_number(filed):
    day = Path(filed.box.root, "users/me/photos/2024/2024-05-04")
    for name in ("IMG_0001.JPG.xmp", "IMG_0001.aae", "IMG_0001-2.JPG.xmp", "IMG_0001-2_botdetection.json", "notes.txt"):
        (day / name).write_text(name)
    once(filed)  # the sweep learns of them
    taken = Path(filed.box.root, "users/me/photos/all/2024_IMG_0001.JPG.xmp")
    taken.parent.mkdir()
    taken.write_text("nobody has told Box of this one")
    config = with_photos(filed, folder="all", name="%Y_{stem}")
    dry = do(config, "organize", dry_run=True)
    real = do(config, "organize")
    assert moves_of(config, real["number"]) == [tuple(move) for move in dry["moves"]]
    found = tree(config, "photos")
    texts = {path.removeprefix("photos/all/"): data.decode() for path, data in found.items() if b"\xff" not in data}
    assert texts == {
        "2024_IMG_0001.JPG.xmp": "nobody has told Box of this one",
        "2024_IMG_0001-2.JPG.xmp": "IMG_0001-2.JPG.xmp",
        "2024_IMG_0001-2_botdetection.json": "IMG_0001-2_botdetection.json",
        "2024_IMG_0001-3.JPG.xmp": "IMG_0001.JPG.xmp",
        "2024_IMG_0001-3.aae": "IMG_0001.aae",
        "photos/2024/2024-05-04/notes.txt": "notes.txt",
    }
    assert {"photos/all/2024_IMG_0001-2.JPG", "photos/all/2024_IMG_0001-3.JPG"} <= set(found)
    assert_right(config)


def test_a_library_made_by_hand_is_sorted_and_a_name_given_by_hand_is_kept(filed):
    album = Path(filed.box.root, "users/me/photos/album")
    album.mkdir()
    shutil.copy2(Path(filed.box.root, "users/me/photos/2024/2024-06-01/IMG_0002.JPG"), album / "by hand.jpg")
    with (album / "by hand.jpg").open("ab") as file:
        file.write(b"\0" * 10)
    once(filed)
    do(filed, "organize")
    assert "2024/2024-06-01/by hand.jpg" in photos_of(filed)
    assert "photos/album" not in folders(filed)
    with_name = with_photos(filed, name="%Y_{stem}")
    do(with_name, "organize")
    assert "2024/2024-06-01/2024_by hand.jpg" in photos_of(with_name)
    assert_right(with_name)


def test_what_was_changed_and_not_looked_at_yet_is_left_to_the_sweep(filed):
    changed = Path(filed.box.root, "users/me/photos/2024/2024-06-01/IMG_0002.JPG")
    data = changed.read_bytes()
    changed.write_bytes(data + b"edited")
    config = with_photos(filed, folder="all")
    with beside.beside(config) as box:
        job = Claimed(1, "organize", "", "", 0, 0, 0, {}, 1, "L")
        inside = Inside(config, box.engine, Problems(), lambda _path, _is_dir: None)
        work = Rearranging.of(inside, job, Reporter(AtWork(), 1))
        parcels = list(organize._parcels(work))
    assert len(parcels) == 2
    assert [each["path"] for each in work.sorter.left.named] == ["users/me/photos/2024/2024-06-01/IMG_0002.JPG"]


def test_names_that_are_no_text_and_numbers_that_never_end(filed):
    for number in range(12):
        drop(filed, {os.fsdecode(b"new\nline \xff.jpg"): "2024:07:01 00:00:00"}, first=100 + number)
        once(filed)
    config = with_photos(filed, folder="x", portable_names=True)
    assert do(config, "organize")["moved"] == 15
    assert "x/new_line _.jpg" in photos_of(config)
    assert "x/new_line _-12.jpg" in photos_of(config)
    assert_right(config)
    assert do(config, "organize")["moved"] == 0
