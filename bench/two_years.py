"""Two years. The rule: the database stays as large as what is kept; what is old is in the archive, and all counts.

The days go through the engine with a clock of their own, as fast as it can; at the end of each, the old is archived, as
the service does it by its clock. At the end the projections are made anew, from segments and log together.
"""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import time
from dataclasses import dataclass, field

from bench import machine, roots
from bench.growth import BUILT_AT_ONCE, EVENTS_A_PHOTO, History, file_some
from bench.tables import Table, verdict
from box import compaction, engine, log
from box.engine import Engine, log_time
from box.events import JobCancelled, JobFailed, JobQuarantined, JobRequested, JobStarted
from box.job_tables import KEEP_SECONDS
from box.models.base import Store
from box.policy import Policy
from box.units import DAY

BEGIN = 1_704_067_200
"""2024-01-01."""
MONTH_DAYS = 30
KEEP_EVENTS_SECONDS = 30.0 * DAY
FULL_MONTHS = 4
"""After so many months everything is kept as long as it ever is: quarantined jobs stay 90 days."""
FLAT = 1.1
LEAST = 1000
"""Fewer old jobs or events are not worth a file."""
TROUBLE = 500
"""Of so many photos one more job fails, one is cancelled and one goes to quarantine."""
BYTES_A_PHOTO = 1200
"""Of library and archive, at most; and as much again while the projections are made anew."""
COLUMNS = (
    "month",
    "photos",
    "events ever",
    "events in the table",
    "jobs in the table",
    "log MB",
    "jobs MB",
    "library MB",
    "free MB",
    "archive MB",
    "files",
    "filing s",
    "archiving s",
)


@dataclass(slots=True)
class Clock:
    """The time that the log writes."""

    seconds: float = BEGIN

    def now(self) -> str:
        return log_time(self.seconds)


@dataclass(slots=True)
class Life:
    """A root that lives fast."""

    root: str
    history: History
    clock: Clock = field(default_factory=Clock)
    filing_seconds: float = 0.0
    archiving_seconds: float = 0.0
    longest_seconds: float = 0.0


def begin(root: str) -> Life:
    store = Store(os.path.join(root, "box.db"))
    engine.create(store)
    clock = Clock()
    policy = Policy(kinds={"image/jpeg": "photo"}, attempts_max=3, quota_bytes={"me": 1 << 60})
    return Life(root, History(store, Engine(store, policy, commit_seconds=0, now=clock.now)), clock)


