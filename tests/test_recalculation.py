"""What is on the disk is counted again: what differs becomes an event, and each file is charged once."""

from __future__ import annotations

import os
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from box import events as e
from box import verify
from box.engine import Engine, rebuild
from box.layout import make_user
from box.models import files, usage
from box.models.base import Store
from box.recalculation import recalculate

KIB = 1024


@pytest.fixture
def me(tmp_path: Path) -> Path:
    """The folder of a user; `tmp_path` is the root, and holds the database too."""
    make_user(str(tmp_path), "me")
    return tmp_path / "users/me"


def kinds(store: Store) -> list[str]:
    return [kind for (kind,) in store.rows("SELECT kind FROM events ORDER BY position")]


def put(path: Path, size: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


def areas(store: Store) -> dict[str, tuple[int, int]]:
    return {area: sums for area, sums in usage.by_area(store, "me").items() if sums != (0, 0)}


def test_what_was_done_by_hand_becomes_events_of_files_and_is_told_as_drift(engine, store, me, tmp_path):
    put(me / "media/a.txt", 5)
    put(me / "notes/deep/b.txt", 7)
    put(me / "inbox/c.jpg", 100)
    done = recalculate(engine, str(tmp_path), "me")
    assert done.drift == {"media": (1, 5), "notes": (1, 7)}
    assert done.on_disk == {"media": (1, 5), "notes": (1, 7)}
    assert kinds(store) == ["FileNoticed", "FileNoticed"]
    assert recalculate(engine, str(tmp_path), "me").drift == {}
    (me / "media/a.txt").unlink()
    put(me / "notes/deep/b.txt", 2)
    assert recalculate(engine, str(tmp_path), "me").drift == {"media": (-1, -5), "notes": (0, -5)}
    assert areas(store) == {"notes": (1, 2)}


def test_a_file_with_several_names_is_charged_once_and_a_link_is_not_followed(engine, store, me, tmp_path):
    photo = put(me / "photos/2024/a.jpg", 1000)
    os.link(photo, me / "exports/a.jpg")
    os.link(photo, me / "media/a.jpg")
    (me / "notes/link.jpg").symlink_to(photo)
    (me / "notes/folder").symlink_to(me / "photos")
    done = recalculate(engine, str(tmp_path), "me")
    assert areas(store) == done.on_disk == {"photos": (1, 1000), "media": (1, 0), "exports": (1, 0)}
    assert usage.balance(store, "me").used_bytes == 1000
    assert list(verify.sum_differences(store)) == []


def test_a_name_that_stays_is_charged_when_the_one_that_was_is_gone(engine, store, me, tmp_path):
    photo = put(me / "photos/a.jpg", 1000)
    os.link(photo, me / "exports/a.jpg")
    recalculate(engine, str(tmp_path), "me")
    photo.unlink()
    assert recalculate(engine, str(tmp_path), "me").drift == {"photos": (-1, -1000), "exports": (0, 1000)}
    assert areas(store) == {"exports": (1, 1000)}
    os.link(me / "exports/a.jpg", me / "trash/a.jpg")
    recalculate(engine, str(tmp_path), "me")
    assert areas(store) == {"exports": (1, 1000), "trash": (1, 0)}


def test_what_another_user_has_too_is_charged_to_both(engine, store, me, tmp_path):
    make_user(str(tmp_path), "ann")
    os.link(put(me / "media/a", 10), tmp_path / "users/ann/media/a")
    for user in ("me", "ann"):
        recalculate(engine, str(tmp_path), user)
    assert [usage.balance(store, user).used_bytes for user in ("me", "ann")] == [10, 10]


def test_a_sparse_file_is_charged_what_it_occupies_only_if_blocks_are_counted(engine, store, me, tmp_path):
    sparse = me / "media/sparse.img"
    with open(sparse, "wb") as out:
        out.write(b"x" * 4 * KIB)
        out.truncate(4000 * KIB)
    os.sync()
    if sparse.stat().st_blocks * 512 > 400 * KIB:
        pytest.skip("this file system has no sparse files")
    put(me / "media/dense.txt", 5)  # occupies a whole block, and is charged 5
    recalculate(engine, str(tmp_path), "me")
    assert areas(store) == {"media": (2, 4000 * KIB + 5)}
    recalculate(engine, str(tmp_path), "me", by_blocks=True)
    assert areas(store) == {"media": (2, sparse.stat().st_blocks * 512 + 5)}
    recalculate(engine, str(tmp_path), "me")
    assert areas(store) == {"media": (2, 4000 * KIB + 5)}


def test_a_file_that_moves_takes_along_what_it_is_charged(engine, store, me, tmp_path):
    os.link(put(me / "photos/a.jpg", 1000), me / "exports/a.jpg")
    recalculate(engine, str(tmp_path), "me")
    moved = {"user": "me", "source": "users/me/exports/a.jpg", "path": "users/me/media/b.jpg", "mtime_ns": 1}
    engine.record(e.FileMoved(**moved, size=1000))
    assert areas(store) == {"photos": (1, 1000), "media": (1, 0)}
    engine.record(e.FileMoved(user="me", source=moved["path"], path=moved["source"], mtime_ns=1, size=5))
    assert areas(store) == {"photos": (1, 1000), "exports": (1, 5)}, "changed on the way: it is charged its size"


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE usage SET bytes = bytes + 7, files = 3 WHERE area = 'media'",
        "DELETE FROM usage",
        "UPDATE accounts SET used_bytes = 0",
        "INSERT INTO usage VALUES ('me', 'trash', 2, 50)",
    ],
)
def test_a_sum_that_is_not_that_of_its_rows_is_put_right_and_a_rebuild_agrees(engine, store, me, tmp_path, damage):
    put(me / "media/a.txt", 5)
    recalculate(engine, str(tmp_path), "me")
    before = areas(store)
    store.execute(damage)
    assert list(verify.sum_differences(store))
    recalculate(engine, str(tmp_path), "me")
    assert "UsageCorrected" in kinds(store)
    assert list(verify.sum_differences(store)) == []
    assert (areas(store), usage.balance(store, "me").used_bytes) == (before, 5)
    rebuild(store)
    assert (areas(store), usage.balance(store, "me").used_bytes) == (before, 5)


