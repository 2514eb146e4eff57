"""Crashes while files move inside the library: the real program, killed before each step that touches the disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from box import beside
from box import events as e
from box.config import Config
from box.models import jobs, live
from tests.crashing import ONCE, WORK, Crashes, Step
from tests.helpers import PATIENCE_SECONDS, jpeg, start_box
from tests.tasks.shelves import ask, assert_right, drop, row_of, tree, with_photos

CARD = {
    "DCIM/100A/IMG_0001.JPG": "2024:05:04 10:11:12",
    "DCIM/101A/IMG_0001.JPG": "2024:05:04 10:11:13",
    "DCIM/100A/IMG_0002.JPG": "2024:06:01 10:11:12",
}

STEPS = 12
"""So many of about 170 are tried by default, of each kind of run."""


@pytest.fixture
def filed(make_root, crashes):
    config = make_root(
        workers__count=1, jobs__retry_base_seconds=0, jobs__retry_cap_seconds=0, photos__thumbnail_pixels=32
    )
    drop(config, CARD)
    once(crashes, config)
    Path(config.box.root, "users/me/photos/2024/2024-05-04/IMG_0001.JPG.xmp").write_text("about it")
    once(crashes, config)
    return config


def killed(crashes: Crashes, config: Config) -> Iterator[Step]:
    """After each of the steps of what waits to be done: it was killed just before that."""
    return crashes.each_step(WORK, config, STEPS, **mind(config))


def start(crashes: Crashes, config: Config) -> None:
    """Box starts, and does all that is owed."""
    assert crashes.do(WORK, config.path, **mind(config)) == 0, crashes.said()


def once(crashes: Crashes, config: Config) -> None:
    """Have the program do all there is to do."""
    assert crashes.do(ONCE, config.path, **mind(config)) == 0, crashes.said()


def mind(config: Config) -> dict[str, str]:
    return {"BOX_PHOTOS_FOLDER": config.photos.folder, "BOX_PHOTOS_NAME": config.photos.name}


def test_killed_at_each_step_of_organising_all_of_it_is_done_at_last(filed, crashes):
    before = tree(filed)
    config = with_photos(filed, folder="%Y/{source_folder}", name="%m_{stem}")
    job = ask(config, "organize")
    for step in killed(crashes, config):
        assert photos(config) == photos_of(before), f"{step}: each file is there once"
        start(crashes, config)
        assert row_of(config, job)["state"] == "completed", step
        assert sorted(tree(config, "photos")) == [
            "photos/2024/100A/05_IMG_0001.JPG", "photos/2024/100A/05_IMG_0001.JPG.xmp",
            "photos/2024/100A/06_IMG_0002.JPG", "photos/2024/101A/05_IMG_0001.JPG",
        ], step  # fmt: skip
        assert_right(config)


def test_killed_at_each_step_of_undoing_that_all_of_it_is_as_before_at_last(filed, crashes):
    before = tree(filed)
    config = with_photos(filed, folder="%Y/{source_folder}", name="%m_{stem}")
    job = ask(config, "organize")
    start(crashes, config)
    assert tree(config) != before
    back = ask(config, "put-back", job=job)
    for step in killed(crashes, config):
        assert photos(config) == photos_of(before), f"{step}: each file is there once"
        start(crashes, config)
        assert row_of(config, back)["state"] == "completed", step
        assert tree(config) == before, step
        assert_right(config)


def photos(config: Config) -> Counter[bytes]:
    """The photos, and what stands beside them, wherever."""
    return photos_of(tree(config))


def photos_of(found: dict[str, bytes]) -> Counter[bytes]:
    return Counter(data for path, data in found.items() if path.startswith("photos/"))


def test_killed_while_a_filing_is_undone_the_photo_is_in_one_place_and_waits_in_the_inbox_at_last(filed, crashes):
    with beside.beside(filed) as box:
        job = box.store.value("SELECT id FROM jobs WHERE source LIKE '%IMG_0002.JPG'")
    ask(filed, "put-back", job=job)
    photo = jpeg(2, "2024:06:01 10:11:12")
    for step in killed(crashes, filed):
        assert list(tree(filed).values()).count(photo) == 1, step
        start(crashes, filed)
        found = tree(filed)
        assert found["inbox/DCIM/100A/IMG_0002.JPG"] == photo, step
        assert not any("2024-06-01" in path for path in found), step
        assert_right(filed)


def test_a_batch_that_somebody_meddled_with_after_the_crash_is_recorded_as_the_disk_has_it(filed, crashes):
    """One parcel cannot be finished: its photo is gone. The others are."""
    config = with_photos(filed, folder="all")
    ask(config, "organize")
    crashes.kill("renameat2", 2, ONCE, config.path, **mind(config))
    with beside.beside(config) as box:
        (entry,) = live.journal(box.store)
        assert jobs.state_of(box.store, entry.job) == (jobs.State.RUNNING, "")
    folder = Path(config.box.root, "users/me/photos")
    next(path for path in folder.rglob("IMG_0002*.JPG")).unlink()
    once(crashes, config)
    assert sorted(path.name for path in folder.rglob("*.JPG")) == ["IMG_0001-2.JPG", "IMG_0001.JPG"]
    assert_right(config)


def test_a_job_that_is_cancelled_at_work_puts_back_what_it_had_moved(make_root, crashes):
    config = make_root(workers__count=1, photos__thumbnail_pixels=0)
    drop(config, {f"{n}.jpg": "2024:05:04 10:11:12" for n in range(250)})
    once(crashes, config)
    before = tree(config, "photos")
    folder = with_photos(config, folder="all").photos.folder
    job = ask(config, "organize")
    process = start_box(config, "once", BOX_PHOTOS_FOLDER=folder)
    with beside.beside(config) as box:
        while not box.store.value("SELECT count(*) FROM events WHERE kind = 'FileMoved'"):
            assert process.poll() is None, "it was to be cancelled before it ended"
        box.engine.record(e.JobCancelRequested(job=job))
    process.wait(PATIENCE_SECONDS)
    assert row_of(config, job)["state"] == "cancelled"
    assert tree(config, "photos") == before
    assert_right(config)
