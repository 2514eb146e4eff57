"""One child process and its pipes. The rule: nothing it does, or fails to do, can block or fill up the service.

Requests are written and answers read in one place, `receive`, whichever is possible first: so neither side ever waits
for the other to make room. What the child prints is read too, and the end of it kept for the message when it dies.
"""

from __future__ import annotations

import fcntl
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
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from box.tasks import limits, strays
from box.tasks.at_work import Asked

STOPPED: Final = "was stopped"
"""The reason of those who stop it on purpose."""

CANCELLED: Final = "was to end its job, and did not"
"""The reason when a job did not end by itself though it was told to."""

_READ_BYTES = 65536
_PIPE_BYTES = 1024 * 1024
"""What it may answer while nobody reads: it goes on meanwhile."""
_LINE_BYTES_MAX = 4_000_000
_TAIL_BYTES_MAX = 2000
_LAST_READS = 16
"""So often a pipe is read once nobody fills it any more: no pipe holds more."""
_END_SECONDS = 5.0
"""How long a child may take to end when it is asked to; then it is killed."""
_LOOK_SECONDS = 0.005

_ENVIRONMENT: Final = (
    "PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "PYTHONUTF8", "TZ",
)  # fmt: skip
"""What the child gets of the environment: what it takes to start, and how file names are written; no secrets."""
_PACKAGES = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def _never() -> float:
    return math.inf


def _started(handlers: str) -> tuple[subprocess.Popen[bytes], int]:
    """A new child, and the descriptor on which it is told what is no request."""
    control, own_control = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        with strays.starting:
            popen = subprocess.Popen(  # noqa: S603 - this interpreter, and a module of ours
                [sys.executable, "-P", "-m", "box.tasks.child_main", str(os.getpid()), str(control), handlers],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=(control,),
                bufsize=0, cwd="/", env=_environment(), start_new_session=True,
            )  # fmt: skip
            if strays.own:
                strays.own.add(popen.pid)
    except BaseException:
        os.close(own_control)
        raise
    finally:
        os.close(control)
    return popen, own_control


