"""What is old in a user's `temp/`. The rule: one folder at a time; nothing is believed of what cannot be listed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Self

from box import disk
from box.paths import MARKER, area_folder, join, to_text
from box.tasks.removing import Removal
from box.watchers.look import is_folder
from box.watchers.tree import list_folder

SCRATCH: Final = "job-"
"""How the names of the folders of jobs in `temp/` begin; each is removed by its job, or by the next start."""


@dataclass(slots=True)
class Aged:
    """The old files and folders of one user."""

    root: str
    user: str
    before_ns: int
    """What was changed after that is not old."""
    _folders: list[str] = field(default_factory=list)
    """Absolute paths of the folders that were old before anything in them was removed, parents first."""

    @classmethod
    def before(cls, root: str, user: str, seconds: float) -> Self:
        """What was not changed in the last so many seconds."""
        return cls(root, user, time.time_ns() - int(seconds * 1e9))

    def files(self, check: Callable[[], None]) -> Iterator[Removal]:
        """The old files. `check` is called for each folder, and may raise to end it."""
        top = area_folder(self.user, "temp")
        if not is_folder(join(self.root, top)):  # a link leads to what is not ours
            return
        device = os.lstat(join(self.root, top)).st_dev
        waiting = [top]
        while waiting:
            check()
            folder = waiting.pop()
            try:
                yield from self._visit(folder, device, waiting, is_top=folder == top)
            except OSError:
                continue  # gone, or not to be read: the sweep of the library says so

    def _visit(self, folder: str, device: int, waiting: list[str], *, is_top: bool) -> Iterator[Removal]:
        path = join(self.root, folder)
        if os.lstat(path).st_dev != device:
            return
        listing = list_folder(path)
        if not is_top and listing.mtime_ns <= self.before_ns:
            self._folders.append(path)
        waiting.extend(
            f"{folder}/{to_text(name)}" for name in listing.folders if not (is_top and name.startswith(SCRATCH))
        )
        for entry in listing.files:
            try:
                seen = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if disk.mtime_ns(seen) <= self.before_ns and entry.name != MARKER:
                text = f"{folder}/{to_text(entry.name)}"
                yield Removal(self.user, text, seen.st_size, disk.mtime_ns(seen), seen.st_ino)

    def clear(self) -> int:
        """Remove the old folders that are empty by now; how many there were."""
        count = 0
        for path in reversed(self._folders):
            try:
                os.rmdir(path)
            except OSError:  # not empty, or gone already
                continue
            count += 1
        return count
