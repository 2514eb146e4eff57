"""What is never touched. The rule: a fixed list of names and the globs of `watch.ignore`, for files and folders.

Names are compared without regard to case (memory cards and Windows shares write `THUMBS.DB`). A glob is held against
the name and against the path relative to the inbox; one that ends in `/` means folders only. In a path `*` matches `/`
too. What lies in an ignored folder is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import translate
from typing import Final

_BEGINNINGS: Final = (".", "~")
"""Hidden files, `._*`, `.syncthing.*`, `.DS_Store`, `~$office` locks, `~syncthing~*`."""
_ENDINGS: Final = (".part", ".partial", ".crdownload", ".tmp", ".job.toml.done.json", ".job.toml.failed.json")
_NAMES: Final = frozenset({"thumbs.db", "desktop.ini"})
_FOLDERS: Final = frozenset({"@eadir", "__macosx"})

_FOLDERS_REMEMBERED_MAX: Final = 4_096


class Ignored:
    """The list, compiled once. All methods may be called from several threads."""

    def __init__(self, globs: Iterable[str] = ()) -> None:
        globs = tuple(glob for glob in globs if glob.strip("/"))
        self._file = _compile(glob for glob in globs if not glob.endswith("/"))
        self._folder = _compile(glob.rstrip("/") for glob in globs)
        self._folders: dict[str, bool] = {"": False}

    def file(self, relative: str) -> bool:
        """Whether the file at this path (relative to the inbox, as `os` gives it) is never touched."""
        folder, _, name = relative.rpartition("/")
        return self.file_name(name, relative) or self.folder(folder)

    def file_name(self, name: str, relative: str) -> bool:
        """The same for a file whose folder is known not to be ignored."""
        return _builtin(name) or (self._file is not None and _hit(self._file, name, relative))

    def folder(self, relative: str) -> bool:
        """Whether the folder at this path, or one above it, is never touched; the inbox itself ("") is not."""
        known = self._folders.get(relative)
        if known is None:
            above, _, name = relative.rpartition("/")
            known = self.folder_name(name, relative) or self.folder(above)
            if len(self._folders) >= _FOLDERS_REMEMBERED_MAX:
                self._folders = {"": False}
            self._folders[relative] = known
        return known

    def folder_name(self, name: str, relative: str) -> bool:
        """The same for a folder whose parent is known not to be ignored."""
        if _builtin(name) or name.lower() in _FOLDERS:
            return True
        return self._folder is not None and _hit(self._folder, name, relative)


def _builtin(name: str) -> bool:
    if name.startswith(_BEGINNINGS):
        return True
    lower = name.lower()
    return lower.endswith(_ENDINGS) or lower in _NAMES


def _hit(pattern: re.Pattern[str], name: str, relative: str) -> bool:
    return pattern.match(name) is not None or (name != relative and pattern.match(relative) is not None)


def _compile(globs: Iterable[str]) -> re.Pattern[str] | None:
    parts = [translate(glob.lstrip("/")) for glob in globs]
    return re.compile("|".join(parts), re.IGNORECASE) if parts else None
