"""Jobs that do nothing, as many a second as go through. The rule: who asks and who works are one process, on one disk.

A process of its own: `python -m bench.noops SIDE HOW WHERE COUNT`; it prints [seconds, processor seconds, bytes].

SIDE    box     a handler that does nothing, inside the service          WHERE: config.toml of a fresh root
        call    `call` of a function that does nothing, in a child       the same
        huey    bare `SqliteHuey` as it comes (WAL, synchronous FULL), results=False    WHERE: a database to make
        results the same, with results
HOW     single  each job is asked for by itself, durable when that returns, by four threads
        batches 500 in one commit; huey has no such thing
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from box import config as configuration
from box import logs, service, tasks
from box.events import JobRequested, JobSucceeded, Recorded
from box.tasks import call
from box.tasks.handler import Found, Handler, Request, Tools

THREADS = 4
"""That ask, at the same time."""
WORKERS = 2
BATCH = 500
PATIENCE_SECONDS = 300.0
START_SECONDS = 1.0
"""The start has its own commits."""


def nothing() -> None:
    """What is called."""


def _run(_: Request, __: Tools) -> Found:
    return Found()


HANDLER = Handler(kind="nothing", run=_run, report=call.report, isolated=False, batch=True)
CALL = json.dumps({"function": "bench.noops:nothing"})


class Meter:
    """Wall, processor and bytes since it was made; of children too, once they have ended."""

    def __init__(self) -> None:
        self._before = self._now()

    def read(self) -> list[float]:
        """[seconds, processor seconds, bytes written]."""
        return [now - before for now, before in zip(self._now(), self._before, strict=True)]

    @staticmethod
    def _now() -> tuple[float, float, float]:
        own = resource.getrusage(resource.RUSAGE_SELF)
        return time.perf_counter(), own.ru_utime + own.ru_stime, own.ru_oublock * 512.0


def by_threads(ask: Callable[[], object], count: int) -> None:
    """Ask so many times, from `THREADS` threads."""
    threads = [
        threading.Thread(target=lambda share: [ask() for _ in range(share)], args=((count + number) // THREADS,))
        for number in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def on_box(how: str, config_path: str, count: int, kind: str, args: str) -> list[float]:
    """The real service, its loop on the main thread."""
    logs.setup("warning", "json", sys.stderr)
    box = service.build(configuration.load(config_path, {}))
    woken, ended, found = box.engine.on_commit, threading.Event(), []
    left = count
    wanted = JobRequested(user="me", kind=kind, args=args)

    def committed(recorded: Iterable[Recorded]) -> None:
        nonlocal left
        recorded = tuple(recorded)
        woken(recorded)
        left -= sum(isinstance(each.event, JobSucceeded) for each in recorded)
        if left <= 0:
            ended.set()

    def measure() -> None:
        try:
            time.sleep(START_SECONDS)
            meter = Meter()
            if how == "single":
                by_threads(lambda: box.engine.request(wanted), count)
            else:
                for start in range(0, count, BATCH):
                    box.engine.record(*[wanted] * min(BATCH, count - start))
            if ended.wait(PATIENCE_SECONDS):
                found.extend(meter.read())
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    box.engine.on_commit = committed
    thread = threading.Thread(target=measure)
    thread.start()
    box.run()
    thread.join()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)  # they have ended
    return [found[0], found[1] + children.ru_utime + children.ru_stime, found[2] + children.ru_oublock * 512.0]


def on_huey(path: str, count: int, *, results: bool) -> list[float]:
    """huey's own storage, worker threads and scheduler."""
    from huey import SqliteHuey  # noqa: PLC0415 - a peer here: only this side loads what it needs
    from huey.consumer import Consumer  # noqa: PLC0415

    class Quiet(Consumer):  # type: ignore[misc]  # huey has no types
        def _set_signal_handlers(self) -> None:
            pass

    huey: Any = SqliteHuey("bench", filename=path, results=results)
    done: list[None] = []
    ended = threading.Event()

    @huey.task()  # type: ignore[untyped-decorator]
    def noop() -> None:
        done.append(None)
        if len(done) == count:
            ended.set()

    consumer: Any = Quiet(huey, workers=WORKERS, periodic=False)
    consumer.start()
    time.sleep(START_SECONDS)
    meter = Meter()
    by_threads(noop, count)
    found = meter.read() if ended.wait(PATIENCE_SECONDS) else []
    consumer.stop(graceful=True)
    return found


def main(side: str, how: str, where: str, count: str) -> int:
    """Measure, print."""
    if side in {"box", "call"}:
        kind, args = (HANDLER.kind, "") if side == "box" else ("call", CALL)
        found = on_box(how, where, int(count), kind, args)
    else:
        found = on_huey(where, int(count), results=side == "results")
    print(json.dumps(found))
    return 0 if found else 1


if __name__ == "__main__":
    tasks.ALL = (*tasks.ALL, HANDLER)  # type: ignore[misc]  # what a line in box/tasks/__init__.py would do
    sys.exit(main(*sys.argv[1:]))
