"""Weighing: what each file of a user is charged. The rule: a file is charged once, however many names it has.

Of the names that are charged already, or else of all, the first one is, in the order of the areas. Names of one file in
the folders of several users are charged to each of them. Links are not followed, and no file is opened. Memory: the
largest folder; files with several names wait in a table of their own, on the disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import Final

from box import disk
from box.models import files
from box.models.base import Store
from box.models.names import Name, Names
from box.paths import AREAS, MARKER, join, owner, to_text
from box.watchers.tree import list_folder

BLOCK_BYTES: Final = 512
"""What `st_blocks` counts."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A file whose row says something else than what it should be charged."""

    path: str
    size: int
    mtime_ns: int
    charged: int


@dataclass(slots=True)
class Weighing:
    """One walk over all that a user has; `found` is filled on the way."""

    store: Store
    root: str
    user: str
    by_blocks: bool
    """A sparse file is charged what it occupies."""
    check: Callable[[], None] = lambda: None
    """Called for each folder; may raise to end it."""
    found: dict[str, tuple[int, int]] = field(default_factory=dict)
    """area -> (files, bytes) on the disk, the inbox not looked at."""

    def wrong(self) -> Iterator[Weighed]:
        """What is known, is still as it is known, and is charged otherwise than it should be."""
        with self._scratch() as names:
            waiting = [f"users/{self.user}"]
            while waiting:
                folder = waiting.pop()
                self.check()
                yield from self._folder(folder, names, waiting)
            last: tuple[int, int] | None = None
            for name in names.ordered():
                one = (name.device, name.inode)
                yield from self._told(name, 0 if one == last else name.weight)
                last = one

    @contextmanager
    def _scratch(self) -> Iterator[Names]:
        with TemporaryDirectory(prefix=".weighing-", dir=self.root) as folder:
            names = Names(os.path.join(folder, "names.db"))
            try:
                yield names
            finally:
                names.close()

    def _folder(self, folder: str, names: Names, waiting: list[str]) -> Iterator[Weighed]:
        try:
            listing = list_folder(join(self.root, folder))
        except OSError:
            return  # gone meanwhile, or the sweep has said that it cannot be read
        below = (f"{folder}/{to_text(name)}" for name in listing.folders)
        waiting.extend(path for path in below if not self._is_left_out(path))
        known = files.weights(self.store, folder)
        several = []
        for entry in listing.files:
            if entry.name == MARKER:
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            name = self._name(folder, to_text(entry.name), status, known)
            if status.st_nlink > 1:
                several.append(name)
            else:
                yield from self._told(name, name.weight)
        if several:
            names.add(several)

    def _name(self, folder: str, name: str, status: os.stat_result, known: Mapping[str, tuple[int, int, int]]) -> Name:
        path, row = f"{folder}/{name}", known.get(name)
        size, mtime_ns = status.st_size, disk.mtime_ns(status)
        weight = min(size, status.st_blocks * BLOCK_BYTES) if self.by_blocks else size
        charged = row[2] if row is not None and row[:2] == (size, mtime_ns) else None
        place = AREAS.index(owner(path)[1])
        return Name(status.st_dev, status.st_ino, place, path, size, mtime_ns, weight, charged)

    def _told(self, name: Name, weight: int) -> Iterator[Weighed]:
        area = owner(name.path)[1]
        count, total = self.found.get(area, (0, 0))
        self.found[area] = (count + 1, total + weight)
        if name.charged is not None and name.charged != weight:
            yield Weighed(name.path, name.size, name.mtime_ns, weight)

    def _is_left_out(self, path: str) -> bool:
        """Drops are not charged, and the scratch of jobs is no part of the library."""
        below = path[len(f"users/{self.user}/") :]
        return below == "inbox" or below.startswith("temp/job-")
