"""The service: what happens to a file from the drop to the status, with the real program."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from blake3 import blake3

from box import beside, damage, service, serving
from box import events as e
from box.models import jobs, live
from box.models.job_moves import MOVES
from box.models.jobs import State
from tests.helpers import PATIENCE_SECONDS, inbox, jpeg, library, running, start_box, status_of, until


def test_every_event_that_leaves_a_job_in_the_queue_wakes_the_workers():
    """Whatever may move a job to `queued` must ring: a job nobody is woken for waits until the next tick."""
    queues = {event for event, (_, to) in MOVES.items() if State.QUEUED in to} | {e.JobRequested}
    assert queues == set(serving.WORK)


def test_a_dropped_photo_is_filed_recorded_counted_and_shown(make_root, run_box):
    config = make_root()
    with running(config):
        photo = jpeg(1, "2024:05:04 10:11:12", size=(1600, 1200))
        (inbox(config) / "IMG_0001.JPG").write_bytes(photo)
        until(lambda: status_of(config)["photos"]["count"] == 1, "the photo is in the status")
        status = status_of(config)
    assert library(config) == {"2024/2024-05-04/IMG_0001.JPG": photo}
    assert list(library(config, "thumbnails")) == ["2024/2024-05-04/IMG_0001.JPG.jpg"]
    assert status["photos"] == {
        "count": 1, "bytes": len(photo), "first_day": "2024-05-04", "last_day": "2024-05-04", "days": 1
    }  # fmt: skip
    thumbnail = len(library(config, "thumbnails")["2024/2024-05-04/IMG_0001.JPG.jpg"])
    mine = status["users"]["me"]
    assert (mine["used_bytes"], mine["by_area"]["photos"], mine["by_area"]["thumbnails"]) == (
        len(photo) + thumbnail, len(photo), thumbnail,
    )  # fmt: skip
    assert (mine["files"], mine["by_area"]["inbox"], mine["reserved_bytes"]) == (2, 0, 0)
    told = [
        json.loads(line)["kind"] for line in run_box("--config", config.path, "events", "--json").stdout.splitlines()
    ]
    assert told == ["FileSettled", "JobRequested", "JobStarted", "PhotoFiled", "FilePlaced", "JobSucceeded"]
    assert run_box("--config", config.path, "verify").returncode == 0


def test_names_collide_and_nothing_is_overwritten(make_root, run_box):
    config = make_root(photos__thumbnail_pixels=0)
    for number in range(5):
        folder = inbox(config) / f"card{number}"
        folder.mkdir()
        (folder / "IMG_0001.JPG").write_bytes(jpeg(number))
    assert run_box("--config", config.path, "once").returncode == 0
    names = ["IMG_0001.JPG", *(f"IMG_0001-{n}.JPG" for n in range(2, 6))]
    assert sorted(library(config)) == sorted(f"2024/2024-05-04/{name}" for name in names)
    assert sorted(library(config).values()) == sorted(jpeg(n) for n in range(5))


def test_the_same_bytes_are_kept_once_and_the_kept_file_is_read_again_first(make_root, run_box):
    config = make_root(photos__thumbnail_pixels=0)
    (inbox(config) / "a.jpg").write_bytes(jpeg(1))
    run_box("--config", config.path, "once")
    (inbox(config) / "same.jpg").write_bytes(jpeg(1))
    run_box("--config", config.path, "once")
    assert list(library(config)) == ["2024/2024-05-04/a.jpg"]
    kept = Path(config.box.root, "users/me/photos/2024/2024-05-04/a.jpg")
    kept.write_bytes(jpeg(1)[:-9] + b"rotten...")  # the kept file rots: now it is not a duplicate
    (inbox(config) / "again.jpg").write_bytes(jpeg(1))
    run_box("--config", config.path, "once")
    assert library(config)["2024/2024-05-04/again.jpg"] == jpeg(1)
    kept.unlink()
    (inbox(config) / "third.jpg").write_bytes(jpeg(1))
    run_box("--config", config.path, "once")
    assert "2024/2024-05-04/third.jpg" not in library(config)
    assert run_box("--config", config.path, "verify").returncode == 0


def test_twins_that_come_together_are_kept_once(make_root, run_box):
    config = make_root(photos__thumbnail_pixels=0)
    for number in range(60):
        (inbox(config) / f"{number}.jpg").write_bytes(jpeg(number % 6))
    run_box("--config", config.path, "once")
    assert sorted(library(config).values()) == sorted(jpeg(n) for n in range(6))
    assert [p.name for p in inbox(config).iterdir()] == [".box"]


def test_every_copy_is_kept_where_the_owner_wants_that(make_root, run_box):
    config = make_root(photos__thumbnail_pixels=0, photos__duplicates="keep")
    for number in range(3):
        (inbox(config) / f"{number}.jpg").write_bytes(jpeg(1))
    run_box("--config", config.path, "once")
    assert len(library(config)) == 3


@pytest.mark.parametrize(
    "name",
    [
        "quo\"te'.jpg",
        "new\nline.jpg",
        "🦉 owl.jpg",
        os.fsdecode(b"caf\xe9 \xff.jpg"),
        "back\\slash.jpg",
        "%s$(x);.jpg",
        "x" * 251 + ".jpg",
    ],
)
def test_any_name_a_file_can_have_is_handled(make_root, run_box, name: str):
    config = make_root()
    (inbox(config) / name).write_bytes(jpeg(1))
    (inbox(config) / "sub").mkdir()
    (inbox(config) / "sub" / name).write_bytes(jpeg(2))
    assert run_box("--config", config.path, "once").returncode == 0
    found = sorted(library(config).values())
    assert found == sorted([jpeg(1), jpeg(2)])
    assert f"2024/2024-05-04/{name}" in library(config)
    assert run_box("--config", config.path, "verify").returncode == 0
    assert run_box("--config", config.path, "rebuild").returncode == 0
    assert run_box("--config", config.path, "verify").returncode == 0


def test_bad_pictures_end_in_quarantine_with_a_reason_and_their_bytes_untouched(make_root, run_box):
    config = make_root()
    whole = jpeg(1, size=(800, 600))
    bad = {"cut.jpg": whole[: len(whole) // 2], "zeros.jpg": whole[:600] + bytes(len(whole) - 600)}
    for name, data in bad.items():
        (inbox(config) / name).write_bytes(data)
    done = run_box("--config", config.path, "once")
    assert done.returncode == 1, "something was wrong with the work"
    kept = library(config, "quarantine")
    assert {name: kept[name] for name in bad} == bad
    for name in bad:
        reason = json.loads(kept[f"{name}.reason.json"])
        assert reason["code"] in {"truncated", "corrupt"}
        assert reason["message"]
    assert library(config) == {}
    assert run_box("--config", config.path, "verify").returncode == 0


def test_the_service_itself_loads_nothing_of_what_reads_files(make_root):
    """Photos, texts and a feed's page are read by its children; it indexes what they found, and looks for claims."""
    config = make_root()
    (inbox(config) / "a.jpg").write_bytes(jpeg(1))
    (inbox(config) / "b.html").write_text("<html><title>Birds</title><p>In 2019 the herons rose by 12 percent.</html>")
    program = (
        "import sys; from box.cli import main; code = main(sys.argv[1:]); assert code == 0;"
        "print(*{name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "--config", config.path, "once"], capture_output=True, text=True, check=True
    )
    there = {name for name in done.stdout.splitlines()[-1].split() if not name.startswith("_")}
    of_structlog = {"attr", "pygments", "rich"}  # where they are
    assert there - of_structlog <= {"blake3", "box", "cronsim", "huey", "peewee", "structlog"}
    with beside.beside(config) as box:
        assert box.store.value("SELECT count(*) FROM chunks") == box.store.value("SELECT count(*) FROM claims") == 1


