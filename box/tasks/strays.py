"""Strays: processes that a child started and left behind. The rule: they end with the child that started them.

A child is the leader of a session of its own and is killed with its whole group. What left that group, as a daemon
does, becomes a child of the service (`adopt`) that the service has not started: that is how it is known.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

_PR_SET_CHILD_SUBREAPER: Final = 36
_ROUNDS: Final = 50
"""A stray may start others while it is being ended; so many times it is looked again."""

starting: Final = threading.Lock()
"""Held while a process is started, until it is in `own`: nobody may take it for a stray."""
own: Final[set[int]] = set()
"""The processes that are no strays; empty, and nothing is ended, in a process that has not called `adopt`."""


def adopt() -> None:
    """For the service: what its children leave behind becomes its own child, not that of the system's init."""
    with suppress(ImportError, OSError, AttributeError):  # not Linux: then only groups are killed
        from ctypes import CDLL  # noqa: PLC0415 - not everywhere

        CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        own.update(_children(), (os.getpid(),))


def end() -> int:
    """A child, or what it was given, has ended: kill all that it has left behind; how many."""
    count = 0
    with starting:
        for _ in range(_ROUNDS if own else 0):
            found = [pid for pid in _children() if pid not in own]
            for pid in found:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                with suppress(ChildProcessError):
                    os.waitpid(pid, 0)
            count += len(found)
            if not found:
                break
    return count


def are_with(pid: int, helpers: frozenset[int]) -> bool:
    """Whether a child has children of its own, other than these."""
    return any(found not in helpers for found in _children(str(pid)))


def _children(of: str = "self") -> Iterator[int]:
    with suppress(FileNotFoundError, ProcessLookupError):  # a kernel that does not list them, or it is gone
        for thread in os.listdir(f"/proc/{of}/task"):
            with suppress(FileNotFoundError), open(f"/proc/{of}/task/{thread}/children", encoding="ascii") as file:
                yield from map(int, file.read().split())
