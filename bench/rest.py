"""Rest. The rule: a service that has worked and has nothing to do is watched from outside, by the kernel's counts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench import machine, photoset, roots, running
from bench.machine import REPOSITORY
from bench.tables import Table, verdict

RSS_MB = 50.0
CPU_PERCENT = 0.1
WAKES_PER_SECOND = 1.0
CHILD_IDLE_SECONDS = 30.0
"""The default; shorter for a watch that is shorter than a minute."""
DAILY_SECONDS = 3.0
"""Of rest before the watch, to each second of it at most: a new root begins with its daily snapshot and sweep."""
STILL_SECONDS = 5.0
"""The database was not touched for so long: the sweep follows the snapshot."""
WORK_SECONDS_MAX = 600.0
MEMORY_FOLDER = "/dev/shm"  # a file system in memory, as /run/box is
COLUMNS = ("", "seconds", "CPU s/min", "CPU %", "wake-ups/s", "written bytes", "RSS MB", "PSS MB", "peak RSS MB")


@dataclass(frozen=True, slots=True)
class Counts:
    """The kernel's counts of a process."""

    at: float
    cpu_seconds: float
    wakes: dict[str, int]
    """By thread."""
    written_bytes: int


def at_rest(folder: str, count: int, seconds: float, patience_seconds: float) -> Table:
    """File `count` photos, wait for all that follows from it (the child ends, the snapshot, the WAL), then watch."""
    idle = min(CHILD_IDLE_SECONDS, seconds / 2)
    made = photoset.make(os.path.join(folder, "photos"), count)
    root, told = os.path.join(folder, "rest"), os.path.join(MEMORY_FOLDER, f"box-bench-{os.getpid()}")
    os.mkdir(told)
    config = roots.make(
        root, watch={"settle_seconds": 0.2}, child={"idle_seconds": idle}, status={"dir": told},
        photos={"thumbnail_pixels": 0},
    )  # fmt: skip
    with open(os.path.join(folder, "rest.log"), "wb") as log:
        process = subprocess.Popen(roots.command(config, "run"), cwd=REPOSITORY, stdout=log, stderr=log)
    try:
        roots.drop(made, roots.inbox(config), links=True)
        _wait(lambda: _filed(told) >= count or process.poll() is not None, WORK_SECONDS_MAX, "the photos are filed")
        if process.returncode is not None:
            raise roots.WrongOutcome(f"box run ended with {process.returncode}; see {folder}/rest.log")
        peak = sum(_memory(pid, "VmHWM") for pid in running.tree(process.pid))
        _wait(lambda: len(running.tree(process.pid)) == 1, WORK_SECONDS_MAX, "the child has ended")
        came_to_rest = _wait(lambda: _is_at_rest(root), seconds * DAILY_SECONDS, "")
        machine.wait_for_quiet(patience_seconds)
        table = _watch(process.pid, root, seconds, peak, count)
        table.notes.append(
            f"watched once the child had ended (child.idle_seconds = {idle:g}), the daily snapshot stood and the"
            " write-ahead log was folded" + ("" if came_to_rest else ": **these two were still due**")
        )
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(told)
    roots.check_filed(roots.photos(config), count, photoset.days(count))
    roots.check_clean(config)
    shutil.rmtree(root)
    return table


def _is_at_rest(root: str) -> bool:
    snapshots = os.path.join(root, "snapshots")
    return (
        os.path.isdir(snapshots)
        and any(name.endswith(".db") for name in os.listdir(snapshots))
        and not os.path.getsize(os.path.join(root, "box.db-wal"))
        and time.time() - os.path.getmtime(os.path.join(root, "box.db")) > STILL_SECONDS
    )


def _watch(pid: int, root: str, seconds: float, peak: float, count: int) -> Table:
    files, before = _times(root), _counts(pid)
    time.sleep(seconds)
    after = _counts(pid)
    changed = sorted(set(_times(root).items()) ^ set(files.items()))
    took = after.at - before.at
    share = (after.cpu_seconds - before.cpu_seconds) / took
    by_thread = {thread: wakes - before.wakes.get(thread, 0) for thread, wakes in after.wakes.items()}
    wakes, written = sum(by_thread.values()) / took, after.written_bytes - before.written_bytes
    rss, pss = _memory(pid, "VmRSS"), _memory(pid, "Pss", "smaps_rollup")
    table = Table("rest", f"At rest, after filing {count:,} photos", COLUMNS)
    table.rows = [("box run", took, share * 60, share * 100, wakes, written, rss, pss, peak)]
    table.verdicts = [
        verdict("RSS", rss, RSS_MB, " MB"),
        verdict("CPU", share * 100, CPU_PERCENT, " %"),
        verdict("bytes written to disk", float(written), 0.0),
        verdict("files changed below the root", float(len(changed)), 0.0),
        verdict("wake-ups a second", wakes, WAKES_PER_SECOND),
    ]
    table.notes = [
        f"status.dir is in memory ({MEMORY_FOLDER}); wake-ups are voluntary context switches of all threads",
        "RSS counts pages of shared libraries in full, PSS its share; the peak is the sum of Box and its children",
    ]
    table.raw = {"changed": [name for name, _ in changed], "wakes_by_thread": by_thread}
    return table


def _counts(pid: int) -> Counts:
    wakes = {
        thread: int(_field(f"/proc/{pid}/task/{thread}/status", "voluntary_ctxt_switches"))
        for thread in sorted(os.listdir(f"/proc/{pid}/task"), key=int)
    }
    return Counts(time.monotonic(), running.cpu_seconds(pid), wakes, int(_field(f"/proc/{pid}/io", "write_bytes")))


def _memory(pid: int, key: str, file: str = "status") -> float:
    """Megabytes, 0 for a process that is gone."""
    try:
        return int(_field(f"/proc/{pid}/{file}", key).split()[0]) * 1024 / 1e6
    except OSError:
        return 0.0


def _field(path: str, key: str) -> str:
    with open(path, encoding="ascii", errors="replace") as file:
        for line in file:
            name, _, value = line.partition(":")
            if name == key:
                return value
    raise OSError(f"{path} has no {key}")


def _times(root: str) -> dict[str, int]:
    return {
        path: os.lstat(path).st_mtime_ns
        for top, _, names in os.walk(root)
        for path in (top, *(os.path.join(top, name) for name in names))
    }


def _filed(told: str) -> int:
    try:
        with open(os.path.join(told, "status.json"), encoding="utf-8") as file:
            return int(json.load(file)["photos"]["count"])
    except FileNotFoundError:
        return 0


def _wait(condition: Callable[[], bool], seconds: float, what: str) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            if what:
                raise roots.WrongOutcome(f"not within {seconds:.0f} s: {what}")
            return False
        time.sleep(0.1)
    return True
