"""What is to be backed up. The rule: files come in the order of their paths, one folder in memory at each depth.

That is the order of the manifest's rows, so that both are compared in one pass. Links are not followed. A folder that
cannot be read says nothing about what is in it: it comes as itself, and none of its files counts as gone.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Container, Iterator
from dataclasses import dataclass, field
from typing import Final

from box import backup_keys, disk
from box.paths import AREAS, join, to_os, to_text

ARCHIVE: Final = "archive"
CONFIG: Final = "config.toml"
DATABASE: Final = "box.db"

UNREAD: Final = -1
"""The size of a folder that could not be read; its path ends with a slash."""

type_seen = tuple[str, int, int]
"""(path text, size, mtime_ns)."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The files of a root that are backed up."""

    root: str
    areas: Collection[str]
    known: Callable[[str], Container[str]]
    """Folder of an inbox (path text) -> the names of the drops in it that are known."""
    refuse: Callable[[str, str], object] = lambda _path, _why: None
    """Told what cannot be read, and why."""
    elsewhere: dict[str, str] = field(default_factory=dict)
    """Files (path text) that are not where their paths say: absolute, as `os` has it."""

    def at(self, path: str) -> str:
        """Where a file is, as `os` wants it."""
        return self.elsewhere.get(path) or join(self.root, path)

    def files(self) -> Iterator[type_seen]:
        """All of them, in the order of their paths."""
        yield from self._below(ARCHIVE, None)
        yield from self._one(CONFIG)
        yield from self._users()

    def _users(self) -> Iterator[type_seen]:
        names = self._list("users")
        if names is None:
            yield "users/", UNREAD, 0
            return
        for name in names:
            if not name.endswith("/"):
                continue  # a file beside the users' folders belongs to nobody
            user = f"users/{name[:-1]}"
            inside = self._list(user)
            if inside is None:
                yield f"{user}/", UNREAD, 0
                continue
            for each in inside:
                path = f"{user}/{each}"
                area = each[:-1] if each.endswith("/") and each[:-1] in AREAS else "other"
                if area not in self.areas or area not in backup_keys.AREAS:
                    continue
                if each.endswith("/"):
                    yield from self._below(path[:-1], self.known if area == "inbox" else None)
                else:
                    yield from self._one(path)

    def _below(self, folder: str, known: Callable[[str], Container[str]] | None) -> Iterator[type_seen]:
        # Of each folder that is open, what is still to come. No recursion: folders may lie deeper than Python calls.
        left = [iter([f"{folder}/"])]
        while left:
            path = next(left[-1], None)
            if path is None:
                left.pop()
            elif not path.endswith("/"):
                yield from self._one(path)
            elif (names := self._list(path[:-1])) is None:
                yield path, UNREAD, 0
            else:
                wanted = known(path[:-1]) if known else None
                left.append(
                    iter([path + name for name in names if name.endswith("/") or wanted is None or name in wanted])
                )

    def _one(self, path: str) -> Iterator[type_seen]:
        try:
            status = os.lstat(self.at(path))
        except FileNotFoundError:
            return
        except OSError as error:
            self.refuse(path, error.strerror or str(error))
            yield f"{path}/", UNREAD, 0
            return
        if stat.S_ISREG(status.st_mode):
            yield path, status.st_size, disk.mtime_ns(status)

    def _list(self, folder: str) -> list[str] | None:
        """Names (text) in the order of the paths below them, folders with a slash; None if that cannot be told."""
        path = to_os(folder)
        try:
            with os.scandir(f"{self.root}/{path}") as entries:
                names = [
                    f"{to_text(entry.name)}/" if entry.is_dir(follow_symlinks=False) else to_text(entry.name)
                    for entry in entries
                    if not _is_part(entry.name) and not entry.is_symlink()
                ]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            self.refuse(folder, error.strerror or str(error))
            return None
        names.sort()
        return names


def _is_part(name: str) -> bool:
    """Whether it is a file of Box's own that is not whole yet."""
    return name.endswith(".part") and name.startswith(".")
