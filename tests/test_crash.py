"""Crashes: the real program, killed for real, at random and at every step; nothing is lost, nothing is there twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from blake3 import blake3

from box import damage
from box.config import Config
from tests.crashing import ONCE
from tests.helpers import (
    REPOSITORY,
    inbox,
    jpeg,
    library,
    running,
    start_box,
    status_of,
    until,
)  # fmt: skip

KILLS = 20
PHOTOS = 300


def leftovers(config: Config) -> list[str]:
    """Files that nobody should find: parts, scratch, anything left in the inbox."""
    root = Path(config.box.root)
    found = [str(p.relative_to(root)) for p in root.rglob("*") if p.is_file() and ".part" in p.name]
    found += [str(p.relative_to(root)) for p in root.glob("users/*/temp/*")]
    return found + [
        str(p.relative_to(root)) for p in root.glob("users/*/inbox/**/*") if p.is_file() and p.name != ".box"
    ]


def assert_all_there_once(
    config: Config, expected: list[bytes], run_box: Callable[..., subprocess.CompletedProcess[str]]
):
    done = run_box("--config", config.path, "once")
    assert done.returncode == 0, done.stdout + done.stderr
    assert Counter(library(config).values()) == Counter(expected)
    assert leftovers(config) == []
    verified = run_box("--config", config.path, "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_killed_twenty_times_while_three_hundred_photos_come_in(make_root, run_box):
    config = make_root(jobs__retry_base_seconds=4, photos__thumbnail_pixels=32)
    draw = random.Random(20261121)
    photos = [jpeg(n, f"2024:05:{1 + n % 28:02} 10:11:12") for n in range(PHOTOS)]
    stop = threading.Event()

    def drop() -> None:
        for number, photo in enumerate(photos):
            folder = inbox(config) / f"DCIM/{number % 7}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"IMG_{number % 50:04}-{number % 7}{number}.JPG").write_bytes(photo)
            stop.wait(draw.uniform(0, 0.08))

    dropping = threading.Thread(target=drop)
    dropping.start()
    kills = 0
    while kills < KILLS or dropping.is_alive():
        process = start_box(config)
        try:
            process.wait(draw.uniform(0.25, 1.2))
        except subprocess.TimeoutExpired:
            process.kill()
            kills += 1
        assert process.wait() == -signal.SIGKILL, Path(config.box.root, "test.log").read_text()
    dropping.join()
    assert kills >= KILLS
    assert_all_there_once(config, photos, run_box)
    assert library(config, "quarantine") == {}


_KILLED_BEFORE_WAKE = """
import os, signal, sys
from box import beside, config, damage, engine, events
configured = config.load(sys.argv[1], {})
store, _ = damage.open_checked(configured.box.root)
made = beside.engine_of(configured, store)
made.on_commit = lambda recorded: os.kill(os.getpid(), signal.SIGKILL)
path = configured.box.root + "/users/me/inbox/a.jpg"
seen = os.stat(path)
made.record(events.FileSettled(user="me", path="users/me/inbox/a.jpg", size=seen.st_size, mtime_ns=seen.st_mtime_ns,
                               inode=seen.st_ino, media_type="image/jpeg"))