def test_what_nobody_handles_stays_in_the_inbox(make_root, run_box):
    config = make_root()
    (inbox(config) / "letter.bin").write_bytes(bytes(range(256)))
    assert run_box("--config", config.path, "once").returncode == 0
    assert (inbox(config) / "letter.bin").exists()
    assert status_of(config)["users"]["me"]["by_area"]["inbox"] == 256


def test_what_people_do_by_hand_in_the_library_is_counted(make_root, run_box):
    config = make_root(photos__thumbnail_pixels=0)
    (inbox(config) / "a.jpg").write_bytes(jpeg(1))
    (inbox(config) / "b.jpg").write_bytes(jpeg(2))
    run_box("--config", config.path, "once")
    day = Path(config.box.root, "users/me/photos/2024/2024-05-04")
    (day / "a.jpg").unlink()
    (day / "b.jpg").write_bytes(jpeg(2) + b"edited")
    (day.parent / "album").mkdir()
    (day.parent / "album" / "mine.txt").write_text("1234567890")
    Path(config.box.root, "users/me/loose.txt").write_text("12345")
    assert run_box("--config", config.path, "verify").returncode == 1
    run_box("--config", config.path, "once")
    areas = status_of(config)["users"]["me"]["by_area"]
    assert (areas["photos"], areas["other"]) == (len(jpeg(2)) + 6 + 10, 5)
    assert status_of(config)["photos"]["count"] == 1
    assert run_box("--config", config.path, "verify").returncode == 0


