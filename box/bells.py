"""Bells. The rule: a ring is never lost and never queued; who sleeps wakes, who is awake looks once more.

`Bell` wakes the loop of the service: from its threads, from its signal handlers, and (by a file in `.doorbell/` that
the service watches) from other processes that have recorded something.
"""

from __future__ import annotations

import contextlib
import os
import select
from typing import Final

FOLDER: Final = ".doorbell"
_FILE: Final = "ring"


class Bell:
    """A pipe that one thread waits on and anybody writes to."""

    def __init__(self) -> None:
        self._read, self.write_descriptor = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def ring(self) -> None:
        """Wake the one who waits. Safe in a signal handler; a full pipe is a bell that rings already."""
        with contextlib.suppress(BlockingIOError, OSError):
            os.write(self.write_descriptor, b"!")

    def wait(self, seconds: float) -> bool:
        """Sleep until it rings, at most so long; whether it rang."""
        rang = bool(select.select([self._read], [], [], max(0.0, seconds))[0])
        if rang:
            with contextlib.suppress(BlockingIOError):
                while os.read(self._read, 4096):
                    pass
        return rang

    def close(self) -> None:
        """Nobody waits any more."""
        os.close(self._read)
        os.close(self.write_descriptor)


def ring_service(root: str) -> None:
    """From another process: tell the service of this root that something was recorded. Nobody may be there to hear."""
    path = os.path.join(root, FOLDER, _FILE)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)  # for all whom the umask lets
    except FileNotFoundError:
        return  # the folder is made by the service: nobody is waiting
    try:
        os.utime(descriptor)
    finally:
        os.close(descriptor)
