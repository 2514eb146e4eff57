"""Running handlers. The rule: what reads anything from outside runs in a child; an error is an answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from box.errors import BoxError
from box.tasks import by_kind, failures
from box.tasks.child import Child, ChildLimits
from box.tasks.handler import Found, Handler, Request


@dataclass(frozen=True, slots=True)
class InlineTools:
    """The tools of a handler that runs in the service itself: it is short, so it reports no progress."""

    options: Mapping[str, Any] = field(default_factory=dict)

    def progress(self, percent: float, message: str = "") -> None:
        """Nobody is told."""


class Runner:
    """The children of a service: one for each worker thread, started when first needed, ended when idle."""

    def __init__(self, limits: ChildLimits, options: Mapping[str, Mapping[str, Any]], idle_seconds: float) -> None:
        self._limits = limits
        self._options = options
        self._idle_seconds = idle_seconds
        self._own = threading.local()
        self._children: list[Child] = []

    def run(self, handler: Handler, requests: Sequence[Request]) -> Iterator[tuple[Request, Found | BoxError]]:
        """What each request's handler found, or why it did not, in order."""
        if handler.isolated:
            yield from self._child().perform(handler.kind, requests)
            return
        tools = InlineTools(self._options.get(handler.options, {}))
        for request in requests:
            try:
                found: Found | BoxError = handler.run(request, tools)
            except Exception as error:  # noqa: BLE001  around a handler everything is caught
                found = failures.as_box_error(error)
            yield request, found

    def prepare(self, kind: str) -> None:
        """On a worker's thread, before it claims a job of that kind: its child is started first.

        An attempt counts from the claim on: a job should not be found guilty for what happened while Python started.
        """
        handler = by_kind(kind)
        if handler is not None and handler.isolated:
            self._child().start()

    def warm_up(self) -> None:
        """On a worker's thread: have its child started."""
        self._child().start()

    def _child(self) -> Child:
        child: Child | None = getattr(self._own, "child", None)
        if child is None:
            child = self._own.child = Child(self._limits, self._options)
            self._children.append(child)
        return child

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
