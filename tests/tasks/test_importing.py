"""Imports: what is new on a card comes into the inbox once, and an original is never at risk."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from box import damage, log, service
from box.client import Client
from box.config import Config
from box.events import Event, FileImported, ImportUndone
from tests.helpers import inbox, jpeg, library, running, status_of, until

Once = Callable[[Config], list[Event]]


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, ns=(1_700_000_000_000_000_000, 1_714_817_472_123_456_789))
    return path


def told(config: Config, after: int = 0) -> list[Event]:
    store = damage.open_unchecked(config.box.root)
    try:
        return [recorded.event for recorded in log.read(store, after)]
    finally:
        store.close()


def imported(events: list[Event]) -> list[str]:
    return [event.place for event in events if isinstance(event, FileImported)]


def jobs_of(config: Config, kind: str = "import") -> list[dict[str, Any]]:
    store = damage.open_unchecked(config.box.root)
    try:
        names = ("id", "state", "code", "message", "result")
        sql = f"SELECT {', '.join(names)} FROM jobs WHERE kind = ? ORDER BY id"
        return [dict(zip(names, row, strict=True)) for row in store.rows(sql, (kind,))]
    finally:
        store.close()


def problems(config: Config) -> dict[str, str]:
    return {p["code"]: p["message"] for p in status_of(config)["problems"]}


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """A card of two folders in which the numbers begin anew, as the desktop mounts it."""
    top = tmp_path / "media/pi/CARD"
    put(top / "DCIM/100MEDIA/IMG_0001.JPG", jpeg(1))
    put(top / "DCIM/100MEDIA/IMG_0002.JPG", jpeg(2))
    put(top / "DCIM/101MEDIA/IMG_0001.JPG", jpeg(3))
    return top


@pytest.fixture
def make(make_root, tmp_path: Path) -> Callable[..., Config]:
    """Makes a root that imports from cards; every copy is kept, so that a file that came twice would show."""

    def root(mode: str = "copy", path: str = "media/*/*/DCIM", **keys: object) -> Config:
        entry = {"name": "card", "path": f"{tmp_path}/{path}", "mode": mode}
        return make_root(**{"watch__imports": [entry], "photos__duplicates": "keep", **keys})

    return root


@pytest.fixture
def once(run_box) -> Once:
    """`box once`, and what it records."""

    def run(config: Config) -> list[Event]:
        before = len(told(config)) if Path(config.box.root, "box.db").exists() else 0
        done = run_box("--config", config.path, "once")
        assert done.returncode == 0, done.stdout + done.stderr
        return told(config, before)

    return run


def photos(config: Config) -> Counter[bytes]:
    return Counter(library(config).values())


def as_it_is(top: Path) -> dict[str, tuple[object, ...]]:
    """All that can be seen of what lies in a folder, times of access and change too."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(top.rglob("*")):
        status = path.stat()
        found[str(path)] = (
            status.st_size, status.st_mode, status.st_mtime_ns, status.st_ctime_ns, status.st_atime_ns, status.st_ino
        )  # fmt: skip
    return found


# --- copy ------------------------------------------------------------------------------------------------------------


def test_what_is_on_a_card_is_filed_and_the_card_is_as_it_was(make, card: Path, once: Once, run_box):
    config = make()
    before = as_it_is(card)
    events = once(config)
    assert as_it_is(card) == before, "not even a time of access has changed"
    assert photos(config) == Counter(map(jpeg, (1, 2, 3)))
    assert next(e for e in events if isinstance(e, FileImported)).mtime_ns == 1_714_817_472_123_456_789
    places = [place.partition("CARD/")[2] for place in imported(events)]
    assert places == ["DCIM/100MEDIA/IMG_0001.JPG", "DCIM/100MEDIA/IMG_0002.JPG", "DCIM/101MEDIA/IMG_0001.JPG"]
    (job,) = jobs_of(config)
    assert json.loads(job["result"]) == {
        "files": 3,
        "bytes": sum(len(jpeg(n)) for n in (1, 2, 3)),
        "left": 0,
        "why": {},
    }
    assert run_box("--config", config.path, "verify", "--deep").returncode == 0
    assert not list(Path(config.box.root).rglob("*.part")) and not list(
        Path(config.box.root, "users/me/temp").iterdir()
    )


