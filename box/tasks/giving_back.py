"""Taking back what an import brought. The rule: what still waits in the inbox goes; what was filed stays, and is named.

An original that was moved goes back to its place; of one that was copied the copy is removed, the original is there.
A worker may file a file at any moment: so first it is taken out, then it is recorded that it is not imported. Killed in
between, the journal knows, and the recovery records it: at worst a file comes once more, never not at all.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from typing import Final

from box import disk, event_text, imports
from box.engine import Transaction
from box.events import FileImported, ImportUndone
from box.import_tables import Import
from box.models import imports as imported
from box.models import live
from box.models.base import Store
from box.models.imports import Imported
from box.models.jobs import Claimed
from box.paths import area_folder, join, to_os
from box.tasks.chore import Inside

BATCH: Final = 20
"""So many, at most, are recorded anew after a crash."""
SHOWN_MAX: Final = 20
_TIME_NS: Final = 2_000_000_000
"""File systems that round times do it to at most two seconds."""


def undone(event: FileImported | Imported, user: str, job: int) -> ImportUndone:
    """The event that takes it back."""
    return ImportUndone(
        user=user, name=event.name, volume=event.volume, place=event.place, path=event.path, job=job
    )  # fmt: skip


def take_back(inside: Inside, job: Claimed, entry: Import, number: int = 0) -> str:
    """Take back what a job imported, the one of that number, else itself; what was done, as a sentence."""
    root = inside.config.box.root
    bases = {card.volume: card.base for card in imports.places(entry)}
    brought = imported.of_job(inside.engine.store, number or job.id)
    out: set[str] = set()
    for first in range(0, len(brought), BATCH):
        batch = [each for each in brought[first : first + BATCH] if _waits(root, each)]
        if batch:
            inside.engine.at_once(lambda t, b=batch: _announce(t, job, entry, b))  # type: ignore[misc]
            taken = [each for each in batch if _taken(join(root, each.path), each, entry, bases)]
            inside.engine.at_once(lambda t, k=taken: _conclude(t, job, entry, k))  # type: ignore[misc]
            out.update(each.path for each in taken)
    folders = {os.path.dirname(join(root, path)) for path in out}
    disk.sync_folders(folders)
    for folder in sorted(folders, key=len, reverse=True):
        _prune(folder, join(root, area_folder(entry.user, "inbox")))
    for path in out:
        inside.ring(join(root, path), False)  # noqa: FBT003 - the doorbell's signature
    return _told(out, [each.path for each in brought if each.path not in out])


def _told(out: set[str], filed: Sequence[str]) -> str:
    told = f"taken out of the inbox again: {len(out)}"
    if filed:
        names = ", ".join(filed[:SHOWN_MAX]) + (", ..." if len(filed) > SHOWN_MAX else "")
        told += f"; no longer there, so that they stay: {len(filed)} ({names})"
    return told


def _announce(transaction: Transaction, job: Claimed, entry: Import, batch: Sequence[Imported]) -> None:
    events = [undone(each, entry.user, job.id) for each in batch]
    written = json.dumps([(type(event).__name__, event.user, event_text.dump(event)) for event in events])
    live.write_journal(transaction.store, live.Entry(job.id, job.lease, "[]", written))


def _conclude(transaction: Transaction, job: Claimed, entry: Import, taken: Sequence[Imported]) -> None:
    live.clear_journal(transaction.store, [job.id], job.lease)
    transaction.record(*(undone(each, entry.user, job.id) for each in taken))


def _waits(root: str, each: Imported) -> bool:
    """Whether the file still lies in the inbox, as it came."""
    try:
        status = os.lstat(join(root, each.path))
    except OSError:
        return False
    return status.st_size == each.size and abs(status.st_mtime_ns - each.mtime_ns) <= _TIME_NS


def _taken(path: str, each: Imported, entry: Import, bases: dict[str, str]) -> bool:
    """Take a file out of the inbox; False if it was filed just now, or cannot go back and stays."""
    try:
        if entry.mode == "copy":
            os.unlink(path)
        elif each.volume not in bases:
            return False
        else:
            original = os.path.join(bases[each.volume], to_os(each.place))
            folder, name = os.path.split(original)
            disk.move_new(path, original, os.path.join(folder, f".{name[:100]}.box.part"))
            disk.sync_folder(folder)
    except (FileNotFoundError, FileExistsError):
        return False
    return True


def _prune(folder: str, top: str) -> None:
    """Remove what is empty now, up to the inbox."""
    with contextlib.suppress(OSError):  # not empty
        while folder != top:
            os.rmdir(folder)
            folder = os.path.dirname(folder)


def waiting(root: str, store: Store, number: int) -> list[str]:
    """What a job imported and what still lies in the inbox."""
    return [each.path for each in imported.of_job(store, number) if _waits(root, each)]
