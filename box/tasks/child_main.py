"""What runs in the child process. The rule: limits first; then a line in, a line out, until the input ends.

Started by `box.tasks.child` as `python -m box.tasks.child_main`; the files that it reads are hostile. The first line of
its input holds limits and options, each further one a request; an answer is one line, with lines of progress before it.
All of it is JSON. The protocol has descriptors of its own: whatever a library prints goes to the standard error.
"""

from __future__ import annotations

import errno
import json
import math
import os
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import IO, Any

from box.errors import BoxError, OutOfSpace, OverQuota, Stopped, Unprocessable
from box.tasks import limits, wire
from box.tasks.handler import Handler, Request

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_OOM_SCORE = "500"
"""When memory runs out, the system should take the child and not the service."""
_NICENESS = 5
PROCESSES_MORE = 256
"""So many processes and threads may be started while a file is read; more is a fork without end."""
_PROGRESS_SECONDS = 0.2
"""Progress is told this often at most."""
_SAID_MAX, _TRACEBACK_MAX = 1000, 4000
"""Characters of what an exception says, and of where it was raised (the end of it), that are kept."""
_LEAKED_MAX = 4
"""So many descriptors may stay open: a library may keep one for its next use."""
_GRACE_SECONDS = 5
"""The parent enforces the deadline; this much later the child ends by itself, in case there is no parent."""

Settings = Mapping[str, Any]


@dataclass(slots=True)
class _Tools:
    """`box.tasks.handler.Tools` of this side."""

    options: Mapping[str, Any]
    out: IO[bytes]
    control: int
    job: int
    told_at: float = 0.0
    heard: bytes = b""

    def progress(
        self, percent: float | None = None, message: str = "", *,
        done: int | None = None, total: int | None = None, size_bytes: int | None = None,
    ) -> None:  # fmt: skip
        """Tell how far it is. Raises Stopped if the job should end."""
        now = time.monotonic()
        if now - self.told_at >= _PROGRESS_SECONDS:
            self.told_at = now
            self.check_cancelled()
            _send(self.out, {"progress": [percent, message, done, total, size_bytes]})

    def check_cancelled(self) -> None:
        """Raise Stopped if the job should end. A system call, no more."""
        self._listen()

    def step(self, what: str, undo: tuple[str, Sequence[Any]] | None = None) -> None:
        """Have the parent note what is about to be done; returns when that is durable. Raises Stopped instead."""
        if not self._is_granted({"step": [what, [undo[0], list(undo[1])] if undo else None]}):
            raise BoxError(f"{what}: a job of this kind takes no steps")

    def reserve(self, size_bytes: int) -> None:
        """Have the parent set so much more aside. Raises OverQuota, or Stopped."""
        if size_bytes > 0 and not self._is_granted({"reserve": size_bytes}):
            raise OverQuota(f"{size_bytes} more bytes are more than the quota leaves")

    def turn(self, host: str) -> float:
        """Ask the parent for the turn at a host: 0 if it has it, else in how many seconds to ask again."""
        _send(self.out, {"turn": host})
        return float(self._reply())

    def left(self, host: str, rest_seconds: float) -> None:
        """Say that it is done there, and that nobody should come for so long."""
        _send(self.out, {"left": [host, rest_seconds]})

    def _is_granted(self, question: Mapping[str, Any]) -> bool:
        _send(self.out, question)
        return self._reply() != b"refused"

    def _reply(self) -> bytes:
        """Wait for what the parent says to what was just asked. Raises Stopped instead."""
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        while not (heard := self._listen()):
            poll.poll()
        return heard

    def _listen(self) -> bytes:
        """Read what the parent said: what it said to a question, if anything. Raises Stopped."""
        try:
            data = os.read(self.control, 4096)
        except BlockingIOError:
            return b""
        if not data:  # the parent is gone
            raise Stopped("the service is gone", "lost")
        *lines, self.heard = (self.heard + data).split(b"\n")
        words = {tuple(line.split()) for line in lines}
        if (b"stop", b"%d" % self.job) in words:
            raise Stopped("cancelled on request")
        return next((word for word, job in words if job == b"%d" % self.job), b"")


def main(argv: list[str]) -> None:
    """Serve requests until the input ends.

    `argv`: the parent's process id, the descriptor of the pipe on which it says what is no request, and the module that
    holds `ALL`.
    """
    parent, control, module = int(argv[0]), int(argv[1]), argv[2]
    requests, answers = _take_pipes()
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # the parent's threads may block signals that must end this process
    _tie_to(parent)
    settings = json.loads(requests.readline())
    address_bytes = _limit(settings)
    handlers = {each.kind: each for each in import_module(module).ALL if isinstance(each, Handler)}
    _send(answers, {"ready": True})
    lowest_free, own_pid = _lowest_free(), os.getpid()
    for line in requests:
        asked = json.loads(line)
        request = wire.request(asked["request"])
        handler = handlers[asked["kind"]]
        own = limits.of_kind(settings, handler.kind)
        _renew_limits(own, address_bytes + request.size)
        tools = _Tools(settings["options"].get(handler.options, {}), answers, control, request.job)
        answer = _answer(handler, request, tools, own)
        if os.getpid() != own_pid:  # a copy that the handler made: only one of them answers
            os._exit(0)
        # Whoever leaks descriptors, even within its own limits, would have the files after it fail.
        answer["worn"] = answer.get("worn", False) or handler.heavy or _lowest_free() > lowest_free + _LEAKED_MAX
        answer["helpers"] = [pid for each in handlers.values() for pid in each.helpers()]
        _send(answers, answer)
        if answer["worn"]:
            return  # what was sent ahead is for the next process: nothing is begun twice
        signal.setitimer(signal.ITIMER_REAL, 0)


