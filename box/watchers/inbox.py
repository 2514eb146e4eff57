"""One inbox. The rule: without its folder and the marker in it, it is away, and nothing in it is gone."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from stat import S_ISREG
from typing import Final

from box.paths import MARKER, join, to_os
from box.watchers import Problem
from box.watchers.mounts import is_remote

UNREADABLE_MAX: Final = 100
"""Paths remembered as unreadable in an inbox; beyond it they are unreadable all the same, but not counted."""


@dataclass(slots=True)
class Inbox:
    """A watched folder and what is known of its state. `path` is absolute, `text` relative to the root."""

    user: str
    text: str
    path: str
    identity: tuple[int, int] | None = None
    """(device, inode) of the folder while it is there with its marker, else None."""
    lease_device: int | None = None
    """Device on which leases tell who writes; None where they do not."""
    reason: str = ""
    """Why it is not there: a problem's code."""
    detail: str = ""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Path text and reason of what could not be read in it."""

    @property
    def there(self) -> bool:
        """Whether what is missing in it can be believed to be gone."""
        return self.identity is not None

    def check(self) -> bool:
        """Look at the folder and its marker; True when it has (again, or as another folder) to be walked."""
        before = self.identity
        self.identity, self.reason, self.detail = self._state()
        if self.identity is None or self.identity == before:
            return False
        self.lease_device = None if is_remote(self.path) else self.identity[0]
        return True

    def _state(self) -> tuple[tuple[int, int] | None, str, str]:
        try:
            folder = os.stat(self.path + "/")
        except (FileNotFoundError, NotADirectoryError):
            return None, "inbox-missing", ""
        except OSError as error:
            return None, "inbox-unreadable", error.strerror or str(error)
        try:
            marked = S_ISREG(os.lstat(f"{self.path}/{MARKER}").st_mode)
        except (FileNotFoundError, NotADirectoryError):
            marked = False
        except OSError as error:
            return None, "inbox-unreadable", error.strerror or str(error)
        if not marked:
            return None, "inbox-unmarked", ""
        return (folder.st_dev, folder.st_ino), "", ""

    def doubt(self) -> None:
        """Its listing does not hold the marker: some dead disks still answer for single names, from memory."""
        if not self.check() and self.there:
            self.identity, self.reason = None, "inbox-unmarked"

    def review(self) -> None:
        """Forget what could not be read and is not there any more."""
        self.unreadable = {t: reason for t, reason in self.unreadable.items() if os.path.lexists(self._below(t))}

    def _below(self, text: str) -> str:
        return self.path + to_os(text[len(self.text) :])

    def refuse(self, text: str, reason: str) -> None:
        """Remember that a path in it could not be read."""
        if len(self.unreadable) < UNREADABLE_MAX:
            self.unreadable[text] = reason

    def accept(self, text: str) -> None:
        """The path could be read, or is gone."""
        self.unreadable.pop(text, None)

    def problems(self) -> list[Problem]:
        """What keeps drops from being taken, and what to do about it."""
        if self.reason:
            return [Problem(self.reason, self.text, _MESSAGES[self.reason].format(self.text, self.detail))]
        if not self.unreadable:
            return []
        path, reason = next(iter(self.unreadable.items()))
        count = len(self.unreadable)
        others = "" if count == 1 else f" and {'at least ' * (count >= UNREADABLE_MAX)}{count - 1} more"
        message = f"{path}{others} cannot be read ({reason}) and stays where it is: give Box the right to read it."
        return [Problem("drop-unreadable", self.text, message)]


_MESSAGES: Final = {
    "inbox-missing": "The inbox {0} is missing: nothing in it counts as deleted. "
    f"Mount its disk, or make the folder again with an empty file {MARKER} in it.",
    "inbox-unmarked": f"The inbox {{0}} has no file {MARKER} in it and is paused: "
    f"if it is the right folder (and its disk is mounted), make that file: touch {{0}}/{MARKER}",
    "inbox-unreadable": "The inbox {0} cannot be read ({1}) and is paused: give Box the right to read and write in it.",
}


class InboxMap:
    """The inboxes of a root by their absolute path. Replaced as a whole where one comes, so any thread may ask."""

    def __init__(self, root: str, inboxes: Iterable[tuple[str, str]]) -> None:
        """`inboxes`: (user, path text of the folder)."""
        self._root = root
        self.by_path = {join(root, text): Inbox(user, text, join(root, text)) for user, text in inboxes}
        self._depths = sorted({path.count("/") for path in self.by_path})

    def add(self, user: str, text: str) -> Inbox:
        """One more."""
        inbox = Inbox(user, text, join(self._root, text))
        self.by_path = {**self.by_path, inbox.path: inbox}
        self._depths = sorted({path.count("/") for path in self.by_path})
        return inbox

    def remove(self, path: str) -> None:
        """One less."""
        self.by_path = {each: inbox for each, inbox in self.by_path.items() if each != path}

    def of(self, path: str) -> Inbox | None:
        """The inbox that this absolute path is or lies in."""
        for depth in self._depths:
            inbox = self.by_path.get("/".join(path.split("/", depth + 1)[: depth + 1]))
            if inbox is not None:
                return inbox
        return None
