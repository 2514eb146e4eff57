"""One folder at a time. The rule: what could not be listed is said to be so, and is never taken for empty.

Paths are as `os` gives them (undecodable bytes as surrogates); links are not followed; only regular files count.
Memory: one folder at a time, plus the names of the folders still to visit.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from box import disk
from box.paths import join, to_text


@dataclass(frozen=True, slots=True)
class Listing:
    """What a folder held directly in it."""

    mtime_ns: int
    """Of the folder, read before the listing: a later change shows as another time."""
    files: list[os.DirEntry[str]]
    folders: list[str]
    """Names."""

    def sizes(self) -> dict[str, tuple[int, int]]:
        """(size, mtime_ns) of each file by its name (text). Raises OSError, but not for what is gone meanwhile."""
        found = {}
        for entry in self.files:
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # gone since the listing
            found[to_text(entry.name)] = (status.st_size, disk.mtime_ns(status))
        return found


def list_folder(path: str) -> Listing:
    """List a folder (absolute). Raises OSError: FileNotFoundError or NotADirectoryError when there is none."""
    mtime_ns = disk.mtime_ns(os.stat(path))
    files: list[os.DirEntry[str]] = []
    folders: list[str] = []
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False):
                files.append(entry)
            elif entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
    return Listing(mtime_ns, files, folders)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder met on a walk."""

    path: str
    """Path text."""
    mtime_ns: int
    """Read before the listing."""
    files: dict[str, tuple[int, int]]
    """(size, mtime_ns) by name."""
    error: str = ""
    """Why it could not be listed; then nothing is known about what it holds."""


def walk(root: str, top: str, skipped: Callable[[str, bool], bool]) -> Iterator[Folder]:
    """Every folder at and below `top` (path text), parents first; `skipped(path text, is a folder)` leaves some out.

    A folder that vanishes on the way is left out; one that cannot be read comes with its `error`.
    """
    waiting = [top]
    while waiting:
        text = waiting.pop()
        try:
            listing = list_folder(join(root, text))
            sizes = listing.sizes()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            yield Folder(text, 0, {}, error.strerror or str(error))
            continue
        files = {n: seen for n, seen in sizes.items() if not skipped(f"{text}/{n}", False)}  # noqa: FBT003
        yield Folder(text, listing.mtime_ns, files)
        below = (f"{text}/{to_text(name)}" for name in listing.folders)
        waiting.extend(path for path in below if not skipped(path, True))  # noqa: FBT003
