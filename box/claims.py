"""Claims. The rule: a job is claimed with a lease in the transaction of its `JobStarted`; nothing runs without one.

Users take turns, so that one user's hundred thousand files do not keep another's one waiting. Small jobs of a user and
a kind may share a lease, so that a thousand photos cost a few commits. A job that has already used an attempt is
claimed alone: when its worker dies again, it is known whose fault it was.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

from box.engine import Engine, Transaction
from box.errors import BoxError, OutOfSpace
from box.events import JobStarted
from box.models import holds, jobs, live, ready
from box.models.base import Store
from box.status_file import timestamp
from box.tasks import by_kind
from box.tasks.chore import Chore
from box.tasks.handler import Handler

BATCH_SECONDS: Final = 1.0
"""How much work a worker claims at once, by the pace of late: more would keep urgent jobs and other workers waiting."""

BATCH_MIN: Final = 8
"""What a worker claims before it knows its pace, and towards the end of a burst."""

HOLD_SECONDS: Final = 5.0
"""How long nothing is claimed after the disk was found full."""


def owner_name() -> str:
    """host:pid:random, so that a process that reuses a pid is never taken for its predecessor."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"


@dataclass(slots=True)
class Claims:
    """The door to the ledger for the workers of one process."""

    engine: Engine
    root: str
    workers: int
    batch_max: int
    lease_seconds: float
    free_bytes_min: int
    owner: str = field(default_factory=owner_name)
    running_max: Mapping[str, int] = field(default_factory=dict)
    """kind -> how many workers may be at work on it at the same time; as many as there are, where none is given."""
    heavy: frozenset[str] = frozenset()
    """Kinds that take much memory; all of them together get `heavy_max` workers."""
    heavy_max: int = 1
    active: set[str] = field(default_factory=set)
    """Leases that a worker of this process holds."""
    on_renewal: Callable[[Sequence[jobs.Held]], None] = lambda _: None
    """Told what the ledger answers to the heartbeat."""
    held_up_by: BoxError | None = None
    """Why nothing is claimed just now."""
    on_hold: Callable[[BoxError | None], None] = lambda _: None
    """Told when nothing is claimed for want of room, and with None when that is over."""
    on_wait: Callable[[str, float], None] = lambda _kind, _seconds: None
    """Told of a job that is begun for the first time how long it has waited."""
    prepare: Callable[[str], None] = lambda _: None
    """Called with the kind of the next job before it is claimed."""
    closed: bool = False
    _bell: threading.Condition = field(default_factory=threading.Condition)
    _rung: int = 0
    _hold_until: float = 0.0
    _turns: int = 0
    _served: dict[str, int] = field(default_factory=dict)
    """user -> at which turn a job of theirs was claimed last."""
    _jobs_per_second: float = 500.0
    """Of one worker, of late, of jobs that share a lease; the first guess is for photos without thumbnails."""

    def ring(self) -> None:
        """There may be something to claim."""
        with self._bell:
            self._rung += 1
            self._bell.notify_all()

    def close(self) -> None:
        """Claim nothing more; the workers come home."""
        self.closed = True
        self.ring()

    def hold(self, error: BoxError) -> None:
        """Claim nothing for a while: there is no room to work in."""
        self.held_up_by = error
        self._hold_until = time.monotonic() + HOLD_SECONDS
        self.on_hold(error)

    def next(self, idle: Callable[[], float]) -> tuple[int, str] | None:
        """(first job, lease), waiting until there is one; None when closed. Called by the workers.

        While it waits it calls `idle` whenever the number of seconds that this returned has passed.
        """
        while not self.closed:
            rung = self._rung
            claimed = self._try()
            if claimed is not None:
                return claimed
            with self._bell:
                if rung == self._rung and not self.closed:
                    seconds = idle()
                    if self.held_up_by is not None:
                        seconds = min(seconds, HOLD_SECONDS)
                    self._bell.wait(seconds)
        return None

    def _try(self) -> tuple[int, str] | None:
        upcoming, has_room = self._choose(), True
        if upcoming is not None and not self._has_room():
            upcoming, has_room = self._choose(has_room=False), False
        if upcoming is None:
            return None
        self.prepare(upcoming.kind)
        try:
            chosen, lease = self.engine.transact(lambda t: self._claim(t, has_room=has_room), events=self._share())
        except BoxError as error:
            if not error.retryable:
                raise
            self.hold(error)
            return None
        return self._note(chosen, lease) if chosen else None

    def _note(self, chosen: list[ready.Ready], lease: str) -> tuple[int, str]:
        """It is durable that these are claimed: only now is it counted."""
        self.active.add(lease)
        now = time.time()
        for job in chosen:
            if job.is_new:
                self.on_wait(job.kind, max(0.0, now - timestamp(job.due_at)))  # a clock may be set back
        self._turns += 1
        self._served[chosen[0].user] = self._turns
        return chosen[0].id, lease

    def _has_room(self) -> bool:
        if time.monotonic() < self._hold_until:
            return False
        status = os.statvfs(self.root)
        free = status.f_bavail * status.f_frsize
        if free < self.free_bytes_min:
            self.hold(
                OutOfSpace(
                    f"{free} bytes are free below {self.root}, storage.free_bytes_min keeps {self.free_bytes_min}:"
                    " free some and the work goes on"
                )
            )
            return False
        if self.held_up_by is not None:
            self.held_up_by = None
            self.on_hold(None)
        return True

    def _share(self) -> int:
        """How many jobs a worker takes at once: its part of what waits, and no more than it does in `BATCH_SECONDS`."""
        fair = -(-jobs.queued_count(self.engine.store) // self.workers)
        share = max(BATCH_MIN, min(fair, int(self._jobs_per_second * BATCH_SECONDS)))
        return min(self.batch_max, share)

    def _choose(self, *, has_room: bool = True) -> ready.Ready | None:
        """The job to begin next: higher priorities first, then whose turn it is, then first in, first out.

        Without room only one that makes some.
        """
        store = self.engine.store
        heads = list(ready.heads(store, jobs.exclusive_running(store)))
        heads.sort(key=lambda head: (-head.priority, self._served.get(head.user, 0), head.id))
        for head in heads:
            if not has_room and not _makes_room(head.kind):
                continue
            if self._may_begin(store, head.kind):
                return head
        return None

    def _may_begin(self, store: Store, kind: str) -> bool:
        """Whether one more worker may be at work on that kind, and on such as are as heavy."""
        most = self.running_max.get(kind)
        if most is not None and jobs.workers_on(store, kind) >= most:
            return False
        return kind not in self.heavy or sum(jobs.workers_on(store, each) for each in self.heavy) < self.heavy_max

    def _claim(self, transaction: Transaction, *, has_room: bool = True) -> tuple[list[ready.Ready], str]:
        # Closed while a child was started: whatever was handed back meanwhile is not begun again.
        head = None if self.closed else self._choose(has_room=has_room)
        if head is None:
            return [], ""
        store = transaction.store
        chosen = together(head, store, self._share())
        lease = uuid4().hex[:16]
        live.open_lease(store, lease, self.owner, time.time() + self.lease_seconds)
        transaction.record(*(JobStarted(user=job.user, job=job.id, lease=lease) for job in chosen))
        return chosen, lease

    def done(self, lease: str, count: int, seconds: float) -> None:
        """The worker is through with its lease: so many jobs, in so many seconds."""
        self.active.discard(lease)
        if count > 1:
            self._jobs_per_second += (count / max(seconds, 1e-3) - self._jobs_per_second) / 2

    def renew(self) -> None:
        """The heartbeat: all leases of this process that a worker still holds last longer from now on.

        The answer says which of their jobs should end, and which leases are lost.
        """
        if self.active:
            until = time.time() + self.lease_seconds
            leases = list(self.active)
            self.on_renewal(self.engine.transact(lambda t: [_renewed(t.store, lease, until) for lease in leases], 0))

    def ask(self) -> None:
        """The same answer, without renewing anything: somebody may have asked for a job to end."""
        self.on_renewal([jobs.held(self.engine.store, lease) for lease in list(self.active)])


def _renewed(store: Store, lease: str, until: float) -> jobs.Held:
    """Renew a lease; what it holds, which is nothing if it is lost."""
    return jobs.held(store, lease) if live.renew_lease(store, lease, until) else jobs.Held(lease, frozenset(), {})


def _makes_room(kind: str) -> bool:
    handler = by_kind(kind)
    return isinstance(handler, Chore) and handler.makes_room


def together(head: ready.Ready, store: Store, limit: int) -> list[ready.Ready]:
    """As many jobs as may share a lease: the first, and those of its lane that follow it, all fresh and as urgent."""
    handler = by_kind(head.kind)
    if head.attempts or head.exclusive or not isinstance(handler, Handler) or not handler.batch:
        return [head]
    until = holds.until(holds.all_of(store), head.kind)
    chosen = []
    for job in ready.lane(store, head, limit=limit, until=until):
        if job.attempts or job.priority != head.priority:
            break
        chosen.append(job)
    return chosen