"""


def test_killed_between_commit_and_wake(make_root, run_box):
    config = make_root()
    (inbox(config) / "a.jpg").write_bytes(jpeg(1))
    killed = subprocess.run([sys.executable, "-c", _KILLED_BEFORE_WAKE, config.path], cwd=REPOSITORY, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert_all_there_once(config, [jpeg(1)], run_box)


POINTS = [
    *(("renameat2", n) for n in range(1, 4)),  # drops and duplicates to their places
    *(("rename", n) for n in range(1, 5)),  # thumbnails, the status
    *(("unlink", n) for n in range(1, 4)),  # the duplicate
    *(("fsync", n) for n in range(1, 11)),  # files and folders
    *(("fdatasync", n) for n in range(1, 13)),  # SQLite's commits and checkpoints
    *(("pwrite64", n) for n in (7, 25, 49)),  # in the middle of them
    *(("mkdir", n) for n in range(1, 5)),
    *(("rmdir", n) for n in range(1, 4)),  # scratch folders
]


@pytest.mark.parametrize(("call", "number"), POINTS, ids=str)
def test_killed_just_before_each_step_that_touches_the_disk(make_root, crashes, call: str, number: int):
    """The service is killed before the n-th such system call of a thread; the next start makes it whole."""
    config = make_root(workers__count=1, jobs__retry_base_seconds=0, jobs__retry_cap_seconds=0)
    photos = [jpeg(n) for n in range(3)]
    for number_, photo in enumerate([*photos, photos[0]]):  # the last one is a duplicate
        (inbox(config) / f"{number_}.jpg").write_bytes(photo)
    crashes.kill(call, number, ONCE, config.path)
    assert_all_there_once(config, photos, crashes.box)


def test_a_full_disk_stops_the_work_and_room_lets_it_go_on(make_root, run_box, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    small = tmp_path / "root"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "box-test", str(small)], check=True)
    try:
        config = make_root(exists=True, status__dir=str(tmp_path), jobs__retry_base_seconds=0.1)
        photos = [jpeg(n, size=(640, 480)) for n in range(60)]
        with running(config):
            hold = inbox(config) / ".hold"  # hidden: not looked at yet
            hold.mkdir()
            for number, photo in enumerate(photos):
                (hold / f"{number}.jpg").write_bytes(photo)
            fill(small / "ballast")
            hold.rename(inbox(config) / "card")
            until(lambda: "out-of-space" in {p["code"] for p in status_of(config)["problems"]}, "it is told")
            assert len(library(config)) < 60
            (small / "ballast").unlink()
            until(lambda: len(library(config)) == 60, "the work goes on")
            until(lambda: not status_of(config)["problems"], "the problem is over")
        assert_all_there_once(config, photos, run_box)
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


def fill(path: Path) -> None:
    """Take all the room that there is."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    size = 1 << 20
    while size:
        try:
            os.write(descriptor, b"\0" * size)
        except OSError:
            size //= 2
    os.close(descriptor)


def log_of(config: Config) -> str:
    return Path(config.box.root, "test.log").read_text(errors="replace")


def test_a_replaced_inbox_is_reported_and_nothing_in_it_counts_as_deleted(make_root, run_box):
    config = make_root()
    with running(config):
        (inbox(config) / "kept.bin").write_bytes(bytes(range(256)))  # nobody reads it: it waits
        until(lambda: status_of(config)["users"]["me"]["by_area"]["inbox"], "it is known")
        aside = inbox(config).rename(inbox(config).parent / "aside")
        inbox(config).mkdir()
        until(lambda: any(p["code"] == "inbox-unmarked" for p in status_of(config)["problems"]), "it is told")
        (inbox(config) / "new.jpg").write_bytes(jpeg(1))
        assert status_of(config)["watch"][0]["mode"] == "missing"
        inbox(config).rename(inbox(config).parent / "other")
        aside.rename(inbox(config))
        (inbox(config) / "new.jpg").write_bytes(jpeg(1))
        until(lambda: len(library(config)) == 1, "the right inbox is watched again")
        until(lambda: not status_of(config)["problems"], "the problem is over")
    kinds = run_box("--config", config.path, "events", "--json").stdout
    assert "FileVanished" not in kinds


@pytest.mark.parametrize("snapshot", [True, False])
def test_a_damaged_database_is_moved_aside_and_the_disk_compared_with_what_replaces_it(
    make_root, run_box, snapshot: bool
):
    config = make_root()
    (inbox(config) / "a.jpg").write_bytes(jpeg(1))
    assert run_box("--config", config.path, "once").returncode == 0
    if snapshot:
        store = damage.open_unchecked(config.box.root)
        damage.take_snapshot(config.box.root, store, 7, keep=2)
        store.close()
    (inbox(config) / "b.jpg").write_bytes(jpeg(2))
    assert run_box("--config", config.path, "once").returncode == 0
    database = Path(config.box.root, "box.db")
    data = bytearray(database.read_bytes())
    data[4096 : len(data) // 2] = os.urandom(len(data) // 2 - 4096)
    database.write_bytes(data)
    with running(config):
        until(lambda: status_of(config)["photos"]["count"] == 2, "the disk was compared and the photos read again")
        assert [p["code"] for p in status_of(config)["problems"]] == ["database-restored"]
    assert len(list(Path(config.box.root, "damaged").rglob("box.db"))) == 1
    assert_all_there_once(config, [jpeg(1), jpeg(2)], run_box)
    digests = [blake3(each).hexdigest() for each in library(config).values()]
    assert len(set(digests)) == 2
