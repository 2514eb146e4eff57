"""The service with a clock in it. The rule: the real service, its loop on the main thread; we only see it commit.

A process of its own: `python -m bench.inside CONFIG MODE COUNT [PHOTO...]`. It prints seconds, a JSON list.

request    from the commit of `JobRequested` to the commit of `JobStarted`, recorded in this process
outside    the same, recorded by another process (`bench.outside`)
close      from closing a file in the inbox to the commit of `PhotoFiled`
"""

from __future__ import annotations

import json
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable

from bench.machine import REPOSITORY
from box import config as configuration
from box import logs, service
from box.events import Event, JobCancelled, JobRequested, JobStarted, PhotoFiled, Recorded

PAUSE_SECONDS = (0.5, 0.7)
"""Between two: the box is at rest when the next comes, and they keep step with none of its clocks."""
PATIENCE_SECONDS = 60.0


class Clock:
    """When each commit was through, before anybody is woken by it."""

    def __init__(self, box: service.Service) -> None:
        self.box = box
        self.seen: queue.Queue[tuple[float, Recorded]] = queue.Queue()
        self._woken = box.engine.on_commit
        box.engine.on_commit = self._committed

    def _committed(self, recorded: Iterable[Recorded]) -> None:
        now = time.perf_counter()
        recorded = tuple(recorded)
        self._woken(recorded)
        for each in recorded:
            self.seen.put((now, each))

    def wait(self, kind: type[Event]) -> tuple[float, Recorded]:
        """The next event of that kind; what comes before it is not asked for."""
        while True:
            at, each = self.seen.get(timeout=PATIENCE_SECONDS)
            if isinstance(each.event, kind):
                return at, each


def request(clock: Clock, count: int) -> list[float]:
    """A job that does nothing (its file is missing, so it is cancelled), asked for in this process."""
    took = []
    for number in range(count):
        time.sleep(random.uniform(*PAUSE_SECONDS))
        clock.box.engine.record(nothing_to_do(number))
        asked, _ = clock.wait(JobRequested)
        started, _ = clock.wait(JobStarted)
        clock.wait(JobCancelled)
        took.append(started - asked)
    return took


def nothing_to_do(number: int) -> JobRequested:
    """A job for a drop that is not there."""
    return JobRequested(user="me", kind="quarantine", source=f"users/me/inbox/missing-{number}.jpg", inode=1)


def outside(clock: Clock, count: int) -> list[float]:
    """The same job, asked for by another process; both read the same monotonic clock of the system."""
    command = [sys.executable, "-m", "bench.outside", clock.box.config.path, str(count)]
    took = []
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        for line in other.stdout:
            job, committed = line.split()
            started, each = clock.wait(JobStarted)
            assert getattr(each.event, "job", 0) == int(job)
            took.append(started - float(committed))
    return took


def close(clock: Clock, photos: list[str]) -> list[float]:
    """Photos written into the inbox, one at a time."""
    took = []
    inbox = os.path.join(clock.box.config.box.root, "users", "me", "inbox")
    for path in photos:
        time.sleep(random.uniform(*PAUSE_SECONDS))
        shutil.copyfile(path, os.path.join(inbox, os.path.basename(path)))
        closed = time.perf_counter()
        filed, _ = clock.wait(PhotoFiled)
        took.append(filed - closed)
    return took


def main(config_path: str, mode: str, count: str, *photos: str) -> int:
    """Run the service, measure on another thread, stop it, print."""
    config = configuration.load(config_path, {})
    logs.setup("warning", "json", sys.stderr)
    box = service.build(config)
    clock = Clock(box)
    took: list[float] = []

    def measure() -> None:
        try:
            time.sleep(1.0)  # the start has its own commits
            work = {"request": request, "outside": outside}.get(mode)
            took.extend(work(clock, int(count)) if work else close(clock, list(photos)))
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=measure)
    thread.start()
    box.run()
    thread.join()
    print(json.dumps(took))
    return 0 if took else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
