"""Cards and folders to import from. The rule: they are listed and read, and nothing is written to them, no time either.

A place is a folder that an entry of `watch.imports` names; with wildcards there may be several, as many as cards are
in. Paths on it are told from where it is mounted, so that one card has one name for each of its files, wherever it is
put in. Links are not followed, other file systems that are mounted in it are not entered.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from glob import glob
from stat import S_ISDIR, S_ISREG
from typing import Final

from box import disk
from box.paths import to_text
from box.watchers.drives import BY_UUID, UDEV, number_of, uuid_of
from box.watchers.ignore import Ignored
from box.watchers.mounts import is_remote, source_of

_UUID: Final = re.compile(r"[A-Za-z0-9-]{4,64}")


@dataclass(frozen=True, slots=True)
class Card:
    """A place to import from."""

    folder: str
    """Absolute, as `os` gives it."""
    base: str
    """Paths on it are told from here."""
    volume: str
    device: int
    is_remote: bool = False
    """It lies on a file system that other machines may change."""

    def is_there(self) -> bool:
        """Whether it is still in."""
        try:
            status = os.stat(self.folder)
        except OSError:
            return False
        return S_ISDIR(status.st_mode) and status.st_dev == self.device


@dataclass(frozen=True, slots=True)
class Original:
    """A file on a card."""

    path: str
    """Absolute, as `os` gives it."""
    place: str
    """Path text, from the base of the card."""
    size: int
    mtime_ns: int
    inode: int


def cards(pattern: str, start: str, by_uuid: str = BY_UUID) -> list[Card]:
    """The places that are there now; `start` is the part of `pattern` without wildcards."""
    found = []
    real_start = os.path.realpath(start)
    for folder in sorted(glob(pattern)):
        if os.path.realpath(folder) != os.path.join(real_start, folder[len(start) :].lstrip("/")).rstrip("/"):
            continue  # by way of a link
        try:
            status = os.stat(folder)
        except OSError:
            continue
        if S_ISDIR(status.st_mode):
            base = folder if pattern == start else _mounted(folder, start, status.st_dev)
            volume = volume_of(folder, status.st_dev, by_uuid)
            found.append(Card(folder, base, volume, status.st_dev, is_remote(folder)))
    return found


def _mounted(folder: str, start: str, device: int) -> str:
    """The mount point of a folder, or `start` if that lies on the same file system."""
    with contextlib.suppress(FileNotFoundError):  # gone just now
        while len(folder) > len(start):
            above = os.path.dirname(folder)
            if os.lstat(above).st_dev != device:
                return folder
            folder = above
    return start


def volume_of(folder: str, device: int, by_uuid: str = BY_UUID, udev: str = UDEV) -> str:
    """UUID of the file system that holds a folder, empty where it cannot be told."""
    uuid = uuid_of((device, number_of(source_of(folder))), by_uuid, udev)
    return uuid if _UUID.fullmatch(uuid) else ""


def originals(card: Card, ignored: Ignored, refuse: Callable[[str, str], object]) -> Iterator[list[Original]]:
    """The files of each folder, in the order of their names. What cannot be listed is told to `refuse(path, reason)`.

    Raises OSError if the card itself cannot be listed, or is gone meanwhile.
    """
    waiting = [card.folder]
    while waiting:
        folder = waiting.pop()
        try:
            files, below = _list(folder, card, ignored)
        except OSError as error:
            if folder == card.folder or not card.is_there():
                raise
            refuse(folder, error.strerror or str(error))
            continue
        waiting.extend(sorted(below, reverse=True))
        if files:
            yield sorted(files, key=lambda original: original.place)


def _list(folder: str, card: Card, ignored: Ignored) -> tuple[list[Original], list[str]]:
    files: list[Original] = []
    below: list[str] = []
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    try:
        descriptor = os.open(folder, flags | os.O_NOATIME)
    except PermissionError:  # only the owner may leave the time of access alone
        descriptor = os.open(folder, flags)
    try:
        with os.scandir(descriptor) as entries:
            for entry in entries:
                path = os.path.join(folder, entry.name)
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue  # gone since the listing
                relative = path[len(card.base.rstrip("/")) + 1 :]
                if S_ISDIR(status.st_mode):
                    if status.st_dev == card.device and not ignored.folder_name(entry.name, relative):
                        below.append(path)
                elif S_ISREG(status.st_mode) and status.st_size and not ignored.file_name(entry.name, relative):
                    files.append(
                        Original(path, to_text(relative), status.st_size, disk.mtime_ns(status), status.st_ino)
                    )
    finally:
        os.close(descriptor)
    return files, below
