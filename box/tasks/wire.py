"""The wire: what service and child say to each other. The rule: what a child says is checked here; it may say anything.

Whatever has another shape raises LookupError, TypeError, ValueError or OverflowError, and ends the child.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from box.errors import BoxError, NotYet, OutOfSpace, SourceChanged, Stopped, Unprocessable
from box.tasks.at_work import Progress
from box.tasks.handler import Found, Member, Placement, Request

_LATER_SECONDS_MAX: Final = 7 * 24 * 3600.0
SIZE_MAX: Final = 10**18
"""Bytes: more than any disk has."""

_MESSAGE_MAX: Final = 200
"""Characters of what a job says about its progress that are kept."""


def read(message: Mapping[str, Any]) -> Found | BoxError:
    """The answer as the handler gave it."""
    if "found" in message:
        found = message["found"]
        placements = tuple(_placement(*fields) for fields in found["placements"])
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
        case "NotYet":
            return NotYet(text, min(max(0.0, float(message["seconds"])), _LATER_SECONDS_MAX))
        case "Stopped":
            return Stopped(text)
        case _:
            error = BoxError(text)
    error.file = int(message["file"])
    error.code, error.retryable = code, bool(message["retryable"])
    error.error_class, error.traceback = str(message["class"]), str(message["traceback"])
    return error


def _placement(  # noqa: PLR0913, PLR0917 - the fields of a record
    area: Any, folder: Any, name: Any, suffix: Any, made: Any, stays: Any, file: Any, base_length: Any, apart: Any,
    counted: Any, digest: Any, facts: Any, renews: Any,
) -> Placement:  # fmt: skip
    return Placement(
        str(area), str(folder), str(name), str(suffix), str(made), stays=bool(stays), file=int(file),
        base_length=None if base_length is None else int(base_length), apart=bool(apart), counted=bool(counted),
        digest=str(digest), facts=dict(facts), renews=bool(renews),
    )  # fmt: skip


def placement_as_json(placement: Placement) -> list[Any]:
    """The fields of a placement in their order."""
    p = placement
    return [
        p.area, p.folder, p.name, p.suffix, p.made, p.stays, p.file, p.base_length, p.apart, p.counted,
        p.digest, dict(p.facts), p.renews,
    ]  # fmt: skip


def request(fields: Sequence[Any]) -> Request:
    """The request that `as_json` wrote."""
    job, user, source, size, mtime_ns, inode, scratch, args, members = fields
    files = tuple(Member(*member) for member in members)
    return Request(job, user, source, size, mtime_ns, inode, scratch, args, files)


def progress(percent: Any, message: Any, done: Any, total: Any, size_bytes: Any) -> Progress:
    """What a child said, made fit to be shown: it may say anything."""
    whole = [None if each is None else int(each) for each in (done, total, size_bytes)]
    share = 100 * whole[0] / whole[1] if percent is None and whole[0] is not None and whole[1] else percent
    shown = None if share is None else min(100.0, max(0.0, float(share)))
    return Progress(shown, str(message)[:_MESSAGE_MAX], *whole)


def size(said: Any) -> int:
    """How much a child wants to have set aside."""
    wanted = int(said)
    if not 0 < wanted <= SIZE_MAX:
        raise ValueError(f"{wanted} bytes cannot be set aside")
    return wanted


def as_json(request: Request) -> list[Any]:
    """The fields of a request in their order; `asdict` would copy each of them deeply, for every file."""
    return [
        request.job, request.user, request.source, request.size, request.mtime_ns, request.inode, request.scratch,
        request.args, [[m.path, m.size, m.mtime_ns, m.inode] for m in request.members],
    ]  # fmt: skip
