"""Attention: what a worker has to hear while it works. The rule: the ledger says who should end, and the worker obeys.

A cancel reaches a job in three ways: the commit that asked for it, the doorbell of a command in another process, and
the answer to the heartbeat, which also says which leases are lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from box import logs
from box.engine import Engine
from box.errors import IllegalMove, OverQuota, Stopped
from box.events import JobStepped
from box.models import reservations
from box.models.jobs import Claimed, Held
from box.tasks import by_kind, reserving, retry
from box.tasks.at_work import AtWork
from box.tasks.handler import Handler
from box.tasks.outcomes import ended_by
from box.tasks.turns import Turns

CANCELLED: Final = "cancelled on request"

_log = logs.get(__name__)


@dataclass(slots=True)
class Attention:
    """The jobs that workers of this process hold, and who may speak to them."""

    engine: Engine
    retries: retry.Policy
    at_work: AtWork = field(default_factory=AtWork)
    turns: Turns = field(init=False)
    _held: dict[int, Claimed] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.turns = Turns(self.engine)
        self.at_work.step = self.step
        self.at_work.turn, self.at_work.left = self.turns.take, self.turns.leave
        self.at_work.reserve = self.reserve

    def claimed(self, lease: str, jobs: Sequence[Claimed]) -> None:
        """A worker begins with these."""
        self.at_work.claimed(lease, [job.id for job in jobs])
        self._held.update((job.id, job) for job in jobs)

    def forget(self, lease: str, jobs: Sequence[Claimed]) -> None:
        """They have an outcome, or went back."""
        for job in jobs:
            held = self._held.get(job.id)
            if held is not None and held.lease == lease:
                del self._held[job.id]
                self.turns.end(job.id)
        self.at_work.ended(lease, [job.id for job in jobs])

    def stop(self, job: int, why: Stopped) -> None:
        """A job of this process should end; one whose turn in its lease has not come yet has ended at once."""
        if self.at_work.stop(job, why) or why.outcome == "lost":
            return
        claimed = self._held.get(job)
        event = ended_by(claimed, why, self.retries, stopping=False) if claimed else None
        if event is not None:
            try:
                self.engine.record(event)
            except IllegalMove:
                _log.debug("it has ended already", job=job)

    def hand_back(self) -> None:
        """The service stops, and its patience is over: what is at work goes back, no attempt counted."""
        self.at_work.stop_all(Stopped("the service stopped", "released"))

    def attend(self, answers: Sequence[Held]) -> None:
        """What the ledger says of leases: jobs that are no longer held are lost, those that were asked to end, end."""
        for answer in answers:
            for job in self.at_work.of_lease(answer.lease):
                if job not in answer.jobs:
                    self.stop(job, Stopped("its lease was lost", "lost", "lease-lost"))
                elif job in answer.asked:
                    self.stop(job, Stopped(answer.asked[job] or CANCELLED))

    def step(self, job: int, what: str, undo: str) -> bool:
        """Make durable what a job is about to do; False if it may not do that, or no longer."""
        claimed = self._held.get(job)
        handler = by_kind(claimed.kind) if claimed else None
        if claimed is None or not isinstance(handler, Handler) or not handler.steps:
            return False
        try:
            self.engine.record(JobStepped(user=claimed.user, job=job, lease=claimed.lease, what=what, undo=undo))
        except IllegalMove:
            self.stop(job, Stopped("its lease was lost", "lost", "lease-lost"))
            return False
        return True

    def reserve(self, job: int, size_bytes: int) -> OverQuota | None:
        """Set so much more aside for a job in the quota of its user; why not, if it may not."""
        claimed = self._held.get(job)
        handler = by_kind(claimed.kind) if claimed else None
        if claimed is None or not isinstance(handler, Handler) or not handler.reserves:
            return OverQuota("a job of this kind sets nothing aside")
        if reserving.limit_of(self.engine.policy, self.engine.store, claimed.user) is None:
            return None  # nobody races for what has no end, and each asking would be a commit
        try:
            reserving.reserve(self.engine, claimed, claimed.user, size_bytes)
        except Stopped as why:
            self.stop(job, why)
        except OverQuota as error:
            error.needs_bytes = reservations.of(self.engine.store, job, claimed.user) + size_bytes
            return error
        return None
