"""Crashes while photos go to the trash, go for good, and come back: killed before each step that changes anything.

The runs are on one thread, so that they make the same calls each time. Some of the steps, spread over the run, are
tried by default, and every one with BOX_EVERY_STEP=1.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from box import config as configuration
from box import events as e
from box.config import Config
from box.errors import BoxError
from box.models import live
from tests.crashing import WORK, Crashes, Step
from tests.tasks.disks import BALLAST, Library, days_ago, library_of, small_disk
from tests.tasks.shelves import row_of, tree

STEPS = 16
"""So many of about 180 are tried by default, of each kind of run."""
EMPTY = "tests.test_crash_retention:empty_later"


@dataclass
class Story:
    """A library of old photos, and what is to be done there."""

    config: Config
    before: dict[str, bytes]
    """Its photos, and what belongs to them."""
    facts: list[tuple[object, ...]]
    """What is known of them."""
    job: int

    def kept(self) -> Counter[str]:
        """The digests of all that is in the library and in the trash."""
        return Counter(digests(tree(self.config, "photos", "thumbnails", "trash")).values())


@pytest.fixture
def begun(tmp_path, mount, make_root) -> Callable[..., Story]:
    """Makes a library of old photos on a disk of which so much is free, and a job that is to be done there."""

    def build(free_percent: float, ask: Callable[[Library], int]) -> Story:
        config = small_disk(
            tmp_path, mount, make_root, workers__count=1, jobs__retry_base_seconds=0, jobs__retry_cap_seconds=0
        )
        with library_of(config) as box:
            photo, other = box.file(300, 60_000), box.file(200, 50_000)
            raw = box.file(300, 70_000, name=photo.rpartition("/")[2][:-4] + ".NEF", media_type="image/x-nikon-nef")
            box.back_up([photo, other, raw, box.companion(photo + ".xmp")])
            box.leave_free(free_percent)
            before, known = tree(config, "photos", "thumbnails"), facts(box)
            job = ask(box)
        return Story(config, before, known, job)

    return build


def clean(box: Library) -> int:
    return box.request("clean-photos", min_free_percent=18)


def digests(files: dict[str, bytes]) -> dict[str, str]:
    """path -> digest."""
    return {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}


def facts(box: Library) -> list[tuple[object, ...]]:
    """All that is known of photos."""
    return box.store.rows("SELECT * FROM photos ORDER BY folder, name")


def groups(config: Config) -> dict[str, set[str]]:
    """A stem of names -> the areas in which files of it lie."""
    found: dict[str, set[str]] = {}
    for path in tree(config, "photos", "thumbnails", "trash"):
        area = "trash" if path.startswith("trash/") else "library"
        found.setdefault(path.rpartition("/")[2].partition(".")[0], set()).add(area)
    return found


def killed(story: Story, crashes: Crashes, what: str = WORK) -> Iterator[Step]:
    """After each of its steps: it was killed just before that. What fills the disk stays where it is."""
    return crashes.each_step(what, story.config, STEPS, [BALLAST])


def start(story: Story, crashes: Crashes) -> None:
    """Box starts, and does all that is owed."""
    assert crashes.do(WORK, story.config.path) == 0, crashes.said()


def test_killed_while_photos_go_to_the_trash_each_is_in_one_place_and_all_of_a_group_there(begun, crashes):
    story = begun(15, clean)
    for step in killed(story, crashes):
        assert story.kept() == Counter(digests(story.before).values()), f"{step}: each file is there once"
        start(story, crashes)
        assert row_of(story.config, story.job)["state"] == "completed", step
        assert story.kept() == Counter(digests(story.before).values()), step
        assert groups(story.config) == {"P0001": {"trash"}, "P0002": {"trash"}}, step
        with library_of(story.config) as box:
            box.assert_right()
            assert len({event.path for event in box.told(e.PhotoTrashed)}) == len(box.told(e.PhotoTrashed)) == 7, step


def test_killed_while_photos_go_for_good_each_file_is_there_or_said_to_be_gone(begun, crashes):
    story = begun(5, clean)
    for step in killed(story, crashes):
        assert not story.kept() - Counter(digests(story.before).values()), f"{step}: no file is there twice"
        with library_of(story.config) as box:
            assert lost(story, box) == set(), step
        start(story, crashes)
        assert row_of(story.config, story.job)["state"] == "completed", step
        assert tree(story.config, "photos", "thumbnails", "trash") == {}, step
        with library_of(story.config) as box:
            box.assert_right()
            assert_each_went_once(box)


def test_killed_while_the_trash_is_emptied_each_file_is_there_or_said_to_be_gone(begun, crashes):
    story = begun(15, lambda box: box.do("clean-photos", min_free_percent=18)["number"])
    for step in killed(story, crashes, EMPTY):
        assert not story.kept() - Counter(digests(story.before).values()), f"{step}: no file is there twice"
        with library_of(story.config) as box:
            assert lost(story, box) == set(), step
        start(story, crashes)
        with library_of(story.config) as box:
            assert lost(story, box) == set(), step
            box.assert_right()
        assert crashes.do(EMPTY, story.config.path) == 0, crashes.said()
        assert tree(story.config, "photos", "thumbnails", "trash") == {}, step
        with library_of(story.config) as box:
            box.assert_right()
            assert_each_went_once(box)


def lost(story: Story, box: Library) -> set[str]:
    """The files that are nowhere, and not said to be gone: by the log, or by the journal as long as it is there."""
    said = {event.path for event in box.told(e.FileRemoved)} | live.on_the_way(box.store)
    gone = {path.rpartition("/")[2] for path in said if "/trash/" in path}
    return {path for path, data in story.before.items() if not there(story, data)} - {
        path for path in story.before if path.rpartition("/")[2] in gone
    }


def there(story: Story, data: bytes) -> bool:
    return hashlib.sha256(data).hexdigest() in story.kept()


def assert_each_went_once(box: Library) -> None:
    """All files of the library went to the trash, and from there for good, each told once, with its digest."""
    went = {event.path: event.digest for event in box.told(e.PhotoTrashed)}
    assert {event.path: event.digest for event in box.told(e.FileRemoved)} == went
    assert len(box.told(e.FileRemoved)) == len(went) == 7
    assert all(len(digest) == 64 for digest in went.values())


def test_what_somebody_wants_to_stay_before_the_next_start_is_not_removed_by_it(begun, crashes):
    """What the power kept from being removed is decided again."""
    story = begun(5, clean)
    for _ in crashes.each_step(WORK, story.config, 100, [BALLAST], ["unlink"]):
        with library_of(story.config) as box:
            if any("/trash/" in path for path in live.on_the_way(box.store)):
                break
    assert story.kept() == Counter(digests(story.before).values())
    with library_of(story.config) as box:
        box.engine.record(e.PhotosKept(user="me", day=days_ago(300).isoformat()))
    start(story, crashes)
    assert groups(story.config) == {"P0001": {"trash"}}
    with library_of(story.config) as box:
        box.assert_right()


def test_killed_while_photos_come_back_all_of_them_are_back_at_last(begun, crashes):
    def ask(box: Library) -> int:
        return box.request("put-back", job=box.do("clean-photos", min_free_percent=18)["number"])

    story = begun(15, ask)
    for step in killed(story, crashes):
        assert story.kept() == Counter(digests(story.before).values()), f"{step}: each file is there once"
        start(story, crashes)
        assert row_of(story.config, story.job)["state"] == "completed", step
        assert tree(story.config, "photos", "thumbnails", "trash") == story.before, step
        with library_of(story.config) as box:
            assert facts(box) == story.facts, step
            box.assert_right()


def empty_later(config: str) -> int:
    """What lies in the trash has lain there for long enough: it is emptied 40 days from now."""
    with library_of(configuration.load(config, os.environ)) as box:
        box.days = 40
        try:
            box.do("empty-trash")
        except BoxError:
            return 1
    return 0
