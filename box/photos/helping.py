"""Programs that help the child. The rule: they die with it, and it never waits for them longer than it may.

For the child process only.
"""

from __future__ import annotations

import resource
import signal
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, Final

_PR_SET_PDEATHSIG: Final = 1
_PROGRAM_BYTES: Final = 300_000_000
"""Address space that ffmpeg's libraries fill before it has done anything; hardly any of it is memory."""
_SHARE: Final = 3
"""Such a part of the time that is left may go by: so a second try fits in, and all else."""


def start(command: Sequence[str], stdin: int, descriptors: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    """Start one; it answers on a pipe. What it complains about is not wanted. Raises OSError."""
    prctl = _prctl()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:  # as with the child: the limit is for what a file takes, not for the program
        soft = soft + _PROGRAM_BYTES if hard == resource.RLIM_INFINITY else min(soft + _PROGRAM_BYTES, hard)

    def tie() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)

    return subprocess.Popen(  # noqa: S603 - no shell, and what is in the command is ours
        command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0, pass_fds=descriptors,
        preexec_fn=tie,  # noqa: PLW1509 - this process has no threads that could hold a lock
    )  # fmt: skip


def seconds(most: float) -> float:
    """How long one may be waited for: so long, or a part of what the timer of the child has left."""
    left = signal.getitimer(signal.ITIMER_REAL)[0]
    return min(most, left / _SHARE) if left else most


@cache
def _prctl() -> Callable[..., Any]:
    """Loaded before the fork: behind it as little as possible is done."""
    with suppress(ImportError, OSError, AttributeError):  # not Linux: the parent kills the whole group
        from ctypes import CDLL  # noqa: PLC0415 - not everywhere

        prctl: Callable[..., Any] = CDLL(None).prctl
        return prctl
    return lambda *_: 0
