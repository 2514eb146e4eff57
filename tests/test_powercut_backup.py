"""Power cuts while backups are made and photos go: what is said to be on a drive is there, and no photo is nowhere."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from box import damage, log
from box.backup import destination
from box.backup.destination import Destination
from box.backup.manifest import Manifest
from box.config import Config
from box.events import FileRemoved
from box.models import backed, live
from box.models.base import Store
from box.verify import differences
from tests import filesystems, powercut
from tests.backup.library import there, untrue
from tests.helpers import jpeg
from tests.injection import injected
from tests.tasks import shelves
from tests.tasks.disks import library_of

FIRST = {
    **{f"photos/2024/2024-05-0{number}/{number}.jpg": jpeg(number) for number in range(1, 5)},
    "media/changes": b"before " * 1000, "media/goes": b"goes " * 1000, "media/moves": b"moves " * 2000,
}  # fmt: skip
LATER = {"media/changes": b"after " * 900, "media/comes": b"comes " * 1100, "notes/new/moved": FIRST["media/moves"]}
VERSIONS = {*FIRST.values(), *LATER.values()}
STARTS_MAX = 2
FILLED_BYTES = 26_000_000
"""Of the root's disk, so that a bit less than half of it is free."""


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """Where the root is, and a drive."""
    return tmp_path / "root", tmp_path / "drive"


@pytest.fixture
def box(make_root, places) -> Callable[..., Config]:
    """A root that is backed up to a drive, on disks that are there already."""

    def make() -> Config:
        root, drive = places
        config = make_root(
            exists=True, workers__count=1, backup__destination=str(drive), backup__free_bytes_min=0,
            jobs__retry_base_seconds=0, jobs__retry_cap_seconds=0, retention__min_free_percent=95,
        )  # fmt: skip
        destination.init(str(root), str(drive))
        damage.open_unchecked(config.box.root).close()
        return config

    return make


