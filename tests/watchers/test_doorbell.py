"""The doorbell by itself: which way it watches, and what it does when it cannot."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from box.watchers import doorbell as module
from box.watchers import folder
from box.watchers.doorbell import RETRY_SECONDS, Doorbell

TIMEOUT_SECONDS = 60.0
Rings = queue.Queue[tuple[str, bool]]


@pytest.fixture
def rings() -> Rings:
    return queue.Queue()


@pytest.fixture
def begin(tmp_path: Path, rings: Rings) -> Iterator[Callable[..., Doorbell]]:
    """Starts a doorbell over `tmp_path/in`."""
    made: list[Doorbell] = []
    (tmp_path / "in").mkdir()

    def start(**options: object) -> Doorbell:
        options = {"poll_seconds": 10.0, **options}
        doorbell = Doorbell([str(tmp_path / "in")], lambda path, is_dir: rings.put((path, is_dir)), **options)
        doorbell.start(0.0)
        made.append(doorbell)
        return doorbell

    yield start
    for doorbell in made:
        doorbell.stop()


def until(rings: Rings, path: object, is_dir: bool = False) -> list[tuple[str, bool]]:
    """The rings up to the wanted one."""
    heard = []
    while not heard or heard[-1] != (str(path), is_dir):
        heard.append(rings.get(timeout=TIMEOUT_SECONDS))
    return heard


def watches(doorbell: Doorbell) -> list[str]:
    """The folders that are watched; the books of the tree and of watchdog agree, one call-back each."""
    tree, reader = doorbell._watched[0].tree, doorbell._reader
    assert tree is not None and reader is not None
    with tree._lock:
        assert {watch: path for watch, (path, _) in tree._paths.items()} == {w: p for p, w in tree._watches.items()}
        assert {watch: [id_] for watch, (_, id_) in tree._paths.items()} == {
            watch: list(entry.callbacks) for watch, entry in reader._watch_for_wd.items()
        }
        return sorted(tree._watches)


def test_it_rings_for_what_appears_changes_moves_and_leaves(
    tmp_path: Path, begin: Callable[..., Doorbell], rings: Rings
) -> None:
    doorbell = begin()
    top = tmp_path / "in"
    assert doorbell.modes() == {str(top): "native"}
    assert doorbell.last_event_at(str(top)) is None
    (top / "a").write_bytes(b"x")
    until(rings, top / "a")
    (top / "a").rename(top / "b")
    assert (str(top / "a"), False) in until(rings, top / "b")
    (top / "b").chmod(0o600)
    until(rings, top / "b")
    (top / "b").unlink()
    until(rings, top / "b")
    (top / "d").mkdir()
    until(rings, top / "d", True)
    (top / "d").rmdir()
    until(rings, top / "d", True)
    assert (doorbell.last_event_at(str(top)) or 0) > 1e9
    assert doorbell.problems() == []


def test_reading_a_file_does_not_ring(tmp_path: Path, begin: Callable[..., Doorbell], rings: Rings) -> None:
    top = tmp_path / "in"
    (top / "a").write_bytes(b"x")
    begin()
    for _ in range(10):
        (top / "a").read_bytes()
    (top / "b").write_bytes(b"x")
    assert {path for path, _ in until(rings, top / "b")} == {str(top / "b")}


def test_a_folder_that_moved_is_followed_and_one_that_left_is_not(
    tmp_path: Path, begin: Callable[..., Doorbell], rings: Rings
) -> None:
    top = tmp_path / "in"
    (top / "a/b").mkdir(parents=True)
    begin()
    (top / "a").rename(top / "z")
    until(rings, top / "z", True)
    (top / "z/b/x").write_bytes(b"x")
    until(rings, top / "z/b/x")
    (top / "z").rename(tmp_path / "out")
    until(rings, top / "z", True)
    (tmp_path / "out/b/y").write_bytes(b"x")
    (top / "last").write_bytes(b"x")
    heard = until(rings, top / "last")
    assert not any("/y" in path for path, _ in heard)


def test_a_folder_that_was_skipped_takes_no_watch_until_it_gets_another_name(
    tmp_path: Path, begin: Callable[..., Doorbell], rings: Rings
) -> None:
    top = tmp_path / "in"
    (top / "@eaDir/deep").mkdir(parents=True)
    begin(skips=lambda path: path.endswith("@eaDir"))
    (top / "@eaDir/deep/x").write_bytes(b"x")
    (top / "@eaDir").rename(top / "photos")
    assert not any(path.endswith("/x") for path, _ in until(rings, top / "photos", True))
    (top / "photos/deep/y").write_bytes(b"x")
    until(rings, top / "photos/deep/y")


def test_thousands_of_folders_come_and_go_without_leaving_a_watch_behind(
    tmp_path: Path, begin: Callable[..., Doorbell], rings: Rings
) -> None:
    doorbell = begin()
    top = tmp_path / "in"
    for number in range(2_000):
        (top / f"{number}/a").mkdir(parents=True)
    for number in range(2_000):
        (top / f"{number}/a").rmdir()
        (top / f"{number}").rmdir()
    (top / "last").write_bytes(b"x")
    until(rings, top / "last")
    assert watches(doorbell) == [str(top)]


def test_folders_that_are_met_twice_have_one_watch(
    tmp_path: Path, begin: Callable[..., Doorbell], rings: Rings
) -> None:
    doorbell = begin()
    top = tmp_path / "in"
    tree = doorbell._watched[0].tree
    assert tree is not None
    with tree._lock:  # watchdog's thread waits: what happens meanwhile is met by the listing and told by the events
        for name in ("a", "a/b", "a/b/c"):
            (top / name).mkdir()
        tree._watch(str(top))
        (top / "a/b").rename(top / "a/z")
        tree._watch(str(top))
        assert watches(doorbell) == [str(top / name) for name in ("", "a", "a/z", "a/z/c")]
        (top / "a/b").mkdir()
        tree._watch(str(top))
        (top / "a/b").rename(tmp_path / "out")
        (top / "a/b").mkdir()
        tree._watch(str(top))
        assert watches(doorbell) == [str(top / name) for name in ("", "a", "a/b", "a/z", "a/z/c")]
    (top / "last").write_bytes(b"x")
    until(rings, top / "last")
    assert watches(doorbell) == [str(top / name) for name in ("", "a", "a/b", "a/z", "a/z/c")]
    for name in ("a/b/x", "a/z/c/y"):
        (top / name).write_bytes(b"x")
        until(rings, top / name)


def test_a_removed_folder_that_somebody_still_has_open_is_not_watched(
    tmp_path: Path, begin: Callable[..., Doorbell], rings: Rings
) -> None:
    top = tmp_path / "in"
    (top / "a").mkdir()
    doorbell = begin()
    kept = os.open(top / "a", os.O_RDONLY)
    (top / "a").rmdir()
    until(rings, top / "a", True)
    assert watches(doorbell) == [str(top)]
    os.close(kept)


def test_a_folder_that_is_missing_is_watched_when_it_comes(
    tmp_path: Path, begin: Callable[..., Doorbell], rings: Rings
) -> None:
    top = tmp_path / "in"
    top.rmdir()
    doorbell = begin()
    assert doorbell.modes() == {str(top): "missing"}
    top.mkdir()
    doorbell.check(10.0)
    assert doorbell.modes() == {str(top): "native"}
    assert rings.get_nowait() == (str(top), True)
    (top / "a").write_bytes(b"x")
    until(rings, top / "a")


@pytest.mark.parametrize("mode", ["auto", "polling"])
def test_a_folder_that_is_replaced_is_watched_afresh_and_walked(
    tmp_path: Path, begin: Callable[..., Doorbell], rings: Rings, mode: str
) -> None:
    top = tmp_path / "in"
    doorbell = begin(mode=mode)
    top.rename(tmp_path / "old")
    top.mkdir()
    if mode == "auto":  # the kernel tells that it moved, so the check is due at once
        until(rings, top, True)
        assert doorbell.next_at() < 0
    doorbell.check(10.0)
    until(rings, top, True)
    assert doorbell.modes() == {str(top): "native" if mode == "auto" else "polling"}
    (tmp_path / "old/x").write_bytes(b"x")
    (top / "y").write_bytes(b"x")
    if mode == "auto":
        assert not any(path.endswith("x") for path, _ in until(rings, top / "y"))


def test_polling_rings_for_the_whole_folder_when_it_is_due(
    tmp_path: Path, begin: Callable[..., Doorbell], rings: Rings
) -> None:
    doorbell = begin(mode="polling", poll_seconds=7.0)
    assert doorbell.next_at() == 7.0
    doorbell.check(6.9)
    assert rings.empty()
    doorbell.check(7.0)
    assert rings.get_nowait() == (str(tmp_path / "in"), True)
    assert doorbell.next_at() == 14.0
    assert doorbell.problems() == []


def test_too_many_folders_are_polled_and_tried_again_ever_less_often(
    tmp_path: Path, begin: Callable[..., Doorbell], rings: Rings, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = tmp_path / "in"
    monkeypatch.setattr(folder, "_PLACES_MAX", 3)
    doorbell = begin()
    for name in "abc":
        (top / name).mkdir()
    until(rings, top, True)  # the third folder found no room: the watch is given up
    assert doorbell.next_at() < 0
    doorbell.check(1.0)
    assert doorbell.modes() == {str(top): "polling"}
    assert [p.code for p in doorbell.problems()] == ["watch-limit"]
    assert "fs.inotify.max_user_watches" in doorbell.problems()[0].message
    at = 1.0
    for wait in (RETRY_SECONDS, 2 * RETRY_SECONDS, 4 * RETRY_SECONDS):
        doorbell.check(at + wait - 1.0)
        at += wait
        doorbell.check(at)
        assert doorbell.modes() == {str(top): "polling"}
    (top / "c").rmdir()
    doorbell.check(at + 8 * RETRY_SECONDS)
    assert doorbell.modes() == {str(top): "native"}
    assert doorbell.problems() == []
    (top / "a/x").write_bytes(b"x")
    until(rings, top / "a/x")


def test_a_retry_that_fails_does_not_put_off_the_next_poll(
    tmp_path: Path, begin: Callable[..., Doorbell], rings: Rings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "_PLACES_MAX", 0)
    doorbell = begin(poll_seconds=RETRY_SECONDS + 30)
    doorbell.check(RETRY_SECONDS)
    assert rings.empty()
    doorbell.check(RETRY_SECONDS + 30)
    assert rings.get_nowait() == (str(tmp_path / "in"), True)


def test_without_descriptors_it_polls_and_watches_when_there_are_some_again(tmp_path: Path) -> None:
    code = """if True:
        import os, resource, sys
        import watchdog.observers.inotify_c
        from box.watchers.doorbell import Doorbell
        from box.watchers import folder
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        rings = []
        doorbell = Doorbell([sys.argv[1]], lambda *ring: rings.append(ring))
        before = len(os.listdir("/proc/self/fd"))
        for left in (0, 1, 2):
            resource.setrlimit(resource.RLIMIT_NOFILE, (before - 1 + left, hard))
            doorbell.start(0.0)
            resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
            assert doorbell.modes() == {sys.argv[1]: "polling"}, left
            assert "ulimit" in doorbell.problems()[0].message
            assert len(os.listdir("/proc/self/fd")) == before, "a descriptor was lost"
        doorbell.check(10.0)
        assert rings == [(sys.argv[1], True)]
        doorbell.check(10_000.0)
        assert doorbell.modes() == {sys.argv[1]: "native"}
        doorbell.stop()
        assert len(os.listdir("/proc/self/fd")) == before
        print("ok")
    """
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("ok\n", 0), done.stderr


def test_a_network_file_system_is_polled_unless_native_is_wanted(
    tmp_path: Path, begin: Callable[..., Doorbell], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "is_remote", lambda _folder: True)
    assert begin().modes() == {str(tmp_path / "in"): "polling"}
    assert begin(mode="native").modes() == {str(tmp_path / "in"): "native"}


def test_watchdogs_thread_that_dies_is_replaced(tmp_path: Path, begin: Callable[..., Doorbell], rings: Rings) -> None:
    doorbell = begin()
    top = tmp_path / "in"
    reader = doorbell._reader
    assert reader is not None
    reader.stop()
    reader.join()
    doorbell.check(10.0)
    until(rings, top, True)
    assert doorbell.modes() == {str(top): "native"}
    (top / "a").write_bytes(b"x")
    until(rings, top / "a")


def test_a_thread_that_died_of_an_error_leaves_no_descriptor_behind(tmp_path: Path) -> None:
    code = """if True:
        import os, sys, threading
        from box.watchers.doorbell import Doorbell
        threading.excepthook = lambda _: None
        def ring(*_):
            if threading.current_thread() is not threading.main_thread():
                raise ValueError("defect")
        doorbell = Doorbell([sys.argv[1]], ring)
        doorbell.start(0.0)
        before = len(os.listdir("/proc/self/fd"))
        for at in range(1, 4):
            open(sys.argv[1] + f"/{at}", "w").close()
            doorbell._reader.join()
            doorbell.check(10.0 * at)
            assert doorbell.modes() == {sys.argv[1]: "native"}
            assert len(os.listdir("/proc/self/fd")) == before
        print([p.code for p in doorbell.problems()])
    """
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("['watch-fault']\n", 0), done.stderr


def test_an_error_in_a_ring_is_kept_reported_and_the_folder_watched_afresh(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    top = str(tmp_path / "in")
    rings: Rings = queue.Queue()
    broken = threading.Event()
    broken.set()

    def ring(path: str, is_dir: bool) -> None:
        if broken.is_set() and not is_dir:
            raise ValueError("defect")
        rings.put((path, is_dir))

    doorbell = Doorbell([top], ring)
    doorbell.start(0.0)
    try:
        (tmp_path / "in/a").write_bytes(b"x")
        until(rings, top, True)
        broken.clear()
        assert doorbell.next_at() < 0
        doorbell.check(1.0)
        assert [p.code for p in doorbell.problems()] == ["watch-fault"]
        assert "ValueError: defect" in doorbell.problems()[0].message
        (tmp_path / "in/b").write_bytes(b"x")
        until(rings, tmp_path / "in/b")
    finally:
        doorbell.stop()


def test_another_process_rings_the_bell(tmp_path: Path, begin: Callable[..., Doorbell]) -> None:
    (tmp_path / ".doorbell").mkdir()
    rung = threading.Event()
    doorbell = begin(bell=str(tmp_path / ".doorbell"), on_bell=rung.set)
    assert doorbell.bell_mode() == "native"
    for code in (
        "import os, sys; os.close(os.open(sys.argv[1] + '/x', os.O_CREAT | os.O_WRONLY))",
        "import os, sys; os.utime(sys.argv[1] + '/x')",
        "import sys; f = open(sys.argv[1] + '/x', 'wb', buffering=0); f.write(b'x'); sys.stdin.read()",
    ):
        rung.clear()
        with subprocess.Popen([sys.executable, "-c", code, tmp_path / ".doorbell"], stdin=subprocess.PIPE):
            assert rung.wait(TIMEOUT_SECONDS)


def test_a_bell_that_cannot_be_watched_is_taken_for_rung_every_second(
    tmp_path: Path, begin: Callable[..., Doorbell]
) -> None:
    (tmp_path / ".doorbell").mkdir()
    rung = []
    doorbell = begin(bell=str(tmp_path / ".doorbell"), on_bell=lambda: rung.append(1), mode="polling")
    assert doorbell.bell_mode() == "polling"
    assert doorbell.next_at() == 1.0
    doorbell.check(1.0)
    assert len(rung) == 1


def test_watchdog_is_not_loaded_before_something_is_watched_natively() -> None:
    code = (
        "import sys, box.watchers.doorbell, box.watchers.scan, box.watchers.library; print('watchdog' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_stopping_gives_everything_back_and_it_may_start_again(
    tmp_path: Path, begin: Callable[..., Doorbell], rings: Rings
) -> None:
    descriptors, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    doorbell = begin()
    doorbell.stop()
    assert (len(os.listdir("/proc/self/fd")), threading.active_count()) == (descriptors, threads)
    doorbell.start(1.0)
    (tmp_path / "in/a").write_bytes(b"x")
    until(rings, tmp_path / "in/a")


def test_the_bell_is_watched_whatever_the_inboxes_skip(tmp_path: Path) -> None:
    inbox, bell = tmp_path / "inbox", tmp_path / "bell"
    inbox.mkdir()
    bell.mkdir()
    rung = threading.Event()
    doorbell = Doorbell(
        [str(inbox)],
        lambda _path, _is_dir: None,
        skips=lambda path: path != str(inbox),
        bell=str(bell),
        on_bell=rung.set,
    )
    doorbell.start(0.0)
    try:
        (bell / "ring").touch()
        assert rung.wait(30)
    finally:
        doorbell.stop()
