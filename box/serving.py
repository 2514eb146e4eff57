"""Serving: a box at work. The rule: one loop, on the main thread, has all reasons to act.

A doorbell, a drop that may have settled, a sweep, a status that is due, a signal. Workers and timers are huey's
threads. A sweep of the library has a thread of its own while it lasts. `box.service` builds it.
"""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from box import backup_status, bells, damage, layout, locks, log, logs, newcomers, notify, standing, status, status_file
from box.claims import Claims
from box.config import Config
from box.engine import Engine, utc_now
from box.errors import BoxError, DatabaseBusy, OutOfSpace, Stopped
from box.events import (
    DatabaseRestored,
    JobCancelled,
    JobCancelRequested,
    JobDue,
    JobFailed,
    JobQuarantined,
    JobReleased,
    JobRequested,
    JobRetried,
    JobSucceeded,
    KindResumed,
    Recorded,
)
from box.imports import Imports
from box.metrics import Metrics
from box.models import jobs, live, ready, usage
from box.models.base import Store
from box.queue import BoxConsumer
from box.status import Problems
from box.sweeps import LibrarySweep
from box.tally import Once
from box.tasks import retry
from box.tasks.attention import CANCELLED, Attention
from box.tasks.recover import recover
from box.tasks.runner import Runner
from box.timers import Timer, run_due
from box.upkeep import Upkeep
from box.watching import Watching

ONCE_PATIENCE_SECONDS: Final = 60.0
"""How long `box once` waits for files that do not settle, for retries and for room, before it leaves them."""

HEALTH_SECONDS: Final = 10.0
"""How often a worker thread that died is replaced."""

ONCE_LOOK_SECONDS: Final = 0.05
"""How often `box once` asks whether everything is done."""

HAND_BACK_SECONDS: Final = 5.0
"""How long the workers may take to hand their jobs back once their children are ended; else these are taken back."""

WORK: Final = (JobRequested, JobDue, JobReleased, JobFailed, JobRetried)
"""After these a job may be waiting to be claimed, now or later."""

FREES: Final = (JobSucceeded, JobCancelled, JobQuarantined, KindResumed)
"""After these too: one that waited for another, could not run beside it, or was held."""

_log = logs.get("box.service")  # as people know it


