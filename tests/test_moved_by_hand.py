"""Moved by hand: a photo that somebody moved or renamed in the library is the same photo, told as one event."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from box import damage, log, service
from box.config import Config
from box.events import Event, FileMoved, FileNoticed, FileVanished
from box.models import photo_lists
from box.sweeps import LibrarySweep
from box.watchers.moves import Kept, joined
from tests.helpers import inbox, jpeg, library, running, until

DAY = "2024/2024-05-04"


def told(config: Config, after: int = 0) -> list[Event]:
    store = damage.open_unchecked(config.box.root)
    try:
        return [recorded.event for recorded in log.read(store, after)]
    finally:
        store.close()


def moves(events: list[Event]) -> list[tuple[str, str]]:
    return [
        (e.source.removeprefix("users/me/photos/"), e.path.removeprefix("users/me/photos/"))
        for e in events
        if isinstance(e, FileMoved)
    ]


def row(config: Config, name: str) -> dict[str, Any] | None:
    store = damage.open_unchecked(config.box.root)
    try:
        return photo_lists.find(store, f"users/me/photos/{name}")
    finally:
        store.close()


@pytest.fixture
def filed(make_root, once) -> Config:
    """Three photos of one day."""
    config = make_root()
    for number, name in enumerate(("a.jpg", "b.jpg", "c.jpg")):
        (inbox(config) / name).write_bytes(jpeg(number))
    once(config)
    assert len(library(config)) == 3
    return config


def photos(config: Config) -> Path:
    return Path(config.box.root, "users/me/photos")


@pytest.fixture
def once(run_box) -> Callable[[Config], list[Event]]:
    """`box once`, and what it records."""

    def run(config: Config) -> list[Event]:
        before = len(told(config)) if Path(config.box.root, "box.db").exists() else 0
        done = run_box("--config", config.path, "once")
        assert done.returncode == 0, done.stderr
        return told(config, before)

    return run


def test_a_renamed_photo_is_the_same_photo_and_keeps_what_is_known_of_it(filed: Config, once, run_box):
    before = row(filed, f"{DAY}/a.jpg")
    (photos(filed) / DAY / "a.jpg").rename(photos(filed) / DAY / "owl.jpg")
    events = once(filed)
    assert moves(events) == [(f"{DAY}/a.jpg", f"{DAY}/owl.jpg")]
    assert len(events) == 1, "no job reads it again"
    after = row(filed, f"{DAY}/owl.jpg")
    assert before and after == {**before, "name": "owl.jpg", "renamed": 1}
    assert Path(filed.box.root, after["thumbnail"]).exists()
    assert row(filed, f"{DAY}/a.jpg") is None
    assert run_box("--config", filed.path, "verify", "--deep").returncode == 0


def test_a_whole_day_that_was_renamed_or_moved_is_the_same_day(filed: Config, once, run_box):
    (photos(filed) / "2024" / "2024-05-04").rename(photos(filed) / "2024" / "2024-05-04 owls")
    assert sorted(moves(once(filed))) == [(f"{DAY}/{n}.jpg", f"{DAY} owls/{n}.jpg") for n in "abc"]
    (photos(filed) / "2024" / "2024-05-04 owls").rename(photos(filed) / "1 first")  # looked at before its old place
    events = once(filed)
    assert sorted(moves(events)) == [(f"{DAY} owls/{n}.jpg", f"1 first/{n}.jpg") for n in "abc"]
    assert len(events) == 3
    assert run_box("--config", filed.path, "verify", "--deep").returncode == 0


def test_a_rename_of_nothing_but_case_is_a_rename(filed: Config, once):
    (photos(filed) / DAY / "a.jpg").rename(photos(filed) / DAY / "A.JPG")
    assert moves(once(filed)) == [(f"{DAY}/a.jpg", f"{DAY}/A.JPG")]


def test_a_copy_is_no_move(filed: Config, once):
    shutil.copy2(photos(filed) / DAY / "a.jpg", photos(filed) / DAY / "copy.jpg")
    events = once(filed)
    assert moves(events) == []
    assert any(isinstance(e, FileNoticed) for e in events)
    os.link(photos(filed) / DAY / "a.jpg", photos(filed) / DAY / "link.jpg")
    assert moves(once(filed)) == []


def test_another_picture_of_the_same_size_and_time_is_another_picture(filed: Config, once):
    old = photos(filed) / DAY / "a.jpg"
    seen = old.stat()
    changed = bytearray(old.read_bytes())
    changed[-3] ^= 1
    old.unlink()
    new = photos(filed) / DAY / "new.jpg"
    new.write_bytes(changed)
    os.utime(new, ns=(seen.st_mtime_ns, seen.st_mtime_ns))
    events = once(filed)
    assert moves(events) == []
    assert {type(e).__name__ for e in events} >= {"FileVanished", "FileNoticed"}


def test_a_photo_that_leaves_the_photos_is_none_any_more(filed: Config, once):
    (photos(filed) / DAY / "a.jpg").rename(photos(filed).parent / "media" / "a.jpg")
    events = once(filed)
    assert sorted(type(e).__name__ for e in events) == ["FileNoticed", "FileVanished"]
    assert row(filed, f"{DAY}/a.jpg") is None


def test_the_quick_sweep_of_a_start_knows_a_moved_photo(filed: Config):
    before = len(told(filed))
    (photos(filed) / "2023").mkdir()
    (photos(filed) / DAY / "a.jpg").rename(photos(filed) / "2023" / "b.jpg")
    with running(filed):
        until(lambda: moves(told(filed, before)), "the sweep is done")
    assert moves(told(filed, before)) == [(f"{DAY}/a.jpg", "2023/b.jpg")]


def test_a_file_that_a_job_is_moving_is_left_to_the_job(filed: Config):
    made = service.build(filed)
    path = f"users/me/photos/{DAY}/a.jpg"
    made.store.execute(
        "INSERT INTO journal (job, lease, moves, events) VALUES (99, 'L', ?, '[]')",
        (f'[["{path}", "x", 1, 1, 1, false]]',),
    )
    (photos(filed) / DAY / "a.jpg").rename(photos(filed) / DAY / "x.jpg")
    sweep = LibrarySweep(filed.box.root, made.engine, users=lambda: ["me"], on_problem=lambda _: None)
    assert sweep.sweep(full=True) == 0
    made.store.execute("DELETE FROM journal")
    assert sweep.sweep(full=True) == 1
    made.stop()
    assert len(library(filed)) == 3


SEEN = (10, 20)


def vanished(path: str) -> FileVanished:
    return FileVanished(user="me", path=f"users/me/photos/{path}")


def noticed(path: str, area: str = "photos") -> FileNoticed:
    return FileNoticed(user="me", path=f"users/me/{area}/{path}", size=SEEN[0], mtime_ns=SEEN[1])


def join(events: list[Event], digests: dict[str, str]) -> list[tuple[str, ...]]:
    """`digests`: of old and new files, by the last piece of their paths."""

    def name(path: str) -> str:
        return path.removeprefix("users/me/photos/")

    found = joined(
        events, lambda p: Kept(SEEN, digests[name(p)]) if name(p) in digests else None, lambda p: digests[name(p)]
    )
    return [
        ("move", name(e.source), name(e.path)) if isinstance(e, FileMoved) else (type(e).__name__, name(e.path))  # type: ignore[attr-defined]
        for e in found
    ]


def test_identical_photos_are_paired_each_once_those_of_one_name_first():
    events = [noticed("x/1.jpg"), vanished("a/2.jpg"), vanished("a/1.jpg"), noticed("x/3.jpg"), noticed("x/4.jpg")]
    digests = dict.fromkeys(("x/1.jpg", "a/2.jpg", "a/1.jpg", "x/3.jpg", "x/4.jpg"), "D")
    assert join(events, digests) == [
        ("move", "a/1.jpg", "x/1.jpg"), ("move", "a/2.jpg", "x/3.jpg"), ("FileNoticed", "x/4.jpg")
    ]  # fmt: skip


def test_only_candidates_are_read():
    assert join([vanished("a.jpg"), noticed("b.jpg")], {"b.jpg": "D"}) == [
        ("FileVanished", "a.jpg"), ("FileNoticed", "b.jpg")
    ], "what has no digest cannot be known again"  # fmt: skip
    other = FileNoticed(user="me", path="users/me/photos/b.jpg", size=11, mtime_ns=20)
    assert join([vanished("a.jpg"), other], {"a.jpg": "D"})[0] == ("FileVanished", "a.jpg"), "b was not asked for"
