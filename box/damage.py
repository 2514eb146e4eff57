"""Opening the database. The rule: it is checked at every start; a damaged one is moved aside, never deleted.

Then the newest snapshot that passes the same check takes its place, or an empty one does; what the snapshot does not
know is found on the disk by the sweeps. The log says so (`DatabaseRestored`), and so does the status.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from box import disk, engine, file_names
from box.errors import DatabaseDamaged
from box.models.base import Store

DATABASE: Final = "box.db"
SNAPSHOTS: Final = "snapshots"
DAMAGED: Final = "damaged"


@dataclass(frozen=True, slots=True)
class Restored:
    """What happened to a database that could not be used."""

    damaged: str
    """Where it was moved, relative to the root; empty if the file was gone."""
    snapshot: str
    """The snapshot that replaced it, relative to the root; empty if there was none."""
    reason: str

    def __str__(self) -> str:
        source = f"the snapshot {self.snapshot}" if self.snapshot else "an empty one: there was no snapshot"
        kept = f"; the damaged file is kept in {self.damaged}" if self.damaged else ""
        return f"the database was replaced by {source}, and the disk is compared with it ({self.reason}){kept}"


def open_checked(root: str) -> tuple[Store, Restored | None]:
    """The database of a root, its tables made; and what had to be done to have one."""
    path = os.path.join(root, DATABASE)
    restored = None
    if not os.path.exists(path) and _snapshots(root):
        restored = _restore(root, "the database file is gone")
    try:
        store = _open(path)
    except DatabaseDamaged as error:
        restored = _restore(root, str(error))
        store = _open(path)
    return store, restored


def open_unchecked(root: str) -> Store:
    """For a command beside the service: the database as it stands, its tables made if it is new."""
    store = Store(os.path.join(root, DATABASE))
    engine.create(store)
    return store


def _open(path: str) -> Store:
    store = Store(path)
    try:
        store.check()
        engine.create(store)
    except BaseException:
        store.close()
        raise
    return store


def _restore(root: str, reason: str) -> Restored:
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = file_names.free_name(os.path.join(root, DAMAGED), now)
    moved = ""
    for name in (DATABASE, DATABASE + "-wal", DATABASE + "-shm"):
        if os.path.lexists(os.path.join(root, name)):
            disk.make_folder(os.path.join(root, DAMAGED, folder))
            os.rename(os.path.join(root, name), os.path.join(root, DAMAGED, folder, name))
            moved = f"{DAMAGED}/{folder}/{DATABASE}"
    disk.sync_folder(root)
    for snapshot in reversed(_snapshots(root)):
        part = os.path.join(root, DATABASE + ".part")
        shutil.copyfile(os.path.join(root, SNAPSHOTS, snapshot), part)
        if _is_sound(part):
            descriptor = os.open(part, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
            os.rename(part, os.path.join(root, DATABASE))
            disk.sync_folder(root)
            return Restored(moved, f"{SNAPSHOTS}/{snapshot}", reason)
        os.unlink(part)
    return Restored(moved, "", reason)


def _is_sound(path: str) -> bool:
    try:
        store = Store(path, durable=False)
    except DatabaseDamaged:
        return False
    try:
        store.check()
    except DatabaseDamaged:
        return False
    finally:
        store.close()
    return True


def take_snapshot(root: str, store: Store, position: int, keep: int) -> str:
    """Copy the database into `snapshots/`, durable and whole, and keep only the newest `keep`; its path from the root.

    Nothing is written when the newest snapshot already holds that position.
    """
    folder = os.path.join(root, SNAPSHOTS)
    name = f"box-{position:015d}.db"
    if name in _snapshots(root):
        return f"{SNAPSHOTS}/{name}"
    disk.make_folder(folder)
    part = os.path.join(folder, name + ".part")
    if os.path.exists(part):
        os.unlink(part)
    try:
        store.copy_to(part)
        descriptor = os.open(part, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
        os.rename(part, os.path.join(folder, name))
    except BaseException:
        if os.path.exists(part):
            os.unlink(part)
        raise
    disk.sync_folder(folder)
    for old in _snapshots(root)[:-keep]:
        os.unlink(os.path.join(folder, old))
    return f"{SNAPSHOTS}/{name}"


def newest_snapshot_at(root: str) -> float:
    """When the newest snapshot was taken, in seconds since the epoch; 0 without one."""
    times = [os.stat(os.path.join(root, SNAPSHOTS, name)).st_mtime for name in _snapshots(root)]
    return max(times, default=0.0)


def _snapshots(root: str) -> list[str]:
    """Names of the snapshots, oldest first."""
    try:
        names = os.listdir(os.path.join(root, SNAPSHOTS))
    except FileNotFoundError:
        return []
    return sorted(name for name in names if name.startswith("box-") and name.endswith(".db"))