@dataclass(slots=True)
class Service:
    """A box at work."""

    config: Config
    lock: locks.RootLock
    store: Store
    engine: Engine
    claims: Claims
    runner: Runner
    sweep: LibrarySweep
    bell: bells.Bell
    upkeep: Upkeep
    problems: Problems
    consumer: BoxConsumer
    watching: Watching
    imports: Imports
    due: status.Due
    attention: Attention
    metrics: Metrics
    take_back: Callable[[Iterable[str]], None]
    """Gives the jobs of leases back to the queue whose workers have not come home."""
    started_at: str = field(default_factory=utc_now)
    tally: Once = field(default_factory=Once)
    _stops: int = 0
    _is_open: bool = False
    _held_since: float = math.inf
    """Since when there was no room and no job has ended."""

    # --- the way up ---------------------------------------------------------------------------------------------------

    def recover(self, retries: retry.Policy, restored: damage.Restored | None) -> None:
        """Bring the root to order before anything new begins: this process holds the lock, so nobody else works."""
        root = self.config.box.root
        if restored is not None:
            self.engine.record(
                DatabaseRestored(damaged=restored.damaged, snapshot=restored.snapshot, reason=restored.reason)
            )
            self.problems.put("database-restored", "", str(restored))
            _log.error(str(restored))
        failed = layout.prepare(self.config, self.store)
        self.problems.replace("user-folder", {folder: newcomers.failure(folder, why) for folder, why in failed.items()})
        leases = dict.fromkeys([*(e.lease for e in live.journal(self.store)), *jobs.running_leases(self.store)])
        count = recover(self.engine, root, retries, list(leases))
        live.close_all(self.store)
        with self.metrics.meters.timing("temp-clean-up"):
            layout.empty_scratch(root)
        if count:
            _log.warning("jobs were interrupted and go on", jobs=count)
        self.watching.reconsider()
        self.engine.transact(lambda transaction: transaction.make_use_of_room(), events=0)

    def start(self, *, full_sweep: bool) -> None:
        """Open the doors: workers, timers, watchers. Until now nothing was claimed."""
        self._open_workers()
        self.watching.listen(time.monotonic())
        self.sweep.start(full=full_sweep)
        self.imports.start()

    def _open_workers(self) -> None:
        self._is_open = True
        self.consumer.start()

    # --- at work ------------------------------------------------------------------------------------------------------

    def woken(self, recorded: Iterable[Recorded]) -> None:
        """After each commit, on the thread that made it: whoever has something to do now wakes up."""
        work = later = False
        for each in recorded:
            event = each.event
            if isinstance(event, WORK):
                work = True
                later = later or bool(getattr(event, "not_before", "") or getattr(event, "retry_at", ""))
            elif isinstance(event, FREES):  # whatever had to wait for it may begin
                work, self._held_since = True, math.inf
            elif isinstance(event, JobCancelRequested):
                self.attention.stop(event.job, Stopped(event.reason or CANCELLED))
            self.tally.count(event)
            self.metrics.meters.count(event)
        if work:
            self.claims.ring()
        if later:
            self.consumer.huey.nudge.set()
        self.changed()

    def changed(self) -> None:
        """There is something new to show."""
        if self.due.change():
            self.bell.ring()

    def held_up(self, error: BoxError | None) -> None:
        """Nothing is claimed for want of room, or (None) that is over."""
        for code in (OutOfSpace.code, DatabaseBusy.code):
            if error is None or error.code != code:
                self.problems.clear(code, "jobs")
        if error is not None:
            self.problems.put(error.code, "jobs", str(error))
            self._held_since = min(self._held_since, time.monotonic())
            self.tally.held_up_by = str(error)
        self.bell.ring()

    def run(self) -> int:
        """`box run`: serve until SIGTERM or SIGINT; a second one ends it at once."""
        self._catch_signals()
        try:
            self.start(full_sweep=False)
            _log.info("box is running", root=self.config.box.root, log=log.last_position(self.store))
            self.watching.step(time.monotonic())
            self._tell(time.monotonic())  # who is told that Box is ready may read it
            notify.ready("running")
            beat = Timer("watchdog", notify.ping_seconds() or float("inf"), notify.alive)
            health = Timer("workers", HEALTH_SECONDS, self.consumer.check_worker_health)
            while not self._stops:
                wait = self.watching.step(time.monotonic())
                wait = min(wait, self._tell(time.monotonic()), run_due((beat, health), time.monotonic()))
                if not self._stops:
                    self.bell.wait(wait)
                if self.watching.rung_outside():  # a command recorded something: a job to claim, a time to wait for
                    self.claims.ring()
                    self.claims.ask()
                    self.consumer.huey.nudge.set()
                    self.due.change()
        finally:
            self.stop()
        return 0

    def once(self, on_progress: Callable[[Once], None] | None = None) -> Once:
        """`box once`: handle what is there now and all that follows from it."""
        self._catch_signals()
        began = time.monotonic()
        try:
            self.sweep.sweep(full=True)
            self.upkeep.tick()  # what is due by the clock is asked for before it is asked whether all is done
            self.imports.look()
            self.consumer.huey.warm_up = self.runner.warm_up  # there will be work: begin to be ready for it
            self._open_workers()
            while not self._stops:
                wait = self.watching.step(time.monotonic())
                if on_progress is not None:
                    on_progress(self.tally)
                working = ready.any_unfinished(self.store)  # asked first: what a job brings waits when it has ended
                waiting = self.watching.undecided()
                tired = time.monotonic() - began > ONCE_PATIENCE_SECONDS
                done = not working and (tired or not (waiting or self._due_soon()))
                if done and not self.upkeep.wait_no_more():
                    self.tally.held_up_by = ""
                    break
                if time.monotonic() - self._held_since > ONCE_PATIENCE_SECONDS:
                    break
                self._tell(time.monotonic())
                self.bell.wait(min(wait, ONCE_LOOK_SECONDS))
            self.upkeep.snapshot_if_due()  # who runs Box from cron has no timers
            known = sum(usage.by_area(self.store, user)["inbox"][0] for user in usage.users(self.store))
            self.tally.left = known + self.watching.unsettled()
        finally:
            self.stop()
        self.tally.seconds = time.monotonic() - began
        return self.tally

    def _due_soon(self) -> bool:
        due = jobs.next_due(self.store)
        return bool(due) and status_file.timestamp(due) < time.time() + ONCE_PATIENCE_SECONDS

    def _tell(self, now: float) -> float:
        """Write the status and the metrics if they are due; in how many seconds one of them is due again."""
        wait = self.metrics.tell(now)  # first: who sees a status finds metrics beside it
        if self.due.seconds(now, self.problems.changes) <= 0:
            self.due.told(now, self.problems.changes)
            self.write_status()
        return min(wait, self.due.seconds(now, self.problems.changes))

    def write_status(self) -> None:
        """Replace the status file."""
        policy, soft = self.engine.policy, self.config.quota.soft_percent
        for code, found in standing.problems(self.store, policy, soft, self.config.backup.engine).items():
            self.problems.replace(code, found)
        backup_status.tell(self.store, self.config, self.problems)
        process = status.Process(
            self.started_at, lambda: bool(self._stops), self.watching.modes, self.problems,
            self.attention.at_work.progress,
        )  # fmt: skip
        status.tell(self.store, self.config, policy, process)

    # --- the way down -------------------------------------------------------------------------------------------------

    def _stop_workers(self) -> None:
        if not self._is_open:
            return
        self.consumer.huey.nudge.set()
        self.consumer.stop(graceful=True)
        self.attention.hand_back()  # whoever is still at it after the grace gives its job back
        self.runner.kill()
        until = time.monotonic() + HAND_BACK_SECONDS
        for _, thread in self.consumer.worker_threads:
            thread.join(max(0.0, until - time.monotonic()))
        self.runner.close()
        self.take_back(list(self.claims.active))  # threads cannot be ended: these end with the process

    def _catch_signals(self) -> None:
        def caught(number: int, _: Any) -> None:
            self._stops += 1
            if self._stops > 1:  # a second time: at once; what is under way is finished at the next start
                self.runner.kill()
                os._exit(128 + number)
            self.bell.ring()

        signal.signal(signal.SIGTERM, caught)
        signal.signal(signal.SIGINT, caught)

    def stop(self) -> None:
        """Claim nothing more, let what runs finish within its grace, hand back the rest, say so and close."""
        self._stops = self._stops or 1
        notify.stopping("stopping")
        self.write_status()
        self.claims.close()
        self.watching.stop()
        self.imports.stop(self.config.workers.grace_seconds)
        self.sweep.join(self.config.workers.grace_seconds)
        self._stop_workers()
        self.upkeep.fold_wal()
        self.metrics.refresh()
        self.write_status()
        self.store.close()
        self.lock.release()
        _log.info("box has stopped")