def test_where_a_file_lay_on_the_card_is_where_it_came_from(make, card: Path, once: Once):
    events = once(make())
    paths = {event.path for event in events if isinstance(event, FileImported)}
    assert len(paths) == 3
    assert all(path.startswith("users/me/inbox/card/") for path in paths)
    assert {path.partition("/DCIM/")[2] for path in paths} == {
        "100MEDIA/IMG_0001.JPG", "100MEDIA/IMG_0002.JPG", "101MEDIA/IMG_0001.JPG"
    }  # fmt: skip


def test_a_card_that_was_seen_before_is_not_imported_again(make, card: Path, once: Once):
    config = make()
    once(config)
    shutil.rmtree(Path(config.box.root, "users/me/photos/2024"))  # what became of it does not matter
    assert imported(once(config)) == []
    put(card / "DCIM/101MEDIA/IMG_0002.JPG", jpeg(4))
    assert [Path(p).name for p in imported(once(config))] == ["IMG_0002.JPG"]
    put(card / "DCIM/100MEDIA/IMG_0001.JPG", jpeg(5) + b"another")  # the camera began with 1 again
    assert [Path(p).name for p in imported(once(config))] == ["IMG_0001.JPG"]
    once(config)
    assert len(jobs_of(config)) == 3, "no job is asked for where there is nothing to do"


def test_what_is_no_business_of_an_import_stays(make, card: Path, once: Once, tmp_path: Path):
    put(card / "DCIM/.hidden.jpg", jpeg(10))
    put(card / "DCIM/@eaDir/x.jpg", jpeg(11))
    put(card / "DCIM/skip/x.bak", jpeg(12))
    (card / "DCIM/100MEDIA/empty.jpg").touch()
    elsewhere = put(tmp_path / "elsewhere/private.jpg", jpeg(13))
    (card / "DCIM/link.jpg").symlink_to(elsewhere)
    (card / "DCIM/folder").symlink_to(elsewhere.parent)
    (tmp_path / "media/pi/OTHER").symlink_to(card)
    os.mkfifo(card / "DCIM/pipe.jpg")
    config = make(watch__ignore=["*.bak"])
    assert len(imported(once(config))) == 3
    assert photos(config) == Counter(map(jpeg, (1, 2, 3)))


def test_names_that_are_no_utf8_come_as_they_are(make, card: Path, once: Once):
    put(card / "DCIM" / os.fsdecode(b"\xff\\n.jpg"), jpeg(6))
    config = make()
    once(config)
    assert jpeg(6) in photos(config)
    assert len(imported(once(config))) == 0


def test_a_dry_run_says_what_would_be_imported(make, card: Path, run_box, once: Once, tmp_path: Path):
    config = make(path="elsewhere")
    once(config)
    shutil.copytree(card / "DCIM", tmp_path / "elsewhere")
    run_box("--config", config.path, "do", "import", "name=card", "dry_run=true")  # before anybody looks there
    once(config)
    (dry,) = jobs_of(config)
    result = json.loads(dry["result"])
    assert result.pop("would_import")[0] == {"place": "100MEDIA/IMG_0001.JPG", "bytes": len(jpeg(1))}
    assert result == {"files": 3, "bytes": sum(len(jpeg(n)) for n in (1, 2, 3))}
    assert imported(told(config)) == []
    run_box("--config", config.path, "do", "import", "name=card")
    once(config)
    assert len(library(config)) == 3


