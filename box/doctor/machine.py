"""The machine. The rule: these checks need no configuration, and none of the packages that Box needs."""

from __future__ import annotations

import platform
import resource
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Final

from box import __version__, units
from box.doctor.finding import Finding

PYTHON_MIN: Final = (3, 11)
SQLITE_MIN: Final = (3, 35, 0)
"""It knows RETURNING, and all that came before."""
PACKAGES: Final = ("PIL", "blake3", "huey", "peewee", "structlog", "watchdog")
HELPERS: Final = (
    ("exiftool", "libimage-exiftool-perl", "reads RAW photos and films: when, with what camera, a preview"),
    ("ffmpeg", "ffmpeg", "makes thumbnails of films"),
    ("tesseract", "tesseract-ocr", "reads scanned pages"),
    ("mobitool", "libmobi-tools", "reads books for the Kindle"),
)
"""(program, Debian's package, what it is good for)."""
EXTRAS: Final = (
    ("HEIC", "pillow_heif", "heic", "photos get thumbnails"),
    ("web pages", "trafilatura", "web", "what is around the main text is left out"),
    ("speech", "faster_whisper", "speech", "what is said in recordings becomes text, if speech.enabled"),
)
"""(check, module, Box's extra, what it is good for)."""
MEMORY_BYTES_MIN: Final = 150_000_000
"""Available to programs: Box at rest, a child that decodes a photo, and some room for the page cache."""
FILES_MIN: Final = 256
CLOCK_MIN: Final = 1_767_225_600
"""1 January 2026: this version is younger, so a clock that says less is wrong."""


def python() -> Iterator[Finding]:
    """Python and the packages."""
    found = f"Python {platform.python_version()} on {platform.system()} {platform.release()}, {platform.machine()}"
    if sys.version_info < PYTHON_MIN:
        yield Finding("python", "fail", found, f"install Python {PYTHON_MIN[0]}.{PYTHON_MIN[1]} or newer")
    else:
        yield Finding("python", "ok", f"{found}; Box {__version__}")
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        yield Finding("packages", "fail", f"missing: {', '.join(missing)}", "install Box again: pip install box-worker")
    else:
        yield Finding("packages", "ok", "all are there")


def sqlite() -> Iterator[Finding]:
    """The SQLite that Python uses."""
    connection = sqlite3.connect(":memory:")
    options = {name for (name,) in connection.execute("PRAGMA compile_options")}
    connection.close()
    found = f"SQLite {sqlite3.sqlite_version}"
    if sqlite3.sqlite_version_info < SQLITE_MIN or "THREADSAFE=0" in options:
        yield Finding("sqlite", "fail", f"{found} is too old or not made for threads", "update the system's SQLite")
    elif "ENABLE_FTS5" not in options:
        yield Finding("sqlite", "warn", f"{found} has no full-text search", "update the system's SQLite")
    else:
        yield Finding("sqlite", "ok", f"{found}, safe for threads, with full-text search")


def clock() -> Iterator[Finding]:
    """Whether the clock can be right."""
    now = time.time()
    text = time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(now))
    if now < CLOCK_MIN:
        yield Finding("clock", "fail", f"it says {text}", "set it: `timedatectl`, or a battery for the real-time clock")
    else:
        yield Finding("clock", "ok", f"it says {text}")


def memory() -> Iterator[Finding]:
    """Memory and open files."""
    total, available = meminfo()
    found = f"{units.bytes_text(rounded(available))} available of {units.bytes_text(rounded(total))}"
    if available < MEMORY_BYTES_MIN:
        yield Finding("memory", "warn", found, "stop other programs, or add swap: large photos may end in quarantine")
    else:
        yield Finding("memory", "ok", found)
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files != resource.RLIM_INFINITY and files < FILES_MIN:
        yield Finding("open files", "warn", f"a process may have {files}", f"`ulimit -n {FILES_MIN}` or more")


def meminfo() -> tuple[int, int]:
    """(total, available) bytes."""
    with open("/proc/meminfo", encoding="utf-8") as lines:
        found = {name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines)}
    return found["MemTotal"], found.get("MemAvailable", found["MemFree"])


def helpers() -> Iterator[Finding]:
    """Programs and packages that Box does without, with what they are good for."""
    for program, package, use in HELPERS:
        path = shutil.which(program)
        if path:
            yield Finding(program, "ok", f"{path} {use}")
        else:
            advice = f"`sudo apt-get install {package}`; what was filed before stays as it is"
            yield Finding(program, "warn", f"not installed; it {use}", advice)
    for name, module, extra, use in EXTRAS:
        if find_spec(module) is None:
            advice = f"`pip install 'box-worker[{extra}]'`, on 64 bits"
            yield Finding(name, "warn", f"no {module}; with it {use}", advice)
        else:
            yield Finding(name, "ok", use)


def rounded(size: int) -> int:
    """Down to megabytes or gigabytes: enough to judge by."""
    unit = units.GB if size > 10 * units.GB else units.MB
    return size // unit * unit
