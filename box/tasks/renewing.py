"""Renewing: a new text takes the place of Box's own old one. The rule: what anybody changed meanwhile is never lost.

The old file is moved aside first, then looked at: only if it is the one whose bytes were compared does the new one take
its name; else it goes back, and the new one gets another name. Killed in between, the same is done again.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from dataclasses import dataclass

from box import disk
from box.errors import SourceChanged
from box.paths import join, owner
from box.tasks.handler import Found, Request


@dataclass(frozen=True, slots=True)
class Old:
    """The file whose place is taken."""

    path: str
    """Path text."""
    seen: tuple[int, int, int]
    """(size, mtime_ns, inode)."""


def of(root: str, request: Request, found: Found) -> dict[int, Old]:
    """index of a placement -> whose place it takes; none where somebody has changed that.

    Which file that is says the request, never the child. Raises SourceChanged if somebody has deleted it.
    """
    renewed = {}
    said = request.args.get("known", {})
    for index, placement in enumerate(found.placements):
        note = str(said.get("note", ""))
        if placement.renews and placement.made and placement.area == "notes" and owner(note) == (request.user, "notes"):
            path = join(root, note)
            try:
                before = _seen(path)
                digest = disk.digest_of(path)
            except FileNotFoundError:
                raise SourceChanged("its note was deleted: it stays so") from None
            if digest == said.get("note_digest") and before == _seen(path):
                renewed[index] = Old(note, before)
    return renewed


def take_over(source: str, target: str, over: tuple[int, ...]) -> None:
    """Give `source` the name of the file that was seen there. Raises FileExistsError if another one stands there."""
    aside = _aside(source)
    with suppress(FileNotFoundError):  # it was moved aside already, before a crash
        os.rename(target, aside)
    try:
        if os.path.lexists(aside) and _seen(aside) != over:
            raise FileExistsError(errno.EEXIST, "somebody has changed it", target)
        disk.rename_new(source, target)
    except OSError:
        put_back(source, target)
        raise


def put_back(source: str, target: str) -> None:
    """Have the old file at its name again, if it was moved aside and nothing else stands there."""
    with suppress(FileNotFoundError, FileExistsError):
        disk.rename_new(_aside(source), target)


def _aside(source: str) -> str:
    return f"{source}.old"


def _seen(path: str) -> tuple[int, int, int]:
    status = os.lstat(path)
    return status.st_size, disk.mtime_ns(status), status.st_ino
