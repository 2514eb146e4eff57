"""One child process and its pipes. The rule: nothing it does, or fails to do, can block or fill up the service.

Requests are written and answers read in one place, `receive`, whichever is possible first: so neither side ever waits
for the other to make room. What the child prints is read too, and the end of it kept for the message when it dies.
"""

from __future__ import annotations

import json
import math
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

STOPPED: Final = "was stopped"
"""The reason of those who stop it on purpose."""

_READ_BYTES = 65536
_LINE_BYTES_MAX = 4_000_000
_TAIL_BYTES_MAX = 2000
_END_SECONDS = 5.0
"""How long a child may take to end when it is asked to; then it is killed."""

_ENVIRONMENT: Final = (
    "PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "PYTHONUTF8", "TZ",
)  # fmt: skip
"""What the child gets of the environment: what it takes to start, and how file names are written; no secrets."""
_PACKAGES = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Process:
    """A child that runs `box.tasks.child_main`. All methods but `kill` belong to one thread at a time."""

    def __init__(self, settings: Mapping[str, Any], handlers: str) -> None:
        """Start it. Raises OSError when the system has no room for one."""
        self.popen = subprocess.Popen(  # noqa: S603 - this interpreter, and a module of ours
            [sys.executable, "-P", "-m", "box.tasks.child_main", str(os.getpid()), handlers],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            bufsize=0, cwd="/", env=_environment(), start_new_session=True,
        )  # fmt: skip
        self.given = 0
        """Requests that it was given."""
        self.is_ready = False
        self.since = time.monotonic()
        """When it answered last: since then it works on what was sent next."""
        self._settings = settings
        self._reason = ""
        self._ending = threading.Lock()
        self._unsent = bytearray()
        self._written = self._queued = 0
        self._partial = bytearray()
        self._lines: deque[bytes] = deque()
        self._tail = b""
        self._has_ended = False
        self._in, self._out, self._err = (pipe.fileno() for pipe in self._pipes())
        self._poll = select.poll()
        for fd in (self._in, self._out, self._err):
            os.set_blocking(fd, False)
        for fd in (self._out, self._err):
            self._poll.register(fd, select.POLLIN)
        self.send(settings)

    def send(self, message: Mapping[str, Any]) -> int:
        """Queue a line for the child; the mark by which `receive` knows whether the child has it."""
        line = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        if not self._unsent:
            self._poll.register(self._in, select.POLLOUT)
        self._unsent += line
        self._queued += len(line)
        return self._queued

    def receive(self, mark: int, seconds: float, limit: str) -> bytes | None:
        """The next line. None when there will be none: the child ended, or it was killed for taking longer than that.

        The time counts from `since`, or from when the child has all up to `mark`; `limit` names it in the message.
        """
        while not self._lines:
            if self._has_ended:
                return None
            now = time.monotonic()
            if self._written < mark:
                self.since = now
            left = self.since + seconds - now
            if not self._wait(max(left, 0.0)) and left <= 0:
                self.kill(f"took longer than {seconds:g} s ({limit})")
                return None
        return self._lines.popleft()

    def kill(self, reason: str) -> None:
        """End it and all that it started at once; from any thread. The reason is for the message."""
        with self._ending:
            if self.popen.poll() is None:
                self._reason = self._reason or reason
                with suppress(ProcessLookupError):
                    os.killpg(self.popen.pid, signal.SIGKILL)

    def end(self) -> None:
        """Ask it to end, wait, close the pipes."""
        for pipe in self._pipes():
            pipe.close()
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(_END_SECONDS)
        self.kill("did not end")
        with suppress(subprocess.TimeoutExpired):  # not even then: it hangs in the disk, and the system will reap it
            self.popen.wait(_END_SECONDS)

    def why(self) -> str:
        """Why it ended, as the end of a sentence; to be asked after `end`."""
        code = self.popen.returncode
        tail = self._tail.decode("utf-8", "backslashreplace").strip().rpartition("\n")[2]
        said = f": {tail}" if tail else ""
        if self._reason:
            return self._reason
        if code is None or code >= 0:
            return f"ended with code {code}{said}"
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        known = {
            "SIGXCPU": f"used more than {self._settings['cpu_seconds']:g} s of processor time (child.cpu_seconds)",
            "SIGALRM": f"took longer than {self._settings['deadline_seconds']:g} s (child.deadline_seconds)",
            "SIGKILL": "was killed by the system, most likely for want of memory",
            "SIGBUS": "crashed (SIGBUS): the file shrank, or the disk could not read it",
        }
        return known.get(name, f"crashed ({name}){said}")

    @property
    def was_stopped(self) -> bool:
        """Whether somebody stopped it on purpose."""
        return self._reason == STOPPED

    def _pipes(self) -> tuple[Any, Any, Any]:
        return self.popen.stdin, self.popen.stdout, self.popen.stderr

    def _wait(self, seconds: float) -> bool:
        """Move what can be moved within that time; whether anything could."""
        ready = self._poll.poll(math.ceil(seconds * 1000))
        for fd, _ in ready:
            if fd == self._in:
                self._write()
            elif fd == self._out:
                self._read()
            else:
                said = self._take(fd)
                self._tail = (self._tail + said)[-_TAIL_BYTES_MAX:]
        return bool(ready)

    def _write(self) -> None:
        try:
            count = os.write(self._in, self._unsent[:_READ_BYTES])
        except BlockingIOError:
            return
        except OSError:  # nobody reads any more: it is about to end, and the other pipe will say so
            count = len(self._unsent)
        del self._unsent[:count]
        self._written += count
        if not self._unsent:
            self._poll.unregister(self._in)

    def _read(self) -> None:
        data = self._take(self._out)
        self._has_ended = not data
        self._partial += data
        *lines, rest = self._partial.split(b"\n")
        self._lines.extend(map(bytes, lines))
        self._partial = rest
        if len(rest) > _LINE_BYTES_MAX:
            self._has_ended = True
            self.kill("answered without end")

    def _take(self, fd: int) -> bytes:
        """What a pipe holds; nothing, and no more of it, at its end."""
        try:
            data = os.read(fd, _READ_BYTES)
        except BlockingIOError:  # another look at it will come
            return b""
        if not data:
            self._poll.unregister(fd)
        return data


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    if os.path.basename(_PACKAGES) not in {"site-packages", "dist-packages"}:  # not installed: run from its folder
        kept["PYTHONPATH"] = os.pathsep.join(filter(None, (_PACKAGES, kept.get("PYTHONPATH"))))
    return kept
