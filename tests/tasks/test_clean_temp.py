"""clean-temp: what is old and lies in `temp/` goes, and nothing else, whatever else stands there."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from box import beside
from box import events as e
from box.client import Client
from box.meters import REMOVED, TASKS, Meters
from box.models import files, usage
from box.tasks import clean_temp
from box.timekeeper import BUILT_IN
from tests.helpers import PATIENCE_SECONDS, REPOSITORY, inbox, jpeg, running, status_of, until
from tests.tasks.shelves import ask, assert_right, row_of, told
from tests.tasks.shelves import once_here as once

HOUR = 3600.0
OLD = 25 * HOUR


def temp(config, user: str = "me") -> Path:
    return Path(config.box.root, "users", user, "temp")


def do(config, kind: str, **args: object) -> dict[str, Any]:
    """Ask for a job and have it done: its result."""
    job = ask(config, kind, **args)
    once(config)
    row = row_of(config, job)
    assert row["state"] == "completed", row
    return {"number": job, **json.loads(row["result"])}


def put(path: Path, age_seconds: float = OLD, data: bytes = b"scratch") -> Path:
    """A file that was changed so long ago, in folders that are as old."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    at = time.time() - age_seconds
    for each in (path, *path.parents):
        if each.name == "temp":
            break
        os.utime(each, (at, at))
    return path


def names(top: Path) -> list[str]:
    return sorted(str(path.relative_to(top)) for path in top.rglob("*"))


def used(config, user: str = "me") -> tuple[int, tuple[int, int]]:
    with beside.beside(config) as box:
        return usage.balance(box.store, user).used_bytes, usage.by_area(box.store, user)["temp"]


def test_what_is_old_goes_and_what_is_young_stays(make_root):
    config = make_root()
    put(temp(config) / "old.bin", data=b"12345")
    put(temp(config) / "deep/er/old.bin", data=b"1234567")
    put(temp(config) / "mixed/old.bin")
    put(temp(config) / "mixed/young.bin", 23 * HOUR)
    put(temp(config) / "deep/job-note.txt")
    put(Path(config.box.root, "users/me/notes/old.md"))
    once(config)
    result = do(config, "clean-temp")
    assert (result["files"], result["bytes"], result["folders"]) == (4, 5 + 7 + 7 + 7, 2)
    assert names(temp(config)) == ["mixed", "mixed/young.bin"]
    assert Path(config.box.root, "users/me/notes/old.md").exists()
    assert used(config) == (14, (1, 7))
    removed = told(config, e.FileRemoved)
    assert {(each.path, each.size, each.why, each.job) for each in removed} == {
        ("users/me/temp/old.bin", 5, "temp", result["number"]),
        ("users/me/temp/deep/er/old.bin", 7, "temp", result["number"]),
        ("users/me/temp/deep/job-note.txt", 7, "temp", result["number"]),
        ("users/me/temp/mixed/old.bin", 7, "temp", result["number"]),
    }
    assert_right(config)


def test_the_scratch_of_jobs_is_left_alone_while_the_service_runs(make_root):
    config = make_root()
    with running(config), Client(config) as client:
        scratch = put(temp(config) / "job-99.1/half.bin")
        other = put(temp(config) / "half.bin")
        job = client.enqueue("clean-temp")
        until(lambda: client.get_job_status(job) == "completed", "it is done")
        assert scratch.exists()
        assert not other.exists()


def test_how_old_and_whose_can_be_said(make_root):
    config = make_root("me", "ann")
    put(temp(config) / "a", 2 * HOUR)
    put(temp(config, "ann") / "b", 2 * HOUR)
    once(config)
    assert do(config, "clean-temp", older_than="3 hours")["files"] == 0
    assert do(config, "clean-temp", older_than="1 h 59 min", user="ann")["files"] == 1
    assert (names(temp(config)), names(temp(config, "ann"))) == (["a"], [])
    assert do(config, "clean-temp", older_than=0)["files"] == 1
    assert_right(config)


