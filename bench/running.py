"""Running a program. The rule: wall from start to end, and of all its children nothing is forgotten.

Processor time and bytes written come from wait4(2) and are exact: this process adopts what its children leave behind.
The resident memory of the tree is looked at every 50 ms, and shared pages count once for each process.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench import machine

LOOK_MS = 50
SECONDS_MAX = 900.0
"""A program that takes longer hangs."""
ORPHAN_SECONDS = 5.0
_PR_SET_CHILD_SUBREAPER = 36
_PAGE_BYTES = resource.getpagesize()
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a program took."""

    wall_seconds: float
    cpu_seconds: float
    """User and system, of the whole tree."""
    rss_bytes: int
    """Peak of the tree."""
    child_rss_bytes: int
    """Highest mark of the largest of its descendants."""
    written_bytes: int
    """What the tree wrote to files on disks; moving a file is none, and the file system's journal is not counted."""
    others_share: float
    """Of all processors during the run, for whatever else ran."""
    code: int


def run(command: Sequence[str], log: str, cwd: str | None = None, env: Mapping[str, str] | None = None) -> Run:
    """Run to the end, output into the file `log`."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    busy, _ = machine.ticks()
    with open(log, "ab") as out:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    descriptor = os.pidfd_open(process.pid)
    ended = select.poll()
    ended.register(descriptor, select.POLLIN)
    peak = highest = 0
    while not ended.poll(LOOK_MS):
        pids = tree(process.pid)
        peak = max(peak, sum(resident(pid) for pid in pids))
        highest = max(highest, *(high_mark(pid) for pid in pids[1:]), 0)
        if time.perf_counter() - began > SECONDS_MAX:
            process.kill()
    wall = time.perf_counter() - began
    os.close(descriptor)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    busy = machine.ticks()[0] - busy
    usages = [usage, *_orphans()]
    cpu = sum(each.ru_utime + each.ru_stime for each in usages)
    others = max(0.0, busy / _TICKS - cpu) / (wall * (os.cpu_count() or 1))
    written = sum(each.ru_oublock for each in usages) * 512
    return Run(wall, cpu, peak, highest, written, others, process.returncode)


def _orphans() -> list[resource.struct_rusage]:
    """What children of the program cost that it did not wait for itself."""
    usages: list[resource.struct_rusage] = []
    until = time.monotonic() + ORPHAN_SECONDS
    with contextlib.suppress(ChildProcessError):
        while time.monotonic() < until:
            pid, _, usage = os.wait4(-1, os.WNOHANG)
            if pid:
                usages.append(usage)
            else:
                time.sleep(0.005)
    return usages


def tree(pid: int) -> list[int]:
    """The process and all its descendants, as far as they still are."""
    pids, index = [pid], 0
    while index < len(pids):
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{pids[index]}/task"):
                with open(f"/proc/{pids[index]}/task/{thread}/children", encoding="ascii") as file:
                    pids += [int(word) for word in file.read().split()]
        index += 1
    return pids


def resident(pid: int) -> int:
    """Bytes of memory that a process has now, 0 if it is gone."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError):
        return 0


def high_mark(pid: int) -> int:
    """The most bytes of memory that a process ever had, 0 if it is gone."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        return next((int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:")), 0)
    return 0


def cpu_seconds(pid: int) -> float:
    """Processor time of a running process, to the nanosecond: the clock that clock_getcpuclockid(3) names."""
    return time.clock_gettime((~pid << 3) | 2)


def median(runs: Sequence[Run], field: str) -> float:
    """The middle one of a field."""
    return float(statistics.median(getattr(each, field) for each in runs))