def test_pictures_put_into_the_library_by_hand_are_read_where_they_lie(make_root, run_box):
    config = make_root()
    album = Path(config.box.root, "users/me/photos/Bilder é/2011")
    album.mkdir(parents=True)
    (album / "old.jpg").write_bytes(jpeg(1, "2011:11:11 11:11:11"))
    (album / "same.jpg").write_bytes(jpeg(1, "2011:11:11 11:11:11"))  # two copies, put there on purpose: both stay
    (album / "broken.jpg").write_bytes(jpeg(2)[:300])
    run_box("--config", config.path, "once")
    assert sorted(library(config)) == [f"Bilder é/2011/{n}.jpg" for n in ("broken", "old", "same")]
    assert sorted(library(config, "thumbnails")) == [f"Bilder é/2011/{n}.jpg.jpg" for n in ("old", "same")]
    assert status_of(config)["photos"]["count"] == 2
    assert status_of(config)["photos"]["first_day"] == "2011-11-11"
    (inbox(config) / "again.jpg").write_bytes(jpeg(1, "2011:11:11 11:11:11"))
    run_box("--config", config.path, "once")
    assert len(library(config)) == 3, "what was put there by hand counts as kept"
    assert library(config, "quarantine") == {}
    assert run_box("--config", config.path, "verify").returncode == 0


def test_a_drop_over_the_quota_waits_untouched_and_is_taken_when_there_is_room(make_root, run_box):
    size = len(jpeg(1))
    config = make_root(photos__thumbnail_pixels=0, quota__users={"me": size + 10})
    for number in (1, 2):
        (inbox(config) / f"{number}.jpg").write_bytes(jpeg(number))
    with running(config):
        until(lambda: "quota-exceeded" in {p["code"] for p in status_of(config)["problems"]}, "it is told")
        until(lambda: len(library(config)) == 1, "the other one is filed")
        assert len(list(inbox(config).glob("*.jpg"))) == 1
        assert run_box("--config", config.path, "quota", "set", "me", f"{3 * size} B").returncode == 0
        until(lambda: len(library(config)) == 2, "it is taken without anyone touching it")
        until(lambda: not status_of(config)["problems"], "the problem is over")


