"""What people did in the library by hand. The rule: disk minus what is known = events; no disk is not an empty disk.

`library_changes` covers `users/<user>` without the inbox. Quick: only folders whose time changed since they were last
listed. Full: every folder, so that a file rewritten in place is found too. A day folder that is gone is gone; an area
(`photos/`, `media/`, ...) or a user's folder that is gone, or emptied without a trace, is only away: a problem, and no
event for anything in it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from stat import S_ISDIR
from typing import Final

from box import disk
from box.events import Event, FileNoticed, FileVanished
from box.paths import MARKER, join, to_text
from box.watchers import Known, Problem
from box.watchers.tree import Listing, list_folder

RACY_SECONDS: Final = 2
"""A folder that changed this short a time before it was listed may change again within one tick of its clock."""
UNREADABLE_MAX: Final = 20
"""Unreadable folders that are named; more of them are only counted."""


@dataclass(frozen=True, slots=True)
class FolderSeen:
    """A folder was listed. Keep its time: the next quick sweep skips a folder that still has it."""

    folder: str
    """Path text."""
    mtime_ns: int
    """A moment before the folder's own, where that is not to be relied on: then it is listed again next time."""
    gone: bool = False
    """The folder is no more: forget it."""


def library_changes(
    root: str, user: str, known_folders: Callable[[], Iterable[tuple[str, int | None]]], known: Known, *, full: bool
) -> Iterator[Event | FolderSeen | Problem]:
    """Compare a user's library with what is known of it.

    `known_folders()`, read once at the start: (path text, time of its last `FolderSeen`) of every folder that was seen
    or holds known files. `known` is asked right after a folder was listed. Memory: the largest folder, and the names of
    the known folders.
    """
    sweep = _Sweep(root, user, known, full)
    for folder, mtime_ns in known_folders():
        if _is_below(folder, sweep.top) and not sweep.skips(folder):
            sweep.times[folder] = mtime_ns
    yield from sweep.absences()
    yield from sweep.folders()
    yield from sweep.leftovers()
    yield from sweep.refusals()


@dataclass(slots=True)
class _Sweep:
    root: str
    user: str
    known: Known
    full: bool
    times: dict[str, int | None] = field(default_factory=dict)
    """The known folders that this sweep has not met yet."""
    closed: set[str] = field(default_factory=set)
    """Folders about which, and below which, nothing can be said: away or unreadable."""
    unreadable: list[tuple[str, str]] = field(default_factory=list)

    @property
    def top(self) -> str:
        return f"users/{self.user}"

    def skips(self, folder: str) -> bool:
        """The inbox has its own watcher; the scratch of jobs is no part of the library."""
        below = folder[len(self.top) + 1 :]
        return below == "inbox" or below.startswith(("inbox/", "temp/job-"))

    def absences(self) -> Iterator[Problem]:
        """Which of the folders that hold an area are away; the user's own folder first."""
        areas = {"/".join(folder.split("/", 3)[:3]) for folder in self.times}
        for area in sorted({self.top, *areas}):
            if self.top in self.closed or not self._away(area):
                continue
            self.closed.add(area)
            yield Problem(
                "library-missing",
                area,
                f"The folder {area} is missing or was emptied, and Box knows files in it: none of them counts as "
                f"deleted. Mount its disk; or, if they were removed on purpose, make the folder with an empty file "
                f"{MARKER} in it.",
            )

    def _away(self, area: str) -> bool:
        path = join(self.root, area)
        try:
            changed = _folder_time(path)
            seen = self.times.get(area)
            if area == self.top or seen is None or changed > seen:
                return False
            # Removing its last entry gives a folder a newer time. Empty, with an old one, it is another folder:
            # the mount point below a disk that is not mounted.
            with os.scandir(path) as entries:
                away = next(entries, None) is None
        except (FileNotFoundError, NotADirectoryError):
            away = True
        except OSError:
            return False  # listing it will say so again
        return away and any(self.known(folder) for folder in self.times if _is_below(folder, area))

    def folders(self) -> Iterator[Event | FolderSeen]:
        """Every folder that is there, parents first, listed if need be."""
        below: dict[str, list[str]] = {}
        for folder in self.times:
            below.setdefault(folder.rpartition("/")[0], []).append(folder)
        waiting = [self.top]
        while waiting:
            folder = waiting.pop()
            if folder in self.closed or self.skips(folder):
                continue
            try:
                yield from self._visit(folder, below, waiting)
            except (FileNotFoundError, NotADirectoryError):
                continue  # gone since its parent was listed, or a leftover
            except OSError as error:
                self.closed.add(folder)
                self.unreadable.append((folder, error.strerror or str(error)))

    def _visit(self, folder: str, below: dict[str, list[str]], waiting: list[str]) -> Iterator[Event | FolderSeen]:
        path = join(self.root, folder)
        changed = _folder_time(path)
        if not self.full and self.times.get(folder) == changed:
            waiting.extend(below.get(folder, ()))
        else:
            listing = list_folder(path)
            yield from self._compare(folder, listing)
            now = time.time_ns()
            racy = now - changed < RACY_SECONDS * 1_000_000_000
            yield FolderSeen(folder, min(changed, now) - 1 if racy else changed)
            waiting.extend(f"{folder}/{to_text(name)}" for name in listing.folders)
        self.times.pop(folder, None)

    def _compare(self, folder: str, listing: Listing) -> Iterator[Event]:
        there = listing.sizes()
        there.pop(MARKER, None)
        known = self.known(folder)
        for name, (size, mtime_ns) in there.items():
            if known.get(name) != (size, mtime_ns):
                yield FileNoticed(user=self.user, path=f"{folder}/{name}", size=size, mtime_ns=mtime_ns)
        for name in known:
            if name not in there:
                yield FileVanished(user=self.user, path=f"{folder}/{name}")

    def leftovers(self) -> Iterator[Event | FolderSeen]:
        """Known folders that are not there any more, unless something above them is closed."""
        for folder in self.times:
            if any(above in self.closed for above in _line(folder)):
                continue
            for name in self.known(folder):
                yield FileVanished(user=self.user, path=f"{folder}/{name}")
            yield FolderSeen(folder, 0, gone=True)

    def refusals(self) -> Iterator[Problem]:
        """The folders that could not be read."""
        for folder, reason in self.unreadable[:UNREADABLE_MAX]:
            message = f"The folder {folder} cannot be read ({reason}): give Box the right to list it and to read in it."
            yield Problem("library-unreadable", folder, message)
        more = len(self.unreadable) - UNREADABLE_MAX
        if more > 0:
            yield Problem("library-unreadable", self.top, f"{more} more folders in {self.top} cannot be read.")


def _is_below(folder: str, top: str) -> bool:
    """Whether a path text is that folder or lies in it."""
    return folder == top or folder.startswith(top + "/")


def _folder_time(path: str) -> int:
    """Modification time of a folder; raises NotADirectoryError for anything else, a link too."""
    status = os.lstat(path)
    if not S_ISDIR(status.st_mode):
        raise NotADirectoryError(path)
    return disk.mtime_ns(status)


def _line(folder: str) -> Iterator[str]:
    """The folder and all folders above it."""
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
