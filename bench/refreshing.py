"""Refreshing. The rule: what one refresh of the metrics costs may not depend on how many jobs there were.

Each database holds that many finished jobs and the same few living ones. The history is inserted as the folds would
leave it: through the engine a million would take minutes, and its rows would be the same.
"""

from __future__ import annotations

import os
import shutil
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from bench import machine, roots
from bench.tables import Table, percentiles, verdict
from box import beside, log
from box import config as configuration
from box.engine import create
from box.event_text import dump
from box.events import JobRequested
from box.meters import Meters
from box.metrics import NAME, Metrics
from box.models import live
from box.models.base import Store
from box.status import Problems
from box.tasks import ALL
from box.watchers import Watched

SIZES = (10, 10_000, 1_000_000)
FLAT_MS = 20.0
REFRESHES = 200
KINDS = ("photo", "quarantine", "verify", "snapshot", "backup")
ENDS = ("completed", "failed", "cancelled", "quarantined")
USERS = ("ada", "bob", "cyd", "dan")
QUEUED, LEASES, JOBS_A_LEASE = 1000, 4, 50
BYTES_EACH_JOB = 1000
AT = "2026-11-21T20:00:00.000Z"
COLUMNS = ("jobs in history", "database MB", "wall ms p50", "wall ms p99", "CPU ms p50", "file kB")


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one refresh."""

    wall_seconds: float
    cpu_seconds: float


def refresh_cost(folder: str, most: int, patience_seconds: float) -> Table:
    """At each size up to `most`, and at `most`."""
    roots.need_room(folder, most * BYTES_EACH_JOB * 2)
    table = Table("metrics", "One refresh of the metrics", COLUMNS)
    for jobs in sorted({*(size for size in SIZES if size < most), most}):
        root = os.path.join(folder, "refresh")
        config = configuration.load(roots.make(root, jobs={"ttl_age": "1 day", "ttl_runtime": "1 h"}), {})
        path = os.path.join(root, "box.db")
        fill(path, jobs)
        store = Store(path)
        engine = beside.engine_of(config, store)
        meters = Meters(handler.kind for handler in ALL)
        metrics = Metrics(config, store, engine.policy, meters, Problems(), watched, lambda: 0)
        os.sync()
        machine.wait_for_quiet(patience_seconds)
        costs = [_measure(metrics) for _ in range(REFRESHES)]
        wall = percentiles([cost.wall_seconds * 1e3 for cost in costs])
        cpu = statistics.median(cost.cpu_seconds * 1e3 for cost in costs)
        written = os.path.getsize(os.path.join(root, NAME)) / 1e3
        table.rows.append((f"{jobs:,}", store.file_bytes() / 1e6, wall["p50"], wall["p99"], cpu, written))
        table.verdicts.append(verdict(f"{jobs:,} jobs: wall, p50", wall["p50"], FLAT_MS, " ms"))
        table.raw[str(jobs)] = [asdict(cost) for cost in costs]
        store.close()
        shutil.rmtree(root)
    table.notes = [
        f"{REFRESHES} refreshes each, one after the other: collected, written and renamed, with every limit set",
        f"beside it {QUEUED:,} jobs wait and {LEASES * JOBS_A_LEASE} run; {len(KINDS)} kinds, {len(USERS)} users",
        "the histories were inserted, a row in the log and one in the ledger for each job",
    ]
    return table


def watched() -> list[Watched]:
    """An inbox each."""
    return [Watched(user, "native", 1) for user in USERS]


def _measure(metrics: Metrics) -> Cost:
    wall, cpu = time.perf_counter(), time.process_time()
    metrics.refresh()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


def fill(path: str, history: int) -> None:
    """A database with that many finished jobs, and the living ones."""
    store = Store(path, durable=False)
    create(store)
    connection: Any = store.peewee.connection()
    defaults = {row[1]: "" if row[2] == "TEXT" else 0 for row in store.rows("PRAGMA table_info(jobs)")}
    row = f"INSERT INTO jobs ({', '.join(defaults)}) VALUES ({', '.join('?' * len(defaults))})"
    rows = (tuple({**defaults, **job}.values()) for job in _jobs(history))
    with store.transaction():
        connection.executemany(
            "INSERT INTO events (position, at, kind, user, data) VALUES (?, ?, ?, ?, ?)", _events(history)
        )
        connection.executemany(row, rows)
        store.execute("INSERT INTO job_counts SELECT kind, state, count(*) FROM jobs GROUP BY kind, state")
        for number in range(LEASES):
            live.open_lease(store, f"L{number}", "bench", time.time() + 60)
        for user in USERS:
            store.execute("INSERT INTO accounts VALUES (?, 1000, 0, 0, 1, 100000)", (user,))
    assert log.last_position(store) == history + QUEUED + LEASES * JOBS_A_LEASE
    store.close()


def _jobs(history: int) -> Iterator[dict[str, object]]:
    running = LEASES * JOBS_A_LEASE
    for job in range(1, history + QUEUED + running + 1):
        kind, user = KINDS[job % len(KINDS)], USERS[job % len(USERS)]
        known = {"id": job, "kind": kind, "user": user, "source": f"users/{user}/inbox/{job}.jpg"}
        known |= {"created_at": AT, "due_at": AT}
        if job <= history:
            yield {**known, "state": ENDS[job // 7 % len(ENDS)], "attempts": 1, "started_at": AT, "finished_at": AT}
        elif job <= history + running:
            yield {**known, "state": "running", "attempts": 1, "started_at": AT, "lease": f"L{job % LEASES}"}
        else:
            yield {**known, "state": "queued", "priority": job % 3 - 1}


def _events(history: int) -> Iterator[tuple[int, str, str, str, str]]:
    event = JobRequested(user="ada", kind="photo", source="users/ada/inbox/IMG_0001.JPG")
    row = (AT, type(event).__name__, event.user, dump(event))
    for position in range(1, history + QUEUED + LEASES * JOBS_A_LEASE + 1):
        yield position, *row
