"""Imports, killed for real: every original is as it was, or came over whole; each file is imported once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from box import beside
from box import events as e
from box.config import Config
from box.tasks import asking, by_request
from tests.crashing import ONCE
from tests.helpers import inbox, jpeg, library, start_box, until
from tests.test_crash import leftovers

KILLS = 8
PHOTOS = 60


def make_card(folder: Path, count: int) -> dict[Path, bytes]:
    """A card with restarting numbers."""
    found = {}
    for number in range(count):
        path = folder / f"media/CARD/DCIM/{100 + number // 20}MEDIA/IMG_{number % 20:04}.JPG"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(number))
        found[path] = path.read_bytes()
    return found


def assert_each_is_there_once(
    config: Config, mode: str, card: dict[Path, bytes], run_box: Callable[..., subprocess.CompletedProcess[str]]
):
    done = run_box("--config", config.path, "once")
    assert done.returncode == 0, done.stdout + done.stderr
    # Copies are kept in this box: what was imported twice would stand there twice.
    assert Counter(library(config).values()) == Counter(card.values())
    left = {path: path.read_bytes() for path in card if path.exists()}
    assert left == (card if mode == "copy" else {})
    assert leftovers(config) == []
    verified = run_box("--config", config.path, "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


POINTS = [
    *(("copy", "renameat2", n) for n in range(1, 4)),  # into the inbox, and on to the library
    *(("copy", "fsync", n) for n in (1, 2, 3, 4, 6, 9)),  # copies and folders
    *(("copy", "utimensat", n) for n in (1, 2)),  # copies
    ("copy", "fadvise64", 2),  # a copy, before it is read back
    *(("copy", "fdatasync", n) for n in (3, 4, 5, 6, 8)),  # commits
    ("copy", "mkdir", 5),
    *(("move", "unlink", n) for n in (1, 2)),  # originals
    *(("move", "fsync", n) for n in (2, 4, 5)),
    ("move", "renameat2", 2),
]


@pytest.mark.parametrize(("mode", "call", "number"), POINTS, ids=str)
def test_killed_just_before_each_step_of_an_import(make_root, crashes, tmp_path, mode: str, call: str, number: int):
    """The service is killed before the n-th such system call of a thread; the next start makes it whole."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount another file system")
    card = make_card(tmp_path, 3)
    small = tmp_path / "root"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "box-test", str(small)], check=True)
    try:
        config = make_root(
            exists=True, workers__count=1, jobs__retry_base_seconds=0, jobs__retry_cap_seconds=0,
            photos__duplicates="keep", photos__thumbnail_pixels=0, status__dir=str(tmp_path),
            watch__imports=[{"name": "card", "path": f"{tmp_path}/media/*/DCIM", "mode": mode}],
        )  # fmt: skip
        crashes.kill(call, number, ONCE, config.path)
        assert_each_is_there_once(config, mode, card, crashes.box)
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


@pytest.mark.parametrize("mode", ["copy", "move"])
def test_killed_again_and_again_while_a_card_is_imported(make_root, run_box, tmp_path, mode: str):
    config = make_root(
        jobs__retry_base_seconds=0, jobs__retry_cap_seconds=0, jobs__attempts_max=100, jobs__quarantine_after=100,
        photos__duplicates="keep", photos__thumbnail_pixels=0,
        watch__imports=[{"name": "card", "path": f"{tmp_path}/media/*/DCIM", "mode": mode}],
    )  # fmt: skip
    card = make_card(tmp_path, PHOTOS)
    draw = random.Random(20261121)
    for _ in range(KILLS):
        process = start_box(config)
        try:
            process.wait(draw.uniform(0.5, 1.6))
        except subprocess.TimeoutExpired:
            process.kill()
        assert process.wait() == -signal.SIGKILL, Path(config.box.root, "test.log").read_text()
    assert_each_is_there_once(config, mode, card, run_box)
    assert not any(path.is_file() and path.name != ".box" for path in inbox(config).rglob("*"))


