"""Programs that chores run. The rule: no shell, nothing on their stdin, and behind the `with` they have ended.

What they print is read while they run, and in between it is asked whether the chore should end: then they are, within a
second.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from box.errors import BoxError
from box.tasks import strays

_LOOK_MILLISECONDS: Final = 200
_GRACE_SECONDS: Final = 0.6
"""How long one that is to end may take to tidy up; then it is killed."""
_READ_BYTES: Final = 65536
_LINE_BYTES_MAX: Final = 16_000_000
_COMPLAINTS_MAX: Final = 200
_COMPLAINT_CHARS_MAX: Final = 2000


class Program:
    """A program that runs; use it in a `with`, and read its lines to their end."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], folder: str, check: Callable[[], object],
        descriptors: Collection[int] = (),
    ) -> None:  # fmt: skip
        """Start it in that folder. `check` raises Stopped when this should end. Raises OSError."""
        self._check = check
        self.complaints: deque[str] = deque(maxlen=_COMPLAINTS_MAX)
        """The last lines of its stderr."""
        with strays.starting:
            self._popen = subprocess.Popen(  # noqa: S603 - no shell, and the command is ours
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
                cwd=folder, env=dict(environment), pass_fds=tuple(descriptors), start_new_session=True,
            )  # fmt: skip
            if strays.own:
                strays.own.add(self._popen.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._end()
        finally:
            for pipe in (self._popen.stdout, self._popen.stderr):
                if pipe is not None:
                    pipe.close()
            strays.own.discard(self._popen.pid)
            strays.end()

    def lines(self) -> Iterator[str]:
        """What it prints, line by line, until it has ended; what it complains about is in `complaints` by then."""
        assert self._popen.stdout is not None, "it was asked for"  # noqa: S101 - says the constructor
        assert self._popen.stderr is not None, "it was asked for"  # noqa: S101
        out, err = self._popen.stdout.fileno(), self._popen.stderr.fileno()
        rest = {out: b"", err: b""}
        poll = select.poll()
        for pipe in rest:
            os.set_blocking(pipe, False)
            poll.register(pipe, select.POLLIN)
        open_pipes = set(rest)
        while open_pipes:
            self._check()
            ready = poll.poll(_LOOK_MILLISECONDS)
            if not ready and self._popen.poll() is not None:
                break  # something that it started holds a pipe, and has nothing more to say
            for pipe, _ in ready:
                chunk = os.read(pipe, _READ_BYTES)
                if not chunk:
                    poll.unregister(pipe)
                    open_pipes.discard(pipe)
                *whole, rest[pipe] = (rest[pipe] + chunk).split(b"\n") if chunk else (rest[pipe], b"")
                if len(rest[pipe]) > _LINE_BYTES_MAX:
                    raise BoxError(f"{self._popen.args!r:.60} prints a line without an end")
                found = [line.decode("utf-8", "replace") for line in whole if line]
                if pipe == out:
                    yield from found
                else:
                    self.complaints.extend(line[:_COMPLAINT_CHARS_MAX] for line in found)

    def wait(self) -> int:
        """Its exit code, once it has ended; negative for the signal that killed it."""
        while True:
            self._check()
            with suppress(subprocess.TimeoutExpired):
                return self._popen.wait(_LOOK_MILLISECONDS / 1000)

    def _end(self) -> None:
        """End it, if it has not: asked first, so that it takes its locks away."""
        if self._popen.poll() is None:
            self._popen.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(_GRACE_SECONDS)
        if self._popen.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._popen.pid, signal.SIGKILL)
            self._popen.wait()
