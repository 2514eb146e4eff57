"""Photos of all kinds, and very many. The rule: the whole program, and what a user would wait for.

`formats`: what reading and filing one costs, by format. `flood`: a hundred thousand at once, with the service running;
then nothing to organise among them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bench import machine, roots, running, small
from bench.machine import REPOSITORY
from bench.tables import Table, verdict

RSS_MB_MAX: Final = 150.0
ORGANISE_SECONDS_MAX: Final = 5.0
STATUS_SECONDS_MAX: Final = 35.0
"""At rest it is written every 30 s, while things change at most once a second."""
WAIT_SECONDS: Final = 3600.0
LOOK_SECONDS: Final = 0.5
KEYS: Final = {"watch": {"settle_seconds": 0.1}, "photos": {"thumbnail_pixels": 0}}
CORPORA: Final = Path(os.environ.get("BOX_CORPORA", REPOSITORY + "/../shared/corpora"))
OTHERS: Final = {
    "cr2": "makers/CanonRaw.cr2", "cr3": "makers/CanonRaw.cr3", "nef": "makers/Nikon.nef", "dng": "makers/DNG.dng",
    "raf": "makers/FujiFilm.raf", "rw2": "makers/Panasonic.rw2", "orf": "makers/Olympus.orf",
    "mov": "makers/QuickTime.mov",
}  # fmt: skip
"""Formats that only cameras write: real files, where there are some."""


def by_format(folder: str, count: int, patience_seconds: float) -> Table:
    """So many files of each format, one format after the other."""
    table = Table("formats", f"Reading and filing {count} files, by format", (
        "format", "kB each", "files/s", "wall s", "CPU ms/file", "peak RSS MB", "read by",
    ))  # fmt: skip
    given = {ending: make() for ending, make in small.PICTURES.items()}
    given |= {ending: path.read_bytes() for ending, name in OTHERS.items() if (path := CORPORA / name).exists()}
    for ending, data in given.items():
        config = roots.make(os.path.join(folder, "root"), **KEYS)
        for number in range(count):
            Path(roots.inbox(config), f"IMG_{number:04}.{ending}").write_bytes(small.alike(data, ending, number))
        machine.wait_for_quiet(patience_seconds)
        done = running.run(roots.command(config, "once"), os.path.join(folder, "box.log"), REPOSITORY)
        files = sum(len(names) for _, _, names in os.walk(roots.photos(config)))
        if files != count:
            raise roots.WrongOutcome(f"{files} of {count} {ending} files were filed")
        own = ending in small.PICTURES
        table.rows.append((
            ending, len(data) / 1e3, count / done.wall_seconds, done.wall_seconds, done.cpu_seconds / count * 1e3,
            done.rss_bytes / 1e6, "Box" if own else "exiftool",
        ))  # fmt: skip
    shutil.rmtree(os.path.join(folder, "root"))
    table.notes = ["the whole of `box once`, start included, no thumbnails; RAW and films: tiny real ones"]
    return table


def flood(folder: str, count: int, patience_seconds: float) -> Table:
    """So many small photos in one drop."""
    config = roots.make(os.path.join(folder, "root"), **KEYS)
    began = time.perf_counter()
    days = small.drop(roots.inbox(config), count)
    print(f"{count:,} photos dropped in {time.perf_counter() - began:.0f} s", flush=True)
    machine.wait_for_quiet(patience_seconds)
    with open(os.path.join(folder, "box.log"), "ab") as log:
        process = subprocess.Popen(roots.command(config, "run"), cwd=REPOSITORY, stdout=log, stderr=log)
    try:
        filed = _watch(config, process.pid, count)
        organised = _timed(config, "do", "organize", "--wait")
        dry = _timed(config, "do", "organize", "--dry-run")
    finally:
        process.terminate()
        process.wait()
    roots.check_filed(roots.photos(config), count, days)
    roots.check_clean(config)
    shutil.rmtree(os.path.join(folder, "root"))
    table = Table("flood", f"{count:,} small photos in one drop", (
        "photos", "wall s", "photos/s", "CPU s", "peak RSS MB", "oldest status s", "organise s", "dry run s",
    ))  # fmt: skip
    table.rows.append((
        count, filed["wall"], count / filed["wall"], filed["cpu"], filed["rss_mb"], filed["status"], organised, dry,
    ))  # fmt: skip
    table.verdicts = [
        verdict("peak memory of service and children", filed["rss_mb"], RSS_MB_MAX, " MB"),
        verdict("age of the status file, at most", filed["status"], STATUS_SECONDS_MAX, " s"),
        verdict("organise, with nothing to do", organised, ORGANISE_SECONDS_MAX, " s"),
    ]
    table.notes = [
        "`box run`, from its start to the last photo filed; memory of the whole tree, looked at twice a second",
        "organise: the whole command, from its start to its answer, with the service running",
    ]
    return table


def _watch(config: str, pid: int, count: int) -> dict[str, float]:
    """Until all are filed: how long, what it took, and how old the status file ever was."""
    began, peak, oldest = time.perf_counter(), 0, 0.0
    status = os.path.join(os.path.dirname(config), "status.json")
    while time.perf_counter() - began < WAIT_SECONDS:
        time.sleep(LOOK_SECONDS)
        pids = running.tree(pid)
        peak = max(peak, sum(running.resident(each) for each in pids))
        said = _read(status)
        if said:
            oldest = max(oldest, time.time() - os.stat(status).st_mtime)
            if said["photos"]["count"] == count and not said["jobs"]["queued"] and not said["jobs"]["running"]:
                wall = time.perf_counter() - began
                cpu = sum(running.cpu_seconds(each) for each in running.tree(pid))
                return {"wall": wall, "cpu": cpu, "rss_mb": peak / 1e6, "status": oldest}
    raise roots.WrongOutcome(f"not all of {count} photos were filed within {WAIT_SECONDS:.0f} s")


def _read(path: str) -> Mapping[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            said: Mapping[str, Any] = json.load(file)
            return said
    except (OSError, ValueError):
        return {}


def _timed(config: str, *arguments: str) -> float:
    began = time.perf_counter()
    done = subprocess.run(
        roots.command(config, *arguments), cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise roots.WrongOutcome(f"box {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return time.perf_counter() - began
