"""A handler that does to its process what a bad file, a bad library or a bad day would do. `args["do"]` says what."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from box.errors import OutOfSpace, OverQuota, SourceChanged, Unprocessable
from box.tasks.handler import Found, Handler, Placement, Request, Tools


def run(request: Request, tools: Tools) -> Found:
    facts = DOINGS[request.args["do"]](request, tools)
    placement = Placement("photos", "", os.path.basename(request.source))
    return Found((placement,), "", {"pid": os.getpid(), **(facts or {})})


def spin(request: Request, tools: Tools) -> None:
    while True:
        pass


def work(request: Request, tools: Tools) -> None:
    end = time.process_time() + request.args["seconds"]
    while time.process_time() < end:
        pass


def hang(request: Request, tools: Tools) -> None:
    tools.progress(1, "hanging")
    while True:
        signal.pause()


def hog(request: Request, tools: Tools) -> None:
    held = []
    while True:
        held.append(bytearray(1 << 20))


def write_much(request: Request, tools: Tools) -> None:
    with open(request.source, "wb") as file:
        file.write(bytes(1 << 20))


def print_much(request: Request, tools: Tools) -> None:
    print('{"found": {"placements": [], "digest": "printed", "facts": {}}}', flush=True)  # noqa: T201 - that is the point
    os.write(1, b"x" * 300_000)
    os.write(2, b"y" * 300_000)
    assert sys.stdin.read() == ""


def close_everything(request: Request, tools: Tools) -> None:
    os.closerange(0, 64)


def answer_nonsense(request: Request, tools: Tools) -> None:
    for fd in range(3, 20):
        try:
            os.write(fd, request.args["nonsense"].encode() + b"\n")
        except OSError:
            continue


def answer_endlessly(request: Request, tools: Tools) -> None:
    while True:
        for fd in range(3, 20):
            try:
                os.write(fd, b"x" * 65536)
            except OSError:
                continue


def tell(request: Request, tools: Tools) -> dict[str, Any]:
    """What this process is allowed and what it knows."""
    return {
        "source": request.source,
        "options": dict(tools.options),
        "environment": sorted(os.environ),
        "is_session_leader": os.getsid(0) == os.getpid(),
        "nice": os.nice(0),
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "is_dumpable": ctypes.CDLL(None).prctl(3, 0, 0, 0, 0),
        "modules": sorted(name for name in ("PIL", "peewee", "huey", "ssl", "asyncio") if name in sys.modules),
    }


def flood(request: Request, tools: Tools) -> None:
    os.set_blocking(2, True)
    while True:
        os.write(2, b"z" * 65536)
        time.sleep(0)


def fail(request: Request, tools: Tools) -> None:
    {}["a key that nobody has"]


def refuse(request: Request, tools: Tools) -> None:
    raise {
        "unprocessable": Unprocessable("too-odd", "the file is odd"),
        "changed": SourceChanged("the file is another"),
        "full": OutOfSpace("no room"),
    }[request.args["how"]]


def leave(request: Request, tools: Tools) -> dict[str, Any] | None:
    """Leave a process behind that holds all pipes, in this group or out of it, and go on with something else."""
    read, write = os.pipe()
    if (pid := os.fork()) == 0:
        if request.args["leaves"]:
            os.setsid()
        os.write(write, b"!")
        while True:
            signal.pause()
    os.read(read, 1)
    Path(request.source).write_text(str(pid))
    return DOINGS[request.args["then"]](request, tools)


def fork_once(request: Request, tools: Tools) -> None:
    """Fork, and let both go on."""
    os.fork()


def fork_on(request: Request, tools: Tools) -> dict[str, Any]:
    """Fork until the system says no, as somebody to whom it may say no; at most so many times."""
    if os.geteuid() == 0:
        os.setuid(65534)
    pids: list[int] = []
    try:
        while len(pids) < request.args["most"]:
            if (pid := os.fork()) == 0:
                while True:
                    signal.pause()
            pids.append(pid)
    except BlockingIOError:
        return {"forked": len(pids)}
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
    return {"forked": len(pids)}


def leak_quietly(request: Request, tools: Tools) -> None:
    for _ in range(10):
        os.dup(2)


def leak(request: Request, tools: Tools) -> None:
    while True:
        os.open(os.devnull, os.O_RDONLY)


def want(request: Request, tools: Tools) -> dict[str, Any]:
    """Have that much set aside, piece by piece; `minds` what is refused, or goes on with what there is."""
    had = 0
    for size in request.args["sizes"]:
        try:
            tools.reserve(size)
        except OverQuota:
            if request.args.get("minds", True):
                raise
            break
        had += size
    return {"had": had}


def lie(request: Request, tools: Tools) -> None:
    raise OverQuota("it says so itself")


DOINGS: dict[str, Callable[[Request, Tools], dict[str, Any] | None]] = {
    "nothing": lambda request, tools: None,
    "want": want,
    "lie": lie,
    "fork once": fork_once,
    "fork on": fork_on,
    "much": lambda request, tools: {"much": "x" * request.args["bytes"]},
    "spin": spin,
    "work": work,
    "hang": hang,
    "hog": hog,
    "abort": lambda request, tools: os.abort(),
    "segv": lambda request, tools: os.kill(os.getpid(), signal.SIGSEGV),
    "exit": lambda request, tools: os._exit(3),
    "write": write_much,
    "print": print_much,
    "close": close_everything,
    "nonsense": answer_nonsense,
    "endless": answer_endlessly,
    "tell": tell,
    "flood": flood,
    "read nothing": lambda request, tools: os.stat("/nowhere at all"),
    "fail": fail,
    "leave": leave,
    "leak": leak,
    "leak quietly": leak_quietly,
    "refuse": refuse,
}

ALL = (Handler(kind="misbehave", run=run, report=lambda request, found, landed: (), options="photos"),)
