"""Upkeep: what is done by the clock. The rule: at rest it reads a few rows and writes nothing.

One list of timers, run on huey's scheduler thread: the heartbeat of the leases, jobs whose time has come, jobs by the
clock, leases of dead workers, idle children, the WAL, snapshots, the daily sweep of the library.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from box import damage, log, logs
from box.claims import Claims
from box.config import Config
from box.engine import Engine, Transaction, log_time, utc_now
from box.errors import BoxError, Stopped
from box.events import JobCancelled, JobDue, JobFailed
from box.meters import Meters
from box.models import backups, camera_clocks, drops, jobs, live
from box.status_file import timestamp
from box.sweeps import LibrarySweep
from box.tasks import retry
from box.tasks.attention import Attention
from box.tasks.recover import recover
from box.tasks.runner import Runner
from box.timekeeper import Timekeeper, built_in, entries, sound
from box.timers import Timer, first_in, run_due
from box.units import seconds_text

SETTLED_SECONDS: Final = 60.0
"""What was due while the box was off waits so long after a start: drops and the status come first."""

TTL_LOOK_SECONDS: Final = 30.0
"""The longest between two looks for jobs that have outlived their time."""

DUE_MAX: Final = 500
"""How many scheduled jobs come due in one commit."""

IDLE_SECONDS: Final = 15.0
"""After so long without a commit the WAL is folded back into the database file."""

_log = logs.get(__name__)


@dataclass(slots=True)
class Upkeep:
    """The timers of a service."""

    config: Config
    engine: Engine
    claims: Claims
    retries: retry.Policy
    runner: Runner
    sweep: LibrarySweep
    attention: Attention
    on_wrong_entry: Callable[[str, str], None]
    """Told the name of an entry of `jobs.periodic` that cannot be asked for, and why."""
    meters: Meters
    timekeeper: Timekeeper = field(init=False)
    _timers: tuple[Timer, ...] = ()
    _folded: int = -1
    _commits: int = -1
    _snapshot_at: int = field(default=-1)

    def __post_init__(self) -> None:
        known = sound(entries(self.config), self.config.users.names, self.on_wrong_entry)
        self.timekeeper = Timekeeper(self.engine, known, built_in(self.config))
        lease = self.config.jobs.lease_seconds
        self._timers = (
            Timer("heartbeat", lease / 3, self.claims.renew, jitter=0.2),  # not all workers of a ledger at once
            Timer("reaper", lease / 2, self.reap),
            Timer("idle children", max(1.0, self.config.child.idle_seconds / 2), self.runner.stop_idle),
            Timer("wal", IDLE_SECONDS, self.fold_wal_at_rest),
            Timer("limits of time", self._limit_seconds(), self.end_outlived),
            self._daily("snapshot", self.config.database.snapshot_seconds, self.snapshot, self._snapshot_taken()),
            self._daily("library sweep", self.config.library.sweep_seconds, self.sweep_all, self.sweep.last_full_at()),
        )

    def _daily(self, name: str, seconds: float, run: Callable[[], object], last: float) -> Timer:
        return Timer(name, seconds, run, time.monotonic() + first_in(seconds, last, time.time()) + SETTLED_SECONDS)

    def _snapshot_taken(self) -> float:
        """When the newest snapshot was taken; without one, when there was first something to copy."""
        taken = damage.newest_snapshot_at(self.config.box.root)
        began = log.first_at(self.engine.store)
        return taken or (timestamp(began) if began else time.time())

    def sweep_all(self) -> None:
        """Compare the whole library with the projections."""
        self.sweep.start(full=True)

    def tick(self) -> float:
        """Do what is due; in how many seconds something is due again."""
        wait = run_due(self._timers, time.monotonic())
        try:
            return min(wait, self.promote(), self.timekeeper.ask())
        except BoxError as error:
            _log.warning("scheduled jobs and those by the clock wait", error=error)
            return min(wait, 1.0)

    def promote(self) -> float:
        """Scheduled jobs whose time has come may be claimed from now on; in how many seconds the next one's comes."""
        while found := jobs.due(self.engine.store, utc_now(), DUE_MAX):
            self.engine.record(*(JobDue(user=user, job=job) for job, user in found))
        upcoming = jobs.next_due(self.engine.store)
        return max(0.0, timestamp(upcoming) - time.time()) if upcoming else float("inf")

    def wait_no_more(self) -> bool:
        """What waits for a file that it is about is handled now: no more files will come. Whether there was any."""
        found = jobs.never_begun(self.engine.store, self.engine.policy.groups, DUE_MAX)
        if found:
            self.engine.record(*(JobDue(user=user, job=job) for job, user in found))
        return bool(found)

    def _limit_seconds(self) -> float:
        """How often jobs are looked at for the limits of `jobs.ttl_age` and `jobs.ttl_runtime`."""
        limits = [each for each in (self.config.jobs.ttl_age, self.config.jobs.ttl_runtime) if each is not None]
        return max(0.5, min(TTL_LOOK_SECONDS, min(limits) / 10)) if limits else math.inf

    def end_outlived(self) -> None:
        """End what has waited, or runs, for longer than the owner allows."""
        age, runtime = self.config.jobs.ttl_age, self.config.jobs.ttl_runtime
        fails = self.config.jobs.ttl_action == "fail"
        if age is not None:
            why = f"it waited for longer than jobs.ttl_age ({seconds_text(age)})"
            end_waiting(self.engine, log_time(time.time() - age), why, fails=fails)
        if runtime is not None:
            why = f"it ran for longer than jobs.ttl_runtime ({seconds_text(runtime)})"
            for job in self.attention.at_work.overdue(runtime):
                self.attention.stop(job, Stopped(why, "failed" if fails else "cancelled", "ttl-runtime"))

    def reap(self) -> None:
        """Jobs whose worker died without a word go back to the queue."""
        expired = [
            lease for lease in live.expired_leases(self.engine.store, time.time()) if lease not in self.claims.active
        ]
        if expired:
            count = recover(self.engine, self.config.box.root, self.retries, expired)
            _log.warning("leases ran out", leases=len(expired), jobs=count)

    def fold_wal_at_rest(self) -> None:
        """Fold the WAL back once nothing has been committed for a while, and then not again."""
        commits = self.engine.commits
        if commits == self._commits and commits != self._folded:
            self.fold_wal()
        self._commits = commits

    def fold_wal(self) -> None:
        """Fold the WAL back into the database file."""
        with self.meters.timing("wal"):
            self.engine.store.checkpoint()
        self._folded = self.engine.commits

    def snapshot(self) -> None:
        """Copy the database aside, if anything was recorded since the last time."""
        position = log.last_position(self.engine.store)
        if position != self._snapshot_at:
            keep = self.config.database.snapshots_keep
            with self.meters.timing("snapshot"):
                damage.take_snapshot(self.config.box.root, self.engine.store, position, keep)
            self._snapshot_at = position

    def snapshot_if_due(self) -> None:
        """A snapshot, if the newest one is too old."""
        if first_in(self.config.database.snapshot_seconds, self._snapshot_taken(), time.time()) <= 0:
            self.snapshot()

    def quota_problems(self) -> dict[str, str]:
        """user -> what waits for room in the user's quota."""
        return {
            user: f"{count} files of {user} wait in the inbox for room in the quota: remove something or raise it"
            for user, count in drops.waiting_counts(self.engine.store).items()
        }

    def bitrot_problems(self) -> dict[str, str]:
        """destination -> how many files there, or here, are not what was copied."""
        return {
            each.destination: f"The repository {each.path} is damaged: nothing in it counts as backed up until it is"
            " repaired by hand, and `box do verify-backup` has read all of it"
            if self.config.backup.engine == "restic"
            else f"{each.damaged} files of the backup at {each.path} are damaged, there or here: `box jobs"
            " --kind verify-backup` says which; `box do verify-backup repair=true` copies the good side over the other"
            for each in backups.all_of(self.engine.store)
            if each.damaged
        }

    def clock_problems(self) -> dict[str, str]:
        """camera -> how many of its photos bear a time that cannot be right, and how to mend them."""
        counted: dict[str, int] = {}
        for each in camera_clocks.all_of(self.engine.store):
            counted[each.camera] = counted.get(each.camera, 0) + each.photos
        return {camera: _clock_message(camera, count) for camera, count in counted.items()}


def _clock_message(camera: str, count: int) -> str:
    told = (
        f"The clock of {camera or 'an unknown camera'} was wrong: {count} of its photos bear a time that cannot be"
        " right and lie under undated/."
    )
    mend = f' If you know by how much: `box do redate camera="{camera}" shift="+3 days 02:00:00"`'
    return told + mend if camera else told


def end_waiting(engine: Engine, before: str, why: str, *, fails: bool) -> None:
    """End the queued jobs that have been waiting since before that time."""

    def end(transaction: Transaction) -> int:
        found = jobs.outlived(transaction.store, before, DUE_MAX)
        refused = [transaction.try_record(_outlived(job, user, why, fails=fails)) for job, user in found]
        return refused.count(None)  # a follower has ended with the one that it waited for

    while engine.transact(end, events=DUE_MAX):
        pass


def _outlived(job: int, user: str, why: str, *, fails: bool) -> JobFailed | JobCancelled:
    if fails:
        return JobFailed(user=user, job=job, lease="", code="ttl-age", message=why)
    return JobCancelled(user=user, job=job, reason=why)