def test_a_name_that_no_entry_has_is_told(make, run_box, once: Once):
    config = make()
    once(config)
    run_box("--config", config.path, "do", "import", "name=stick")
    run_box("--config", config.path, "once")
    (job,) = jobs_of(config)
    assert (job["state"], job["message"]) == ("failed", "watch.imports has no entry 'stick'; there are: card")
    assert "needs name" in run_box("--config", config.path, "do", "import").stderr


def test_a_file_that_somebody_is_writing_is_left_for_the_next_time(make, card: Path, once: Once):
    config = make()
    with open(card / "DCIM/100MEDIA/IMG_0001.JPG", "ab"):
        assert len(imported(once(config))) == 2
    result = json.loads(jobs_of(config)[0]["result"])
    assert (result["left"], list(result["why"].values())) == (1, ["somebody is writing it"])
    assert [Path(p).name for p in imported(once(config))] == ["IMG_0001.JPG"]


# --- room ------------------------------------------------------------------------------------------------------------


def test_what_the_quota_has_no_room_for_stays_on_the_card(make, card: Path, run_box, once: Once):
    config = make(quota__default_bytes=2_000)
    size = len(jpeg(1))
    assert size < 1_000
    put(card / "DCIM/100MEDIA/IMG_0002.JPG", jpeg(2) + b"\0" * 2_000)
    events = once(config)
    assert len(imported(events)) == 2
    with running(config):
        until(lambda: "import-left" in problems(config), "it is told")
        assert problems(config)["import-left"].startswith("1 file stays on ")
        assert problems(config)["import-left"].endswith("the quota has no room for it")
    assert len(jobs_of(config)) == 1, "what does not fit is not asked for"
    assert run_box("--config", config.path, "quota", "set", "me", "none").returncode == 0
    assert [Path(p).name for p in imported(once(config))] == ["IMG_0002.JPG"]
    assert not list(inbox(config).rglob("*.JPG"))


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A root on a file system of 24 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    folder = tmp_path / "root"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "box-test", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.usefixtures("small")
def test_what_the_disk_has_no_room_for_stays_on_the_card(make, card: Path, once: Once):
    put(card / "DCIM/100MEDIA/IMG_0000.JPG", jpeg(4) + b"\0" * 16_000_000)
    config = make(exists=True, storage__free_bytes_min=10_000_000)
    assert len(imported(once(config))) == 3
    assert photos(config) == Counter(map(jpeg, (1, 2, 3)))


# --- move ------------------------------------------------------------------------------------------------------------


def test_a_moved_file_leaves_its_folder(make, card: Path, once: Once, run_box):
    config = make("move")
    events = once(config)
    assert len(imported(events)) == 3
    assert all(event.moved and not event.digest for event in events if isinstance(event, FileImported))
    assert [p for p in card.rglob("*") if p.is_file()] == []
    assert photos(config) == Counter(map(jpeg, (1, 2, 3)))
    put(card / "DCIM/100MEDIA/IMG_0001.JPG", jpeg(1))
    assert len(imported(once(config))) == 1, "what is put there again comes again"
    assert run_box("--config", config.path, "verify").returncode == 0


@pytest.mark.usefixtures("small")
def test_from_another_file_system_it_is_copied_and_then_removed(make, card: Path, once: Once):
    config = make("move", exists=True)
    events = once(config)
    assert all(event.digest for event in events if isinstance(event, FileImported))
    assert [p for p in card.rglob("*") if p.is_file()] == []
    assert photos(config) == Counter(map(jpeg, (1, 2, 3)))


@pytest.mark.usefixtures("small")
def test_an_original_that_was_left_though_its_copy_is_safe_is_removed_the_next_time(make, card: Path, once: Once):
    config = make("copy", exists=True)
    once(config)  # as if the power had gone just before they were removed
    config = make("move", exists=True)
    put(card / "DCIM/100MEDIA/IMG_0002.JPG", jpeg(7)[:-1] + b"\0")
    events = once(config)
    assert [Path(p).name for p in imported(events)] == ["IMG_0002.JPG"], "other bytes are another file"
    assert [p for p in card.rglob("*") if p.is_file()] == []
    assert photos(config)[jpeg(1)] == photos(config)[jpeg(3)] == 1


