"""Destinations. The rule: only a folder with its marker is one, and it is reached by what was opened, not by its path.

A marker says which destination a folder is. A drive that was pulled, was never mounted, or is another one is told by
it, and by the file system: a destination on a drive is on another one than the root. The folder is opened once, and all
below is reached through that descriptor: whatever becomes of the path meanwhile, nothing lands on the root's own disk.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Literal, Self

from box import disk
from box.backup import names
from box.errors import BoxError, UsageError
from box.paths import MARKER, to_os
from box.watchers import mounts

MARKER_BYTES_MAX: Final = 4096
VERSION: Final = 1


class BackupAway(BoxError):
    """The destination is not there, or it is another one: nothing is written, and nothing counts as gone."""

    code = "backup-away"


class BackupFull(BoxError):
    """The destination has no room for what has to go there."""

    code = "backup-full"


class BackupFailed(BoxError):
    """The destination is there, and refused something."""

    code = "backup-failed"


@dataclass(frozen=True, slots=True)
class Marker:
    """What the marker of a destination says."""

    uuid: str
    kind: Literal["drive", "folder"]
    """A drive is on another file system than the root; a folder may be on the same."""
    portable: bool
    """Names are mapped (`box.backup.names`), so that every computer can read it."""
    made_at: str


class Destination:
    """A destination that is open; close it, or use it in a `with`."""

    def __init__(self, root: str, path: str, uuid: str = "") -> None:
        """Open the folder at `path` (absolute), which has to be the one with that `uuid`, if one is given.

        Without a `root` it is only read from, and may be anywhere: a copy of a drive, too. Raises BackupAway.
        """
        self.path = path
        self._root = root
        try:
            self._descriptor = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise BackupAway(f"{path} cannot be opened: {error.strerror}") from None
        try:
            status = os.fstat(self._descriptor)
            self._identity = (status.st_dev, status.st_ino)
            self.marker = _check(self._base, path, root, self._identity)
            if uuid and self.marker.uuid != uuid:
                raise BackupAway(f"another destination is at {path}: {self.marker.uuid}, not {uuid}")  # noqa: TRY301
            self.file_system = mounts.type_of(path)
        except BaseException:
            os.close(self._descriptor)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _base(self) -> str:
        return f"/proc/self/fd/{self._descriptor}"

    @property
    def uuid(self) -> str:
        """Which destination it is."""
        return self.marker.uuid

    @property
    def portable(self) -> bool:
        """Whether names are mapped."""
        return self.marker.portable

    def close(self) -> None:
        """Let the file system go, so that it can be unmounted."""
        os.close(self._descriptor)

    def at(self, place: str) -> str:
        """The path, as `os` wants it, of a path text below the destination; good as long as it is open."""
        path = to_os(place)
        if path.startswith("/") or "\0" in path or ".." in path.split("/"):
            raise UsageError(f"{place!r} is not a path below a destination")
        return f"{self._base}/{path}" if path else self._base

    def is_linked(self, folder: str) -> bool:
        """Whether a folder (path text) is a link, or lies behind one: that may lead to the root's own disk."""
        names = folder.split("/") if folder else []
        return any(os.path.islink(self.at("/".join(names[: end + 1]))) for end in range(len(names)))

    def check(self) -> None:
        """Raise BackupAway unless it is still the destination that was opened, and is still where it was."""
        try:
            status = os.stat(self.path)
        except OSError as error:
            raise BackupAway(f"{self.path} has gone: {error.strerror}") from None
        if (status.st_dev, status.st_ino) != self._identity:
            raise BackupAway(f"{self.path} is not the folder any more that it was when this began: was it unmounted?")
        if _check(self._base, self.path, self._root, self._identity) != self.marker:
            raise BackupAway(f"the marker {self.path}/{MARKER} has changed since this began")

    def failure(self, error: OSError) -> BoxError:
        """What an error that the destination answered with means: it is away, full, or failing."""
        try:
            self.check()
        except BackupAway as away:
            return away
        if error.errno in (errno.ENODEV, errno.ENXIO, errno.ENOTCONN, errno.ESTALE):  # pulled, and not noticed yet
            return BackupAway(f"{self.path} has gone: {error.strerror}")
        if disk.is_full(error):
            return BackupFull(f"{self.path} is full: make room there, and the next backup goes on")
        return BackupFailed(f"{self.path}: {error.strerror or error}")

    def free_bytes(self) -> int:
        """How much more it can take. Raises OSError."""
        room = os.statvfs(self._base)
        return room.f_bavail * room.f_frsize

    def total_bytes(self) -> int:
        """How much its file system holds in all. Raises OSError."""
        room = os.statvfs(self._base)
        return room.f_blocks * room.f_frsize

    def block_bytes(self) -> int:
        """A file takes a multiple of this. Raises OSError."""
        return os.statvfs(self._base).f_frsize


