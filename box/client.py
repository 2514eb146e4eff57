"""From Python: ask for jobs, look at them, cancel them. The rule: arguments are JSON, functions are names, never code.

    from box import queue

    job = queue.enqueue("verify", deep=True)
    job = queue.enqueue(tools.shrink, "a.tif", width=800)     # a function that the service can import
    queue.get_job_status(job)                                  # "queued"

The box is the one that a command would find (`BOX_CONFIG`, ./config.toml, /etc/box/config.toml); `Client(config)` is
for another one, and for many calls in a row: it keeps the database open. A function that runs as a job says how far it
is by `box.tasks.call.current().progress(done=3, total=10)`.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from box import compaction, config, status_file, units
from box.beside import beside
from box.errors import UsageError
from box.events import JobCancelled, JobCancelRequested
from box.models import job_history, jobs
from box.models.jobs import State
from box.sections import Config
from box.tasks import asking, by_request, call

CANCELLED: Final = "cancelled on request"
NUMBER_MAX: Final = (1 << 63) - 1
"""The largest that a database takes as the number of a job."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands. Times are RFC 3339 in UTC, empty for what has not come yet."""

    id: int
    kind: str
    user: str
    status: str
    """queued, running, completed, failed, cancelled or quarantined."""
    progress: float | None
    """Percent; None while it has told nothing."""
    result: Any
    """What came of it; of a function, what it returned. None before the end."""
    error: Mapping[str, str] | None
    """class, code, message and traceback of what went wrong last; None if nothing did."""
    created_at: str
    started_at: str
    finished_at: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What can be said of a job beside what it is."""

    user: str = ""
    """Whose it is; the box's own, if empty."""
    priority: int = 0
    """Higher goes first."""
    later: object = None
    """Not before so long: "2 hours", or seconds."""
    at: object = None
    """Not before that time: a datetime, or its text."""
    key: str = ""
    """A second request with the same key is the first job, however that ended, while it is in the list."""
    after: Sequence[int] = ()
    """Jobs that have to be completed first; it is cancelled if one of them is not."""


class Client:
    """A way to the jobs of one box, to be used in a `with` block. One thread at a time."""

    def __init__(self, settings: Config | None = None) -> None:
        self.config = settings or config.load(None, os.environ)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Open the database. Raises BoxError if there is none yet."""
        self._box = self._stack.enter_context(beside(self.config))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._stack.close()

    def enqueue(self, func_or_kind: Callable[..., Any] | str, /, *args: Any, **kwargs: Any) -> int:
        """Ask for a job: of a kind with arguments by name, or a call of a function; its number.

        Raises UsageError for what cannot be asked for, and for a function that nobody else can import.
        """
        return self.request(func_or_kind, args, kwargs)

    def request(
        self, func_or_kind: Callable[..., Any] | str, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None,
        options: Options | None = None,
    ) -> int:  # fmt: skip
        """The same, with all else that can be said of a job."""
        said = options or Options()
        kind, named = _wanted(func_or_kind, args, kwargs or {})
        wanted = asking.wanted(
            by_request(), kind, named, user=said.user, priority=said.priority, key=said.key,
            not_before=asking.when(said.later, said.at), after=said.after,
        )  # fmt: skip
        return self._box.engine.request(wanted)

    def get_job(self, job: int) -> Job | None:
        """A job, None if there is none of that number (or it is in the archive)."""
        row = job_history.of_job(self._box.store, job) if 0 < job <= NUMBER_MAX else None
        if row is None:
            return None
        result = json.loads(row["result"]) if row["result"] else None
        told = status_file.progress_of(self.config, job) if row["state"] == State.RUNNING else None
        return Job(
            row["id"], row["kind"], row["user"], row["state"],
            100.0 if row["state"] == State.COMPLETED else told["progress"] if told else None,
            result.get("value", result) if row["kind"] == call.HANDLER.kind and result else result,
            _error(row), row["created_at"], row["started_at"], row["finished_at"], row["attempts"],
        )  # fmt: skip

    def get_job_status(self, job: int) -> str | None:
        """Where a job stands, None if there is none of that number."""
        found = jobs.state_of(self._box.store, job) if 0 < job <= NUMBER_MAX else None
        return found[0].value if found else None

    def cancel_job(self, job: int, reason: str = CANCELLED) -> bool:
        """Cancel what is queued, ask what runs to stop; False for one that has ended, or never was."""

        def cancel(transaction: Any) -> bool:
            row = transaction.store.row("SELECT state, user FROM jobs WHERE id = ?", (min(job, NUMBER_MAX),))
            if row is None or row[0] not in (State.QUEUED, State.RUNNING):
                return False
            event = JobCancelled if row[0] == State.QUEUED else JobCancelRequested
            error = transaction.try_record(event(user=row[1], job=job, reason=reason))
            return error is None

        return self._box.engine.at_once(cancel)

    def cleanup_old_jobs(self, max_age: object) -> dict[str, int]:
        """Archive the jobs that ended longer ago than that (seconds, or "30 days"); how many, by state."""
        seconds = units.durations(0, asking.AHEAD_SECONDS_MAX)("max_age", max_age)
        keep = dict.fromkeys(self.config.jobs.keep, seconds)
        return dict(compaction.archive_jobs(self._box.engine, keep, time.time()).jobs)


def _wanted(
    func_or_kind: Callable[..., Any] | str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    if isinstance(func_or_kind, str):
        if args:
            raise UsageError(f"{func_or_kind} takes its arguments by name")
        return func_or_kind, dict(kwargs)
    named: dict[str, Any] = {"function": call.name_of(func_or_kind)}
    return call.HANDLER.kind, named | ({"args": list(args)} if args else {}) | (
        {"kwargs": dict(kwargs)} if kwargs else {}
    )


def _error(row: Mapping[str, Any]) -> dict[str, str] | None:
    """What went wrong last, of a job that is not completed."""
    ended = row["history"].get("attempts", ())
    if row["state"] == State.COMPLETED or not (row["code"] or ended):
        return None
    last = ended[-1] if ended else {}
    return {
        "class": last.get("error_class", ""), "code": row["code"] or last.get("code", ""),
        "message": row["message"] or last.get("message", ""), "traceback": last.get("traceback", ""),
    }  # fmt: skip


# --- the same for one call, on the box that a command would find -----------------------------------------------------


def enqueue(func_or_kind: Callable[..., Any] | str, /, *args: Any, **kwargs: Any) -> int:
    """See `Client.enqueue`."""
    with Client() as client:
        return client.enqueue(func_or_kind, *args, **kwargs)


def get_job(job: int) -> Job | None:
    """See `Client.get_job`."""
    with Client() as client:
        return client.get_job(job)


def get_job_status(job: int) -> str | None:
    """See `Client.get_job_status`."""
    with Client() as client:
        return client.get_job_status(job)


def cancel_job(job: int, reason: str = CANCELLED) -> bool:
    """See `Client.cancel_job`."""
    with Client() as client:
        return client.cancel_job(job, reason)


def cleanup_old_jobs(max_age: object) -> dict[str, int]:
    """See `Client.cleanup_old_jobs`."""
    with Client() as client:
        return client.cleanup_old_jobs(max_age)
