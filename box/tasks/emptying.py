"""Emptying the trash. The rule: what lay there for long enough goes for good, if its backup still is what it has to be.

What somebody wants to stay by now (`box photos keep` of its day, `.keep` where it stood) stays there too. What people
put there by hand goes by its age alone: it is they who wanted that. Where space is critical what Box brought goes
sooner, the oldest first. One file is one parcel, for `box.tasks.shelving`: a removal cannot be taken back.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from box import disk, retention
from box.events import FileRemoved
from box.models import files, trash
from box.models.base import Store
from box.models.trash import Lying
from box.paths import area_folder, join, owner
from box.retention import Plan, Terms
from box.tasks.landing import Move
from box.tasks.leaving import CHANGED, KEPT, frees_bytes, is_folder_kept, unproved
from box.tasks.shelving import Left, Parcel, Step
from box.tasks.sorting import move_of, standing


@dataclass(slots=True)
class Emptying:
    """Looks through the trash."""

    store: Store
    root: str
    device: int
    """Of the root."""
    job: int
    users: Sequence[str]
    terms: Terms
    today: date
    left: Left
    resting_bytes: int = 0
    """What will be free when that goes, too, which `due` has left for later."""

    def due(self, plan: Plan) -> Iterator[Parcel]:
        """What lay there for long enough."""
        for each in self._lying():
            status = self._seen(each)
            if status is None:
                continue
            freed = frees_bytes(status, self.device)
            if self._is_due(each, status):
                why = self._why(each)
                if not why:
                    plan.will_free(freed)
                    yield self._removal(each, status)
                    continue
                self.left.add(each.path, why)
            self.resting_bytes += freed

    def early(self, plan: Plan) -> Iterator[Parcel]:
        """What Box brought, until enough is free."""
        for each in self._lying():
            if plan.is_enough():
                return
            status = self._seen(each)
            if status is None or not each.job or self._is_due(each, status) or self._why(each):
                continue
            plan.will_free(frees_bytes(status, self.device))
            yield self._removal(each, status)

    def just_brought(self, parcels: Iterable[Parcel]) -> Iterator[Parcel]:
        """What these parcels brought there."""
        for step in (step for parcel in parcels for step in parcel.steps):
            each = trash.find(self.store, step.move.target)
            status = self._seen(each) if each else None
            if each and status:
                yield self._removal(each, status)

    def _lying(self) -> Iterator[Lying]:
        """All that lies there, the oldest first."""
        tops = [area_folder(user, retention.TRASH) for user in self.users]
        folders = [folder for top in tops for folder in files.folders(self.store, top)]
        for folder in sorted(folders, key=lambda folder: (retention.day_of(f"{folder}/x") or date.max, folder)):
            yield from trash.lying(self.store, folder)

    def _seen(self, each: Lying) -> os.stat_result | None:
        """What lies there, None if it is not what is known of it: the sweep will look at it."""
        status = standing(self.root, each.path)
        return status if status and (status.st_size, disk.mtime_ns(status)) == (each.size, each.mtime_ns) else None

    def _is_due(self, each: Lying, status: os.stat_result) -> bool:
        """By the day on which it came: the one of its folder, or later, by the time at which it got its name."""
        named = datetime.fromtimestamp(status.st_ctime).date()  # noqa: DTZ006 - local, as the folders' days
        since = max(named, retention.day_of(each.path) or date.min)
        return retention.is_due(since, self.today, self.terms.trash_days)

    def _why(self, each: Lying) -> str:
        if not each.job:  # by hand
            return ""
        if trash.is_kept(self.store, each.path) or is_folder_kept(self.root, each.source):
            return KEPT
        return unproved(self.store, self.terms, each.source, each.size, each.mtime_ns, each.digest)

    def why_it_stays(self, move: Move) -> str:
        """Asked once more when it goes."""
        if files.find(self.store, move.source) != (move.size, move.mtime_ns):
            return CHANGED
        each = trash.find(self.store, move.source)
        return self._why(each) if each else ""

    def _removal(self, each: Lying, status: os.stat_result) -> Parcel:
        event = FileRemoved(
            user=owner(each.path)[0], path=each.path, size=status.st_size,
            digest=each.digest or disk.digest_of(join(self.root, each.path)), why=retention.TRASH, job=self.job,
        )  # fmt: skip
        return Parcel((Step(move_of(each.path, "", status), event),))
