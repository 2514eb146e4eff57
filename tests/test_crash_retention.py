"""Crashes while photos go to the trash, are removed, and come back: the real program, killed at each of its steps."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable

import pytest

from box import events as e
from box.config import Config
from tests.tasks.disks import Library, library_of, small_disk
from tests.tasks.shelves import once, row_of, tree
from tests.test_crash_shelving import killed

MOVES = [
    *(("renameat2", n) for n in range(1, 8)),  # two photos, a film, what stands beside one, their thumbnails
    *(("mkdir", n) for n in (2, 4)),  # the day in the trash, and what is below it
    *(("rmdir", n) for n in (1, 3)),  # the days that were emptied
    *(("fsync", n) for n in (4, 8)),  # folders
    *(("fdatasync", n) for n in (3, 4, 5)),  # SQLite's commits: journal, what went, the job's end
]
REMOVALS = [
    *(("unlink", n) for n in range(1, 8)),
    *(("renameat2", n) for n in (2, 5)),
    ("rmdir", 6),
    ("fdatasync", 5),
]
RETURNS = [*(("renameat2", n) for n in (1, 3, 7)), ("mkdir", 2), ("fsync", 3), ("fdatasync", 5)]


@pytest.fixture
def begun(tmp_path, mount, make_root) -> Callable[..., Config]:
    """A library of old photos on a disk of which so much is free, and a job that is to clean."""

    def build(free_percent: float) -> Config:
        config = small_disk(
            tmp_path, mount, make_root, workers__count=1, jobs__retry_base_seconds=0, jobs__retry_cap_seconds=0
        )
        with library_of(config) as box:
            photo, other = box.file(300), box.file(200)
            raw = box.file(300, name=photo.rpartition("/")[2][:-4] + ".NEF", media_type="image/x-nikon-nef")
            box.back_up([photo, other, raw, box.companion(photo + ".xmp")])
            box.leave_free(free_percent)
        return config

    return build


def ask(config: Config, kind: str, **args: object) -> int:
    with library_of(config) as box:
        return box.request(kind, **args)


def digests(files: dict[str, bytes], *areas: str) -> dict[str, str]:
    """path -> digest of what is kept."""
    return {path: hashlib.sha256(data).hexdigest() for path, data in files.items() if path.split("/")[0] in areas}


def groups(config: Config) -> dict[str, set[str]]:
    """A stem of names -> the areas in which files of it lie."""
    found: dict[str, set[str]] = {}
    for path in tree(config, "photos", "thumbnails", "trash"):
        area = "trash" if path.startswith("trash/") else "library"
        found.setdefault(path.rpartition("/")[2].partition(".")[0], set()).add(area)
    return found


@pytest.mark.parametrize(("call", "number"), MOVES, ids=str)
def test_killed_while_photos_go_to_the_trash_each_is_in_one_place_and_all_of_a_group_there(begun, call, number):
    config = begun(15)
    before = digests(tree(config), "photos", "thumbnails")
    job = ask(config, "clean-photos", min_free_percent=28)
    assert killed(config, call, number), "it was killed in the middle"
    now = digests(tree(config), "photos", "thumbnails", "trash")
    assert Counter(now.values()) == Counter(before.values()), "each file is there once"
    once(config)
    assert row_of(config, job)["state"] == "completed"
    assert Counter(digests(tree(config), "photos", "thumbnails", "trash").values()) == Counter(before.values())
    assert groups(config) == {"P0001": {"trash"}, "P0002": {"trash"}}
    with library_of(config) as box:
        box.assert_right()
        assert len({event.path for event in box.told(e.PhotoTrashed)}) == len(box.told(e.PhotoTrashed)) == 7


@pytest.mark.parametrize(("call", "number"), REMOVALS, ids=str)
def test_killed_while_photos_go_for_good_each_file_is_there_or_said_to_be_gone(begun, call, number):
    config = begun(5)
    before = digests(tree(config), "photos", "thumbnails")
    job = ask(config, "clean-photos", min_free_percent=28)
    assert killed(config, call, number), "it was killed in the middle"
    now = digests(tree(config), "photos", "thumbnails", "trash")
    assert not Counter(now.values()) - Counter(before.values()), "no file is there twice"
    once(config)
    assert row_of(config, job)["state"] == "completed"
    with library_of(config) as box:
        box.assert_right()
        went = {event.path: event.digest for event in box.told(e.PhotoTrashed)}
        assert {event.path: event.digest for event in box.told(e.FileRemoved)} == went
        assert len(box.told(e.FileRemoved)) == len(went) == 7
    assert tree(config, "photos", "thumbnails", "trash") == {}


@pytest.mark.parametrize(("call", "number"), RETURNS, ids=str)
def test_killed_while_photos_come_back_all_of_them_are_back_at_last(begun, call, number):
    config = begun(15)
    before = tree(config, "photos", "thumbnails")
    with library_of(config) as box:
        rows = facts(box)
        done = box.do("clean-photos", min_free_percent=28)
        assert facts(box) == []
    back = ask(config, "put-back", job=done["number"])
    assert killed(config, call, number), "it was killed in the middle"
    assert Counter(tree(config, "photos", "thumbnails", "trash").values()) == Counter(before.values())
    once(config)
    assert row_of(config, back)["state"] == "completed"
    assert tree(config, "photos", "thumbnails", "trash") == before
    with library_of(config) as box:
        assert facts(box) == rows
        box.assert_right()


def facts(box: Library) -> list[tuple[object, ...]]:
    """All that is known of photos."""
    return box.store.rows("SELECT * FROM photos ORDER BY folder, name")
