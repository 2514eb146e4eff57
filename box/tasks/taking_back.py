"""Taking back: parcels that undo a job, by what the log says. The rule: the newest first, only what is as it was left.

The log is read twice: forwards, to find where what belongs together begins, and then backwards, a piece at a time, so
that memory does not grow with the job.
"""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from box import compaction, disk, imports, log
from box import events as e
from box.errors import BoxError
from box.events import Event
from box.models import drops, files, job_history, shelves
from box.models.base import Store
from box.models.jobs import Claimed, State
from box.paths import MARKER, area_folder, join, owner
from box.tasks import clean_photos, giving_back, untrash
from box.tasks.chore import Inside, Reporter
from box.tasks.rearranging import LISTED_CHARS_MAX, LISTED_MAX
from box.tasks.shelving import Left, Parcel, Places, Shelver, Step, listed
from box.tasks.sorting import move_of, standing

PIECE: Final = 500
"""Parcels that are in memory at a time."""

_ENDS: Final = (e.JobSucceeded, e.JobFailed, e.JobCancelled, e.JobQuarantined)
_BACK: Final = "it is where it came from"
TOGETHER_MAX: Final = 2000
"""So many events are looked through that were recorded with the end of a job."""


def done(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Take back what `job.args["job"]` did; the result of the job."""
    engine, root = inside.engine, inside.config.box.root
    row = _row(engine.store, root, job.args["job"])
    if row is not None and row["kind"] == imports.KIND:
        return _imported(inside, job, row)
    if row is not None and row["kind"] == job.kind:
        _check_moved(engine.store, job.args["job"], json.loads(row["args"])["job"])
    if row is not None and row["kind"] == clean_photos.KIND:
        return untrash.done(inside, job, reporter, row)
    work = _TakingBack(engine.store, root, job, reporter)
    number = job.args["job"]
    if job.args.get("dry_run"):
        result = listed(work.parcels(number), LISTED_MAX, LISTED_CHARS_MAX, work.places)
    else:
        shelver = Shelver(engine, root, job, reporter, work.places, work.left, is_undone=False)
        shelver.carry_out(work.parcels(number))
        result = {"moved": shelver.moved}
    back = {"back_already": work.back_already} if work.back_already else {}
    return {"job": number, **result, **back, **work.left.told()}


def _row(store: Store, root: str, number: int) -> Mapping[str, Any] | None:
    """All that is known of a job, be it archived; None if there was none."""
    return job_history.of_job(store, number) or (compaction.archived_job(root, number) or ("", None))[1]


def _imported(inside: Inside, job: Claimed, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take back what an import brought, as far as it was not filed yet."""
    number, name, root = job.args["job"], json.loads(row["args"])["name"], inside.config.box.root
    _check_ended(number, row)
    entry = next((each for each in inside.config.watch.imports if each.name == name), None)
    if entry is None:
        raise _cannot(f"job {number} imported from {name}, which is no longer in watch.imports")
    if job.args.get("dry_run"):
        moves, stays = giving_back.planned(inside, entry, number)
        result: dict[str, Any] = {"count": len(moves), "moves": moves[:LISTED_MAX]}
    else:
        back = giving_back.take_back(inside, job, entry, number)
        result, stays = {"moved": len(back.out)}, list(back.stays)
    left = Left()
    for each in stays:
        left.add(each.path, giving_back.why(root, each))
    return {"job": number, **result, **left.told()}


@dataclass(slots=True)
class _TakingBack:
    store: Store
    root: str
    job: Claimed
    reporter: Reporter
    places: Places = field(init=False)
    left: Left = field(default_factory=Left)
    back_already: int = 0
    """How many of what belongs together are where they came from."""

    def __post_init__(self) -> None:
        self.places = Places(self.root)

    def parcels(self, number: int) -> Iterator[Parcel]:
        """What undoes a job, the newest first. Raises BoxError for a job that cannot be undone."""
        row = _row(self.store, self.root, number)
        if row is None:
            raise _cannot(f"there is no job {number}")
        _check_ended(number, row)
        starts, end = self._scan(number, row["finished_at"])
        for last in range(len(starts), 0, -PIECE):
            first = max(0, last - PIECE)
            until = starts[last] - 1 if last < len(starts) else end
            self.reporter.progress(100 * (1 - last / len(starts)), "reading the log")
            told = [each.event for each in log.read(self.store, starts[first] - 1, until) if _is_of(each.event, number)]
            yield from self._taken_back(told)
        yield from self._unfiled(number, end)

    def _scan(self, number: int, finished_at: str) -> tuple[array[int], int]:
        """(where what belongs together begins, the job's end): positions in the log."""
        starts = array("q")
        before: Event | None = None
        for each in log.read(self.store, number - 1):
            if each.position % log.PAGE_ROWS == 0:
                self.reporter.check()
            if _is_of(each.event, number):
                if _begins(each.event, before):
                    starts.append(each.position)
                before = each.event
            elif isinstance(each.event, _ENDS) and each.event.job == number and each.at == finished_at:
                return starts, each.position
        raise _cannot(f"the log does not say how job {number} ended")

    def _taken_back(self, told: Sequence[Event]) -> Iterator[Parcel]:
        """Parcels from the events of a piece of the log."""
        groups: list[list[Event]] = []
        before: Event | None = None
        for event in told:
            if not groups or _begins(event, before):
                groups.append([])
            groups[-1].append(event)
            before = event
        for group in reversed(groups):
            yield from self._planned(partial(self._moved_back, group))

    def _planned(self, parcel_of: Callable[[], Parcel]) -> Iterator[Parcel]:
        """What undoes one that belongs together, or a note why it stays where it is."""
        try:
            parcel = parcel_of()
        except _StaysError as stays:
            if stays.why == _BACK:
                self.back_already += 1
            else:
                self.left.add(stays.path, stays.why)
        else:
            self.places.plan(parcel)
            yield parcel

    def _moved_back(self, group: Sequence[Event]) -> Parcel:
        """The parcel that undoes one that was moved or redated."""
        moves = [event for event in group if isinstance(event, e.FileMoved)]
        now = {event.source: event.path for event in moves}
        facts: list[Event] = []
        for redated in (event for event in group if isinstance(event, e.PhotoRedated)):
            path = now.get(redated.path, redated.path)
            photo = shelves.find(self.store, path)
            if photo is None or (photo.taken_at, photo.redated) != (redated.taken_at, redated.job):
                raise _StaysError(path, "it was redated, moved on or taken away since")
            facts.append(self._undated(redated, path, now.get(redated.main, redated.main)))
        thumbnails: dict[str, Step] = {}
        files_: list[Step] = []
        for event in reversed(moves):  # thumbnails come last, and the photo's event has to say where they are
            status, why = self._as_left(event, event.source)
            is_thumbnail = owner(event.path)[1] == "thumbnails"
            if status is None and is_thumbnail:  # a small loss: what goes back is the photo
                continue
            if status is None:
                raise _StaysError(event.path, why)
            thumbnail = thumbnails.get(event.thumbnail)
            back = e.FileMoved(
                user=event.user, source=event.path, path=event.source, size=status.st_size,
                mtime_ns=disk.mtime_ns(status), job=self.job.id, thumbnail=thumbnail.move.target if thumbnail else "",
                main=moves[0].source if event.main else "",
            )  # fmt: skip
            step = Step(move_of(event.path, event.source, status), back)
            if is_thumbnail:
                thumbnails[event.path] = step
            else:
                files_.insert(0, step)
        return Parcel((*files_, *thumbnails.values()), tuple(facts))

    def _undated(self, event: e.PhotoRedated, path: str, main: str) -> e.PhotoRedated:
        """What takes it back; `path` and `main` are where they stand now."""
        return e.PhotoRedated(
            user=event.user, path=path, taken_at=event.taken_before, day=event.day_before, doubt=event.doubt_before,
            shift_seconds=-event.shift_seconds, job=self.job.id, taken_before=event.taken_at, day_before=event.day,
            doubt_before=event.doubt, main=main,
        )  # fmt: skip

    def _unfiled(self, number: int, end: int) -> Iterator[Parcel]:
        """The parcel that makes drops of what a job took out of an inbox: it was recorded together with its end."""
        filed: list[e.PhotoFiled | e.CompanionFiled] = []
        for each in reversed(list(log.read(self.store, max(number, end - TOGETHER_MAX) - 1, end))):
            event = each.event
            if each.position == end and not isinstance(event, e.JobSucceeded):
                return
            if each.position != end and isinstance(event, _ENDS):
                break
            if isinstance(event, e.PhotoFiled | e.CompanionFiled):
                filed.insert(0, event)
            elif isinstance(event, e.DuplicateDropped):
                self.left.add(event.source, f"{event.kept} holds the same bytes, and the drop was removed")
        if filed:
            yield from self._planned(partial(self._returned, number, filed))

    def _returned(self, number: int, filed: Sequence[e.PhotoFiled | e.CompanionFiled]) -> Parcel:
        """The parcel that makes drops of a filed group."""
        steps: list[Step] = []
        thumbnails: list[Step] = []
        for event in filed:
            if event.source == event.path:
                raise _StaysError(event.path, "it was read where it lies: nothing was moved")
            inbox = area_folder(event.user, "inbox")
            status, why = self._as_left(event, event.source)
            if status is not None and not os.path.lexists(join(self.root, f"{inbox}/{MARKER}")):
                status, why = None, f"the folder {inbox} is not there, or without its {MARKER}"
            if status is None:
                raise _StaysError(event.path, why)
            media_type = event.media_type if isinstance(event, e.PhotoFiled) else ""
            back = e.DropReturned(
                user=event.user, source=event.path, path=event.source, size=status.st_size,
                mtime_ns=disk.mtime_ns(status), inode=status.st_ino, media_type=media_type, job=number, by=self.job.id,
            )  # fmt: skip
            steps.append(Step(move_of(event.path, event.source, status), back))
            photo = shelves.find(self.store, event.path)
            small = standing(self.root, photo.thumbnail) if photo and photo.thumbnail else None
            if photo and small:
                gone = e.FileVanished(user=event.user, path=photo.thumbnail)
                thumbnails.append(Step(move_of(photo.thumbnail, "", small), gone))
        return Parcel((*steps, *thumbnails))

    def _as_left(
        self, event: e.PhotoFiled | e.CompanionFiled | e.FileMoved, goal: str
    ) -> tuple[os.stat_result | None, str]:
        """What stands where the job had put it, if it is as it was and may go back; else None, and why not."""
        left = (event.size, event.mtime_ns)
        status, known = standing(self.root, event.path), files.find(self.store, event.path)
        if status is None or known is None:
            there = standing(self.root, goal)
            if there and (there.st_size, disk.mtime_ns(there)) == left:
                return None, _BACK
            return None, "it was moved on or taken away since"
        if (status.st_size, disk.mtime_ns(status)) != left or known != left:
            return None, "it was changed since"
        if self.places.is_taken(goal) or drops.find(self.store, goal) is not None:
            return None, f"something else stands at {goal} by now"
        return status, ""


class _StaysError(Exception):
    """Something stays where it is, with all that belongs to it."""

    def __init__(self, path: str, why: str) -> None:
        self.path = path
        self.why = why


def _is_of(event: Event, number: int) -> bool:
    """Whether a job has moved or redated something in the library by it."""
    return isinstance(event, e.FileMoved | e.PhotoRedated) and event.job == number


def _begins(event: Event, before: Event | None) -> bool:
    """Whether what belongs together begins with this event of a job; `before` is the one before it."""
    if not isinstance(event, e.FileMoved | e.PhotoRedated) or event.main:
        return False
    return not (
        isinstance(event, e.FileMoved)
        and isinstance(before, e.PhotoRedated)
        and event.source in (before.path, before.main)
    )


def _check_ended(number: int, row: Mapping[str, Any]) -> None:
    if row["state"] in (State.QUEUED, State.RUNNING):
        raise _cannot(f"job {number} is {row['state']}: cancel it first")


def _check_moved(store: Store, number: int, other: int) -> None:
    """Refuse a job that took files out of the library or back to a card: to undo that is to file or import them."""
    row = job_history.of_job(store, other)
    if row is not None and row["kind"] == imports.KIND:
        raise _cannot(f"job {number} took back an import: box do import name={json.loads(row['args'])['name']}")
    if row is not None and row["source"]:
        raise _cannot(f"job {number} took back a filing: box jobs retry {other} files it again")


def _cannot(why: str) -> BoxError:
    error = BoxError(why)
    error.code = "cannot-be-undone"
    return error
