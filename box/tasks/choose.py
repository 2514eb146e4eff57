"""Choosing. The rule: a name and a digest are chosen by one worker at a time, and stay taken until their files stand.

Identical content is kept once: a drop whose bytes are in the library already is removed, but only after the kept file
was read again and has that digest. A drop whose twin is just being landed waits for it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from box import disk
from box.errors import BoxError
from box.events import DuplicateDropped, Event
from box.models import photos
from box.models.base import Store
from box.models.jobs import Claimed
from box.paths import join
from box.tasks import landing
from box.tasks.handler import Found, Handler, Request
from box.tasks.landing import Plan
from box.tasks.outcomes import owned, standing, succeeded


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
    digest: str = ""


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
        job = result.job
        key = (job.user, found.digest)
        dedupe = bool(found.digest) and self.duplicates == "drop" and not found.placements[0].stays
        with self._turn:
            if dedupe and key in self._digests:
                return None
            kept = self._kept(job, found.digest) if dedupe else ""
            if kept:
                gone = landing.removal(self.root, result.request)
                dropped = DuplicateDropped(
                    user=job.user, source=job.source, kept=kept, digest=found.digest, size=job.size
                )
                done = succeeded(job, {"duplicate_of": kept})
                return Landing(result, gone, (dropped, done))
            plan = landing.plan(self.root, result.request, found, self._names)
            if dedupe:
                self._digests.add(key)
        reported = tuple(owned(event, job) for event in result.handler.report(result.request, found, plan.landed))
        return Landing(result, plan, (*reported, standing(job, plan, found.result)), found.digest if dedupe else "")

    def _kept(self, job: Claimed, digest: str) -> str:
        """The path of a file that holds these bytes, read again just now; empty if there is none."""
        for path in photos.with_digest(self.store, job.user, digest):
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
                self._digests.discard((each.result.job.user, each.digest))
                self._names.difference_update(join(self.root, to.path) for to in each.plan.landed)
            self._turn.notify_all()

    def wait_for_twins(self, seconds: float) -> None:
        """Sleep until another worker has landed something, at most so long."""
        with self._turn:
            self._turn.wait(seconds)
