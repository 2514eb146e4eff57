"""Meters: what this process has counted and timed, for `metrics.prom`. The rule: in memory, from any thread, cheaply.

Counts begin at 0 with each process and never go down. A label is never taken from the name of a file. What comes from
outside (the code of an error may be the word of a child that somebody took over) is a label only as a short plain word,
and only so many of them: the rest is `other`.
"""

from __future__ import annotations

import re
import threading
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from box.events import (
    Event,
    FileRemoved,
    JobCancelled,
    JobFailed,
    JobQuarantined,
    JobReleased,
    JobRetried,
    JobSucceeded,
)
from box.exposition import Labels, Spread, Values

WORDS_MAX: Final = 50
"""Different codes, and different kinds of jobs, that get a label of their own."""

OTHER: Final = "other"

TASKS: Final = (
    "quota-recalculation", "temp-clean-up", "library-sweep", "snapshot", "wal", "compaction", "history", "metrics",
)  # fmt: skip
"""The upkeep that is timed."""

REMOVED: Final = ("temp",)
"""Why Box removes files for good; see `box.retention_events`."""

_WORD: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")

_MINUTE, _HOUR, _DAY = 60.0, 3_600.0, 86_400.0

WAIT_BOUNDS: Final = (
    0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, _MINUTE, 5 * _MINUTE, 15 * _MINUTE, _HOUR, 6 * _HOUR, _DAY,
)  # fmt: skip
DURATION_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, _MINUTE, 5 * _MINUTE, _HOUR)
LEASE_BOUNDS: Final = (0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, _MINUTE, 5 * _MINUTE, _HOUR, _DAY)
TTL_BOUNDS: Final = (0.0, _MINUTE, 10 * _MINUTE, _HOUR, 6 * _HOUR, _DAY, 7 * _DAY, 30 * _DAY)


@dataclass(slots=True)
class _Observed:
    """A spread that grows."""

    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=list)
    sum: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def add(self, value: float, times: int) -> None:
        self.counts[bisect_left(self.bounds, value)] += times
        self.sum += value * times


class Meters:
    """The meters of a process. What can be known beforehand is there from the start, at 0."""

    def __init__(self, kinds: Iterable[str] = ()) -> None:
        """`kinds` of jobs that are known."""
        known = [(kind,) for kind in kinds]
        self._lock = threading.Lock()
        self._counts: dict[str, dict[Labels, int]] = {
            "box_jobs_ended_total": {(s,): 0 for s in ("completed", "failed", "cancelled", "quarantined")},
            "box_job_retries_total": {(cause,): 0 for cause in ("error", "lost", "by-hand")},
            "box_job_failures_total": {},
            "box_job_quarantines_total": {},
            "box_events_total": {},
            "box_removed_files_total": {(why,): 0 for why in REMOVED},
            "box_removed_bytes_total": {(why,): 0 for why in REMOVED},
        }
        self._spreads: dict[str, dict[Labels, _Observed]] = {
            "box_job_wait_seconds": {kind: _Observed(WAIT_BOUNDS) for kind in known},
            "box_job_duration_seconds": {kind: _Observed(DURATION_BOUNDS) for kind in known},
            "box_lease_expiry_seconds": {(): _Observed(LEASE_BOUNDS)},
            "box_ttl_expiry_seconds": {(limit,): _Observed(TTL_BOUNDS) for limit in ("age", "runtime")},
            "box_upkeep_seconds": {(task,): _Observed(()) for task in TASKS},
        }

    # --- told by those who do the work --------------------------------------------------------------------------------

    def waited(self, kind: str, seconds: float) -> None:
        """A job was claimed, so long after it could be."""
        self._observe("box_job_wait_seconds", WAIT_BOUNDS, kind, seconds)

    def ran(self, kind: str, seconds: float) -> None:
        """An attempt ended, well or not, after so long."""
        self._observe("box_job_duration_seconds", DURATION_BOUNDS, kind, seconds)

    def timed(self, task: str, seconds: float) -> None:
        """Upkeep was done; `task` is one of `TASKS`."""
        with self._lock:
            self._spreads["box_upkeep_seconds"][task,].add(seconds, 1)

    @contextmanager
    def timing(self, task: str) -> Iterator[None]:
        """Time what is done inside, also if it fails."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.timed(task, time.monotonic() - began)

    def lease_left(self, seconds: float) -> None:
        """A lease has so long left; less than nothing is none."""
        with self._lock:
            self._spreads["box_lease_expiry_seconds"][()].add(max(0.0, seconds), 1)

    def ttl_left(self, limit: str, jobs: Iterable[tuple[float, int]]) -> None:
        """(seconds, how many jobs have so long left of their limit), which is "age" or "runtime"."""
        with self._lock:
            observed = self._spreads["box_ttl_expiry_seconds"][limit,]
            for seconds, count in jobs:
                observed.add(max(0.0, seconds), count)

    # --- told by the log ----------------------------------------------------------------------------------------------

    def count(self, event: Event) -> None:
        """One more event was recorded."""
        with self._lock:
            self._one_more("box_events_total", type(event).__name__)
            if isinstance(event, FileRemoved):
                self._one_more("box_removed_files_total", self._word("box_removed_files_total", event.why))
                self._one_more("box_removed_bytes_total", self._word("box_removed_bytes_total", event.why), event.size)
            elif isinstance(event, JobSucceeded):
                self._one_more("box_jobs_ended_total", "completed")
            elif isinstance(event, JobFailed):
                self._one_more("box_job_failures_total", self._word("box_job_failures_total", event.code))
                if event.retry_at:
                    self._one_more("box_job_retries_total", "error")
                else:
                    self._one_more("box_jobs_ended_total", "failed")
            elif isinstance(event, JobCancelled):
                self._one_more("box_jobs_ended_total", "cancelled")
            elif isinstance(event, JobQuarantined):
                self._one_more("box_job_quarantines_total", self._word("box_job_quarantines_total", event.code))
                self._one_more("box_jobs_ended_total", "quarantined")
            elif isinstance(event, JobReleased) and event.counted:
                self._one_more("box_job_retries_total", "lost")
            elif isinstance(event, JobRetried):
                self._one_more("box_job_retries_total", "by-hand")

    # --- read ---------------------------------------------------------------------------------------------------------

    def read(self) -> dict[str, Values]:
        """All there is now, by the names of the families."""
        with self._lock:
            found: dict[str, Values] = {name: dict(counts) for name, counts in self._counts.items()}
            for name, spreads in self._spreads.items():
                found[name] = {k: Spread(o.bounds, tuple(o.counts), o.sum) for k, o in spreads.items()}
        return found

    def _observe(self, name: str, bounds: tuple[float, ...], kind: str, seconds: float) -> None:
        with self._lock:
            spreads = self._spreads[name]
            if (kind,) not in spreads:
                kind = word(kind, len(spreads))
                spreads.setdefault((kind,), _Observed(bounds))
            spreads[kind,].add(max(0.0, seconds), 1)  # a clock that was set back is no time gained

    def _one_more(self, name: str, label: str, more: int = 1) -> None:
        counts = self._counts[name]
        counts[label,] = counts.get((label,), 0) + more

    def _word(self, name: str, text: str) -> str:
        counts = self._counts[name]
        return text if (text,) in counts else word(text, len(counts))


def word(text: str, known: int) -> str:
    """A new word as a label, where `known` others have one already."""
    return text if known < WORDS_MAX and _WORD.fullmatch(text) else OTHER
