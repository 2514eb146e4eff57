"""What several tests need: pictures, a service in a process of its own, waiting for something to be so."""

from __future__ import annotations

import io
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from box.config import Config
from box.models import PROJECTIONS
from box.models.base import Store
from box.models.ready import Ready

REPOSITORY = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 90.0


def jpeg(number: int, taken: str = "2024:05:04 10:11:12", size: tuple[int, int] = (64, 48)) -> bytes:
    """A small photo; another number makes other bytes. An empty `taken` makes one without a date."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Box", f"Test {number}"
    if taken:
        exif.get_ifd(0x8769)[0x9003] = taken
    out = io.BytesIO()
    colour = (number % 256, number // 256 % 256, 128)
    Image.new("RGB", size, colour).save(out, "JPEG", exif=exif)
    return out.getvalue()


def inbox(config: Config, user: str = "me") -> Path:
    return Path(config.box.root, "users", user, "inbox")


def library(config: Config, area: str = "photos", user: str = "me") -> dict[str, bytes]:
    """Every file of an area: relative path -> bytes."""
    top = Path(config.box.root, "users", user, area)
    return {str(path.relative_to(top)): path.read_bytes() for path in sorted(top.rglob("*")) if path.is_file()}


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file below a folder: relative path -> bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def has_ended(pid: int, seconds: float = 30) -> bool:
    """Whether a process has ended, or does so within that time."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([fd], [], [], seconds)[0])
    finally:
        os.close(fd)


def until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """Wait for something that no event tells of to become true, and return it."""
    pause = threading.Event()
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        pause.wait(0.02)
    return found


def waiting(store: Store) -> list[Ready]:
    """All jobs that a worker may claim now: higher priorities first, then first in, first out."""
    rows = store.rows(
        "SELECT user, kind, priority, id, attempts, exclusive, due_at FROM jobs WHERE state = 'queued'"
        " AND not_before = '' AND waits = 0 ORDER BY priority DESC, id"
    )
    return [Ready(*row) for row in rows]


def projections(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table that is folded from the log."""
    found = {}
    for model in PROJECTIONS:
        name = model._meta.table_name
        keys = ", ".join(key.column_name for key in model._meta.get_primary_keys())
        found[name] = store.rows(f"SELECT * FROM {name} ORDER BY {keys}")
    return found


def status_of(config: Config) -> dict[str, Any]:
    """The status file, empty before the first."""
    path = Path(config.status.dir or config.box.root, "status.json")
    return json.loads(path.read_text()) if path.exists() else {}


def start_box(config: Config, *arguments: str, program: str = "box", **environment: str) -> subprocess.Popen[bytes]:
    """The real program, serving that root; its log goes to <root>/test.log."""
    with open(Path(config.box.root, "test.log"), "ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", program, "--config", config.path, *(arguments or ("run",))],
            cwd=REPOSITORY,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


@contextmanager
def running(config: Config, program: str = "box", **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """The service, up and watching; stopped gracefully at the end."""
    process = start_box(config, program=program, **environment)
    try:
        until(lambda: status_of(config).get("pid") == process.pid or process.poll() is not None, "the service is up")
        assert process.poll() is None, Path(config.box.root, "test.log").read_text()
        yield process
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_SECONDS) == 0
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
