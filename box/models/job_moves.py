"""How jobs move. The rule: an event moves a job only as `MOVES` allows, or the transaction refuses it.

A worker's event carries its lease. Where the row bears another one, or none, the worker was taken for dead and its
outcome is refused: so two workers can never both own a job.
"""

from __future__ import annotations

from typing import Any, Final

from box.errors import IllegalMove
from box.events import (
    Event,
    JobCancelled,
    JobCancelRequested,
    JobDue,
    JobFailed,
    JobQuarantined,
    JobReleased,
    JobRequested,
    JobRetried,
    JobStarted,
    JobSucceeded,
    Recorded,
)  # fmt: skip
from box.models import jobs, usage
from box.models.base import Store
from box.models.jobs import State

_FINISHED: Final = (State.COMPLETED, State.FAILED, State.CANCELLED, State.QUARANTINED)

MOVES: Final[dict[type[Event], tuple[tuple[State, ...], tuple[State, ...]]]] = {
    # event:             (from any of,                       to one of)
    JobDue:             ((State.QUEUED,),                    (State.QUEUED,)),
    JobStarted:         ((State.QUEUED,),                    (State.RUNNING,)),
    JobReleased:        ((State.RUNNING,),                   (State.QUEUED,)),
    JobSucceeded:       ((State.RUNNING,),                   (State.COMPLETED,)),
    JobFailed:          ((State.RUNNING,),                   (State.QUEUED, State.FAILED)),
    JobCancelRequested: ((State.RUNNING,),                   (State.RUNNING,)),
    JobCancelled:       ((State.QUEUED, State.RUNNING),      (State.CANCELLED,)),
    JobQuarantined:     ((State.QUEUED, State.RUNNING),      (State.QUARANTINED,)),
    JobRetried:         ((State.FAILED, State.CANCELLED, State.QUARANTINED), (State.QUEUED,)),
}  # fmt: skip
"""The legal moves. `JobRequested` makes the row, in `queued`; nothing else does; only `JobsArchived` removes it."""


def on_requested(store: Store, recorded: Recorded, event: JobRequested) -> None:
    """A new job, in the queue; refused while one with its key is not finished."""
    if event.key and jobs.with_key(store, event.key) is not None:
        raise IllegalMove(f"a job with the key {event.key!r} is not finished yet")
    store.execute(
        "INSERT INTO jobs (id, kind, user, state, source, size, mtime_ns, inode, args, priority, not_before, key,"
        " reserve_bytes, attempts, lease, cancel_requested, code, message, result, created_at, started_at, finished_at)"
        " VALUES (?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '', 0, '', '', '', ?, '', '')",
        (
            recorded.position, event.kind, event.user, event.source, event.size, event.mtime_ns, event.inode,
            event.args, event.priority, event.not_before, event.key, event.reserve_bytes, recorded.at,
        ),
    )  # fmt: skip
    _count(store, event.kind, State.QUEUED, 1)
    usage.reserve(store, event.user, event.reserve_bytes)


def on_due(store: Store, _: Recorded, event: JobDue) -> None:
    """Its time has come."""
    _move(store, event, State.QUEUED, "not_before = ''")


def on_started(store: Store, recorded: Recorded, event: JobStarted) -> None:
    """Claimed; the attempt counts."""
    _move(store, event, State.RUNNING, "lease = ?, attempts = attempts + 1, started_at = ?", event.lease, recorded.at)


def on_released(store: Store, _: Recorded, event: JobReleased) -> None:
    """Back in the queue."""
    back = "attempts = attempts" if event.counted else "attempts = attempts - 1"
    _move(
        store, event, State.QUEUED, f"lease = '', cancel_requested = 0, {back}, message = ?, not_before = ?",
        event.reason, event.not_before,
    )  # fmt: skip


def on_succeeded(store: Store, recorded: Recorded, event: JobSucceeded) -> None:
    """Done."""
    _move(
        store, event, State.COMPLETED,
        "lease = '', code = '', message = '', result = ?, finished_at = ?", event.result, recorded.at,
    )  # fmt: skip


def on_failed(store: Store, recorded: Recorded, event: JobFailed) -> None:
    """To be tried again at its time, or failed for good."""
    to = State.QUEUED if event.retry_at else State.FAILED
    finished = "" if event.retry_at else recorded.at
    _move(
        store, event, to, "lease = '', code = ?, message = ?, not_before = ?, finished_at = ?",
        event.code, event.message, event.retry_at, finished,
    )  # fmt: skip


def on_cancel_requested(store: Store, _: Recorded, event: JobCancelRequested) -> None:
    """Its worker will see it."""
    _move(store, event, State.RUNNING, "cancel_requested = 1")


def on_cancelled(store: Store, recorded: Recorded, event: JobCancelled) -> None:
    """It will not be done."""
    _move(store, event, State.CANCELLED, "lease = '', message = ?, finished_at = ?", event.reason, recorded.at)


def on_quarantined(store: Store, recorded: Recorded, event: JobQuarantined) -> None:
    """It cannot be done with this file."""
    _move(
        store, event, State.QUARANTINED, "lease = '', code = ?, message = ?, finished_at = ?",
        event.code, event.message, recorded.at,
    )  # fmt: skip


def on_retried(store: Store, _: Recorded, event: JobRetried) -> None:
    """Afresh; refused while another job with its key is not finished."""
    key = store.value("SELECT key FROM jobs WHERE id = ?", (event.job,)) or ""
    if key and jobs.with_key(store, key) not in (None, event.job):
        raise IllegalMove(f"job {event.job} cannot be retried: a job with its key {key!r} is not finished yet")
    _move(
        store, event, State.QUEUED,
        "attempts = 0, cancel_requested = 0, code = '', message = '', not_before = '', finished_at = ''",
    )  # fmt: skip


def _move(store: Store, event: Any, to: State, assignments: str, *values: Any) -> None:
    """Move the job of `event` to another state, or refuse it."""
    row = store.row("SELECT state, lease, kind, user, reserve_bytes FROM jobs WHERE id = ?", (event.job,))
    if row is None:
        raise IllegalMove(f"there is no job {event.job}")
    state, lease, kind, user, reserved = row
    origins, targets = MOVES[type(event)]
    if state not in origins or to not in targets:
        raise IllegalMove(f"{type(event).__name__}: job {event.job} is {state}, it cannot become {to}")
    claimed = getattr(event, "lease", "")
    if state == State.RUNNING and not isinstance(event, JobCancelRequested) and claimed != lease:
        raise IllegalMove(f"{type(event).__name__}: job {event.job} is no longer held by the lease {claimed!r}")
    store.execute(f"UPDATE jobs SET state = ?, {assignments} WHERE id = ?", (to.value, *values, event.job))
    if state != to:
        _count(store, kind, State(state), -1)
        _count(store, kind, to, 1)
        _reserve(store, user, reserved, state, to)


def _reserve(store: Store, user: str, size: int, old: str, new: str) -> None:
    """What is set aside is given back when the job ends, and set aside again when it is retried."""
    if old in _FINISHED:
        usage.reserve(store, user, size)
    elif new in _FINISHED:
        usage.reserve(store, user, -size)


def _count(store: Store, kind: str, state: State, number: int) -> None:
    store.execute(
        "INSERT INTO job_counts (kind, state, jobs) VALUES (?, ?, ?) ON CONFLICT (kind, state)"
        " DO UPDATE SET jobs = jobs + excluded.jobs",
        (kind, state.value, number),
    )
