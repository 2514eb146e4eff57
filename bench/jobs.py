"""Jobs a second. The rule: Box and bare huey in turn on one disk, and the ratio is the median of these pairs."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from bench import machine, roots
from bench.machine import REPOSITORY
from bench.noops import BATCH, THREADS, WORKERS
from bench.tables import Table, verdict

A_THIRD = 1 / 3
EQUAL = 1.0
COLUMNS = ("", "jobs", "jobs/s", "CPU us/job", "written B/job", "x huey", "x its CPU")

WAYS: Mapping[str, tuple[str, str]] = {
    # title: (side, how) of `bench.noops`
    "huey, one by one": ("huey", "single"),
    "box, one by one": ("box", "single"),
    f"box, {BATCH} in a commit": ("box", "batches"),
    "huey with results, one by one": ("results", "single"),
    "box, a call in a child, one by one": ("call", "single"),
    f"box, a call in a child, {BATCH} in a commit": ("call", "batches"),
}
PEER = "huey, one by one"
"""What all others are compared with."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one job took."""

    seconds: float
    cpu_seconds: float
    written_bytes: float


def jobs_a_second(folder: str, count: int, runs: int, patience_seconds: float) -> Table:
    """Jobs that do nothing, end to end: asked for, claimed, performed, finished, each step durable."""
    scratch = os.path.join(folder, "jobs")
    machine.wait_for_quiet(patience_seconds)
    took: dict[str, list[Cost]] = {title: [] for title in WAYS}
    for turn in range(runs):
        ways = list(WAYS.items())
        for title, (side, how) in ways if turn % 2 else reversed(ways):
            took[title].append(_once(scratch, side, how, count))
    shutil.rmtree(scratch)
    table = Table("jobs", "Jobs a second, beside bare huey", COLUMNS)
    for title, found in took.items():
        cost = [statistics.median(getattr(each, field) for each in found) for field in Cost.__slots__]
        speed, cpu = (1 / _ratio(found, took[PEER], field) for field in ("seconds", "cpu_seconds"))
        table.rows.append((title, count, 1 / cost[0], cost[1] * 1e6, round(cost[2]), speed, 1 / cpu))
        if title.startswith("box"):
            table.verdicts.append(verdict(f"{title}: times huey", speed, A_THIRD, least=True))
            table.verdicts.append(verdict(f"{title}: times huey, the aim", speed, EQUAL, least=True))
    table.raw = {title: [(c.seconds, c.cpu_seconds, c.written_bytes) for c in found] for title, found in took.items()}
    table.notes = [
        f"medians of {runs} runs in turn, paired ratios; {WORKERS} worker threads, who asks is in the same process",
        f"one by one: {THREADS} threads ask, and wait each time until the job is durable; huey knows no other way",
        "huey: `SqliteHuey` as it comes, in its own database on the same disk; it keeps nothing of a job that was done",
        "box: the real service; JobRequested, JobStarted, JobSucceeded in the log, the job in the ledger, all synced",
    ]
    return table


def _once(scratch: str, side: str, how: str, count: int) -> Cost:
    config = roots.make(scratch)
    is_box = side in {"box", "call"}
    where = config if is_box else os.path.join(scratch, "huey.db")
    done = subprocess.run(
        [sys.executable, "-m", "bench.noops", side, how, where, str(count)],
        cwd=REPOSITORY, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": REPOSITORY},
    )  # fmt: skip
    if done.returncode:
        raise roots.WrongOutcome(f"bench.noops {side} {how}: {done.stderr[-2000:]}")
    if is_box:
        roots.check_clean(config)
    return Cost(*(value / count for value in json.loads(done.stdout)))


def _ratio(found: list[Cost], peer: list[Cost], field: str) -> float:
    return float(statistics.median(getattr(f, field) / getattr(p, field) for f, p in zip(found, peer, strict=True)))
