"""Running handlers. The rule: what reads anything from outside runs in a child; an error is an answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from box.errors import BoxError, Stopped
from box.tasks import by_kind, failures
from box.tasks.at_work import AtWork, Progress
from box.tasks.child import Child
from box.tasks.handler import Found, Handler, Request
from box.tasks.limits import ChildLimits, type_own


@dataclass(frozen=True, slots=True)
class InlineTools:
    """The tools of a handler that runs in the service itself."""

    at_work: AtWork
    job: int
    options: Mapping[str, Any] = field(default_factory=dict)

    def progress(
        self, percent: float | None = None, message: str = "", *,
        done: int | None = None, total: int | None = None, size_bytes: int | None = None,
    ) -> None:  # fmt: skip
        """Tell how far it is. Raises Stopped if the job should end."""
        self.check_cancelled()
        self.at_work.told(self.job, Progress(percent, message, done, total, size_bytes))

    def check_cancelled(self) -> None:
        """Raise Stopped if the job should end."""
        self.at_work.check(self.job)

    def turn(self, host: str) -> float:
        """Ask for the turn at a host."""
        return self.at_work.turn(self.job, host)

    def left(self, host: str, rest_seconds: float) -> None:
        """Say that it is done there."""
        self.at_work.left(self.job, host, rest_seconds)

    def step(self, what: str, undo: tuple[str, Sequence[Any]] | None = None) -> None:
        """Handlers of Box's own take no steps: what they do lands at once."""
        raise BoxError(f"{what}: a handler that runs in the service takes no steps ({undo})")

    def reserve(self, size_bytes: int) -> None:
        """Set so much more aside. Raises OverQuota."""
        refusal = self.at_work.reserve(self.job, size_bytes)
        self.check_cancelled()
        if refusal is not None:
            raise refusal


class Runner:
    """The children of a service: one for each worker thread, started when first needed, ended when idle."""

    def __init__(
        self, limits: ChildLimits, options: Mapping[str, Mapping[str, Any]], idle_seconds: float,
        by_kind: type_own | None = None, at_work: AtWork | None = None, handlers: str = "box.tasks",
    ) -> None:  # fmt: skip
        """`by_kind`: limits that kinds of job have for themselves; `handlers`: see `Child`."""
        self._limits = limits
        self._by_kind = by_kind or {}
        self._options = options
        self._idle_seconds = idle_seconds
        self._at_work = at_work or AtWork()
        self._handlers = handlers
        self._own = threading.local()
        self._children: list[Child] = []

    def run(self, handler: Handler, requests: Sequence[Request]) -> Iterator[tuple[Request, Found | BoxError]]:
        """What each request's handler found, or why it did not, in order."""
        if handler.isolated:
            yield from self._child().perform(handler.kind, requests)
            return
        for request in requests:
            tools = InlineTools(self._at_work, request.job, self._options.get(handler.options, {}))
            self._at_work.began(request.job)
            try:
                tools.check_cancelled()
                found: Found | BoxError = handler.run(request, tools)
            except Stopped as error:
                found = error
            except Exception as error:  # noqa: BLE001  around a handler everything is caught
                found = failures.as_box_error(error)
            yield request, found

    def prepare(self, kind: str) -> None:
        """On a worker's thread, before it claims a job of that kind: its child is started first.

        An attempt counts from the claim on: a job should not be found guilty for what happened while Python started.
        """
        handler = by_kind(kind)
        if isinstance(handler, Handler) and handler.isolated:
            self._child().start()

    def warm_up(self) -> None:
        """On a worker's thread: have its child started."""
        self._child().start()

    def _child(self) -> Child:
        child: Child | None = getattr(self._own, "child", None)
        if child is None:
            child = Child(self._limits, self._options, self._handlers, self._by_kind, self._at_work)
            self._own.child = child
            self._children.append(child)
        return child

    def wake(self) -> None:
        """A job should end: have those who wait for a child look whether it is theirs."""
        for child in self._children:
            child.wake()

    def stop_idle(self) -> None:
        """End the children that had nothing to do for a while; the next file starts them again."""
        for child in self._children:
            child.stop_if_idle(self._idle_seconds)

    def kill(self) -> None:
        """End all children at once; what they were working on is not done."""
        for child in self._children:
            child.kill()

    def close(self) -> None:
        """End all children."""
        for child in self._children:
            child.close()