# --- a card comes and goes -------------------------------------------------------------------------------------------


def test_a_card_is_imported_as_soon_as_it_is_mounted(make, card: Path, tmp_path: Path):
    if os.geteuid() != 0:
        pytest.skip("only root can mount anything")
    away = card.rename(tmp_path / "away")
    card.mkdir()
    config = make(watch__sweep_seconds=3600)
    with running(config):
        subprocess.run(["mount", "--bind", str(away), str(card)], check=True)
        try:
            until(lambda: len(library(config)) == 3, "it was told of the mount")
        finally:
            subprocess.run(["umount", "-l", str(card)], check=True)
    assert len(jobs_of(config)) == 1


MANY = 150


@pytest.fixture
def full_card(card: Path) -> Path:
    shutil.rmtree(card / "DCIM")
    for number in range(MANY):
        put(card / f"DCIM/{number // 50}/{number:03}.JPG", jpeg(number))
    return card


def test_a_card_that_is_pulled_out_is_told_and_the_rest_follows(make, full_card: Path, tmp_path: Path, once: Once):
    config = make()
    with running(config):
        until(lambda: len(imported(told(config))) > 5, "it has begun")
        away = full_card.rename(tmp_path / "away")
        until(lambda: "import-interrupted" in problems(config), "it is told")
        assert "went away after" in problems(config)["import-interrupted"]
        (job,) = jobs_of(config)
        assert (job["state"], job["code"]) == ("failed", "import-interrupted")
    away.rename(full_card)
    once(config)
    assert photos(config) == Counter(jpeg(n) for n in range(MANY))
    assert len(imported(told(config))) == MANY


@pytest.mark.parametrize("mode", ["copy", "move"])
def test_a_cancelled_import_leaves_nothing_behind(make, full_card: Path, run_box, once: Once, mode: str):
    config = make(mode)
    with running(config):
        until(lambda: len(imported(told(config))) > 5, "it has begun")
        (job,) = jobs_of(config)
        with Client(config) as client:  # at once: a command takes its time, and the import would be over
            assert client.cancel_job(job["id"])
        until(lambda: jobs_of(config)[0]["state"] == "cancelled", "it has ended")
        until(
            lambda: not [p for p in inbox(config).rglob("*") if p.is_file() and p.name != ".box"], "all is out or filed"
        )
        until(lambda: status_of(config)["jobs"]["queued"] + status_of(config)["jobs"]["running"] == 0, "all is done")
    assert "taken out of the inbox again: " in jobs_of(config)[0]["message"]
    there = Counter(path.read_bytes() for path in full_card.rglob("*") if path.is_file())
    if mode == "move":
        assert there + photos(config) == Counter(jpeg(n) for n in range(MANY)), "each is in one of the two places"
    assert len(told(config)) and any(isinstance(e, ImportUndone) for e in told(config))
    once(config)
    assert photos(config) == Counter(jpeg(n) for n in range(MANY)), "asked for again, the rest comes"


def test_without_entries_there_is_no_thread_and_with_some_it_sleeps(make_root, make):
    made = service.build(make_root())
    made.imports.start()
    assert "imports" not in {thread.name for thread in threading.enumerate()}
    made.stop()
    made = service.build(make(name="other"))
    made.imports.start()
    (thread,) = (thread for thread in threading.enumerate() if thread.name == "imports")
    status = Path(f"/proc/self/task/{thread.native_id}/status")
    until(lambda: "S (sleeping)" in status.read_text(), "it waits")
    threading.Event().wait(0.5)
    before = status.read_text().partition("voluntary_ctxt_switches")[2]
    threading.Event().wait(1.0)
    assert status.read_text().partition("voluntary_ctxt_switches")[2] == before
    made.stop()
    assert not thread.is_alive()