def test_on_a_full_disk_once_gives_up_says_why_and_nothing_is_lost(make_root, run_box):
    config = make_root(storage__free_bytes_min=10**15)
    (inbox(config) / "a.jpg").write_bytes(jpeg(1))
    impatient = "from box import cli, serving; serving.ONCE_PATIENCE_SECONDS = 0.1; raise SystemExit(cli.main({}))"
    command = [sys.executable, "-c", impatient.format(["--config", config.path, "once"])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert done.returncode == 1
    assert done.stdout.startswith(
        "0 filed, 0 duplicates dropped, 0 quarantined, 0 failed; 1 file left in the inboxes; "
    )
    assert "storage.free_bytes_min keeps" in done.stderr
    assert (inbox(config) / "a.jpg").read_bytes() == jpeg(1)
    assert run_box("--config", config.path, "verify").returncode == 0


def test_a_second_service_says_who_holds_the_root(make_root, run_box):
    config = make_root()
    with running(config) as process:
        second = run_box("--config", config.path, "run")
        assert second.returncode == 2
        assert f"process {process.pid}" in second.stderr
        assert run_box("--config", config.path, "rebuild").returncode == 2


def test_a_commit_from_another_process_starts_work_at_once(make_root):
    config = make_root()
    with running(config), beside.beside(config) as way:
        job = way.engine.record(e.JobRequested(user="me", kind="quarantine", source="users/me/inbox/none"))[0].position
        until(lambda: (jobs.state_of(way.store, job) or ("", ""))[0] == State.CANCELLED, "it was claimed", 10)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_hands_back_what_is_not_done_and_costs_no_attempt(make_root, run_box, number: int):
    config = make_root(jobs__batch=64)
    for n in range(200):
        (inbox(config) / f"{n}.jpg").write_bytes(jpeg(n, size=(1200, 900)))
    process = start_box(config)
    until(lambda: library(config), "work has begun")
    process.send_signal(number)
    assert process.wait(PATIENCE_SECONDS) == 0
    with beside.beside(config) as way:
        counts = jobs.counts(way.store)["photo"]
        assert counts.get("running", 0) == 0
        assert way.store.value("SELECT count(*) FROM jobs WHERE state = 'queued' AND attempts > 0") == 0
    assert run_box("--config", config.path, "once").returncode == 0
    assert len(library(config)) == 200
    assert run_box("--config", config.path, "verify").returncode == 0


def test_a_file_replaced_while_it_waits_is_filed_as_it_is_now(make_root, run_box):
    config = make_root(photos__thumbnail_pixels=0)
    path = inbox(config) / "a.jpg"
    path.write_bytes(jpeg(1))
    with beside_a_settled(config, path):
        path.write_bytes(jpeg(2))
    assert run_box("--config", config.path, "once").returncode == 0
    assert list(library(config).values()) == [jpeg(2)]


class beside_a_settled:  # noqa: N801  reads as a statement
    """The drop has settled and its job is queued; nobody works on it yet."""

    def __init__(self, config, path: Path) -> None:
        self.config, self.path = config, path

    def __enter__(self) -> None:
        store, _ = damage.open_checked(self.config.box.root)
        seen = self.path.stat()
        beside.engine_of(self.config, store).record(
            e.FileSettled(
                user="me", path="users/me/inbox/a.jpg", size=seen.st_size, mtime_ns=seen.st_mtime_ns,
                inode=seen.st_ino, media_type="image/jpeg",
            )
        )  # fmt: skip
        store.close()

    def __exit__(self, *_: object) -> None:
        pass


def test_files_come_across_file_systems_by_a_verified_copy(make_root, run_box):
    if os.geteuid() != 0:
        pytest.skip("only root can mount another file system into an inbox")
    config = make_root(photos__thumbnail_pixels=0)
    card = inbox(config) / "card"
    card.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "box-test", str(card)], check=True)
    try:
        (card / "a.jpg").write_bytes(jpeg(1))
        os.utime(card / "a.jpg", ns=(1, 1_700_000_000_123_456_789))
        assert run_box("--config", config.path, "once").returncode == 0
        assert library(config) == {"2024/2024-05-04/a.jpg": jpeg(1)}
        assert not (card / "a.jpg").exists()
        landed = Path(config.box.root, "users/me/photos/2024/2024-05-04/a.jpg").stat()
        assert landed.st_mtime_ns == 1_700_000_000_123_456_789
        assert run_box("--config", config.path, "verify").returncode == 0
    finally:
        subprocess.run(["umount", "-l", str(card)], check=True)