def test_a_dry_run_says_what_would_go_and_removes_nothing(make_root):
    config = make_root()
    put(temp(config) / "a/old.bin", data=b"123")
    once(config)
    result = do(config, "clean-temp", dry_run=True)
    assert (result["removes"], result["count"], result["bytes"]) == (["users/me/temp/a/old.bin"], 1, 3)
    assert names(temp(config)) == ["a", "a/old.bin"]
    assert told(config, e.FileRemoved) == []


def test_the_command_shows_a_dry_run_as_lines(make_root, run_box):
    config = make_root()
    put(temp(config) / "old.bin", data=b"123")
    with running(config):
        done = run_box("--config", config.path, "do", "clean-temp", "older_than=24 hours", "--dry-run")
    assert done.stdout.splitlines() == ["users/me/temp/old.bin", "1 file, 3 B, would be removed"]
    refused = run_box("--config", config.path, "do", "clean-temp", "older_than=soon")
    assert refused.returncode == 2
    assert "older_than = 'soon': expected a duration" in refused.stderr


def test_nothing_is_followed_out_of_temp_and_links_markers_and_other_files_stay(make_root, tmp_path: Path):
    config = make_root("me", "ann")
    precious = put(tmp_path / "elsewhere/precious.bin")
    os.symlink(precious.parent, temp(config) / "link")
    os.symlink(precious, temp(config) / "link.bin")
    put(temp(config) / ".box", data=b"")
    os.mkfifo(temp(config) / "pipe")
    os.utime(temp(config) / "pipe", (1, 1))
    shutil.rmtree(temp(config, "ann"))
    os.symlink(precious.parent, temp(config, "ann"))
    once(config)
    assert do(config, "clean-temp", older_than=0)["files"] == 0
    assert precious.exists()
    assert names(temp(config)) == [".box", "link", "link.bin", "pipe"]


def test_names_of_any_bytes_go_and_other_file_systems_do_not(make_root):
    config = make_root()
    odd = os.fsencode(temp(config)) + b"/caf\xe9 \\ \n.tmp"
    Path(os.fsdecode(odd)).write_bytes(b"x")
    os.utime(odd, (1, 1))
    once(config)
    assert do(config, "clean-temp")["files"] == 1
    assert os.listdir(temp(config)) == []
    assert_right(config)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_what_is_mounted_in_temp_is_somebody_else_s(make_root):
    config = make_root()
    there = temp(config) / "stick"
    there.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(there)], check=True)
    try:
        put(there / "old.bin")
        once(config)
        assert do(config, "clean-temp")["files"] == 0
        assert (there / "old.bin").exists()
    finally:
        subprocess.run(["umount", str(there)], check=True)


def test_a_file_that_cannot_be_removed_is_named_and_keeps_no_other(make_root):
    if os.geteuid() != 0 or shutil.which("chattr") is None:
        pytest.skip("needs root and chattr to make a file that cannot be removed")
    config = make_root()
    fixed = put(temp(config) / "fixed.bin")
    put(temp(config) / "old.bin")
    if subprocess.run(["chattr", "+i", str(fixed)], check=False, capture_output=True).returncode:
        pytest.skip("this file system has no file that cannot be removed")
    try:
        once(config)
        result = do(config, "clean-temp")
        assert (result["files"], result["left"], result["reasons"][0]["path"]) == (1, 1, "users/me/temp/fixed.bin")
        assert names(temp(config)) == ["fixed.bin"]
        assert_right(config)
    finally:
        subprocess.run(["chattr", "-i", str(fixed)], check=True)


def test_a_drop_that_waited_for_room_is_taken_when_temp_is_cleaned(make_root):
    photo = jpeg(1)
    config = make_root(quota__default_bytes=len(photo) + 10, photos__thumbnail_pixels=0)
    put(temp(config) / "old.bin", data=b"x" * 100)
    once(config)
    (inbox(config) / "a.jpg").write_bytes(photo)
    once(config)
    assert len(told(config, e.QuotaExceeded)) == 1
    do(config, "clean-temp")
    assert not (inbox(config) / "a.jpg").exists()
    assert len(told(config, e.PhotoFiled)) == 1
    assert used(config) == (len(photo), (0, 0))
    assert_right(config)


