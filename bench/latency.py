"""Latency. The rule: between two commits, by one clock, with the box at rest before each; the slowest are shown too."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

from bench import machine, photoset, roots
from bench.machine import REPOSITORY
from bench.tables import Table, percentiles, verdict

IN_PROCESS_MS = 20.0
FROM_OUTSIDE_MS = 100.0
CLOSE_TO_FILED_MS = 500.0
SETTLE_SECONDS = 0.2
COLUMNS = ("", "jobs", "p50 ms", "p99 ms", "max ms")


def commit_to_start(folder: str, count: int, patience_seconds: float) -> Table:
    """How soon a worker has begun what was asked for."""
    table = Table("latency", "Commit to start", COLUMNS)
    for title, mode, wanted in (
        ("asked for in the process", "request", IN_PROCESS_MS),
        ("asked for by another process", "outside", FROM_OUTSIDE_MS),
    ):
        root = os.path.join(folder, "latency")
        config = roots.make(root)
        machine.wait_for_quiet(patience_seconds)
        _add(table, title, _inside(config, mode, str(count)), wanted)
        roots.check_clean(config)
        shutil.rmtree(root)
    table.notes = [
        "from the commit of JobRequested to the commit of JobStarted, both durable; one at a time, 0.5 to 0.7 s apart",
        "the other process is a command's: it records beside the service and rings the doorbell file",
    ]
    return table


def close_to_filed(folder: str, count: int, patience_seconds: float) -> Table:
    """How soon a photo is filed."""
    table = Table("close", "Close to filed", COLUMNS)
    made = photoset.make(os.path.join(folder, "photos"), count)
    root = os.path.join(folder, "latency")
    config = roots.make(root, watch={"settle_seconds": SETTLE_SECONDS})
    machine.wait_for_quiet(patience_seconds)
    took = _inside(config, "close", "0", *made)
    roots.check_filed(roots.photos(config), count, photoset.days(count))
    roots.check_clean(config)
    shutil.rmtree(root)
    _add(table, "photos of 1.5 MB, thumbnails of 320", took, CLOSE_TO_FILED_MS)
    table.notes = [
        f"from the close of the file to the commit of PhotoFiled; settling ({SETTLE_SECONDS} s) is a part of it",
        f"one at a time, 0.5 to 0.7 s apart; the first started the child process: {took[0] * 1e3:.0f} ms",
    ]
    return table


def _inside(config: str, mode: str, *arguments: str) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.inside", config, mode, *arguments],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise roots.WrongOutcome(f"bench.inside {mode}: {done.stderr[-2000:]}")
    took: list[float] = json.loads(done.stdout)
    return took


def _add(table: Table, title: str, took: list[float], wanted_ms: float) -> None:
    found = percentiles([seconds * 1e3 for seconds in took])
    table.rows.append((title, len(took), found["p50"], found["p99"], found["max"]))
    table.verdicts.append(verdict(f"{title}: p50", found["p50"], wanted_ms, " ms"))
    table.raw[title] = took
