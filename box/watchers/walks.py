"""Which files of the inboxes to look at. The rule: a listing is compared with what is known, folder by folder.

New, changed and missing files become candidates; nothing is decided here. A folder that cannot be read says nothing
about what is in it, and one that is gone only sends for the files that are known in it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Final

from box import disk
from box.paths import MARKER, join, relative, to_os, to_text
from box.watchers import Known, Seen
from box.watchers.ignore import Ignored
from box.watchers.inbox import Inbox, InboxMap
from box.watchers.look import is_folder
from box.watchers.settle import Candidates
from box.watchers.tree import Listing, list_folder

ENTRIES_MAX: Final = 5_000
"""Files met in one step, after which the folders still in line wait for the next."""
FOLDERS_MAX: Final = 50_000
"""Folders in line; past it the inboxes are swept once more."""


class Walks:
    """The folders in line to be listed. For one thread."""

    def __init__(
        self,
        root: str,
        inboxes: InboxMap,
        known: Known,
        known_folders: Callable[[str], Iterable[str]],
        ignored: Ignored,
        candidates: Candidates,
    ) -> None:
        self._root, self._inboxes, self._ignored, self._candidates = root, inboxes, ignored, candidates
        self._known, self._known_folders = known, known_folders
        self._folders: dict[str, None] = {}
        self.overflow = False
        """A folder was not taken in line; whoever sweeps again sets it back."""

    def __len__(self) -> int:
        return len(self._folders)

    def add(self, path: str) -> None:
        """Put a folder in line, with all that is below it."""
        if len(self._folders) < FOLDERS_MAX:
            self._folders[path] = None
        else:
            self.overflow = True

    def enter(self, inbox: Inbox, at: float) -> None:
        """Put a whole inbox in line, and look for what was known in folders that are no more."""
        if not inbox.there:
            return
        inbox.review()
        self.add(inbox.path)
        for folder in list(self._known_folders(inbox.text)):
            if folder != inbox.text and not is_folder(join(self._root, folder)):
                self._miss(folder, at)

    def step(self, at: float) -> None:
        """List some of the folders in line."""
        entries = 0
        lost: list[str] = []
        while self._folders and entries < ENTRIES_MAX:
            path = self._folders.popitem()[0]  # the newest first: the line stays short
            inbox = self._inboxes.of(path)
            if inbox is None or not inbox.there:
                continue
            try:
                listing = list_folder(path)
            except (FileNotFoundError, NotADirectoryError):
                lost.append(path)
                continue
            except OSError as error:
                inbox.refuse(relative(self._root, path), error.strerror or str(error))
                continue
            entries += 1 + len(listing.files) + len(listing.folders)
            self._compare(inbox, path, listing, at)
        if lost:
            self._lose(lost, at)

    def _compare(self, inbox: Inbox, path: str, listing: Listing, at: float) -> None:
        names = {to_text(entry.name): entry for entry in listing.files}
        if path == inbox.path and MARKER not in names:
            inbox.doubt()
            return
        folder = relative(self._root, path)
        inbox.accept(folder)
        below = path[len(inbox.path) + 1 :]
        below = f"{below}/" if below else ""
        for name in listing.folders:
            if not self._ignored.folder_name(name, below + name):
                self.add(f"{path}/{name}")
        known = self._known(folder)
        for text, entry in names.items():
            if not self._ignored.file_name(entry.name, below + entry.name) and _differs(entry, known.get(text)):
                self._candidates.found(entry.path, at)
        for text in known:
            if text not in names:
                self._candidates.found(f"{path}/{to_os(text)}", at)

    def _lose(self, lost: list[str], at: float) -> None:
        gone = {relative(self._root, path) for path in lost}
        for inbox in {i.path: i for path in lost if (i := self._inboxes.of(path))}.values():
            inbox.check()  # if the inbox itself is gone, nothing in it is
            if inbox.there:
                for folder in list(self._known_folders(inbox.text)):
                    if any(above in gone for above in _line(folder)):
                        self._miss(folder, at)

    def _miss(self, folder: str, at: float) -> None:
        path = join(self._root, folder)
        for name in self._known(folder):
            self._candidates.found(f"{path}/{to_os(name)}", at)


def _differs(entry: os.DirEntry[str], known: Seen | None) -> bool:
    if known is None:
        return True
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return True  # gone, or unreadable: the look will tell
    return (status.st_size, disk.mtime_ns(status)) != known


def _line(folder: str) -> Iterable[str]:
    """The folder and all folders above it."""
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