def live_a_day(life: Life, photos: int) -> None:
    """File so many photos, have some trouble, archive what is old."""
    began = time.perf_counter()
    end = life.history.photos + photos
    while life.history.photos < end:
        file_some(life.history, min(BUILT_AT_ONCE, end - life.history.photos))
        life.clock.seconds += DAY / 2 * BUILT_AT_ONCE / photos
    for _ in range(photos // TROUBLE):
        have_trouble(life.history.engine)
    filed = time.perf_counter()
    life.clock.seconds += DAY - (life.clock.seconds - BEGIN) % DAY
    made, at = life.history.engine, life.clock.seconds
    compaction.compact_events(made, KEEP_EVENTS_SECONDS, at, least=LEAST)
    compaction.archive_jobs(made, KEEP_SECONDS, at, least=LEAST)
    took = time.perf_counter() - filed
    life.filing_seconds += filed - began
    life.archiving_seconds += took
    life.longest_seconds = max(life.longest_seconds, took)


def have_trouble(made: Engine) -> None:
    """One job fails, one is cancelled, one goes to quarantine."""
    failed, cancelled, bad = (made.record(JobRequested(kind="verify", user="me"))[0].position for _ in range(3))
    made.record(
        JobStarted(user="me", job=failed, lease="L"),
        JobFailed(user="me", job=failed, lease="L", code="file-system", message="Input/output error"),
        JobCancelled(user="me", job=cancelled, reason="cancelled on request"),
        JobQuarantined(user="me", job=bad, code="attempts-used-up", message="3 attempts: killed by signal 9"),
    )


def measured(life: Life, month: int) -> tuple[str | float | int, ...]:
    """The row of a month."""
    store = life.history.store
    try:
        tables = dict(
            store.rows(
                "SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_master USING (name)"
                " WHERE aggregate = TRUE GROUP BY tbl_name"
            )
        )
    except sqlite3.OperationalError as error:
        raise roots.WrongOutcome(f"this SQLite cannot say how large a table is (dbstat): {error}") from error
    in_log, in_jobs = tables["events"] + tables["segments"], tables["jobs"] + tables["job_counts"]
    free = store.value("PRAGMA freelist_count") * store.value("PRAGMA page_size")
    folder = os.path.join(life.root, "archive")
    files = [entry.stat().st_size for entry in os.scandir(folder)] if os.path.isdir(folder) else []
    return (
        str(month),
        life.history.photos,
        log.last_position(store),
        store.value("SELECT count(*) FROM events"),
        store.value("SELECT count(*) FROM jobs"),
        in_log / 1e6,
        in_jobs / 1e6,
        (sum(tables.values()) - in_log - in_jobs) / 1e6,
        free / 1e6,
        sum(files) / 1e6,
        len(files),
        life.filing_seconds,
        life.archiving_seconds,
    )


def two_years(folder: str, photos_a_day: int, months: int, patience_seconds: float) -> Table:
    """Month by month; then the projections anew."""
    photos = photos_a_day * months * MONTH_DAYS
    roots.need_room(folder, photos * BYTES_A_PHOTO * 2 + photos_a_day * 90 * 2500)
    scratch = os.path.join(folder, "two-years")
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    machine.wait_for_quiet(patience_seconds)
    table = Table("two-years", f"{months} months at {photos_a_day:,} photos a day", COLUMNS)
    life = begin(scratch)
    for month in range(1, months + 1):
        for _ in range(MONTH_DAYS):
            live_a_day(life, photos_a_day)
        table.rows.append(measured(life, month))
        print(f"month {month}: {life.filing_seconds + life.archiving_seconds:.0f} s", flush=True)
    _judge(table)
    _make_anew(table, life)
    life.history.store.close()
    shutil.rmtree(scratch)
    return table


def _judge(table: Table) -> None:
    for column in (5, 6):
        sizes = [float(row[column] or 0) for row in table.rows]
        settled, last = sizes[min(FULL_MONTHS, len(sizes)) - 1], sizes[-1]
        what = f"{COLUMNS[column].removesuffix(' MB')}: last month against month {FULL_MONTHS}"
        table.verdicts.append(verdict(what, last / settled, FLAT, " x"))


def _make_anew(table: Table, life: Life) -> None:
    """What a rebuild takes, and that it makes as many rows again."""
    store = life.history.store
    names = ("jobs", "job_counts", "files", "photos", "photo_days")
    before = [store.value(f"SELECT count(*) FROM {name}") for name in names]
    began, cpu = time.perf_counter(), time.process_time()
    events = engine.rebuild(store)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    if [store.value(f"SELECT count(*) FROM {name}") for name in names] != before:
        raise roots.WrongOutcome("the rebuild made other rows")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    table.raw = {"rebuild_seconds": seconds, "rebuild_cpu_seconds": cpu, "events": events, "peak_rss_mb": peak}
    table.notes = [
        f"a photo is {EVENTS_A_PHOTO} events; kept: events 30 days, jobs as jobs.keep says; archived once a day",
        f"rebuild of {events:,} events, archive and table: {seconds:.0f} s, {seconds / events * 1e6:.0f} us/event",
        f"the longest daily archiving took {life.longest_seconds:.1f} s; peak memory {peak:.0f} MB, rebuild included",
        "all durable, in WAL mode, one process; times are sums since the first day",
    ]
