"""Taking back what an import brought. The rule: what still waits in the inbox goes; what was filed stays, and is named.

An original that was moved goes back to its place; of one that was copied the copy is removed, the original is there.
First it is recorded that the file is not imported: killed after that, it is filed, and at worst comes once more.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import Final

from box import disk, imports
from box.events import FileImported, ImportUndone
from box.import_tables import Import
from box.models import imports as imported
from box.models.imports import Imported
from box.paths import area_folder, join, to_os
from box.tasks.chore import Inside

BATCH: Final = 200
SHOWN_MAX: Final = 20
_TIME_NS: Final = 2_000_000_000
"""File systems that round times do it to at most two seconds."""


def undone(event: FileImported | Imported, user: str, job: int) -> ImportUndone:
    """The event that takes it back."""
    return ImportUndone(
        user=user, name=event.name, volume=event.volume, place=event.place, path=event.path, job=job
    )  # fmt: skip


def take_back(inside: Inside, job: int, entry: Import) -> str:
    """Take back what a job imported; what was done, as a sentence."""
    root = inside.config.box.root
    waiting: list[Imported] = []
    filed: list[str] = []
    for each in imported.of_job(inside.engine.store, job):
        if _waits(root, each):
            waiting.append(each)
        else:
            filed.append(each.path)
    for first in range(0, len(waiting), BATCH):
        batch = waiting[first : first + BATCH]
        inside.engine.record(*(undone(each, entry.user, job) for each in batch))
        _clear(inside, entry, batch)
    told = f"taken out of the inbox again: {len(waiting)}"
    if filed:
        names = ", ".join(filed[:SHOWN_MAX]) + (", ..." if len(filed) > SHOWN_MAX else "")
        told += f"; no longer there, so that they stay: {len(filed)} ({names})"
    return told


def _waits(root: str, each: Imported) -> bool:
    """Whether the file still lies in the inbox, as it came."""
    try:
        status = os.lstat(join(root, each.path))
    except OSError:
        return False
    return status.st_size == each.size and abs(status.st_mtime_ns - each.mtime_ns) <= _TIME_NS


def _clear(inside: Inside, entry: Import, batch: Sequence[Imported]) -> None:
    root = inside.config.box.root
    inbox = join(root, area_folder(entry.user, "inbox"))
    bases = {card.volume: card.base for card in imports.places(entry)} if entry.mode == "move" else {}
    folders: set[str] = set()
    for each in batch:
        path = join(root, each.path)
        folders.add(os.path.dirname(path))
        with contextlib.suppress(FileNotFoundError):  # filed just now: then it stays
            if entry.mode == "copy":
                os.unlink(path)
            elif each.volume in bases:
                _put_back(path, os.path.join(bases[each.volume], to_os(each.place)))
        inside.ring(path, False)  # noqa: FBT003 - the doorbell's signature
    disk.sync_folders(folders)
    for folder in sorted(folders, key=len, reverse=True):
        _prune(folder, inbox)


def _put_back(path: str, original: str) -> None:
    """A moved original goes to its place; where something stands there by now it stays in the inbox, and is filed."""
    with contextlib.suppress(FileExistsError):
        folder, name = os.path.split(original)
        disk.move_new(path, original, os.path.join(folder, f".{name[:100]}.box.part"))
        disk.sync_folder(folder)


def _prune(folder: str, top: str) -> None:
    """Remove what is empty now, up to the inbox."""
    with contextlib.suppress(OSError):  # not empty
        while folder != top:
            os.rmdir(folder)
            folder = os.path.dirname(folder)
