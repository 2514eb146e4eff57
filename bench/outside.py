"""Somebody beside the service who asks for jobs. The rule: as a command does it, by `box.beside`, doorbell and all.

A process of its own: `python -m bench.outside CONFIG COUNT`; prints a line for each job: its number, and when its
commit was through, on the system's monotonic clock.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterable

from bench.inside import PAUSE_SECONDS, nothing_to_do
from box import config as configuration
from box.beside import beside
from box.events import Recorded


def main(config_path: str, count: str) -> int:
    """Record, one at a time."""
    committed: list[float] = []
    with beside(configuration.load(config_path, {})) as way:
        ring = way.engine.on_commit

        def told(recorded: Iterable[Recorded]) -> None:
            committed.append(time.perf_counter())
            ring(recorded)

        way.engine.on_commit = told
        for number in range(int(count)):
            time.sleep(random.uniform(*PAUSE_SECONDS))
            (job, *_) = way.engine.record(nothing_to_do(number))
            print(job.position, committed[-1], flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
