"""Shelving: files move inside the library. The rule: journal, move, sync, record, batch by batch; nothing is replaced.

What belongs together is a parcel: a photo, what stands beside it, its thumbnail. It moves as a whole or not at all, and
what cannot be moved is left where it is and said. Each batch is in the journal, with the events that will say that it
went, before its first file moves; killed anywhere, `finish` brings it to its end, but for what was only to be removed:
that is decided again. A job that is told to end stops
between two parcels, and what went is recorded.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from box import disk, event_text, retention
from box.engine import Engine, Transaction
from box.errors import BoxError, OutOfSpace, Stopped
from box.events import Event, JobStepped
from box.models import attempts, jobs, live
from box.models.jobs import Claimed
from box.paths import join, owner, split
from box.tasks import failures, landing
from box.tasks.chore import Reporter
from box.tasks.landing import Move

BATCH: Final = 100
"""Parcels that share a journal, and the syncs of the folders that they have in common."""

LEFT_MAX: Final = 50
"""So many files that were left where they are are named; more of them are only counted."""
LEFT_CHARS_MAX: Final = 200
"""Of a reason."""

_UNDO: Final = '["box.tasks.put_back:run", []]'
"""What takes such a step back; a rule asks for it."""

_AREAS: Final = ("photos", "thumbnails", "trash")
"""Where folders that were emptied are removed."""


@dataclass(frozen=True, slots=True)
class Step:
    """One file on its way, and the event that says that it went."""

    move: Move
    event: Event


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes together: recorded are first the `facts`, then the event of each step, if all steps could be made."""

    steps: tuple[Step, ...]
    facts: tuple[Event, ...] = ()


@dataclass(slots=True)
class Left:
    """What could not be moved, and why."""

    count: int = 0
    named: list[dict[str, str]] = field(default_factory=list)

    def add(self, path: str, why: str) -> None:
        """Note one."""
        self.count += 1
        if len(self.named) < LEFT_MAX:
            self.named.append({"path": path, "why": why[:LEFT_CHARS_MAX]})

    def told(self) -> dict[str, Any]:
        """As the result of a job says it; nothing, if nothing was left."""
        return {"left": self.count, "reasons": self.named} if self.count else {}


