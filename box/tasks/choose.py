"""Choosing. The rule: a name and a digest are chosen by one worker at a time, and stay taken until their files stand.

Identical content is kept once: a drop whose bytes are in the library already is removed, but only after the kept file
was read again and has that digest. A drop whose twin is just being landed waits for it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from box import disk
from box.errors import BoxError
from box.events import DuplicateDropped, Event
from box.models import item_lists, photos
from box.models.base import Store
from box.models.jobs import Claimed
from box.paths import join, to_os, to_text
from box.tasks import landing, renewing
from box.tasks.handler import Found, Handler, Placement, Request
from box.tasks.landing import Plan
from box.tasks.outcomes import owned, succeeded


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one job's handler."""

    job: Claimed
    request: Request
    handler: Handler
    found: Found | BoxError


@dataclass(slots=True)
class Landing:
    """One job on its way to the library."""

    result: Result
    plan: Plan
    events: tuple[Event, ...]
    digests: tuple[tuple[str, str], ...] = ()
    """(user, digest) of what it brings that is not there yet."""


@dataclass(slots=True)
class Chooser:
    """What the workers of a process are about to land: names and digests that nobody else may choose meanwhile."""

    root: str
    store: Store
    duplicates: str
    """`photos.duplicates`: "drop" keeps identical content once, "keep" keeps every copy."""
    _turn: threading.Condition = field(default_factory=threading.Condition)
    _names: set[str] = field(default_factory=set)
    _digests: set[tuple[str, str]] = field(default_factory=set)

    def choose(self, result: Result, found: Found) -> Landing | None:
        """Where the result lands, and what to record then; None when its twin is on its way and has to land first."""
        job, request = result.job, result.request
        digests = self._digests_of(found, result.handler)
        with self._turn:
            if any((job.user, digest) in self._digests for digest in digests.values()):
                return None
            kept = {index: path for index, digest in digests.items() if (path := self._kept(job, digest))}
            if 0 in kept and len(found.placements) > 1:
                found = beside(found, kept[0])
            if result.handler.groups:  # a text that lies there was read, or is not known
                kept |= self._standing(request, found, digests.keys() - kept.keys())
            plan = landing.plan(self.root, request, found, self._names, kept, renewing.of(self.root, request, found))
            fresh = tuple((job.user, digest) for index, digest in digests.items() if index not in kept)
            self._digests.update(fresh)
        return Landing(
            result if found is result.found else replace(result, found=found), plan, _events(result, found, plan), fresh
        )

    def _digests_of(self, found: Found, handler: Handler) -> dict[int, str]:
        """index of a placement -> its digest, of those whose content is kept once."""
        if (handler.options == "photos" and self.duplicates != "drop") or found.placements[0].stays:
            return {}
        digests = {index: each.digest for index, each in enumerate(found.placements) if each.digest}
        return {0: found.digest, **digests} if found.digest else digests

    def _standing(self, request: Request, found: Found, indexes: Iterable[int]) -> dict[int, str]:
        """index -> path text of those whose bytes stand under the very name that they want."""
        same = {}
        for index in indexes:
            placement, file = found.placements[index], request.files[found.placements[index].file]
            text = to_text(
                "/".join(filter(None, ("users", request.user, placement.area, placement.folder, placement.name)))
            )
            with suppress(OSError):  # nothing stands there, or nothing that can be compared
                path = join(self.root, text)
                digest = placement.digest or found.digest
                if os.lstat(path).st_size == file.size and disk.digest_of(path) == digest:
                    same[index] = text
        return same

    def _kept(self, job: Claimed, digest: str) -> str:
        """The path of a file that holds these bytes, read again just now; empty if there is none."""
        for path in (
            *photos.with_digest(self.store, job.user, digest), *item_lists.with_digest(self.store, job.user, digest),
        ):  # fmt: skip
            try:
                if disk.digest_of(join(self.root, path)) == digest:
                    return path
            except OSError:
                continue  # gone or unreadable: then it is not kept, and this drop is not a duplicate
        return ""

    def release(self, landings: Sequence[Landing]) -> None:
        """They stand now (or do not): their names and digests can be seen on the disk and in the projections."""
        with self._turn:
            for each in landings:
                self._digests.difference_update(each.digests)
                self._names.difference_update(join(self.root, to.path) for to in each.plan.landed if not to.is_kept)
            self._turn.notify_all()

    def wait_for_twins(self, seconds: float) -> None:
        """Sleep until another worker has landed something, at most so long."""
        with self._turn:
            self._turn.wait(seconds)


def _events(result: Result, found: Found, plan: Plan) -> tuple[Event, ...]:
    """What to record once the files stand."""
    job, landed = result.job, plan.landed
    digests = [found.digest, *(each.digest for each in found.placements[1:])]
    dropped = [
        DuplicateDropped(user=job.user, source=each.source, kept=each.path, digest=digest, size=each.size)
        for each, digest in zip(landed, digests, strict=True)
        if each.is_kept and each.path
    ]
    reported: tuple[Event, ...] = ()
    if len(dropped) < len(found.placements):
        reported = tuple(owned(event, job) for event in result.handler.report(result.request, found, landed))
    done = {"duplicate_of": landed[0].path} if landed[0].is_kept else {"path": landed[0].path}
    return (*reported, *dropped, succeeded(job, {**done, **found.result}))


def beside(found: Found, kept: str) -> Found:
    """The others of a group, whose main file stands at `kept` (path text): they belong there, under its name."""
    main = found.placements[0]
    folder, name = os.path.split(to_os(kept))
    base, tail = _parts(main)
    stem = name.removesuffix(tail) if name.endswith(tail) else os.path.splitext(name)[0]
    area = f"users/{kept.split('/', 2)[1]}/{main.area}"
    own_folder = folder[len(area) + 1 :]

    def moved(placement: Placement) -> Placement:
        own_base, own_tail = _parts(placement)
        if placement.suffix or own_base != base:
            return replace(placement, folder=own_folder, apart=True)
        name = stem + own_tail
        return replace(placement, folder=own_folder, name=name, base_length=len(stem), counted=False, apart=True)

    return replace(found, placements=(main, *map(moved, found.placements[1:])))


def _parts(placement: Placement) -> tuple[str, str]:
    """(base, tail) of a name; a number goes in between."""
    if placement.base_length is None:
        return os.path.splitext(placement.name)
    return placement.name[: placement.base_length], placement.name[placement.base_length :]