def _take_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """(requests, answers), out of the reach of whoever reads standard input or prints."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, answers


def _tie_to(parent: int) -> None:
    """Die with the parent, even with one that is killed; and let nobody look into this process or gain by it."""
    with suppress(OSError):  # some containers do not allow it
        fd = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
        os.write(fd, _OOM_SCORE.encode())
        os.close(fd)
    with suppress(ImportError, OSError, AttributeError):  # not Linux: the timer and the end of the input have to do
        from ctypes import CDLL  # noqa: PLC0415 - not everywhere

        prctl = CDLL(None).prctl
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if os.getppid() != parent:  # it died before we were tied to it
        sys.exit(1)


def _lowest_free() -> int:
    """The descriptor that would be opened next: it is higher when others were left open."""
    fd = os.dup(0)
    os.close(fd)
    return fd


def _limit(settings: Settings) -> int:
    """Set what holds for good, the most that any kind of job may have; the bytes of address space in use already."""
    os.nice(_NICENESS)
    for which, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, settings["most"]["open_files_max"]),
        (resource.RLIMIT_FSIZE, settings["most"]["file_bytes"]),
    ):
        hard = resource.getrlimit(which)[1]
        lowest = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (lowest, lowest))
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _renew_limits(settings: Settings, address_bytes: int) -> None:
    """Set what each request has for itself."""
    _limit_softly(resource.RLIMIT_AS, address_bytes + int(settings["memory_bytes"]))
    _limit_softly(resource.RLIMIT_NOFILE, settings["open_files_max"])
    _limit_softly(resource.RLIMIT_FSIZE, settings["file_bytes"])
    _limit_softly(resource.RLIMIT_CPU, math.ceil(time.process_time() + settings["cpu_seconds"]))
    _limit_processes()
    signal.setitimer(signal.ITIMER_REAL, settings["deadline_seconds"] + _GRACE_SECONDS)


def _limit_processes() -> None:
    """Stop a handler that forks without end, by accident: what is soft, somebody who took it over may raise again.

    The system counts all that the user runs, not the child's own, and root's not at all. So the limit is what the whole
    machine runs now, which is never less, and some more. Against malice there is `TasksMax` of the unit; its sandbox
    hides that number, and needs no limit here.
    """
    with suppress(OSError), open("/proc/loadavg", encoding="ascii") as file:  # "0.20 0.18 0.12 1/80 11206"
        running = int(file.read().split()[3].partition("/")[2])
        _limit_softly(resource.RLIMIT_NPROC, running + PROCESSES_MORE)


def _limit_softly(which: int, value: int) -> None:
    hard = resource.getrlimit(which)[1]
    resource.setrlimit(which, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _answer(handler: Handler, request: Request, tools: _Tools, settings: Settings) -> dict[str, Any]:
    """Run the handler; what it found, or what is wrong, ready for the wire."""
    try:
        tools.check_cancelled()  # it may have been cancelled while it waited here for its turn
        found = handler.run(request, tools)
    except Exception as error:  # noqa: BLE001 - whatever a handler raises is an answer
        refused = _as_box_error(error, settings)
        return {
            "error": type(refused).__name__,
            "code": refused.code,
            "retryable": refused.retryable,
            "message": str(refused),
            "file": refused.file,
            "class": refused.error_class,
            "traceback": refused.traceback,
            "worn": isinstance(error, OSError) and error.errno == errno.EMFILE,
            "seconds": getattr(refused, "seconds", 0.0),
        }
    placements = [wire.placement_as_json(placement) for placement in found.placements]
    facts, result = dict(found.facts), dict(found.result)
    return {"found": {"placements": placements, "digest": found.digest, "facts": facts, "result": result}}


def _as_box_error(error: Exception, settings: Settings) -> BoxError:
    """What an exception means for the file; one that no handler should raise is a defect and says where it was."""
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, BoxError):
        return error
    if isinstance(error, MemoryError) or number == errno.ENOMEM:
        limit = f"{settings['keys']['memory_bytes']} ({settings['memory_bytes']})"
        return Unprocessable("too-much-memory", f"the file takes more memory than {limit}")
    if number in {errno.ENOSPC, errno.EDQUOT}:
        return OutOfSpace(f"the disk is full: {error}")
    if number == errno.EFBIG:
        limit = f"{settings['keys']['file_bytes']} ({settings['file_bytes']})"
        return Unprocessable("too-large", f"what is made of the file is larger than {limit}")
    if number is not None:
        failed = BoxError(f"the file cannot be read: {error}")
        failed.code, failed.retryable = "file-system", True
        return failed
    where = traceback.extract_tb(error.__traceback__)[-1]
    said = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1][:_SAID_MAX]
    defect = BoxError(f"{said} ({os.path.basename(where.filename)}, line {where.lineno})")
    defect.code, defect.error_class = "defect", type(error).__name__
    defect.traceback = "".join(traceback.format_exception(error))[-_TRACEBACK_MAX:]
    return defect


def _send(out: IO[bytes], answer: Mapping[str, Any]) -> None:
    out.write(json.dumps(answer, separators=(",", ":")).encode() + b"\n")
    out.flush()


if __name__ == "__main__":
    with suppress(BrokenPipeError):  # the parent is gone, or no longer interested
        main(sys.argv[1:])