def put(config: Config, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = Path(config.box.root, "users/me", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def change(config: Config) -> None:
    """Files change, come, go and move; whoever did that has waited until it was durable."""
    put(config, {name: data for name, data in LATER.items() if "moved" not in name})
    top = Path(config.box.root, "users/me")
    (top / "media/goes").unlink()
    (top / "notes/new").mkdir()
    (top / "media/moves").rename(top / "notes/new/moved")
    filesystems.run("sync", "--file-system", config.box.root)


def sound(path: Path) -> bool:
    """Whether a database is whole; one that was given its name only is."""
    with closing(sqlite3.connect(path)) as database:
        return database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def is_begun(manifest: Path) -> bool:
    """Whether its tables were made."""
    with closing(sqlite3.connect(manifest)) as database:
        return bool(database.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchall())


def wrong_there(config: Config, drive: Path, versions: set[bytes]) -> Iterator[str]:
    """All that must not be on the drive, whenever the power went."""
    found, path = there(drive), drive / "manifest.db"
    final = {at: data for at, data in found.items() if not at.endswith(".part") and at != "config.toml"}
    yield from (f"torn: {at}, {len(data)} bytes" for at, data in final.items() if data not in versions)
    copy = drive / "box.db"
    if copy.exists() and not (copy.stat().st_size and sound(copy)):
        yield f"torn: box.db, {copy.stat().st_size} bytes"
    if path.exists() and not sound(path):
        yield "damaged: the manifest"
    elif path.exists() and is_begun(path):
        with Destination(config.box.root, str(drive)) as place, Manifest(place, read_only=True) as manifest:
            yield from untrue(place, manifest)
    elif found:
        yield f"unknown: {sorted(found)}"


def wrong_here(config: Config, drive: Path) -> Iterator[str]:
    """The root's database is sound, and knows of no backup that is not there."""
    store, restored = damage.open_checked(config.box.root)
    with closing(store):
        if restored:
            yield f"damaged: {restored}"
        held = set(there(drive).values())
        for file in Path(config.box.root, "users/me").rglob("*"):
            if file.is_file():
                text, status = str(file.relative_to(config.box.root)), file.stat()
                state = backed.state_of(store, text, status.st_size, status.st_mtime_ns)
                if state != "none" and file.read_bytes() not in held:
                    yield f"overstated: {text} is {state}"


def unfinished(config: Config, drive: Path, run_box) -> Iterator[str]:
    """What is not right when Box was started again, and once more backs up and reads that back."""
    jobs = [shelves.ask(config, kind) for kind in ("backup", "verify-backup")]
    done = run_box("--config", config.path, "once")
    if done.returncode != 0:
        yield done.stdout + done.stderr
    rows = [shelves.row_of(config, job) for job in jobs]
    yield from (f"not done: {row}" for row in rows if row["state"] != "completed")
    held, root = there(drive), Path(config.box.root)
    for file in root.glob("users/me/*/**/*"):
        text = str(file.relative_to(root))
        is_source = file.is_file() and text.split("/")[2] in ("photos", "media", "notes")
        if is_source and held.get(text) != file.read_bytes():
            yield f"not there: {text}"
    with Destination(str(root), str(drive)) as place, Manifest(place) as manifest:
        if manifest.pending() or manifest.counts()[3]:
            yield f"pending {manifest.pending()}, damaged {manifest.counts()[3]}"
    yield from wrong_there(config, drive, VERSIONS)


def under_way(config: Config, drive: Path) -> str:
    """The run that was interrupted while it wrote; empty if none was."""
    path = drive / "manifest.db"
    if not path.exists() or not is_begun(path):
        return ""
    with Destination(config.box.root, str(drive)) as place, Manifest(place, read_only=True) as manifest:
        which = "second" if manifest.row("box.db") else "first"
        return which if manifest.pending() else ""


def back_up(config: Config) -> None:
    shelves.ask(config, "backup")
    shelves.once(config)


def test_whenever_the_power_goes_the_drive_holds_what_its_manifest_says_and_the_next_backup_does_the_rest(
    box, places, run_box, tmp_path
):
    root, drive = places
    with powercut.recording(tmp_path / "power", root, drive) as disks:
        config = box()
        put(config, FIRST)
        with disks.at_risk():
            back_up(config)
            change(config)
            back_up(config)
        runs: set[str] = set()

        def look() -> Iterator[str]:
            yield from wrong_there(config, drive, VERSIONS)
            yield from wrong_here(config, drive)
            run = under_way(config, drive)
            if run and run not in runs:
                runs.add(run)
                yield from unfinished(config, drive, run_box)

        found = disks.faults(look, 40)
        assert len(found) > 20
        assert runs == {"first", "second"}
        assert powercut.faulty(found) == {}


def test_a_backup_that_left_out_its_fsyncs_would_be_found_out(box, places, tmp_path):
    root, drive = places
    with powercut.recording(tmp_path / "power", root, drive) as disks:
        config = box()
        put(config, FIRST)
        shelves.ask(config, "backup")
        with disks.at_risk():  # what is to be forgotten (fadvise) is written before, though nobody waits for it
            assert injected(config, "fsync,syncfs,fadvise64", "retval=0").returncode == 0
        found = powercut.faulty(disks.faults(lambda: wrong_there(config, drive, VERSIONS), 20))
        faults = {each.partition(":")[0] for faults in found.values() for each in faults}
        assert faults >= {"torn", "overstated"}, found


# --- photos go -------------------------------------------------------------------------------------------------------


def nowhere(config: Config, drive: Path, photos: dict[str, bytes], before: Collection[bytes]) -> Iterator[str]:
    """Photos that are neither in the library nor in the trash, unless Box said that it removes them, and has a copy."""
    kept, held = shelves.tree(config, "photos", "thumbnails", "trash"), there(drive).values()
    yield from (f"torn: {path}, {len(data)} bytes" for path, data in kept.items() if data not in before)
    with closing(Store(str(Path(config.box.root, "box.db")))) as store:
        said = {each.event.path for each in log.read(store) if isinstance(each.event, FileRemoved)}
        said |= live.on_the_way(store)
    removed = {Path(path).name for path in said if "/trash/" in path}
    for path, data in photos.items():
        if data not in kept.values() and not (Path(path).name in removed and data in held):
            yield f"lost: {path}"


def unclean(config: Config, run_box, young: str) -> Iterator[str]:
    """What is not right when Box was started again and has done all that there was to do."""
    done = run_box("--config", config.path, "once")
    if done.returncode != 0:
        yield done.stdout + done.stderr
    if sorted(shelves.tree(config, "photos", "trash")) != [young.removeprefix("users/me/")]:
        yield f"left are {sorted(shelves.tree(config, 'photos', 'trash'))}"
    with library_of(config) as library:
        yield from map(str, differences(library.store, config, deep=True))


def fill(config: Config) -> str:
    """Photos of all ages on a disk that is half full, and what is asked for; the one that will not go."""
    with Path(config.box.root, "ballast").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, FILLED_BYTES)
    with library_of(config) as library:
        for number in range(3):
            library.file(4000 + number, 9_000)
            library.companion(library.file(2000 + number, 8_000) + ".xmp")
        library.request("backup")
        library.request("verify-backup")
        library.request("clean-photos", days_to_keep=3000, min_free_percent=60)  # to the trash
        library.request("clean-photos", days_to_keep=1000, min_free_percent=95)  # too little is free: for good
        return library.file(10, 7_000)


def test_whenever_the_power_goes_a_photo_is_in_the_library_or_the_trash_or_was_removed_and_is_on_the_drive(
    box, places, run_box, tmp_path
):
    root, drive = places
    with powercut.recording(tmp_path / "power", root, drive) as disks:
        config = box()
        young = fill(config)
        photos = shelves.tree(config, "photos")
        before = shelves.tree(config, "photos", "thumbnails").values()
        with disks.at_risk():
            shelves.once(config)
        seen = [(len(photos), 0)]  # (in the library, in the trash): nothing has gone

        def look() -> Iterator[str]:
            yield from wrong_there(config, drive, set(photos.values()))
            yield from wrong_here(config, drive)
            yield from nowhere(config, drive, photos, before)
            state = (len(shelves.tree(config, "photos")), len(shelves.tree(config, "trash")))
            if state not in seen:
                seen.append(state)
                if len(seen) % 2 == 0 and len(seen) <= 2 * STARTS_MAX:
                    yield from unclean(config, run_box, young)

        found = disks.faults(look, 50)
        assert len(found) > 20
        assert {bool(in_trash) for _, in_trash in seen[1:]} == {True, False}, "some went on, for good"
        assert powercut.faulty(found) == {}
