"""box undo of a clean-photos job: what still lies in the trash comes back as it was, and what does not is said."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from box import compaction
from box import events as e
from box.errors import BoxError
from box.models import camera_clocks, photos, usage
from tests.tasks.disks import MB, Library, library_of, small_disk


@pytest.fixture
def cleaned(tmp_path, mount, make_root) -> Iterator[tuple[Library, int, list[str], list[tuple[object, ...]]]]:
    """A library whose photos lie in the trash, the job that brought them there, and what was known before."""
    with library_of(small_disk(tmp_path, mount, make_root)) as box:
        first, second = box.file(300), box.file(299, doubt="factory-date", serial="S1", latitude=1.5)
        beside = box.companion(first + ".xmp")
        box.engine.record(
            e.PhotoRedated(
                user="me", path=first, taken_at="2024-05-06T01:02:03", day="2024-05-06", job=5, taken_before="x"
            ),
            e.PhotosKept(user="me", path=second, kept=True),
            e.PhotosKept(user="me", path=second, kept=False),
        )
        paths = [first, beside, second]
        box.back_up(paths)
        before = facts(box)
        box.days = 100
        yield box, box.clean(5 * MB)["number"], paths, before


def facts(box: Library) -> list[tuple[object, ...]]:
    tables = ("photos", "photo_days", "camera_clocks")
    return [row for table in tables for row in box.store.rows(f"SELECT * FROM {table} ORDER BY 1, 2")]


def test_all_comes_back_with_all_that_was_known(cleaned):
    box, job, paths, before = cleaned
    assert facts(box) == []
    assert box.lie("photos") == box.lie("thumbnails") == []
    said = box.do("put-back", job=job, dry_run=True)
    assert sorted(target for _, target in said["moves"]) == sorted(paths)
    assert box.lie("photos") == []
    done = box.do("put-back", job=job)
    assert (done["moved"], done.get("left")) == (3, None)
    assert facts(box) == before
    assert box.lie("photos") == sorted(paths)
    assert box.lie("trash") == []
    assert camera_clocks.all_of(box.store)[0].doubt == "factory-date"
    assert box.store.rows("SELECT * FROM trash") == box.store.rows("SELECT * FROM trashed_photos") == []
    box.assert_right()
    assert box.do("put-back", job=job)["back_already"] == 3


def test_what_is_not_there_any_more_is_listed_and_the_others_come_back(cleaned):
    box, job, (first, beside, second), _ = cleaned
    there = {event.source: event.path for event in box.told(e.PhotoTrashed)}
    status = box.path(there[beside]).stat()
    box.path(there[beside]).unlink()
    box.engine.record(
        e.FileRemoved(user="me", path=there[beside], size=status.st_size, digest="d", why="trash", job=99)
    )
    os.utime(box.path(there[second]), ns=(1, 1))
    done = box.do("put-back", job=job)
    assert done["moved"] == 1
    assert {each["path"]: each["why"] for each in done["reasons"]} == {
        beside: "it was removed from the trash for good", second: "it was changed in the trash",
    }  # fmt: skip
    assert box.lie("photos") == [first]
    assert box.lie("thumbnails") == [first.replace("/photos/", "/thumbnails/") + ".jpg"], "none without its photo"
    assert usage.by_area(box.store, "me")["trash"][0] == 2


def test_what_stands_there_by_now_is_not_touched(cleaned):
    box, job, (first, beside, second), _ = cleaned
    box.path(second).parent.mkdir(parents=True)
    box.path(second).write_bytes(b"somebody's own")
    done = box.do("put-back", job=job)
    (reason,) = done["reasons"]
    assert reason["path"] == second
    assert reason["why"].startswith("something else stands there by now; it lies in users/me/trash/")
    assert box.path(second).read_bytes() == b"somebody's own"
    assert box.lie("photos") == sorted([first, beside, second])


def test_a_job_that_has_not_ended_is_not_undone(cleaned):
    box, *_ = cleaned
    running = box.ask("clean-photos")
    with pytest.raises(BoxError, match=f"job {running.id} is running: cancel it first"):
        box.do("put-back", job=running.id)


def test_a_job_that_was_archived_since_is_undone_all_the_same(cleaned):
    box, job, paths, before = cleaned
    keep = dict.fromkeys(box.config.jobs.keep, 0.0)
    box.days = 101
    compaction.archive_jobs(box.engine, keep, box.now.timestamp())
    assert box.store.row("SELECT 1 FROM jobs WHERE id = ?", (job,)) is None
    assert box.do("put-back", job=job)["moved"] == len(paths)
    assert facts(box) == before


def test_what_somebody_took_out_of_the_trash_or_changed_there_is_not_known_there_any_more(cleaned):
    box, _, (first, beside, second), _ = cleaned
    there = {event.source: event.path for event in box.told(e.PhotoTrashed)}
    box.engine.record(
        e.FileVanished(user="me", path=there[first]),
        e.FileNoticed(user="me", path=there[second], size=1, mtime_ns=1),
        e.FileMoved(user="me", source=there[beside], path="users/me/other.xmp", size=1, mtime_ns=1),
    )
    known = {f"{folder}/{name}" for folder, name in box.store.rows("SELECT folder, name FROM trash")}
    assert known.isdisjoint({there[first], there[second], there[beside]})
    assert box.store.rows("SELECT * FROM trashed_photos") == []
    assert photos.totals(box.store).count == 0
