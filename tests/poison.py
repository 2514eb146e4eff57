"""A kind of job that misbehaves, and a service that knows it. The rule: what a dropped file says, is done to the child.

A poison file begins like a picture and goes on in JSON: `{"do": "hang"}`. Its kinds are added to the table of contents
as any new kind is, in front of the photos, so they get it; `python -m tests.poison --config FILE` is `box run` with it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from box import config as configuration
from box import logs, tasks
from box.events import Event, FilePlaced, FileVanished
from box.tasks import strays
from box.tasks.chore import Chore, Inside, Reporter
from box.tasks.handler import Found, Handler, Landed, Placement, Request, Tools

MAGIC = b"GIF89a"
GROWING = b"RIFF\0\0\0\0WEBP"
"""How a file begins that becomes larger while it is handled."""
BRIEF = b"\x89PNG\r\n\x1a\n"
OTHER = b"BM" + bytes(12) + (40).to_bytes(4, "little")
"""How files of the three kinds begin: they do the same, so that a test may give each limits of its own."""

TOLD = "hunter2-correct-horse"
"""What nobody should find anywhere but in the files themselves."""


def poison(do: str, magic: bytes = MAGIC, **more: Any) -> bytes:
    """The bytes of a poison file."""
    return magic + json.dumps({"do": do, **more}).encode()


def run(request: Request, tools: Tools) -> Found:
    data = Path(request.source).read_bytes()
    said = json.loads(data[data.index(b"{") :])
    os.makedirs(request.scratch, exist_ok=True)
    Path(request.scratch, "half").write_bytes(b"half of something")  # whoever dies leaves this behind
    DOINGS[said["do"]](said, request, tools)
    return Found((Placement("photos", "", os.path.basename(request.source)),))


def report(request: Request, found: Found, landed: tuple[Landed, ...]) -> tuple[Event, ...]:
    return tuple(FilePlaced(path=to.path, size=to.size, mtime_ns=to.mtime_ns, job=request.job) for to in landed)


def hang(*_: Any) -> None:
    while True:
        signal.pause()


def spin(*_: Any) -> None:
    while True:
        pass


def eat(*_: Any) -> None:
    held = []
    while True:
        held.append(bytearray(1 << 20))


def leave(said: dict[str, Any], *_: Any) -> None:
    """Leave processes behind: in the group, out of it, and as a daemon does; then end as `then` says."""
    marked = [sys.executable, "-c", "import time; time.sleep(3600)", said["mark"]]
    for leaves_group in (False, True):
        if os.fork() == 0:
            if leaves_group:
                os.setsid()
                if os.fork():
                    os._exit(0)
            os.execv(marked[0], marked)  # noqa: S606 - that is the point
    if os.fork() == 0:  # and one that keeps all pipes open
        hang()
    DOINGS[said["then"]](said, *_)


def write(_: Any, request: Request, __: Any) -> None:
    with open(os.path.join(request.scratch, "endless"), "wb") as file:
        while True:
            file.write(bytes(1 << 16))


def print_endlessly(*_: Any) -> None:
    os.set_blocking(2, True)
    while True:
        os.write(2, b"z" * 65536)


def tell_secrets(*_: Any) -> None:
    print(TOLD, flush=True)  # noqa: T201 - that is the point
    os.write(2, TOLD.encode() + b"\n")
    os.abort()


def answer_nonsense(*_: Any) -> None:
    for fd in range(3, 20):
        try:
            os.write(fd, TOLD.encode() + b"\n")
        except OSError:
            continue
    hang()


def open_files(said: dict[str, Any], *_: Any) -> None:
    for _number in range(said["files"]):
        os.open(os.devnull, os.O_RDONLY)


def write_so_much(said: dict[str, Any], request: Request, _: Any) -> None:
    Path(request.scratch, "so much").write_bytes(bytes(said["bytes"]))


def hold_so_much(said: dict[str, Any], *_: Any) -> None:
    assert len(bytes(said["bytes"])) == said["bytes"]


def work(said: dict[str, Any], *_: Any) -> None:
    end = time.process_time() + said["seconds"]
    while time.process_time() < end:
        pass


def wait_for(said: dict[str, Any], *_: Any) -> None:
    while not os.path.exists(said["path"]):
        time.sleep(0.01)


DOINGS: dict[str, Callable[..., None]] = {
    "nothing": lambda *_: None,
    "hang": hang,
    "spin": spin,
    "eat": eat,
    "leave": leave,
    "segv": lambda *_: os.kill(os.getpid(), signal.SIGSEGV),
    "abort": lambda *_: os.abort(),
    "kill": lambda *_: os.kill(os.getpid(), signal.SIGKILL),
    "exit": lambda *_: os._exit(0),
    "write": write,
    "print": print_endlessly,
    "secrets": tell_secrets,
    "nonsense": answer_nonsense,
    "close": lambda *_: os.closerange(0, 64),
    "open": open_files,
    "write so much": write_so_much,
    "hold so much": hold_so_much,
    "work": work,
    "wait for": wait_for,
    "reserve": lambda _, __, tools: tools.reserve(1),
    "sleep": lambda said, *_: time.sleep(said["seconds"]),
}

HANDLER = Handler(kind="poison", run=run, report=report, media_types=("image/gif",), batch=True)


def ponder(_: Inside, job: Any, reporter: Reporter) -> dict[str, Any]:
    """A chore that takes for ever, and looks often whether it should end."""
    Path(job.args["began"]).touch()
    while True:
        reporter.progress(50, "pondering")
        time.sleep(0.01)


def brood(_: Inside, job: Any, __: Reporter) -> dict[str, Any]:
    """A chore that never looks whether it should end."""
    Path(job.args["began"]).touch()
    while True:
        time.sleep(0.01)


def grow(request: Request, tools: Tools) -> Found:
    """Make something of a file whose size is not known before; nothing is written that is not set aside."""
    data = Path(request.source).read_bytes()
    said = json.loads(data[len(GROWING) :])
    os.makedirs(request.scratch, exist_ok=True)
    for size in said["sizes"]:
        tools.reserve(size)
        with open(os.path.join(request.scratch, "made"), "ab") as file:
            file.write(bytes(size))
    while not os.path.exists(said["gate"]):
        time.sleep(0.01)
    name = os.path.basename(request.source)
    return Found((Placement("media", "", name), Placement("media", "", suffix=".made", made="made")))


def report_grown(request: Request, _: Found, landed: tuple[Landed, ...]) -> tuple[Event, ...]:
    gone = tuple(FileVanished(path=to.source) for to in landed if "/inbox/" in to.source)
    placed = (FilePlaced(path=to.path, size=to.size, mtime_ns=to.mtime_ns, job=request.job) for to in landed)
    return (*gone, *placed)


ALL = (
    HANDLER,
    Handler(kind="grow", run=grow, report=report_grown, media_types=("image/webp",), reserves=True),
    replace(HANDLER, kind="brief", media_types=("image/png",)),
    replace(HANDLER, kind="other", media_types=("image/bmp",)),
    Chore(kind="ponder", run=ponder),
    Chore(kind="brood", run=brood),
    *tasks.ALL,
)


def main(path: str) -> int:
    tasks.ALL = ALL  # type: ignore[misc]  # a new kind is a line in there; these are for the tests only
    from box import service  # noqa: PLC0415 - it reads the table of contents

    strays.adopt()
    config = configuration.load(path, os.environ)
    logs.setup(config.logs.level, config.logs.format, sys.stderr)
    return service.build(config, handlers="tests.poison").run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[2]))
