"""Compaction. The rule: what is old goes from the database to the archive, piece by piece, and nothing is lost between.

A file is written first, without holding anybody up. Then one short transaction records it and takes its rows out.
Killed between the two, it leaves a file that nothing refers to, and the next run goes on. Times are seconds since the
epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from box import archive, log
from box.engine import Engine, Transaction, log_time
from box.events import EventsArchived, JobsArchived
from box.models import job_history
from box.models.base import Store

SEGMENT_EVENTS: Final = 50_000
"""The most that go into a file and a transaction: about 15 MB of rows."""

ARCHIVE_JOBS: Final = 5_000
"""The same for jobs, which are in memory meanwhile."""


@dataclass(frozen=True, slots=True)
class CompactedEvents:
    """What became of old events."""

    events: int = 0
    segments: tuple[str, ...] = ()
    """Files, relative to the root."""


@dataclass(frozen=True, slots=True)
class ArchivedJobs:
    """What became, or would become, of old jobs."""

    jobs: Mapping[str, int]
    """How many by state; every state that was asked about."""
    archives: tuple[str, ...] = ()
    """Files, relative to the root."""


def _go_on() -> None:
    pass


def _untold(_fraction: float, _message: str) -> None:
    pass


# --- events ----------------------------------------------------------------------------------------------------------


def compact_events(
    engine: Engine, keep_seconds: float, now: float, *, least: int = 1,
    check: Callable[[], None] = _go_on, progress: Callable[[float, str], None] = _untold,
) -> CompactedEvents:  # fmt: skip
    """Move the events that are older into segments; fewer than `least` are not worth a file and stay.

    `check` is called between two pieces and raises to end it there; `progress` is told the part done, 0 to 1.
    """
    store = engine.store
    last = log.last_before(store, log_time(now - keep_seconds))
    total = last + 1 - log.oldest_in_table(store)[0]
    if total < least:
        return CompactedEvents()
    done, names = 0, list[str]()
    while done < total:
        check()
        progress(done / total, f"{done} of {total} events archived")
        segment = _compact_some(engine, last)
        if segment is None:  # somebody else archived the rest
            break
        done += segment.last + 1 - segment.first
        names.append(segment.name)
    return CompactedEvents(done, tuple(names))


def _compact_some(engine: Engine, until: int) -> log.Segment | None:
    """The oldest events, up to `until`, become a segment; None if there are none."""
    store = engine.store
    root = log.root(store)
    with archive.lock(root):
        first, first_at = log.oldest_in_table(store)
        last = min(until, first + SEGMENT_EVENTS - 1)
        if last < first:
            return None
        before = log.newest_segment(store)
        header = archive.Header(first, last, last + 1 - first, before.digest if before else "")
        written = archive.write(root, "events", header, log.lines(store, first, last))
        segment = log.Segment(first, last, written.name, written.digest, written.bytes, first_at)

        def move(transaction: Transaction) -> None:
            transaction.record(
                EventsArchived(
                    first=first, last=last, segment=written.name, digest=written.digest, previous=header.previous
                )
            )
            log.forget(transaction.store, segment)

        engine.transact(move)
    return segment


# --- jobs ------------------------------------------------------------------------------------------------------------


def archive_jobs(
    engine: Engine, keep: Mapping[str, float], now: float, *, dry_run: bool = False, least: int = 1,
    check: Callable[[], None] = _go_on, progress: Callable[[float, str], None] = _untold,
) -> ArchivedJobs:  # fmt: skip
    """Archive the jobs that ended longer ago than `keep` (state -> seconds) says; `dry_run` only counts them.

    Of a state that has fewer than `least` none go. `check` and `progress` are as for events.
    """
    befores = {state: log_time(now - seconds) for state, seconds in keep.items()}
    counted = {state: _count(engine.store, state, before, least) for state, before in befores.items()}
    if dry_run:
        return ArchivedJobs(counted)
    total, done = sum(counted.values()), dict.fromkeys(befores, 0)
    names = []
    for state in (state for state, number in counted.items() if number):
        after = 0
        while after >= 0:
            check()
            progress(sum(done.values()) / total, f"{sum(done.values())} of {total} jobs archived")
            after, event = _archive_some(engine, state, befores[state], after)
            if event is not None:
                done[state] += event.jobs
                names.append(event.archive)
    return ArchivedJobs(done, tuple(names))


def _count(store: Store, state: str, before: str, least: int) -> int:
    number = sum(1 for _ in job_history.old(store, state, before))
    return number if number >= least else 0


def _archive_some(engine: Engine, state: str, before: str, after: int) -> tuple[int, JobsArchived | None]:
    """The oldest such jobs behind `after` go: (where to go on, or -1 at the end; what was recorded)."""
    store = engine.store
    root = log.root(store)
    with archive.lock(root):
        found = job_history.some_old(store, state, before, after, ARCHIVE_JOBS)
        if not found:
            return -1, None
        ids = [job.id for job in found]
        written = archive.write(root, "jobs", archive.Header(ids[0], ids[-1], len(ids)), (job.text for job in found))
        event = JobsArchived(
            state=state, before=before, first=ids[0], last=ids[-1], jobs=len(ids),
            archive=written.name, digest=written.digest,
        )  # fmt: skip

        def move(transaction: Transaction) -> bool:
            if job_history.still(transaction.store, state, before, ids[0], ids[-1]) != ids:
                return False  # one was retried meanwhile
            transaction.record(event)
            return True

        if engine.transact(move):
            return ids[-1], event
    return after, None


def archived_job(root: str, job: int) -> tuple[str, dict[str, Any]] | None:
    """(file, the job's row) of a job in the archive, None if none has it.

    A run that was killed may have left a file that nothing refers to: of several rows the one that ended last counts.
    """
    found = []
    for name in archive.holding(root, "jobs", job):
        found += [(name, row) for row in archive.read(root, name) if row["id"] == job]
    return max(found, key=lambda each: str(each[1]["finished_at"]), default=None)
