"""The wire: what service and child say to each other. The rule: what a child says is checked here; it may say anything.

Whatever has another shape raises LookupError, TypeError, ValueError or OverflowError, and ends the child.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from box.errors import BoxError, OutOfSpace, SourceChanged, Stopped, Unprocessable
from box.tasks.at_work import Progress
from box.tasks.handler import Found, Placement, Request

_MESSAGE_MAX: Final = 200
"""Characters of what a job says about its progress that are kept."""


def read(message: Mapping[str, Any]) -> Found | BoxError:
    """The answer as the handler gave it."""
    if "found" in message:
        found = message["found"]
        placements = tuple(
            Placement(str(area), str(folder), str(name), str(suffix), str(made), bool(stays), int(counter_at))
            for area, folder, name, suffix, made, stays, counter_at in found["placements"]
        )
        return Found(placements, str(found["digest"]), dict(found["facts"]), dict(found["result"]))
    code, text = str(message["code"]), str(message["message"])
    error: BoxError
    match message["error"]:
        case "Unprocessable":
            error = Unprocessable(code, text)
        case "SourceChanged":
            error = SourceChanged(text)
        case "OutOfSpace":
            error = OutOfSpace(text)
        case "Stopped":
            return Stopped(text)
        case _:
            error = BoxError(text)
    error.code, error.retryable = code, bool(message["retryable"])
    error.error_class, error.traceback = str(message["class"]), str(message["traceback"])
    return error


def progress(percent: Any, message: Any, done: Any, total: Any, size_bytes: Any) -> Progress:
    """What a child said, made fit to be shown: it may say anything."""
    whole = [None if each is None else int(each) for each in (done, total, size_bytes)]
    share = 100 * whole[0] / whole[1] if percent is None and whole[0] is not None and whole[1] else percent
    shown = None if share is None else min(100.0, max(0.0, float(share)))
    return Progress(shown, str(message)[:_MESSAGE_MAX], *whole)


def as_json(request: Request) -> list[Any]:
    """The fields of a request in their order; `asdict` would copy each of them deeply, for every file."""
    return [
        request.job, request.user, request.source, request.size, request.mtime_ns, request.inode, request.scratch,
        request.args,
    ]  # fmt: skip