def read_marker(folder: str) -> Marker | None:
    """What the marker of a folder (absolute) says; None if it has none that says that it is a destination.

    Raises OSError if that cannot be read for another reason than that it is not there.
    """
    try:
        # As all of a strange drive: it may be a pipe, or a link out of it.
        descriptor = disk.open_to_read(os.path.join(folder, MARKER))
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        text = os.read(descriptor, MARKER_BYTES_MAX)
    finally:
        os.close(descriptor)
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or said.get("box_backup") != VERSION or said.get("kind") not in ("drive", "folder"):
        return None
    if not isinstance(said.get("uuid"), str) or not said["uuid"]:
        return None
    return Marker(said["uuid"], said["kind"], said.get("portable") is True, str(said.get("made_at", "")))


def init(root: str, path: str, *, folder: bool = False, portable: bool = False) -> Marker:
    """Make a folder (absolute, there already) a destination; what it says from now on, or said already.

    Raises UsageError where that would be no backup, or the folder is something else already.
    """
    try:
        status, home = os.stat(path), os.stat(root)
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}; mount the drive, or make the folder first") from None
    if not stat.S_ISDIR(status.st_mode):
        raise UsageError(f"{path} is not a folder")
    real, real_root = os.path.realpath(path), os.path.realpath(root)
    if f"{real}/".startswith(f"{real_root}/") or f"{real_root}/".startswith(f"{real.rstrip('/')}/"):
        raise UsageError(f"{path} and {root} are one in the other: a backup is kept apart from what it is of")
    is_one_disk = is_on_disk_of(root, home, path, status.st_dev)
    if is_one_disk and not folder:
        raise UsageError(
            f"{path} is on the same file system as {root}, so it goes when that goes: mount a drive there, or say"
            " --folder if it is meant to be there"
        )
    if os.path.lexists(os.path.join(path, MARKER)):
        marker = read_marker(path)
        if marker is None:
            raise UsageError(f"{path} is marked as something else already: {path}/{MARKER}")
        return marker
    marker = Marker(
        str(uuid.uuid4()),
        "folder" if is_one_disk else "drive",
        portable or names.is_portable(mounts.type_of(path)),
        datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    )
    descriptor = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        now = os.fstat(descriptor)
        if (now.st_dev, now.st_ino) != (status.st_dev, status.st_ino):
            raise UsageError(f"{path} is not the folder any more that it was just now: was it unmounted?")
        text = json.dumps({"box_backup": VERSION, **asdict(marker)}) + "\n"
        disk.write_whole(f"/proc/self/fd/{descriptor}/{MARKER}", text)
    finally:
        os.close(descriptor)
    return marker


def is_on_disk_of(root: str, home: os.stat_result, path: str, device: int) -> bool:
    """Whether a folder is on the same disk as the root: parts of btrfs have numbers of their own, and one source."""
    source = mounts.source_of(path)
    return device == home.st_dev or (source.startswith("/dev/") and source == mounts.source_of(root))


def _check(base: str, path: str, root: str, identity: tuple[int, int]) -> Marker:
    """The marker of an open folder. Raises BackupAway if it is no destination, or not where its kind has to be."""
    try:
        marker = read_marker(base)
        home = os.stat(root) if root else None
    except OSError as error:
        raise BackupAway(f"{path} cannot be read: {error.strerror}") from None
    if marker is None:
        raise BackupAway(f"{path} is no destination (no marker): is the drive mounted? 'box backup init' makes one")
    if home is not None and marker.kind == "drive" and is_on_disk_of(root, home, path, identity[0]):
        raise BackupAway(f"{path} is on the disk of {root} itself: the drive is not mounted")
    return marker
