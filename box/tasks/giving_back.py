"""Taking back what an import brought. The rule: what still waits in the inbox goes; what was filed stays, and is named.

An original that was moved goes back to its place; of one that was copied the copy is removed, the original is there.
A worker may file a file at any moment: so first it is taken out, by a rename that one of the two makes, then it is
recorded that it is not imported. Killed in between, the journal knows where to the files of a batch went, and the
recovery records those that stand there; the others were imported and stay so.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from box import disk, event_text, imports
from box.engine import Transaction
from box.events import Event, FileImported, ImportUndone
from box.import_tables import Import
from box.models import imports as imported
from box.models import live
from box.models.imports import Imported
from box.models.jobs import Claimed
from box.paths import area_folder, join, to_os, to_text
from box.tasks.chore import Inside

BATCH: Final = 20
"""Files that share a journal, and the syncs of the folders that they have in common."""
SHOWN_MAX: Final = 20
_TIME_NS: Final = 2_000_000_000
"""File systems that round times do it to at most two seconds."""
_BEGIN: Final = '{"back": '
"""With this the events of such a journal begin."""


@dataclass(frozen=True, slots=True)
class _Way:
    """A file on its way out of the inbox."""

    imported: Imported
    target: str
    """Absolute: the place of the original, or one in the scratch folder."""


def undone(event: FileImported | Imported, user: str, job: int) -> ImportUndone:
    """The event that takes it back."""
    return ImportUndone(
        user=user, name=event.name, volume=event.volume, place=event.place, path=event.path, job=job
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Back:
    """What became of the files of an import."""

    out: tuple[str, ...]
    """Path texts of those that were taken out of the inbox."""
    stays: tuple[Imported, ...]

    def told(self) -> str:
        """As a sentence."""
        told = f"taken out of the inbox again: {len(self.out)}"
        if self.stays:
            names = ", ".join(each.path for each in self.stays[:SHOWN_MAX])
            names += ", ..." if len(self.stays) > SHOWN_MAX else ""
            told += f"; no longer there, so that they stay: {len(self.stays)} ({names})"
        return told


def take_back(inside: Inside, job: Claimed, entry: Import, number: int = 0) -> Back:
    """Take back what a job imported, the one of that number, else itself."""
    root = inside.config.box.root
    scratch = f"{root}/users/{entry.user}/temp/job-{job.id}.{job.attempts}.back"
    bases = {card.volume: card.base for card in imports.places(entry)}
    brought = imported.of_job(inside.engine.store, number or job.id)
    out: dict[str, None] = {}
    for first in range(0, len(brought), BATCH):
        waiting = [each for each in brought[first : first + BATCH] if _waits(root, each)]
        targets = (_target(each, entry, bases, f"{scratch}/{len(out) + n}") for n, each in enumerate(waiting))
        batch = [_Way(each, target) for each, target in zip(waiting, targets, strict=True) if target]
        if batch:
            inside.engine.at_once(lambda t, b=batch: _announce(t, job, entry, b))  # type: ignore[misc]
            os.makedirs(scratch, exist_ok=True)
            taken = [way for way in batch if _taken(join(root, way.imported.path), way)]
            disk.sync_folders(os.path.dirname(path) for w in taken for path in (w.target, join(root, w.imported.path)))
            inside.engine.at_once(lambda t, k=taken: _conclude(t, job, entry, k))  # type: ignore[misc]
            shutil.rmtree(scratch, ignore_errors=True)
            out.update((way.imported.path, None) for way in taken)
    for folder in sorted({os.path.dirname(join(root, path)) for path in out}, key=len, reverse=True):
        _prune(folder, join(root, area_folder(entry.user, "inbox")))
    for path in out:
        inside.ring(join(root, path), False)  # noqa: FBT003 - the doorbell's signature
    return Back(tuple(out), tuple(each for each in brought if each.path not in out))


def _announce(transaction: Transaction, job: Claimed, entry: Import, batch: Sequence[_Way]) -> None:
    rows = []
    for way in batch:
        event = undone(way.imported, entry.user, job.id)
        row = (type(event).__name__, event.user, event_text.dump(event))
        rows.append((way.imported.path, to_text(way.target), way.imported.size, way.imported.mtime_ns, row))
    live.write_journal(transaction.store, live.Entry(job.id, job.lease, "[]", f"{_BEGIN}{json.dumps(rows)}}}"))


def _conclude(transaction: Transaction, job: Claimed, entry: Import, taken: Sequence[_Way]) -> None:
    live.clear_journal(transaction.store, [job.id], job.lease)
    transaction.record(*(undone(way.imported, entry.user, job.id) for way in taken))


def is_giving_back(entry: live.Entry) -> bool:
    """Whether a journal entry is one of these."""
    return entry.events.startswith(_BEGIN)


def finish(root: str, entry: live.Entry) -> list[Event]:
    """After a crash: what to record of a batch, as far as it went. What did not go was imported, and will be filed."""
    told: list[Event] = []
    for path, text, size, mtime_ns, row in json.loads(entry.events)["back"]:
        target = to_os(text)
        with contextlib.suppress(OSError):  # there is none, or the card is away
            os.unlink(_part(target))
        if not os.path.lexists(join(root, path)) and _is(target, size, mtime_ns):
            told.append(event_text.load(*row))
    return told


def _waits(root: str, each: Imported) -> bool:
    """Whether the file still lies in the inbox, as it came."""
    return _is(join(root, each.path), each.size, each.mtime_ns)


def _is(path: str, size: int, mtime_ns: int) -> bool:
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return status.st_size == size and abs(disk.mtime_ns(status) - mtime_ns) <= _TIME_NS


def _target(each: Imported, entry: Import, bases: dict[str, str], scratch: str) -> str:
    """Where a file goes to; empty if its card is away, so that it stays."""
    if entry.mode == "copy":
        return scratch
    return os.path.join(bases[each.volume], to_os(each.place)) if each.volume in bases else ""


def _taken(path: str, way: _Way) -> bool:
    """Take a file out of the inbox; False if it was filed just now, or cannot go back and stays."""
    try:
        disk.move_new(path, way.target, _part(way.target))
    except OSError:
        return False
    return True


def _part(target: str) -> str:
    folder, name = os.path.split(target)
    return os.path.join(folder, f".{name[:100]}.box.part")


def _prune(folder: str, top: str) -> None:
    """Remove what is empty now, up to the inbox."""
    with contextlib.suppress(OSError):  # not empty
        while folder != top:
            os.rmdir(folder)
            folder = os.path.dirname(folder)


def planned(inside: Inside, entry: Import, number: int) -> tuple[list[tuple[str, str]], list[Imported]]:
    """What taking back would do: (from, to) of what still waits, `to` empty for a copy; and what would stay."""
    root, store = inside.config.box.root, inside.engine.store
    bases = {card.volume: card.base for card in imports.places(entry)}
    moves: list[tuple[str, str]] = []
    stays: list[Imported] = []
    for each in imported.of_job(store, number):
        target = _target(each, entry, bases, "")
        if _waits(root, each) and (entry.mode == "copy" or (target and not os.path.lexists(target))):
            moves.append((each.path, to_text(target)))
        else:
            stays.append(each)
    return moves, stays


def why(root: str, each: Imported) -> str:
    """Why a file that was imported stays."""
    if _waits(root, each):
        return "it cannot go back: its card is away, or something stands in its place"
    is_there = os.path.lexists(join(root, each.path))
    return "it was changed since" if is_there else "it was filed, moved on or taken away since"