class Process:
    """A child that runs `box.tasks.child_main`. All methods but `kill` belong to one thread at a time."""

    def __init__(self, settings: Mapping[str, Any], handlers: str) -> None:
        """Start it. Raises OSError when the system has no room for one."""
        self.popen, self._control = _started(handlers)
        self.given = 0
        """Requests that it was given."""
        self.is_ready = False
        self.since = time.monotonic()
        """When it answered last: since then it works on what was sent next."""
        self.helpers: frozenset[int] = frozenset()
        """Processes that it keeps for its next file."""
        self.asked = Asked()
        self.limits = limits.of_kind(settings, "")
        """Those of what it works on; for the message."""
        self._reason = ""
        self._ending = threading.Lock()
        self._unsent = bytearray()
        self._written = self._queued = 0
        self._partial = bytearray()
        self._lines: deque[bytes] = deque()
        self._tail = b""
        self._has_ended = self._is_closed = False
        self._watch()
        self.send(settings)

    def _watch(self) -> None:
        """Have one question answer for all pipes."""
        self._in, self._out, self._err = (pipe.fileno() for pipe in self._pipes())
        self._woken, self._wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._end = _end_of(self.popen.pid)
        self._poll = select.poll()
        for fd in (self._woken, *self._end):
            self._poll.register(fd, select.POLLIN)
        for fd in (self._in, self._out, self._err):
            os.set_blocking(fd, False)
        with suppress(OSError, AttributeError):  # not Linux, or this user has too many: then it waits more often
            fcntl.fcntl(self._out, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        for fd in (self._out, self._err):
            self._poll.register(fd, select.POLLIN)

    def send(self, message: Mapping[str, Any]) -> int:
        """Queue a line for the child; the mark by which `receive` knows whether the child has it."""
        line = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        if not self._unsent:
            self._poll.register(self._in, select.POLLOUT)
        self._unsent += line
        self._queued += len(line)
        return self._queued

    def tell(self, word: str, job: int) -> None:
        """Say something about a job that is not a request; the child looks whenever its handler asks."""
        self._put(self._control, f"{word} {job}\n".encode())

    def wake(self) -> None:
        """Have `receive` ask its `until` again; from any thread."""
        self._put(self._wake, b"!")

    def receive(self, mark: int, seconds: float, limit: str, until: Callable[[], float] = _never) -> bytes | None:
        """The next line. None when there will be none: the child ended, or it was killed for taking longer than that.

        The time counts from `since`, or from when the child has all up to `mark`; `limit` names it in the message.
        `until` says (monotonic) when it is to be killed for not ending its job; it is asked again after each `wake`.
        """
        while not self._lines:
            if self._has_ended:
                return None
            now = time.monotonic()
            if self._written < mark:
                self.since = now
            end = until()
            left = min(self.since + seconds, end) - now
            if not self._wait(max(left, 0.0)) and left <= 0:  # not even an answer that had been there for long
                self.kill(CANCELLED if end < self.since + seconds else f"took longer than {seconds:g} s ({limit})")
                return None
        return self._lines.popleft()

    def is_alive(self) -> bool:
        """Whether it still runs."""
        with self._ending:
            return not self._reap()

    def kill(self, reason: str) -> None:
        """End it and all that it started at once; from any thread. The reason is for the message."""
        with self._ending:
            if not self._reap():
                self._reason = self._reason or reason
                with suppress(ProcessLookupError):
                    os.killpg(self.popen.pid, signal.SIGKILL)

    def end(self) -> None:
        """Ask it to end, wait, close the pipes."""
        for pipe in self._pipes():
            pipe.close()
        self._await_end()
        self.kill("did not end")
        self._await_end()  # in vain only if it hangs in a broken disk
        with self._ending:
            if not self._is_closed:
                self._is_closed = True
                for fd in (self._control, self._woken, self._wake, *self._end):
                    os.close(fd)
        strays.own.discard(self.popen.pid)
        strays.end()

    def why(self) -> str:
        """Why it ended, as the end of a sentence; to be asked after `end`."""
        code = self.popen.returncode
        tail = self._tail.decode("utf-8", "backslashreplace").strip().rpartition("\n")[2]
        # Once it reads files, what it prints may be what is in them: that is not for the log.
        said = f": {tail}" if tail and not self.is_ready else ""
        if self._reason:
            return self._reason
        if code is None or code >= 0:
            return f"ended with code {code}{said}"
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        keys = self.limits["keys"]
        known = {
            "SIGXCPU": f"used more than {self.limits['cpu_seconds']:g} s of processor time ({keys['cpu_seconds']})",
            "SIGALRM": f"took longer than {self.limits['deadline_seconds']:g} s ({keys['deadline_seconds']})",
            "SIGKILL": "was killed by the system, most likely for want of memory",
            "SIGBUS": "crashed (SIGBUS): the file shrank, or the disk could not read it",
        }
        return known.get(name, f"crashed ({name}){said}")

    def _put(self, fd: int, data: bytes) -> None:
        with self._ending, suppress(OSError):  # full, or nobody reads: then it is awake, or about to end
            if not self._is_closed:
                os.write(fd, data)

    @property
    def was_stopped(self) -> bool:
        """Whether somebody stopped it on purpose."""
        return self._reason == STOPPED

    def _reap(self) -> bool:
        """Whether it has ended; what it leaves in its group is killed while its number cannot be another's yet."""
        pid = self.popen.pid
        if self.popen.returncode is None and os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            self.popen.poll()
        return self.popen.returncode is not None

    def _await_end(self) -> None:
        until = time.monotonic() + _END_SECONDS
        # Not popen.wait: a process that was reaped while `kill` is about to signal it may be another by then.
        while self.is_alive() and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)

    def _pipes(self) -> tuple[Any, Any, Any]:
        return self.popen.stdin, self.popen.stdout, self.popen.stderr

    def _wait(self, seconds: float) -> bool:
        """Move what can be moved within that time; whether there was something of an answer."""
        ready = [fd for fd, _ in self._poll.poll(math.ceil(seconds * 1000))]
        if self._woken in ready:
            with suppress(BlockingIOError):
                os.read(self._woken, _READ_BYTES)
        if self._in in ready:
            self._write()
        if self._err in ready:
            self._tail = (self._tail + (self._take(self._err) or b""))[-_TAIL_BYTES_MAX:]
        if self._out in ready:
            self._read()
        if not self._end.isdisjoint(ready):  # whoever holds its pipes now does not answer for it
            for _ in range(_LAST_READS):
                self._read()
            self._has_ended = True
        return self._has_ended or self._out in ready

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
        data = None if self._has_ended else self._take(self._out)
        if data is None:
            return
        self._has_ended = not data
        self._partial += data
        *lines, rest = self._partial.split(b"\n")
        self._lines.extend(map(bytes, lines))
        self._partial = rest
        if len(rest) > _LINE_BYTES_MAX:
            self._has_ended = True
            self.kill("answered without end")

    def _take(self, fd: int) -> bytes | None:
        """What a pipe holds, None when that is nothing yet; nothing, and never more of it, at its end."""
        try:
            data = os.read(fd, _READ_BYTES)
        except BlockingIOError:
            return None
        if not data:
            self._poll.unregister(fd)
        return data


def _end_of(pid: int) -> frozenset[int]:
    """A descriptor that can be read when the process has ended; none where there is no such thing."""
    with suppress(OSError, AttributeError):  # not Linux: then the end of its pipe has to do
        return frozenset((os.pidfd_open(pid),))
    return frozenset()


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    if os.path.basename(_PACKAGES) not in {"site-packages", "dist-packages"}:  # not installed: run from its folder
        kept["PYTHONPATH"] = os.pathsep.join(filter(None, (_PACKAGES, kept.get("PYTHONPATH"))))
    return kept
