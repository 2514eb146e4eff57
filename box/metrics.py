"""Metrics: projections and meters -> `metrics.prom`. The rule: what a refresh costs does not grow with history.

The file is for Prometheus, by way of a textfile collector, and is replaced whole, beside the status. A group that
vanished is shown as 0 once, and then no more.
"""

from __future__ import annotations

import os
import platform
import resource
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from box import __version__, backup_status, disk, log, logs
from box.exposition import Labels, Values, render
from box.meters import Meters, word
from box.models import census
from box.models.base import Store
from box.models.census import Census
from box.policy import Policy, quota
from box.sections import Config, Jobs
from box.status import Problems, storage
from box.status_file import folder, timestamp
from box.watchers import Watched

NAME: Final = "metrics.prom"

MODES: Final = ("native", "polling", "missing")

FADING: Final = ("box_jobs", "box_quota_used_bytes", "box_quota_reserved_bytes", "box_problems")
"""Families whose groups come and go."""

_log = logs.get(__name__)


@dataclass(slots=True)
class Metrics:
    """What writes the file of a service, on the thread of its loop."""

    config: Config
    store: Store
    policy: Policy
    meters: Meters
    problems: Problems
    watched: Callable[[], Iterable[Watched]]
    settling: Callable[[], int]
    """How many files have not settled."""
    started_at: float = field(default_factory=time.time)
    _due_at: float = float("-inf")
    _shown: dict[str, set[Labels]] = field(default_factory=dict)

    def tell(self, now: float) -> float:
        """Write the file if it is due; in how many seconds it is due again. `now` is monotonic."""
        if now >= self._due_at:
            self._due_at = now + self.config.metrics.interval_seconds
            self.refresh()
        return self._due_at - now

    def refresh(self) -> None:
        """Collect and replace the file; a full disk is told in the log and tried again."""
        with self.meters.timing("metrics"):
            try:
                text = render(self.collect())
                disk.write_whole(os.path.join(folder(self.config), NAME), text, durable=False)
            except OSError as error:
                _log.warning("the metrics could not be written", reason=str(error))

    def collect(self) -> dict[str, Values]:
        """All values, by the names of their families."""
        now = time.time()
        limits = self.config.jobs
        taken = census.take(self.store, with_ages=limits.ttl_age is not None)
        observe(self.meters, taken, limits, now)
        found: dict[str, Values] = {
            **self.meters.read(),
            **_jobs(taken, now),
            **_quotas(taken, self.config, self.policy),
            **_watching(self.watched(), self.settling()),
            **_backup(backup_status.block(self.store, self.config), now),
            **_box(self.store, storage(self.config.box.root)),
            **_process(self.started_at),
            "box_problems": _by_code(self.problems),
            "box_updated_timestamp_seconds": {(): now},
        }
        for name in FADING:
            shown, self._shown[name] = self._shown.get(name, set()), set(found[name])
            found[name] = {**dict.fromkeys(shown, 0), **found[name]}
        return found


def observe(meters: Meters, taken: Census, limits: Jobs, now: float) -> None:
    """What the leases, and the jobs that have a time to live, have left of it."""
    for held in taken.held:
        if held.expires_at is not None:
            meters.lease_left(held.expires_at - now)
    if limits.ttl_runtime is not None:
        end = limits.ttl_runtime - now
        meters.ttl_left("runtime", [(timestamp(held.started_at) + end, held.jobs) for held in taken.held])
    if limits.ttl_age is not None:
        end = limits.ttl_age - now
        meters.ttl_left("age", [(timestamp(since) + end, 1) for since in taken.queued_since])


def _jobs(taken: Census, now: float) -> dict[str, Values]:
    counts: Counter[Labels] = Counter()
    known: set[str] = set()
    for (kind, state), jobs in sorted(taken.jobs.items()):
        label = kind if kind in known else word(kind, len(known))
        known.add(label)
        counts[label, state] += jobs
    oldest = max(0.0, now - timestamp(taken.oldest_queued_at)) if taken.oldest_queued_at else 0.0
    return {
        "box_jobs": counts,
        "box_jobs_scheduled": {(): taken.scheduled},
        "box_jobs_oldest_queued_seconds": {(): oldest},
        "box_jobs_stale": {(): sum(held.jobs for held in taken.held if (held.expires_at or 0.0) < now)},
    }


def _quotas(taken: Census, config: Config, policy: Policy) -> dict[str, Values]:
    accounts = dict.fromkeys(config.users.names, census.Account("", 0, 0, quota_is_set=False, quota_bytes=None))
    accounts |= {account.user: account for account in taken.accounts if account.user}
    limits = {
        (user,): quota(policy, user, is_set=account.quota_is_set, set_bytes=account.quota_bytes)
        for user, account in accounts.items()
    }
    return {
        "box_quota_used_bytes": {(user,): account.used_bytes for user, account in accounts.items()},
        "box_quota_reserved_bytes": {(user,): account.reserved_bytes for user, account in accounts.items()},
        "box_quota_limit_bytes": {user: limit for user, limit in limits.items() if limit is not None},
    }


def _watching(watched: Iterable[Watched], settling: int) -> dict[str, Values]:
    events: Counter[Labels] = Counter()
    modes: Counter[Labels] = Counter()
    for each in watched:
        events[each.user,] += each.events
        for mode in MODES:
            modes[each.user, mode] += each.mode == mode
    return {"box_watch_events_total": events, "box_watch_inboxes": modes, "box_settling_files": {(): settling}}


def _backup(told: Mapping[str, Any], now: float) -> dict[str, Values]:
    if told["last_finished_at"] is None:
        return {}
    return {
        "box_backup_age_seconds": {(): max(0.0, now - timestamp(told["last_finished_at"]))},
        "box_backup_missing_files": {(): told["files_missing"]},
    }


def _box(store: Store, room: Mapping[str, int]) -> dict[str, Values]:
    return {
        "box_log_position": {(): log.last_position(store)},
        "box_log_bytes": {(): store.file_bytes()},
        "box_disk_free_bytes": {(): room["free_bytes"]},
        "box_disk_size_bytes": {(): room["total_bytes"]},
        "box_build_info": {(__version__, platform.python_version(), sqlite3.sqlite_version): 1},
    }


def _process(started_at: float) -> dict[str, Values]:
    with open("/proc/self/statm", encoding="ascii") as file:
        pages = int(file.read().split()[1])
    return {
        "box_process_resident_memory_bytes": {(): pages * resource.getpagesize()},
        "box_process_cpu_seconds_total": {(): time.process_time()},
        "box_process_start_time_seconds": {(): started_at},
    }


def _by_code(problems: Problems) -> Counter[Labels]:
    return Counter((problem["code"],) for problem in problems.listed())
