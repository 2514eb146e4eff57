"""What people and programs do to an inbox, with the real doorbell and never a sweep: all settles, once, whole."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from box.events import FileSettled
from box.watchers.mounts import is_remote

Make = Callable[..., Any]
DATA = b"\xff\xd8 photo"


def python(code: str, *args: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, args)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def test_a_file_that_is_copied_in_settles_once(box: Any) -> None:
    (box.inbox / "a.jpg").write_bytes(DATA)
    box.run(lambda: bool(box.events))
    box.run(lambda: box.inboxes.waiting() == 0)
    assert box.settled() == ["a.jpg"]


def test_a_tree_that_is_moved_in_is_found_whole(box: Any) -> None:
    for number in range(300):
        path = box.root / "card" / f"{number % 7}/{number % 3}/{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(DATA)
    (box.root / "card").rename(box.inbox / "card")
    box.run(lambda: len(box.events) >= 300)
    assert len(set(box.settled())) == len(box.events) == 300


@pytest.mark.parametrize("depth", [1, 4])
def test_folders_that_are_made_and_filled_at_once_lose_nothing(box: Any, depth: int) -> None:
    code = """if True:
        import os, sys
        for n in range(300):
            folder = os.path.join(sys.argv[1], *(f"{n}-{d}" for d in range(int(sys.argv[2]))))
            os.makedirs(folder)
            with open(folder + "/x.jpg", "wb") as file:
                file.write(b"photo")
    """
    with python(code, box.inbox, depth) as writer:
        box.run(lambda: len(box.events) >= 300)
    assert writer.returncode == 0
    assert len(set(box.settled())) == len(box.events) == 300


def test_a_tree_that_is_copied_in_loses_nothing(box: Any) -> None:
    for number in range(200):
        path = box.root / "card" / f"{number % 10}/{number % 4}/{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(DATA)
    copying = threading.Thread(target=shutil.copytree, args=(box.root / "card", box.inbox / "card"))
    copying.start()
    box.run(lambda: len(box.events) >= 200)
    copying.join()
    assert len(set(box.settled())) == len(box.events) == 200


def test_a_file_that_is_written_slowly_is_taken_once_after_it_was_closed(box: Any) -> None:
    if is_remote(str(box.inbox)):
        pytest.skip("the temporary folder lies on a file system without trustworthy leases")
    code = """if True:
        import sys
        file = open(sys.argv[1], "wb", buffering=0)
        for line in sys.stdin:
            file.write(b"part")
            print(flush=True)
        file.close()
    """
    path = box.inbox / "slow.jpg"
    with python(code, path) as writer:
        assert writer.stdin is not None and writer.stdout is not None
        for _ in range(5):
            writer.stdin.write(b"\n")
            writer.stdin.flush()
            writer.stdout.readline()
            # Long after the settle time the file is as it was, and still open: judged, and left alone.
            box.run(lambda: box.inboxes.waiting() == 1 and box.inboxes.undecided() == 0)
            end = time.monotonic() + 0.2
            box.run(lambda end=end: time.monotonic() > end)
            assert box.events == []
        writer.stdin.close()
        box.run(lambda: bool(box.events))
    box.run(lambda: box.inboxes.waiting() == 0)
    (event,) = box.events
    assert (event.path, event.size) == ("users/me/inbox/slow.jpg", 20)


def test_a_file_that_is_renamed_into_place_is_taken_under_its_last_name_only(box: Any) -> None:
    for number in range(50):
        (box.inbox / f"{number}.jpg.part").write_bytes(DATA)
        (box.inbox / f".{number}").write_bytes(DATA)
    for number in range(50):
        (box.inbox / f"{number}.jpg.part").rename(box.inbox / f"{number}.jpg")
    box.run(lambda: len(box.events) >= 50)
    box.run(lambda: box.inboxes.waiting() == 0)
    assert sorted(box.settled()) == sorted(f"{number}.jpg" for number in range(50))


def test_a_file_that_is_replaced_settles_again_as_the_new_one(box: Any) -> None:
    path = box.inbox / "a.jpg"
    path.write_bytes(DATA)
    box.run(lambda: len(box.events) == 1)
    (box.root / "other").write_bytes(b"another photo")
    (box.root / "other").rename(path)
    box.run(lambda: len(box.events) == 2)
    assert [(type(e), e.size, e.inode) for e in box.events[1:]] == [(FileSettled, 13, path.stat().st_ino)]


def test_files_and_folders_that_leave_vanish(box: Any) -> None:
    for name in ("a.jpg", "b/c.jpg", "b/d/e.jpg", "f/g.jpg"):
        (box.inbox / name).parent.mkdir(parents=True, exist_ok=True)
        (box.inbox / name).write_bytes(DATA)
    box.run(lambda: len(box.events) == 4)
    (box.inbox / "a.jpg").unlink()
    shutil.rmtree(box.inbox / "b")
    (box.inbox / "f").rename(box.root / "f")
    box.run(lambda: len(box.events) == 8)
    assert sorted(box.vanished()) == ["a.jpg", "b/c.jpg", "b/d/e.jpg", "f/g.jpg"]


def test_what_moves_within_the_inbox_is_gone_there_and_new_here(box: Any) -> None:
    (box.inbox / "b").mkdir()
    (box.inbox / "b/c.jpg").write_bytes(DATA)
    (box.inbox / "d.jpg").write_bytes(DATA)
    box.run(lambda: len(box.events) == 2)
    (box.inbox / "b").rename(box.inbox / "z")
    (box.inbox / "d.jpg").rename(box.inbox / "z/d.jpg")
    box.run(lambda: len(box.events) == 6)
    (box.inbox / "z/late.jpg").write_bytes(DATA)
    box.run(lambda: len(box.events) == 7)
    assert sorted(box.vanished()) == ["b/c.jpg", "d.jpg"]
    assert sorted(box.settled()[2:]) == ["z/c.jpg", "z/d.jpg", "z/late.jpg"]


def test_a_file_that_becomes_readable_is_taken_without_a_sweep(
    make: Make, open_folder: Path, as_nobody: Callable[[], Any]
) -> None:
    box = make(root=open_folder)
    (box.inbox / "a.jpg.part").write_bytes(DATA)
    (box.inbox / "a.jpg.part").chmod(0o000)
    with as_nobody():
        (open_folder / "users").stat()
        os.listdir(box.inbox)
    (box.inbox / "a.jpg.part").rename(box.inbox / "a.jpg")
    with as_nobody():
        box.run(lambda: bool(box.inboxes.problems()))
    assert (box.events, box.inboxes.waiting()) == ([], 0)
    (box.inbox / "a.jpg").chmod(0o644)
    with as_nobody():
        box.run(lambda: bool(box.events))
    assert (box.settled(), box.inboxes.problems()) == (["a.jpg"], [])


def test_any_name_arrives(box: Any) -> None:
    names = ["a 'b' \"c\".jpg", "new\nline.jpg", "emoji 🦋.jpg", "back\\slash.jpg", os.fsdecode(b"\xff\xfe.jpg")]
    for name in names:
        (box.inbox / f"in {name}").mkdir()
        (box.inbox / f"in {name}" / name).write_bytes(DATA)
    box.run(lambda: len(box.events) == len(names))
    for name in names:
        (box.inbox / f"in {name}" / name).unlink()
    box.run(lambda: box.known.files == {})
    assert len(box.vanished()) == len(names)


def test_an_inbox_that_goes_away_and_comes_back_is_watched_again(box: Any) -> None:
    (box.inbox / "a.jpg").write_bytes(DATA)
    box.run(lambda: len(box.events) == 1)
    box.inbox.rename(box.root / "away")
    box.run(lambda: box.doorbell.modes() == {str(box.inbox): "missing"})
    box.run(lambda: [p.code for p in box.inboxes.problems()] == ["inbox-missing"])
    (box.root / "away/not ours now.jpg").write_bytes(DATA)
    (box.root / "away").rename(box.inbox)
    box.run(lambda: len(box.events) == 2)
    assert box.doorbell.modes() == {str(box.inbox): "native"}
    (box.inbox / "b.jpg").write_bytes(DATA)
    box.run(lambda: len(box.events) == 3)
    assert (box.vanished(), box.inboxes.problems()) == ([], [])


def test_an_inbox_that_is_replaced_by_an_unmarked_folder_is_paused_until_it_is_marked(box: Any) -> None:
    (box.inbox / "a.jpg").write_bytes(DATA)
    box.run(lambda: len(box.events) == 1)
    box.inbox.rename(box.root / "away")
    box.inbox.mkdir()
    (box.inbox / "b.jpg").write_bytes(DATA)
    box.run(lambda: [p.code for p in box.inboxes.problems()] == ["inbox-unmarked"])
    box.run(lambda: box.doorbell.modes() == {str(box.inbox): "native"})
    assert len(box.events) == 1
    (box.inbox / ".box").touch()
    box.run(lambda: len(box.events) == 3)
    assert (box.settled()[1:], box.vanished()) == (["b.jpg"], ["a.jpg"])


def test_a_marker_that_is_removed_pauses_the_inbox_at_once(make: Make) -> None:
    box = make(check_seconds=1e9)
    (box.inbox / "a.jpg").write_bytes(DATA)
    box.run(lambda: len(box.events) == 1)
    (box.inbox / ".box").unlink()
    box.run(lambda: bool(box.inboxes.problems()))
    (box.inbox / "a.jpg").unlink()
    (box.inbox / ".box").touch()
    box.run(lambda: box.vanished() == ["a.jpg"])


def test_a_flood_that_overflows_the_kernels_queue_costs_time_but_no_file(make: Make) -> None:
    box = make()
    held = threading.Event()
    first = box.doorbell._watched[0].tree
    inner = first._ring

    def slow(path: str, is_dir: bool) -> None:
        held.wait(60)
        inner(path, is_dir)

    first._ring = slow
    events_max = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    count = events_max // 2 + 500
    for number in range(count):
        (box.inbox / f"{number}.jpg").write_bytes(b"x")
    held.set()
    box.run(lambda: len(box.known.files) == count)
    assert len(box.events) == count
    assert "dropped events" in str(first.lost)
    assert box.doorbell._watched[0].tree is not first


def test_where_nothing_can_be_watched_polling_finds_everything(make: Make) -> None:
    box = make(mode="polling")
    assert box.doorbell.modes() == {str(box.inbox): "polling"}
    (box.root / "card/deep").mkdir(parents=True)
    (box.root / "card/deep/a.jpg").write_bytes(DATA)
    (box.root / "card").rename(box.inbox / "card")
    (box.inbox / "b.jpg").write_bytes(DATA)
    box.run(lambda: len(box.events) == 2)
    (box.inbox / "b.jpg").unlink()
    box.run(lambda: box.vanished() == ["b.jpg"])