POINTS = [
    ("unlink", "temp/deep/old-0.bin", 1), ("unlink", "temp/deep/old-2.bin", 1), ("fsync", "temp/deep", 1),
    ("rmdir", "temp/deep", 1), ("fdatasync", "../../box.db-wal", 3), ("fdatasync", "../../box.db-wal", 4),
]  # fmt: skip


@pytest.mark.parametrize(("call", "path", "number"), POINTS, ids=str)
def test_killed_in_the_middle_the_next_start_finishes_it_and_all_of_it_is_in_the_log(
    make_root, call: str, path: str, number: int
):
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: apt-get install strace")
    config = make_root(workers__count=1, jobs__retry_base_seconds=0, jobs__retry_cap_seconds=0)
    for n in range(4):
        put(temp(config) / f"deep/old-{n}.bin")
    put(temp(config) / "young.bin", 1)
    once(config)
    job = ask(config, "clean-temp")
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-P", os.path.normpath(temp(config).parent / path),
         "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}",
         sys.executable, "-m", "box", "--config", config.path, "once"],
        cwd=REPOSITORY, capture_output=True, timeout=PATIENCE_SECONDS, check=False,
    )  # fmt: skip
    # Which thread makes how many commits is not the same each time.
    assert done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL) or call == "fdatasync", done.stderr
    once(config)
    assert row_of(config, job)["state"] == "completed"
    assert [name for name in names(temp(config)) if name != "deep"] == ["young.bin"]
    removed = sorted(each.path for each in told(config, e.FileRemoved))
    assert removed == [f"users/me/temp/deep/old-{n}.bin" for n in range(4)]
    assert_right(config)


def test_it_is_done_once_a_day_by_itself_and_counted_and_timed_for_the_metrics(make_root):
    assert [entry.every_seconds for entry in BUILT_IN if entry.kind == clean_temp.HANDLER.kind] == [86_400]
    config = make_root(metrics__interval_seconds=1)
    put(temp(config) / "a.bin", data=b"123")
    put(temp(config) / "b.bin", data=b"4567")
    with running(config), Client(config) as client:
        job = client.enqueue("clean-temp")
        until(lambda: client.get_job_status(job) == "completed", "it is done")
    told_last = Path(config.box.root, "metrics.prom").read_text()
    assert 'box_removed_files_total{why="temp"} 2\n' in told_last
    assert 'box_removed_bytes_total{why="temp"} 7\n' in told_last
    assert 'box_upkeep_seconds_count{task="temp-clean-up"} 2\n' in told_last  # at the start, and now
    assert status_of(config)["users"]["me"]["by_area"]["temp"] == 0


def test_the_reasons_for_removals_are_labels_from_the_start():
    assert "temp-clean-up" in TASKS
    counts = Meters().read()
    assert counts["box_removed_files_total"] == {(why,): 0 for why in REMOVED}
    assert clean_temp.WHY in REMOVED


def test_a_removed_file_is_no_longer_known_whatever_it_was(engine, store):
    path = "users/me/photos/a.jpg"
    engine.record(
        e.PhotoFiled(
            user="me", source="users/me/inbox/a.jpg", path=path, size=5, mtime_ns=1, digest="d", width=1, height=1,
            media_type="image/jpeg", make="Owl", model="1", doubt="future",
        ),
        e.FileRemoved(user="me", path=path, size=5, digest="d", why="temp"),
    )  # fmt: skip
    assert files.find(store, path) is None
    assert usage.balance(store, "me").used_bytes == 0
    assert store.rows("SELECT * FROM photos") == store.rows("SELECT * FROM camera_clocks") == []
