"""Bringing back what a job put into the trash. The rule: what still lies there as it was, to where it stood; else said.

The log says what the job took away, in its order; what has been removed for good since is listed, and stays gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from box import disk, log
from box import events as e
from box.errors import BoxError
from box.events import PhotoReturned, PhotoTrashed
from box.models import drops, files, trash
from box.models.base import Store
from box.models.jobs import Claimed, State
from box.paths import owner
from box.tasks.chore import Inside, Reporter
from box.tasks.rearranging import LISTED_CHARS_MAX, LISTED_MAX
from box.tasks.shelving import Left, Parcel, Places, Shelver, Step, listed
from box.tasks.sorting import move_of, standing

_ENDS: Final = (e.JobSucceeded, e.JobFailed, e.JobCancelled, e.JobQuarantined)


def done(inside: Inside, job: Claimed, reporter: Reporter, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Bring back what the job of that row took away; the result of the job. Raises BoxError if it has not ended."""
    number = job.args["job"]
    if row["state"] in (State.QUEUED, State.RUNNING):
        error = BoxError(f"job {number} is {row['state']}: cancel it first")
        error.code = "cannot-be-undone"
        raise error
    root = inside.config.box.root
    work = _Returning(inside.engine.store, root, job, reporter, Places(root))
    parcels = work.parcels(number, row["finished_at"])
    if job.args.get("dry_run"):
        result = listed(parcels, LISTED_MAX, LISTED_CHARS_MAX, work.places)
    else:
        shelver = Shelver(inside.engine, root, job, reporter, work.places, work.left, is_undone=False)
        shelver.carry_out(parcels)
        result = {"moved": shelver.moved}
    back = {"back_already": work.back_already} if work.back_already else {}
    return {"job": number, **result, **back, **work.left.told()}


@dataclass(slots=True)
class _Returning:
    store: Store
    root: str
    job: Claimed
    reporter: Reporter
    places: Places
    left: Left = field(default_factory=Left)
    back_already: int = 0
    """How many files stand where they came from."""

    def parcels(self, number: int, finished_at: str) -> Iterator[Parcel]:
        """What brings back each group that the job took away."""
        group: list[PhotoTrashed] = []
        for event in self._taken(number, finished_at):
            if group and not event.main:
                yield from self._parcel(group)
                group = []
            group.append(event)
        if group:
            yield from self._parcel(group)

    def _taken(self, number: int, finished_at: str) -> Iterator[PhotoTrashed]:
        for each in log.read(self.store, number - 1):
            event = each.event
            if each.position % log.PAGE_ROWS == 0:
                self.reporter.check()
            if isinstance(event, PhotoTrashed) and event.job == number:
                yield event
            elif isinstance(event, _ENDS) and event.job == number and each.at == finished_at:
                return

    def _parcel(self, group: Sequence[PhotoTrashed]) -> Iterator[Parcel]:
        """What of a group can come back; thumbnails only beside their photos."""
        small: dict[str, Step] = {}
        steps: list[Step] = []
        for event in reversed(group):  # thumbnails come last, and the photo's event has to say where they are
            is_thumbnail = owner(event.source)[1] == "thumbnails"
            step = self._step(event, group[0].source, small, is_thumbnail=is_thumbnail)
            if step and is_thumbnail:
                small[event.source] = step
            elif step:
                steps.insert(0, step)
        if steps:
            wanted = {getattr(step.event, "thumbnail", "") for step in steps}
            parcel = Parcel((*steps, *(step for path, step in small.items() if path in wanted)))
            self.places.plan(parcel)
            yield parcel

    def _step(self, event: PhotoTrashed, main: str, small: Mapping[str, Step], *, is_thumbnail: bool) -> Step | None:
        why, status = self._why(event), standing(self.root, event.path)
        if why or status is None:
            if why and not is_thumbnail:
                self.left.add(event.source, why)
            return None
        thumbnail = trash.thumbnail_of(self.store, event.path)
        back = PhotoReturned(
            user=event.user, source=event.path, path=event.source, size=status.st_size, mtime_ns=disk.mtime_ns(status),
            job=self.job.id, thumbnail=thumbnail if thumbnail in small else "",
            main="" if event.source == main else main,
        )  # fmt: skip
        return Step(move_of(event.path, event.source, status), back)

    def _why(self, event: PhotoTrashed) -> str:
        """Why a file cannot come back; empty also for one that is back already."""
        left = (event.size, event.mtime_ns)
        status, known = standing(self.root, event.path), trash.find(self.store, event.path)
        if status is None or known is None or known.source != event.source:
            there = standing(self.root, event.source)
            if there and (there.st_size, disk.mtime_ns(there)) == left:
                self.back_already += owner(event.source)[1] != "thumbnails"
                return ""
            return "it was removed from the trash for good"
        if (status.st_size, disk.mtime_ns(status)) != left or files.find(self.store, event.path) != left:
            return "it was changed in the trash"
        if self.places.is_taken(event.source) or drops.find(self.store, event.source) is not None:
            return f"something else stands there by now; it lies in {event.path}"
        return ""