def test_real_pictures_of_many_cameras_are_filed(make_root, run_box, corpora: Path):
    config = make_root()
    for name in ("exif-samples", "camera-trap"):
        shutil.copytree(corpora / name, inbox(config) / name)
    before = {blake3(p.read_bytes()).hexdigest() for p in inbox(config).rglob("*") if p.is_file() and p.name != ".box"}
    done = run_box("--config", config.path, "once", timeout=300)
    assert done.returncode in (0, 1), done.stderr
    after = {
        blake3(p.read_bytes()).hexdigest()
        for p in Path(config.box.root, "users/me").rglob("*")
        if p.is_file() and "thumbnails" not in p.parts
    }
    assert before <= after, "no byte of a dropped file is lost"
    assert len(library(config)) >= 240
    assert run_box("--config", config.path, "verify").returncode == 0


def test_a_start_with_ten_thousand_known_files_does_not_look_at_each(make_root, run_box):
    """Only folders whose time changed are listed at the start; the count of listed files says so, not a stopwatch."""
    config = make_root(photos__thumbnail_pixels=0)
    day = Path(config.box.root, "users/me/photos/2024")
    for folder in range(20):
        (day / f"{folder:02}").mkdir(parents=True)
        for number in range(20):
            (day / f"{folder:02}" / f"{number}.txt").write_text("x")
    old = time.time() - 100
    for path in [*day.iterdir(), day, day.parent]:
        os.utime(path, (old, old))
    run_box("--config", config.path, "once")
    with beside.beside(config) as way:
        position = way.store.value("SELECT max(position) FROM events")
        folders = way.store.value("SELECT count(*) FROM folders WHERE folder LIKE 'users/me/photos/2024/%'")
    assert (position, folders) == (400, 20)
    (day / "03" / "new.txt").write_text("y")
    with running(config):
        until(lambda: status_of(config)["log"]["position"] == 401, "the new file is noticed at the start")


def test_a_second_signal_stops_at_once_and_the_next_start_goes_on(make_root, run_box):
    config = make_root(jobs__retry_base_seconds=0.1)
    for n in range(200):
        (inbox(config) / f"{n}.jpg").write_bytes(jpeg(n, size=(1200, 900)))
    process = start_box(config)
    until(lambda: library(config), "work has begun")
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_SECONDS) in (128 + signal.SIGTERM, 0)
    assert run_box("--config", config.path, "once").returncode == 0
    assert len(library(config)) == 200
    assert run_box("--config", config.path, "verify").returncode == 0


def test_where_watching_is_polling_the_status_says_so_and_files_are_taken(make_root):
    config = make_root(watch__mode="polling", watch__poll_seconds=0.2)
    with running(config):
        (inbox(config) / "sub").mkdir()
        (inbox(config) / "sub" / "a.jpg").write_bytes(jpeg(1))
        until(lambda: len(library(config)) == 1, "it is taken")
        assert [w["mode"] for w in status_of(config)["watch"]] == ["polling"]


def test_the_reaper_takes_back_what_a_dead_worker_held(make_root):
    config = make_root()
    made = service.build(config)
    try:
        made.engine.record(e.JobRequested(user="me", kind="quarantine", source="users/me/inbox/none"))
        made.engine.record(e.JobStarted(user="me", job=1, lease="dead"))
        with made.store.transaction():
            live.open_lease(made.store, "dead", "gone:1:x", time.time() - 1)
        made.upkeep.reap()
        assert (jobs.state_of(made.store, 1) or ("",))[0] == State.QUEUED
        assert live.expired_leases(made.store, time.time()) == []
    finally:
        made.stop()
