"""The machine. The rule: a figure without its machine says nothing, and one that others disturbed says so."""

from __future__ import annotations

import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from datetime import datetime
from importlib.metadata import version

REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
QUIET_SHARE = 0.05
"""Of all processors, of late: less is quiet."""
QUIET_SECONDS = 2.0
FSYNCS = 200


def facts(folder: str) -> dict[str, str]:
    """What the figures were measured on."""
    memory = int(_first("/proc/meminfo", "MemTotal").split()[0]) / 1024**2
    middle, worst = fsync_ms(folder)
    return {
        "date": datetime.now().astimezone().isoformat(timespec="minutes"),
        "machine": _first("/proc/cpuinfo", "Model") or _first("/proc/cpuinfo", "model name") or os.uname().machine,
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{memory:.1f} GiB",
        "system": f"{_first('/etc/os-release', 'PRETTY_NAME', '=').strip(chr(34))}, Linux {os.uname().release}",
        "file system": f"{file_system(folder)}, 4 KiB + fsync p50 {middle:.2f} ms, p99 {worst:.2f} ms",
        "box": f"{_box()}, Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}",
        "libraries": ", ".join(
            f"{name} {version(name)}" for name in ("huey", "peewee", "watchdog", "Pillow", "blake3")
        ),
        "peers": ", ".join(f"{name} {number or 'missing'}" for name, number in _peers().items()),
        "load": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def _first(path: str, key: str, separator: str = ":") -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                name, _, value = line.partition(separator)
                if name.strip() == key:
                    return value.strip()
    except OSError:
        pass
    return ""


def file_system(folder: str) -> str:
    """Type and options of what `folder` is on: of all mounts, the one with the longest path above it."""
    best, found = "", "unknown"
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        for line in file:
            before, _, after = line.partition(" - ")
            point = before.split()[4]
            inside = point == "/" or f"{os.path.realpath(folder)}/".startswith(point + "/")
            if inside and len(point) >= len(best):
                best, found = point, f"{after.split()[0]} ({before.split()[5]})"
    return found


def fsync_ms(folder: str) -> tuple[float, float]:
    """(p50, p99) milliseconds of appending 4 KiB and fsync."""
    path = os.path.join(folder, "fsync.probe")
    took = []
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        for _ in range(FSYNCS):
            began = time.perf_counter()
            os.write(descriptor, b"x" * 4096)
            os.fsync(descriptor)
            took.append((time.perf_counter() - began) * 1e3)
    finally:
        os.close(descriptor)
        os.unlink(path)
    took.sort()
    return statistics.median(took), took[len(took) * 99 // 100]


def _box() -> str:
    from box import __version__  # noqa: PLC0415  after the command line was read

    commit = _says("git", "-C", REPOSITORY, "rev-parse", "--short", "HEAD")
    changed = _says("git", "-C", REPOSITORY, "status", "--porcelain", "--", "box")
    return f"{__version__}" + (f" ({commit}{', changed since' if changed else ''})" if commit else "")


def _peers() -> dict[str, str]:
    return {
        "exiftool": _says("exiftool", "-ver"),
        "jhead": _says("jhead", "-V").rpartition(" ")[2],
        "rsync": " ".join(_says("rsync", "--version").split()[2:3]),
        "restic": " ".join(_says("restic", "version").split()[1:2]),
    }


def _says(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return ""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


# --- quiet -----------------------------------------------------------------------------------------------------------


def ticks() -> tuple[int, int]:
    """(busy, all) clock ticks of all processors since the machine started; waiting for a disk is busy here."""
    with open("/proc/stat", encoding="ascii") as file:
        numbers = [int(word) for word in file.readline().split()[1:9]]
    return sum(numbers) - numbers[3], sum(numbers)


def wait_for_quiet(patience_seconds: float) -> None:
    """Sleep until the machine has been quiet for a moment, or patience ends: the figures then say how busy it was."""
    until = time.monotonic() + patience_seconds
    while time.monotonic() < until:
        busy, total = ticks()
        time.sleep(min(QUIET_SECONDS, patience_seconds))
        busy_now, total_now = ticks()
        if busy_now - busy < QUIET_SHARE * (total_now - total):
            return
