"""Cleaning: photos go to the trash, and what lay there for long goes for good. The rule: what may go is asked twice.

Once when it is chosen (`box.retention` says in which order, and how many), and once more in the commit before it goes.
Only what lies in the trash is ever removed; where space is critical it goes there, and on, in one run. A dry run takes
the same way and moves nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import Any

from box import retention
from box.events import FileRemoved, PhotoTrashed
from box.models import usage
from box.models.jobs import Claimed
from box.paths import owner
from box.retention import Disk, Plan, Terms
from box.tasks.chore import Inside, Reporter
from box.tasks.emptying import Emptying
from box.tasks.landing import Move
from box.tasks.leaving import Group, Leaving
from box.tasks.rearranging import LISTED_CHARS_MAX, LISTED_MAX
from box.tasks.shelving import BATCH, Left, Parcel, Places, Shelver, Step, listed
from box.tasks.sorting import Sorter


def space_of(root: str) -> Disk:
    """The file system of the root, as the status counts it."""
    status = os.statvfs(root)
    return Disk(status.f_blocks * status.f_frsize, status.f_bavail * status.f_frsize)


@dataclass(slots=True)
class Cleaning:
    """One run."""

    inside: Inside
    job: Claimed
    reporter: Reporter
    terms: Terms
    now: datetime
    """Local time."""
    places: Places = field(init=False)
    left: Left = field(default_factory=Left)
    plan: Plan = field(init=False)
    is_straight: bool = field(init=False)
    """Whether nothing stays in the trash."""
    _emptying: Emptying = field(init=False)
    _leaving: Leaving = field(init=False)

    def __post_init__(self) -> None:
        root, store, job = self.inside.config.box.root, self.inside.engine.store, self.job
        device, today, space = os.stat(root).st_dev, self.now.date(), space_of(root)
        self.places = Places(root)
        self.plan = retention.plan_of(self.terms, space, today)
        self.is_straight = self.terms.trash_days == 0 or retention.is_critical(self.terms, space)
        user = job.user or job.args.get("user", "")
        users = [user] if user else usage.users(store)
        self._emptying = Emptying(store, root, device, job.id, users, self.terms, today, self.left)
        sorter = Sorter(store, root, asdict(self.inside.config.photos), job.id, self.places, self.left)
        self._leaving = Leaving(
            store, root, device, job.id, user, self.terms, today, sorter, self.places, self.reporter
        )  # fmt: skip

    def empty(self) -> Mapping[str, Any]:
        """Only what lay in the trash for long enough; the result of the job."""
        if self.job.args.get("dry_run"):
            return self._listed(self._emptying.due(self.plan))
        return {"removed": self._carry_out(self._emptying.due(self.plan)), **self.left.told()}

    def clean(self) -> Mapping[str, Any]:
        """That, and photos until enough is or will be free; the result of the job."""
        if self.job.args.get("dry_run"):
            going = (_straight(each) for each in self._photos()) if self.is_straight else self._photos()
            return {**self._listed(chain(self._old(), going)), **self._stays()}
        removed, trashed, waiting = self._carry_out(self._old()), 0, self._photos()
        while batch := list(islice(waiting, BATCH)):
            trashed += self._carry_out(iter(batch))
            if self.is_straight:
                removed += self._carry_out(self._emptying.just_brought(batch))
        self._report()
        free = {"free_percent": round(space_of(self.inside.config.box.root).free_percent, 1)}
        return {
            "trashed": 0 if self.is_straight else trashed,
            "removed": removed,
            **free,
            **self._stays(),
            **self.left.told(),
        }

    def _old(self) -> Iterator[Parcel]:
        """What goes of the trash. What stays there will be free one day, and counts as that."""
        yield from self._emptying.due(self.plan)
        if self.is_straight:
            yield from self._emptying.early(self.plan)
        else:
            self.plan.will_free(self._emptying.resting_bytes)

    def _photos(self) -> Iterator[Parcel]:
        for group in self.plan.going(self._leaving.groups(), self._stayed):
            parcel = self._leaving.parcel(group)
            if parcel is not None:
                yield parcel

    def _stayed(self, group: Group, why: str) -> None:
        self.left.add(group.paths[0], why)

    def _carry_out(self, parcels: Iterator[Parcel]) -> int:
        shelver = Shelver(
            self.inside.engine, self.inside.config.box.root, self.job, self.reporter, self.places, self.left,
            is_undone=False, objection=self._objection,
        )  # fmt: skip
        shelver.carry_out(parcels)
        return shelver.moved

    def _objection(self, parcel: Parcel) -> str:
        """Why it has to stay after all."""
        return next(filter(None, (self._why(step.move) for step in parcel.steps)), "")

    def _why(self, move: Move) -> str:
        if owner(move.source)[1] == retention.TRASH:
            return self._emptying.why_it_stays(move)
        return self._leaving.why_it_stays(move.source, move.size, move.mtime_ns)

    def _listed(self, parcels: Iterator[Parcel]) -> dict[str, Any]:
        return {**listed(parcels, LISTED_MAX, LISTED_CHARS_MAX, self.places), **self.left.told()}

    def _stays(self) -> dict[str, Any]:
        return {"stays": dict(self.plan.stayed)} if self.plan.stayed else {}

    def _report(self) -> None:
        """Say in the status that no room can be made, or that it is well."""
        if not self.inside.config.retention.enabled:
            return
        if self.plan.is_enough():
            self.inside.problems.clear("retention", "")
            return
        free = space_of(self.inside.config.box.root).free_percent
        stays = ", ".join(f"{count} {why}" for why, count in self.plan.stayed.items() if why != retention.YOUNG)
        young = f"taken within the last {self.terms.days_to_keep} days"
        rest = f"{stays}; the others were {young}" if stays else f"all photos were {young}, or there are none"
        told = f"{free:.1f} % of the disk is free, retention.min_free_percent is {self.terms.min_free_percent}"
        self.inside.problems.put("retention", "", f"No more photos may go: {rest}. {told}.")


def _straight(parcel: Parcel) -> Parcel:
    """As a dry run shows it: from its place, to nowhere."""
    return Parcel(tuple(_gone(step) for step in parcel.steps))


def _gone(step: Step) -> Step:
    move, event = step.move, step.event
    assert isinstance(event, PhotoTrashed)  # noqa: S101 - it is a parcel of `Leaving`
    gone = FileRemoved(user=event.user, path=event.source, size=event.size, digest=event.digest)
    return Step(Move(move.source, "", move.size, move.mtime_ns, move.inode), gone)