class Places:
    """Which names are free, as things will be once all that was planned has been carried out."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._taken: set[str] = set()
        self._free: set[str] = set()

    def is_taken(self, path: str) -> bool:
        """Whether something stands, or will stand, at a path text."""
        return path in self._taken or (path not in self._free and os.path.lexists(join(self._root, path)))

    def plan(self, parcel: Parcel) -> None:
        """It will be carried out."""
        for step in parcel.steps:
            self._free.add(step.move.source)
            self._taken.discard(step.move.source)
            if step.move.target:
                self._taken.add(step.move.target)
                self._free.discard(step.move.target)

    def settle(self) -> None:
        """It was: from now on the disk says it."""
        self._taken.clear()
        self._free.clear()


@dataclass(slots=True)
class Shelver:
    """Carries parcels out for one job."""

    engine: Engine
    root: str
    job: Claimed
    reporter: Reporter
    places: Places
    left: Left
    is_undone: bool = True
    """Whether what it did is taken back when it is cancelled."""
    objection: Callable[[Parcel], str] = lambda _: ""
    """Asked once more of each parcel, in the commit before it goes: why it has to stay, empty if it may go."""
    moved: int = 0
    """Files that have another place now, or none."""
    freed_bytes: int = 0
    """Of those that were removed."""

    def carry_out(self, parcels: Iterable[Parcel]) -> None:
        """Move all of them. Raises Stopped when the job should end, OutOfSpace when the disk is full."""
        waiting = iter(parcels)
        while batch := list(islice(waiting, BATCH)):
            self.reporter.check()
            self._batch(batch)
            self.places.settle()

    def _batch(self, batch: Sequence[Parcel]) -> None:
        batch = self.engine.at_once(lambda transaction: self._journal(transaction, batch))
        folders: set[str] = set()
        done: list[Parcel] = []
        ended: BoxError | None = None
        for parcel in batch:
            try:
                self.reporter.check()
                landing.carry_out(self.root, [step.move for step in parcel.steps], folders)
            except Exception as error:  # noqa: BLE001  one that cannot be moved does not keep the others from it
                why = _reason(error)
                if isinstance(why, Stopped | OutOfSpace):
                    ended = why
                    break
                self.left.add(parcel.steps[0].move.source, str(why))
            else:
                done.append(parcel)
        disk.sync_folders(folders)
        self.engine.at_once(lambda transaction: self._record(transaction, done))
        self.moved += sum(_is_counted(step.move) for parcel in done for step in parcel.steps)
        self.freed_bytes += sum(s.move.size for parcel in done for s in parcel.steps if not s.move.target)
        clear_folders(self.root, (step.move.source for parcel in done for step in parcel.steps))
        if ended is not None:
            raise ended

    def _journal(self, transaction: Transaction, batch: Sequence[Parcel]) -> list[Parcel]:
        """Note what goes; those that do."""
        job, store = self.job, transaction.store
        held = jobs.is_held(store, job.id, job.lease)
        if held is None:
            raise Stopped("its lease was lost", "lost", "lease-lost")
        if not held:
            raise Stopped("cancelled on request")
        if self.is_undone and not attempts.steps(store, job.id):
            step = JobStepped(user=job.user, job=job.id, lease=job.lease, what="moves files", undo=_UNDO)
            transaction.record(step)
        going = [parcel for parcel in batch if self._may_go(parcel)]
        moves = landing.dump([step.move for parcel in going for step in parcel.steps])
        live.write_journal(store, live.Entry(job.id, job.lease, moves, _dump(going)))
        return going

    def _may_go(self, parcel: Parcel) -> bool:
        why = self.objection(parcel)
        if why:
            self.left.add(parcel.steps[0].move.source, why)
        return not why

    def _record(self, transaction: Transaction, done: Sequence[Parcel]) -> None:
        # Once the entry is gone somebody took this worker for dead, finished the batch and recorded it.
        if self.job.id not in {entry.job for entry in live.journal(transaction.store, self.job.lease)}:
            raise Stopped("its lease was lost", "lost", "lease-lost")
        transaction.record(*(event for parcel in done for event in _events(parcel)))
        live.clear_journal(transaction.store, [self.job.id], self.job.lease)


def _is_counted(move: Move) -> bool:
    """Thumbnails are not: each goes with its photo."""
    return owner(retention.origin_of(move.source))[1] != "thumbnails"


def _reason(error: Exception) -> BoxError:
    """What kept a parcel from going."""
    if isinstance(error, FileExistsError):
        return BoxError("another file has just taken its place")
    return failures.as_box_error(error)


def _events(parcel: Parcel) -> Iterator[Event]:
    yield from parcel.facts
    yield from (step.event for step in parcel.steps)


# --- after a crash ---------------------------------------------------------------------------------------------------


def is_shelving(entry: live.Entry) -> bool:
    """Whether a journal entry is one of these."""
    return entry.events.startswith("{")


def finish(root: str, entry: live.Entry) -> list[Event]:
    """After a crash: bring a batch to its end; what to record of it. Doing it twice is doing it once."""
    moves = iter(landing.load(entry.moves))
    told: list[Event] = []
    sources: list[str] = []
    folders: set[str] = set()
    for number, *events in json.loads(entry.events)["parcels"]:
        own = list(islice(moves, number))
        facts, each = ([event_text.load(*row) for row in rows] for rows in events)
        if all(_finish_one(root, move, is_alone=len(own) == 1) for move in own):
            told += (*facts, *each)
            sources += (move.source for move in own)
        else:
            told += _taken_back(root, own, each)
        folders.update(join(root, split(path)[0]) for move in own for path in (move.source, move.target) if path)
    disk.sync_folders(folders)
    clear_folders(root, sources)
    return told


def _finish_one(root: str, move: Move, *, is_alone: bool) -> bool:
    if landing.finish_one(root, move):
        return True
    if move.target or is_alone:  # a removal for its own sake: whether the file may go is asked again
        return False
    os.unlink(join(root, move.source))
    return True


def _taken_back(root: str, moves: Sequence[Move], events: Sequence[Event]) -> Iterator[Event]:
    """Somebody was at these files too: what went goes back; where even that fails, it is recorded."""
    for move, event in reversed(list(zip(moves, events, strict=True))):
        source, target = join(root, move.source), join(root, move.target)
        if move.target and os.path.lexists(target) and not os.path.lexists(source):
            with suppress(OSError):
                disk.rename_new(target, source)
                continue
            yield event
        elif not move.target and not os.path.lexists(source):
            yield event


def _dump(batch: Sequence[Parcel]) -> str:
    parcels = [[len(p.steps), _rows(p.facts), _rows(step.event for step in p.steps)] for p in batch]
    return json.dumps({"parcels": parcels}, separators=(",", ":"))


def _rows(events: Iterable[Event]) -> list[list[str]]:
    return [[type(event).__name__, event.user, event_text.dump(event)] for event in events]


# --- folders ---------------------------------------------------------------------------------------------------------


def clear_folders(root: str, paths: Iterable[str]) -> None:
    """Remove the folders of these files (path texts), and those above, as far as they are empty; never an area."""
    for folder in sorted({split(path)[0] for path in paths}, reverse=True):
        below = folder
        while below.count("/") > 2 and below.split("/")[2] in _AREAS:
            try:
                os.rmdir(join(root, below))
            except OSError:  # not empty, or gone already
                break
            below = split(below)[0]


def listed(parcels: Iterable[Parcel], limit: int, chars: int, places: Places) -> dict[str, Any]:
    """The moves that parcels would make: [from, to] of the first ones, as many as fit, and how many there are.

    `to` is empty for what would be removed.
    """
    shown: list[tuple[str, str]] = []
    count, removed, is_full = 0, 0, False
    for number, parcel in enumerate(parcels, start=1):
        for step in parcel.steps:
            move = step.move
            if not _is_counted(move):
                continue
            count += 1
            removed += not move.target
            chars -= len(json.dumps([move.source, move.target], ensure_ascii=False)) + 2
            is_full = is_full or chars < 0 or len(shown) >= limit
            if not is_full:
                shown.append((move.source, move.target))
        if is_full and number % BATCH == 0:
            places.settle()  # what is only counted needs no name, and all of them would fill the memory
    return {"moves": shown, "count": count, **({"removed": removed} if removed else {})}
