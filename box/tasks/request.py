"""request: a dropped `NAME.job.toml` asks for a job. The rule: it gets an allowed one, as that user, or a reason.

The file stays where it is; what comes of the job is written beside it (see `box.tasks.answer`).
"""

from __future__ import annotations

import tomllib
from typing import Any, Final

from box import units
from box.errors import BoxError, UsageError
from box.events import Event, JobRequested
from box.tasks import asking, source
from box.tasks.handler import Found, Handler, Landed, Request, Tools

MEDIA_TYPE: Final = "application/x-box-job"
ENDING: Final = ".job.toml"
FILE_BYTES_MAX: Final = 64_000

_OWN: Final = ("kind", "user", "priority", "key", "in", "at")


class Refused(BoxError):
    """It does not get what it asks for."""

    code = "refused"


def run(request: Request, tools: Tools) -> Found:
    """What it asks for, as the fields of a request. Raises Refused and SourceChanged."""
    if request.size > FILE_BYTES_MAX:
        raise Refused(f"a request for a job has at most {FILE_BYTES_MAX} bytes, this file has {request.size}")
    try:
        with source.opened(request.files[0]) as file:
            table = tomllib.loads(file.read(FILE_BYTES_MAX).decode())
    except (ValueError, RecursionError) as error:
        raise Refused(f"not valid TOML: {error}") from error
    allowed = tuple(tools.options["by_file"])
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in allowed:
        raise Refused(f"kind = {units.show(kind)}: files may ask for {', '.join(allowed) or 'nothing'} (jobs.by_file)")
    if table.get("user", request.user) != request.user:
        raise Refused(
            f"user = {units.show(table['user'])}: a file in the inbox of {request.user} asks as {request.user}"
        )
    try:
        wanted = _wanted(kind, request.user, table)
    except UsageError as error:
        raise Refused(str(error)) from error
    return Found(facts=wanted)


def _wanted(kind: str, user: str, table: dict[str, Any]) -> dict[str, Any]:
    from box.tasks import by_request  # noqa: PLC0415 - the table of contents names this module too

    args = {name: value for name, value in table.items() if name not in _OWN}
    event = asking.wanted(
        by_request(), kind, args, user=user, priority=table.get("priority", 0), key=table.get("key", ""),
        not_before=asking.when(table.get("in"), table.get("at")),
    )  # fmt: skip
    return {
        "kind": event.kind, "args": event.args, "priority": event.priority, "key": event.key,
        "not_before": event.not_before, "exclusive": event.exclusive,
    }  # fmt: skip


def report(_: Request, found: Found, __: tuple[Landed, ...]) -> tuple[Event, ...]:
    """The request that it makes."""
    return (JobRequested(**found.facts),)


HANDLER = Handler(kind="request", run=run, report=report, media_types=(MEDIA_TYPE,), options="jobs")
