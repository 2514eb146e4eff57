"""The child, seen from the service. The rule: what dropped files contain is only ever parsed over there.

One long-lived process, started by exec and never by fork, answers requests one after the other; some are sent ahead,
so that it never waits. It has limits of memory, time and file size; when it dies on a file, that file has used up an
attempt and the others go on in a fresh one. `box.tasks.child_main` is the other end.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final

from box.errors import BoxError, ChildDied, OverQuota, Stopped
from box.tasks import limits, strays, wire
from box.tasks.at_work import Asked, AtWork
from box.tasks.child_process import STOPPED, Process
from box.tasks.handler import Found, Request
from box.tasks.limits import ChildLimits

_AHEAD: Final = 32
"""Requests that are sent before they are due."""
_START_SECONDS: Final = 60.0
"""How long a start may take: a small machine with a slow card needs seconds."""

_ASKED_MAX: Final = 10_000
"""So often what is made of one file may have more set aside: each time is an event."""

CANCEL_SECONDS: Final = 0.5
"""How long a job that should end may take to end by itself; one whose lease is lost has no time at all."""

Answer = Found | BoxError


class Child:
    """A child process, started when it is needed. One thread at a time calls `perform`, any thread all the rest.

    The process dies with the thread that started it (so Linux ties it to the service); then a new one is started.
    """

    def __init__(
        self, of_all: ChildLimits, options: Mapping[str, Mapping[str, Any]], handlers: str = "box.tasks",
        by_kind: limits.type_own | None = None, at_work: AtWork | None = None,
    ) -> None:  # fmt: skip
        """`options`: sections of the configuration by name; `handlers`: the module that holds the tuple `ALL`.

        `by_kind`: limits that kinds of job have for themselves; `at_work`: where jobs say how far they are, and learn
        that they should end.
        """
        self._at_work = at_work or AtWork()
        self._settings: dict[str, Any] = {
            **asdict(of_all),
            "options": {name: dict(section) for name, section in options.items()},
            "by_kind": {kind: dict(own) for kind, own in (by_kind or {}).items()},
        }
        every = [limits.of_kind(self._settings, kind) for kind in ("", *self._settings["by_kind"])]
        self._settings["most"] = {name: max(each[name] for each in every) for name in ("file_bytes", "open_files_max")}
        self._handlers = handlers
        self._lock = threading.Lock()
        self._process: Process | None = None
        self._is_busy = False
        self._is_closed = False
        self._idle_since = 0.0
        self._waiting: deque[Request] = deque()
        self._sent: deque[tuple[Request, int]] = deque()
        """Requests that the process has, the one that it works on first, each with its mark."""

    @property
    def pid(self) -> int | None:
        """The process, None while there is none."""
        process = self._process
        return process.popen.pid if process else None

    @property
    def idle_since(self) -> float | None:
        """Monotonic time since which the process has had nothing to do; None while it works or there is none."""
        return None if self._is_busy or not self._process else self._idle_since

    def perform(self, kind: str, requests: Sequence[Request]) -> Generator[tuple[Request, Answer], None, None]:
        """Answer the requests in their order, each as soon as it is done.

        What a handler refuses comes as the error that it raised, a job that was to end as Stopped, a request on which
        the process died as ChildDied, an unexpected exception as a BoxError with the code "defect"; where no process
        can be started, all that is left comes as a retryable BoxError with the code "child-start". A caller that leaves
        early kills the process.
        """
        with self._lock:
            if self._is_busy:
                raise RuntimeError("a child does one thing at a time")
            self._is_busy = True
        self._waiting.extend(requests)
        try:
            while self._waiting or self._sent:
                yield from self._next(kind)
        finally:
            is_left_early = bool(self._sent)
            self._waiting.clear()
            self._sent.clear()
            if is_left_early:
                self.kill()
            with self._lock:
                if is_left_early or self._is_closed or self._has_strays():
                    self._drop()
                strays.end()  # what a file made a handler start does not outlive the batch
                self._is_busy, self._idle_since = False, time.monotonic()

    def start(self) -> None:
        """Have a process that is ready, so that what is claimed next does not wait; `perform` tells what fails."""
        with self._lock:
            self._is_busy = True  # nobody ends for its idleness what somebody waits for
        try:
            with suppress(BoxError):
                self._ready()
        finally:
            with self._lock:
                if self._is_closed:
                    self._drop()
                self._is_busy, self._idle_since = False, time.monotonic()

    def kill(self) -> None:
        """End the process at once; the request that it works on is answered with ChildDied, the others go on."""
        process = self._process
        if process:
            process.kill(STOPPED)

    def wake(self) -> None:
        """Look whether the job that it works on should end; from any thread."""
        process = self._process
        if process:
            process.wake()

    def stop_if_idle(self, seconds: float) -> bool:
        """End the process if it has had nothing to do for so long; whether there is none any more."""
        with self._lock:
            if not self._is_busy and time.monotonic() - self._idle_since >= seconds:
                self._drop()
            return self._process is None

    def close(self) -> None:
        """End the process, at once if it is at work: what is not answered yet is answered with ChildDied. For good."""
        with self._lock:
            self._is_closed = True
            if not self._is_busy:
                self._drop()
        self.kill()

    def _next(self, kind: str) -> Generator[tuple[Request, Answer], None, None]:
        """The next answers: one, none when a process has done its share, all when there can be no process."""
        stop = self._at_work.stop_of(self._waiting[0].job) if self._waiting and not self._sent else None
        if stop:  # before it was begun
            yield self._waiting.popleft(), stop[0]
            return
        try:
            process = self._ready()
        except ChildDied as error:
            yield self._waiting.popleft(), error
            return
        except BoxError as error:
            while self._waiting:
                yield self._waiting.popleft(), error
            return
        while self._waiting and len(self._sent) < _AHEAD and process.given < self._settings["files_max"]:
            request = self._waiting.popleft()
            process.given += 1
            self._sent.append((request, process.send({"kind": kind, "request": wire.as_json(request)})))
        if not self._sent:
            with self._lock:
                self._drop()
            return
        answer = self._answer(process, kind)
        request, _ = self._sent.popleft()
        if self._process is None:  # it died: the others are for the next one
            self._waiting.extendleft(request for request, _ in reversed(self._sent))
            self._sent.clear()
        yield request, answer

    def _ready(self) -> Process:
        """A process that takes requests. Raises ChildDied when it was stopped, BoxError when none can be started."""
        with self._lock:
            if self._is_closed:
                raise ChildDied("the process that reads files was stopped")
            if self._process and not self._sent and not self._process.is_alive():
                self._drop()  # it died while it had nothing to do
            try:
                process = self._process = self._process or Process(self._settings, self._handlers)
            except OSError as error:
                raise _not_started(str(error)) from error
        if not process.is_ready:
            process.is_ready = process.receive(0, _START_SECONDS, "its start") is not None
            if not process.is_ready:
                with self._lock:
                    self._drop()
                if process.was_stopped:
                    raise ChildDied("the process that reads files was stopped")
                raise _not_started(process.why())
        return process

    def _answer(self, process: Process, kind: str) -> Answer:
        """What the process says about the request that it works on."""
        request, mark = self._sent[0]
        process.asked = Asked()
        process.limits = limits.of_kind(self._settings, kind)
        seconds, key = process.limits["deadline_seconds"], process.limits["keys"]["deadline_seconds"]
        self._at_work.began(request.job)

        def until() -> float:
            """When it is to be killed for not ending its job."""
            stop = self._at_work.stop_of(request.job)
            if stop is None:
                return float("inf")
            process.tell("stop", request.job)
            return stop[1] + (0.0 if stop[0].outcome == "lost" else CANCEL_SECONDS)

        while (line := process.receive(mark, seconds, key, until)) is not None:
            try:
                message = json.loads(line)
                if not self._is_aside(process, request, message):
                    answer = self._said(request, _refused(wire.read(message), process.asked))
                    process.since = time.monotonic()
                    process.helpers = frozenset(map(int, message.get("helpers", ())))
                    if message.get("worn"):
                        with self._lock:
                            self._drop()
                    return answer
            except (ValueError, LookupError, TypeError, RecursionError, OverflowError):
                process.kill("answered what is no answer")
                break
        with self._lock:
            self._drop()
        return self._said(request, ChildDied(f"the process that read the file {process.why()}"))

    def _is_aside(self, process: Process, request: Request, message: Any) -> bool:
        """Whether a message is no answer, but says how far a job is, or what it is about to do."""
        if "progress" in message:
            self._at_work.told(request.job, wire.progress(*message["progress"]))
            return True
        if "step" in message:
            what, undo = message["step"]
            if self._at_work.step(request.job, str(what), json.dumps(undo) if undo else ""):
                process.tell("noted", request.job)
            elif self._at_work.stop_of(request.job) is None:
                process.tell("refused", request.job)
            return True
        if "turn" in message:
            process.tell(f"{self._at_work.turn(request.job, str(message['turn'])):.3f}", request.job)
            return True
        if "left" in message:
            host, rest = message["left"]
            self._at_work.left(request.job, str(host), float(rest))
            return True
        if "reserve" in message:
            self._reserve(process, request, wire.size(message["reserve"]))
            return True
        return False

    def _reserve(self, process: Process, request: Request, size_bytes: int) -> None:
        """Set so much more aside for a job, and say whether that may be."""
        process.asked.times += 1
        if process.asked.times > _ASKED_MAX:
            raise ValueError("it asks without end")
        refusal = self._at_work.reserve(request.job, size_bytes)
        if refusal is not None:
            process.asked.refusal = refusal
            process.tell("refused", request.job)
        elif self._at_work.stop_of(request.job) is None:
            process.tell("noted", request.job)

    def _said(self, request: Request, answer: Answer) -> Answer:
        """The answer; of a job that was to end and therefore has none, why it was to end."""
        stop = self._at_work.stop_of(request.job)
        if stop is None or not isinstance(answer, Stopped | ChildDied):
            return answer
        return stop[0]

    def _has_strays(self) -> bool:
        """Whether the process has children, other than those that it keeps for the next file. Under the lock."""
        return self._process is not None and strays.are_with(self._process.popen.pid, self._process.helpers)

    def _drop(self) -> None:
        """End the process and forget it. Under the lock."""
        if self._process:
            self._process.end()
            self._process = None


def _refused(answer: Answer, asked: Asked) -> Answer:
    """The answer; of who asked for more than there was and ended for it, how much that was: not what it says."""
    is_over = isinstance(answer, BoxError) and answer.code == OverQuota.code
    return asked.refusal if is_over and asked.refusal is not None else answer


def _not_started(why: str) -> BoxError:
    error = BoxError(f"the process that reads files cannot start: it {why}; try `box doctor`")
    error.code, error.retryable = "child-start", True
    return error