@pytest.mark.parametrize("change", ["+ 7", "- 60", "* 0"])
def test_what_is_set_aside_is_what_unfinished_jobs_have_set_aside(engine, store, tmp_path, change):
    job = engine.record(e.JobRequested(user="me", kind="call", reserve_bytes=100))[0].position
    engine.record(e.JobRequested(user="ben", kind="call", reserve_bytes=5))
    engine.record(e.JobStarted(user="me", job=job, lease="L"))
    engine.record(e.SpaceReserved(user="me", job=job, lease="L", size=30))
    assert list(verify.sum_differences(store)) == []
    store.execute(f"UPDATE accounts SET reserved_bytes = reserved_bytes {change} WHERE user = 'me'")
    found = usage.balance(store, "me").reserved_bytes
    assert [str(each) for each in verify.sum_differences(store)] == [
        f"me reserved: expected 130 bytes, found {found} bytes"
    ]
    (tmp_path / "users/me").mkdir(parents=True)
    recalculate(engine, str(tmp_path), "me")
    assert list(verify.sum_differences(store)) == []
    rebuild(store)
    assert usage.balance(store, "me").reserved_bytes == 130


def test_what_is_set_aside_for_a_job_that_runs_no_more_is_a_difference(engine, store):
    job = engine.record(e.JobRequested(user="me", kind="call"))[0].position
    engine.record(e.JobStarted(user="me", job=job, lease="L"), e.SpaceReserved(user="ben", job=job, lease="L", size=3))
    store.execute("UPDATE jobs SET state = 'completed', lease = '' WHERE id = ?", (job,))
    assert [str(each) for each in verify.sum_differences(store)] == ["ben reserved: expected 0 bytes, found 3 bytes"]


def test_what_is_away_is_not_gone(engine, store, me, tmp_path):
    put(me / "photos/a.jpg", 1000)
    recalculate(engine, str(tmp_path), "me")
    (me / "photos").rename(tmp_path / "away")
    done = recalculate(engine, str(tmp_path), "me")
    assert list(done.away) == ["users/me/photos"]
    assert areas(store) == {"photos": (1, 1000)}


def test_drops_that_wait_for_room_are_taken_when_less_turns_out_to_be_used(store, me, tmp_path, policy):
    engine = Engine(store, replace(policy, quota_default_bytes=1500), commit_seconds=0)
    photo = put(me / "photos/a.jpg", 1000)
    os.link(photo, me / "exports/a.jpg")
    paths = ("users/me/photos/a.jpg", "users/me/exports/a.jpg")
    seen = {"size": 1000, "mtime_ns": photo.stat().st_mtime_ns}
    engine.record(*(e.FileNoticed(user="me", path=path, **seen) for path in paths))  # what a sweep says: charged twice
    drop = "users/me/inbox/b.jpg"
    engine.record(e.FileSettled(user="me", path=drop, size=400, mtime_ns=1, inode=1, media_type="image/jpeg"))
    assert kinds(store)[-1] == "QuotaExceeded"
    recalculate(engine, str(tmp_path), "me")
    assert kinds(store)[-2:] == ["FileWeighed", "JobRequested"]


def test_the_memory_of_a_walk_does_not_grow_with_the_files(engine, store, me, tmp_path):
    def fill(first: int, last: int) -> None:
        for folder in range(first, last):
            for number in range(100):
                path = put(me / f"photos/{folder}/{number}.jpg", 1)
                (me / f"exports/{folder}").mkdir(exist_ok=True)
                os.link(path, me / f"exports/{folder}/{number}.jpg")

    def peak() -> int:
        tracemalloc.start()
        try:
            recalculate(engine, str(tmp_path), "me")
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    fill(0, 8)
    recalculate(engine, str(tmp_path), "me")
    few = peak()
    fill(8, 24)
    recalculate(engine, str(tmp_path), "me")
    assert files.find(store, "users/me/exports/23/99.jpg") is not None
    assert peak() - few < 200 * KIB
    assert usage.by_area(store, "me")["photos"] == (2400, 2400)
    assert usage.by_area(store, "me")["exports"] == (2400, 0)
