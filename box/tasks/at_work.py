"""At work: the jobs that workers of this process hold. The rule: who wants to know or to stop one asks here.

A worker says what it begins and how far it is; the heartbeat, a command, a limit or a stop of the service say that a
job should end. Nothing here is durable: what is lost with the process is known from the ledger.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from box.errors import OverQuota, Stopped

TOLD_SECONDS: Final = 1.0
"""Somebody who watches is told of progress so often at most."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is, as far as it says so."""

    percent: float | None = None
    message: str = ""
    done: int | None = None
    total: int | None = None
    size_bytes: int | None = None


@dataclass(slots=True)
class Asked:
    """What a job asked to have set aside while its handler was at it."""

    times: int = 0
    refusal: OverQuota | None = None
    """Why it got nothing more."""


@dataclass(slots=True)
class _Doing:
    lease: str
    began: float | None = None
    """Monotonic time when its handler began; None while it waits for its turn in the lease."""
    progress: Progress | None = None
    stop: Stopped | None = None
    stop_at: float = 0.0

    def end(self, why: Stopped) -> None:
        """It should end. What was said first stands, but for a lost lease."""
        if self.stop is None or (why.outcome == "lost" and self.stop.outcome != "lost"):
            self.stop, self.stop_at = why, time.monotonic()


@dataclass(slots=True)
class AtWork:
    """What the workers of one process are doing; all methods from any thread."""

    on_stop: Callable[[], None] = lambda: None
    """Told when a job should end: wakes those who wait for its child."""
    on_progress: Callable[[], None] = lambda: None
    """Told when there is something new to show."""
    step: Callable[[int, str, str], bool] = lambda _job, _what, _undo: True
    """Makes it durable that a job is about to do something; False if it may not."""
    turn: Callable[[int, str], float] = lambda _job, _host: 0.0
    """Asks for a job's turn at a host elsewhere; 0 if it has it, else in how many seconds to ask again."""
    left: Callable[[int, str, float], None] = lambda _job, _host, _rest: None
    """A job is done at a host, where nobody should come for so many seconds."""
    reserve: Callable[[int, int], OverQuota | None] = lambda _job, _size_bytes: None
    """Sets so much more aside for a job; why not, if it may not."""
    _jobs: dict[int, _Doing] = field(default_factory=dict)
    _lock: threading.Condition = field(default_factory=threading.Condition)
    _told: float = float("-inf")
    _ends: Stopped | None = None
    """Why all should end."""

    def claimed(self, lease: str, jobs: Sequence[int]) -> None:
        """A worker holds these from now on.

        Another worker of this process that is still at one of them has lost it, and is waited for: nothing is done
        twice at the same time.
        """
        with self._lock:
            while others := [job for job in jobs if job in self._jobs]:
                for job in others:
                    self._jobs[job].end(Stopped("its lease was lost", "lost", "lease-lost"))
                self.on_stop()
                self._lock.wait()
            self._jobs.update((job, _Doing(lease)) for job in jobs)
            if self._ends is not None:
                self._end_all(self._ends)

    def ended(self, lease: str, jobs: Iterable[int]) -> None:
        """They have an outcome, or went back."""
        with self._lock:
            for job in jobs:
                if job in self._jobs and self._jobs[job].lease == lease:
                    del self._jobs[job]
            self._lock.notify_all()

    def began(self, job: int) -> None:
        """Its handler begins."""
        with self._lock:
            if job in self._jobs:
                self._jobs[job].began = time.monotonic()

    def done(self, job: int) -> float:
        """Its handler has ended; how many seconds it took, 0 if it never began."""
        with self._lock:
            doing = self._jobs.get(job)
            if doing is None or doing.began is None:
                return 0.0
            seconds, doing.began = time.monotonic() - doing.began, None
            return seconds

    def told(self, job: int, progress: Progress) -> None:
        """It says how far it is."""
        now = time.monotonic()
        with self._lock:
            if job not in self._jobs:
                return
            self._jobs[job].progress = progress
            is_due, self._told = now - self._told >= TOLD_SECONDS, max(self._told, now - TOLD_SECONDS)
            if is_due:
                self._told = now
        if is_due:
            self.on_progress()

    def stop(self, job: int, why: Stopped) -> bool:
        """It should end; whether its handler has begun already."""
        with self._lock:
            doing = self._jobs.get(job)
            if doing is None:
                return False
            doing.end(why)
            begun = doing.began is not None
        self.on_stop()
        return begun

    def stop_all(self, why: Stopped) -> None:
        """All should end, and whatever is claimed from now on."""
        with self._lock:
            self._ends = why
            self._end_all(why)
        self.on_stop()

    def _end_all(self, why: Stopped) -> None:
        for doing in self._jobs.values():
            doing.end(why)

    def stop_of(self, job: int) -> tuple[Stopped, float] | None:
        """Why it should end, and since when (monotonic); None while it may go on."""
        with self._lock:
            doing = self._jobs.get(job)
            return (doing.stop, doing.stop_at) if doing is not None and doing.stop is not None else None

    def check(self, job: int) -> None:
        """Raise Stopped if it should end."""
        found = self.stop_of(job)
        if found is not None:
            raise found[0]

    def of_lease(self, lease: str) -> list[int]:
        """The jobs of a lease that have no outcome yet."""
        with self._lock:
            return [job for job, doing in self._jobs.items() if doing.lease == lease]

    def overdue(self, seconds: float) -> list[int]:
        """Jobs whose handlers have been at it for longer than that."""
        before = time.monotonic() - seconds
        with self._lock:
            return [job for job, doing in self._jobs.items() if doing.began is not None and doing.began < before]

    def progress(self) -> dict[int, Progress]:
        """How far the jobs are whose handlers have begun; those that say nothing have an empty one."""
        with self._lock:
            return {job: d.progress or Progress() for job, d in self._jobs.items() if d.began is not None}
