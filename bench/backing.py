"""A box whose backup is watched. The rule: it is the program itself, and only the backup's own time is taken besides.

A process of its own: `python -m bench.backing FILE ARGUMENT...` does what `box ARGUMENT...` does, and writes into FILE
the processor seconds that the thread of the backup took.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from box import cli
from box.models.jobs import Claimed
from box.tasks import backing_up
from box.tasks.chore import Inside, Reporter


def main(path: str, *arguments: str) -> int:
    """Do it, and write down what the backup took."""
    back_up = backing_up.back_up

    def timed(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
        began = time.thread_time()
        result = back_up(inside, job, reporter)
        with open(path, "w", encoding="ascii") as out:
            out.write(f"{time.thread_time() - began} {_peak_bytes()}")
        return result

    backing_up.back_up = timed
    return cli.main(list(arguments))


def _peak_bytes() -> int:
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