BACK_POINTS = [
    *((mode, "renameat2", n) for mode in ("copy", "move") for n in (1, 2, 3)),  # each out of the inbox
    *((mode, "fsync", n) for mode in ("copy", "move") for n in (1, 2)),  # folders
    *((mode, "fdatasync", n) for mode in ("copy", "move") for n in (2, 3, 4, 5)),  # journal, what went, the job's end
    *(("copy", "unlinkat", n) for n in (1, 3)),  # the copies
    ("move", "rmdir", 1),
    *(("far", "renameat2", n) for n in (2, 4)),  # copies on the card
    *(("far", "unlink", n) for n in (1, 3)),  # what was copied back
    ("far", "fsync", 2),
]


@pytest.mark.parametrize(("mode", "call", "number"), BACK_POINTS, ids=str)
def test_killed_just_before_each_step_of_taking_back_no_file_is_lost_or_comes_twice(
    make_root, crashes, tmp_path, mode: str, call: str, number: int
):
    """`far`: files go back, by copying, to another file system."""
    is_far, mode = mode == "far", "copy" if mode == "copy" else "move"
    if is_far and os.geteuid() != 0:
        pytest.skip("only root can mount another file system")
    root = tmp_path / "root"
    root.mkdir()
    if is_far:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "box-test", str(root)], check=True)
    try:
        config = make_root(
            exists=True, workers__count=1, jobs__retry_base_seconds=0, jobs__retry_cap_seconds=0,
            photos__duplicates="keep", photos__thumbnail_pixels=0, status__dir=str(tmp_path),
            watch__imports=[{"name": "card", "path": f"{tmp_path}/media/*/DCIM", "mode": mode}],
        )  # fmt: skip
        crashes.box("--config", config.path, "once")
        crashes.box("--config", config.path, "jobs", "pause", "photo")  # so that what was imported waits
        card = make_card(tmp_path, 3)
        assert crashes.box("--config", config.path, "once").returncode == 0
        assert Counter(waiting(config)) == Counter(card.values())
        with beside.beside(config) as box:
            job = box.store.value("SELECT id FROM jobs WHERE kind = 'import'")
            box.engine.request(asking.wanted(by_request(), "put-back", {"job": job}))
        crashes.kill(call, number, ONCE, config.path)
        there = {path: path.read_bytes() for path in card if path.exists()}
        assert mode == "move" or there == card
        assert Counter(there.values()) | Counter(waiting(config)) == Counter(card.values()), "none is nowhere"
        crashes.box("--config", config.path, "jobs", "resume", "photo")
        # A file that goes back while the card is being imported already is found by the next look.
        assert crashes.box("--config", config.path, "once").returncode == 0
        assert_each_is_there_once(config, mode, card, crashes.box)
    finally:
        if is_far:
            subprocess.run(["umount", "-l", str(root)], check=True)


@pytest.mark.parametrize("mode", ["copy", "move"])
def test_a_cancelled_import_that_is_killed_while_it_gives_back_brings_each_file_once_at_last(
    make_root, run_box, tmp_path, mode: str
):
    config = make_root(
        jobs__retry_base_seconds=0, jobs__retry_cap_seconds=0, photos__duplicates="keep", photos__thumbnail_pixels=0,
        watch__imports=[{"name": "card", "path": f"{tmp_path}/media/*/DCIM", "mode": mode}],
    )  # fmt: skip
    run_box("--config", config.path, "once")
    run_box("--config", config.path, "jobs", "pause", "photo")
    card = make_card(tmp_path, PHOTOS)
    process = start_box(config)
    with beside.beside(config) as box:
        count = "SELECT count(*) FROM events WHERE kind = ?"
        until(lambda: box.store.value(count, ("FileImported",)) > PHOTOS // 2, "it is in the middle")
        job = box.store.value("SELECT id FROM jobs WHERE kind = 'import'")
        box.engine.record(e.JobCancelRequested(job=job))
        until(lambda: box.store.value(count, ("ImportUndone",)), "it gives back")
        process.kill()
        process.wait()
    there = Counter(path.read_bytes() for path in card if path.exists())
    assert there | Counter(waiting(config)) == Counter(card.values()), "none is nowhere"
    run_box("--config", config.path, "jobs", "resume", "photo")
    assert_each_is_there_once(config, mode, card, run_box)


def waiting(config: Config) -> list[bytes]:
    return [path.read_bytes() for path in inbox(config).rglob("*.JPG")]
