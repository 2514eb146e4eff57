"""How jobs move. The rule: an event moves a job only as `MOVES` allows, or the transaction refuses it.

A worker's event carries its lease. Where the row bears another one, or none, the worker was taken for dead and its
outcome is refused, be the job another worker's or back in the queue: so two workers can never both own a job.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from box.errors import IllegalMove
from box.events import (
    DropJoined,
    DropReturned,
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
from box.models import attempts, jobs, reservations, usage, waits
from box.models.base import Store
from box.models.jobs import State

_FINISHED: Final = (State.COMPLETED, State.FAILED, State.CANCELLED, State.QUARANTINED)

MOVES: Final[dict[type[Event], tuple[tuple[State, ...], tuple[State, ...]]]] = {
    # event:             (from any of,                       to one of)
    JobDue:             ((State.QUEUED,),                    (State.QUEUED,)),
    JobStarted:         ((State.QUEUED,),                    (State.RUNNING,)),
    JobReleased:        ((State.RUNNING,),                   (State.QUEUED,)),
    JobSucceeded:       ((State.RUNNING,),                   (State.COMPLETED,)),
    JobFailed:          ((State.QUEUED, State.RUNNING),      (State.QUEUED, State.FAILED)),
    JobCancelRequested: ((State.RUNNING,),                   (State.RUNNING,)),
    JobCancelled:       ((State.QUEUED, State.RUNNING),      (State.CANCELLED,)),
    JobQuarantined:     ((State.QUEUED, State.RUNNING),      (State.QUARANTINED,)),
    JobRetried:         ((State.FAILED, State.CANCELLED, State.QUARANTINED), (State.QUEUED,)),
    DropReturned:       ((State.COMPLETED,),                 (State.CANCELLED,)),
}  # fmt: skip
"""The legal moves. `JobRequested` makes the row, in `queued`; nothing else does; only `JobsArchived` removes it."""

_STREAK: Final = "streak = CASE WHEN streak_code = ? THEN streak + 1 ELSE 1 END, streak_code = ?"
"""Takes the code twice."""

_MESSAGE: Final = "message = CASE WHEN cancel_requested = 1 THEN message ELSE ? END"
"""Of a job that comes back: the reason with which it was asked to stop is kept, a rule needs it."""

_COUNT: Final = "INSERT INTO job_counts (kind, state, jobs) VALUES"
_ADD: Final = "ON CONFLICT (kind, state) DO UPDATE SET jobs = jobs + excluded.jobs"


def on_requested(store: Store, recorded: Recorded, event: JobRequested) -> None:
    """A new job, in the queue; refused if one has its key, or if it waits for one that was not asked for before."""
    if event.key and jobs.with_key(store, event.key) is not None:
        raise IllegalMove(f"there is a job with the key {event.key!r} already")
    missing = waits.begin(store, recorded.position, event.after) if event.after else 0
    store.execute(
        "INSERT INTO jobs (id, kind, user, source, size, mtime_ns, inode, args, priority, not_before, key,"
        " reserve_bytes, exclusive, answer, undoes, waits, due_at, created_at, state, attempts, shared_deaths, lease,"
        " cancel_requested, code, message, result, followers, streak, streak_code, started_at, finished_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
        " 'queued', 0, 0, '', 0, '', '', '', 0, 0, '', '', '')",
        (
            recorded.position, event.kind, event.user, event.source, event.size, event.mtime_ns, event.inode,
            event.args, event.priority, event.not_before, event.key, event.reserve_bytes, event.exclusive,
            event.answer, event.undoes, missing, max(event.not_before, recorded.at), recorded.at,
        ),
    )  # fmt: skip
    store.execute(f"{_COUNT} (?, 'queued', 1) {_ADD}", (event.kind,))
    usage.reserve(store, event.user, event.reserve_bytes)


def on_due(store: Store, _: Recorded, event: JobDue) -> None:
    """Its time has come."""
    _move(store, event, State.QUEUED, "not_before = ''")


def on_started(store: Store, recorded: Recorded, event: JobStarted) -> None:
    """Claimed; the attempt counts."""
    _move(
        store, event, State.RUNNING, "lease = ?, attempts = attempts + 1, message = '', started_at = ?",
        event.lease, recorded.at,
    )  # fmt: skip


def on_released(store: Store, recorded: Recorded, event: JobReleased) -> None:
    """Back in the queue. Whether it was asked to stop, and why, is kept: a rule cancels it then."""
    values = (event.reason, event.not_before)
    if not event.counted:
        _move(store, event, State.QUEUED, f"lease = '', attempts = attempts - 1, {_MESSAGE}, not_before = ?", *values)
        return
    was = _move(
        store, event, State.QUEUED,
        f"lease = '', {_MESSAGE}, not_before = ?, shared_deaths = shared_deaths + ?, {_STREAK}",
        *values, int(event.code == attempts.SHARED_DEATH), event.code, event.code,
    )  # fmt: skip
    _ended(store, recorded, was, "released", event.code, event.reason)


def on_succeeded(store: Store, recorded: Recorded, event: JobSucceeded) -> None:
    """Done; those that waited for it have one less to wait for."""
    was = _move(
        store, event, State.COMPLETED,
        "lease = '', code = '', message = '', result = ?, finished_at = ?", event.result, recorded.at,
    )  # fmt: skip
    if was.followers:
        waits.completed(store, event.job)


def on_failed(store: Store, recorded: Recorded, event: JobFailed) -> None:
    """To be tried again at its time, or failed for good."""
    to = State.QUEUED if event.retry_at else State.FAILED
    finished, message = ("", _MESSAGE) if event.retry_at else (recorded.at, "message = ?")
    was = _move(
        store, event, to, f"lease = '', {message}, not_before = ?, finished_at = ?, code = ?, {_STREAK}",
        event.message, event.retry_at, finished, event.code, event.code, event.code,
    )  # fmt: skip
    _ended(store, recorded, was, "failed", event.code, event.message)


def on_cancel_requested(store: Store, _: Recorded, event: JobCancelRequested) -> None:
    """Its worker will see it."""
    _move(store, event, State.RUNNING, "cancel_requested = 1, message = ?", event.reason)


def on_cancelled(store: Store, recorded: Recorded, event: JobCancelled) -> None:
    """It will not be done."""
    was = _move(store, event, State.CANCELLED, "lease = '', message = ?, finished_at = ?", event.reason, recorded.at)
    _ended(store, recorded, was, "cancelled", "", event.reason)


def on_quarantined(store: Store, recorded: Recorded, event: JobQuarantined) -> None:
    """It cannot be done with this file."""
    was = _move(
        store, event, State.QUARANTINED, "lease = '', code = ?, message = ?, finished_at = ?",
        event.code, event.message, recorded.at,
    )  # fmt: skip
    _ended(store, recorded, was, "quarantined", event.code, event.message)


def on_retried(store: Store, recorded: Recorded, event: JobRetried) -> None:
    """Afresh; refused while it waits for a job that will not be completed, and while what it did is being undone."""
    lost = waits.lost(store, event.job)
    if lost is not None:
        raise IllegalMove(f"job {event.job} waits for job {lost[0]}, which is {lost[1]}: retry that one first")
    undone_by = jobs.undone_by(store, event.job)
    if undone_by is not None:
        raise IllegalMove(f"job {event.job} is being undone by job {undone_by}: retry it when that one has ended")
    undoes = store.value("SELECT undoes FROM jobs WHERE id = ?", (event.job,))
    undone = jobs.state_of(store, undoes) if undoes else None
    if undone is not None and undone[0] is not State.CANCELLED:
        raise IllegalMove(f"job {event.job} would undo job {undoes}, which was retried and is {undone[0]}")
    _move(
        store, event, State.QUEUED,
        "attempts = 0, shared_deaths = 0, cancel_requested = 0, code = '', message = '', not_before = '',"
        " finished_at = '', streak = 0, streak_code = '', due_at = ?", recorded.at,
    )  # fmt: skip


def on_joined(store: Store, _: Recorded, event: DropJoined) -> None:
    """One more file, and room for it; refused once somebody has begun."""
    if store.execute(
        "UPDATE jobs SET reserve_bytes = reserve_bytes + ? WHERE id = ? AND user = ? AND state = 'queued'",
        (event.size, event.job, event.user),
    ):
        usage.reserve(store, event.user, event.size)
    else:
        raise IllegalMove(f"job {event.job} is not waiting: no file can join it")


def on_returned(store: Store, _: Recorded, event: DropReturned) -> None:
    """What it had filed was put back: it can be retried. It may be in the archive, or have filed more than this one."""
    found = jobs.state_of(store, event.job)
    if found is not None and found[0] is State.COMPLETED:
        _move(store, event, State.CANCELLED, "message = ?", f"put back by job {event.by}")


class _Row(NamedTuple):
    """What a job was before it moved."""

    state: str
    lease: str
    kind: str
    user: str
    reserve_bytes: int
    attempts: int
    started_at: str
    followers: int


def _move(store: Store, event: Any, to: State, assignments: str, *values: Any) -> _Row:
    """Move the job of `event` to another state, or refuse it; what it was before."""
    row = store.row(
        "SELECT state, lease, kind, user, reserve_bytes, attempts, started_at, followers FROM jobs WHERE id = ?",
        (event.job,),
    )
    if row is None:
        raise IllegalMove(f"there is no job {event.job}")
    was = _Row(*row)
    origins, targets = MOVES[type(event)]
    if was.state not in origins or to not in targets:
        raise IllegalMove(f"{type(event).__name__}: job {event.job} is {was.state}, it cannot become {to}")
    claimed = getattr(event, "lease", "")
    if claimed != was.lease and not isinstance(event, (JobStarted, JobCancelRequested)):
        raise IllegalMove(f"{type(event).__name__}: job {event.job} is no longer held by the lease {claimed!r}")
    now = to.value
    store.execute(f"UPDATE jobs SET state = ?, {assignments} WHERE id = ?", (now, *values, event.job))
    if was.state != now:
        store.execute(f"{_COUNT} (?, ?, -1), (?, ?, 1) {_ADD}", (was.kind, was.state, was.kind, now))
        _reserve(store, was.user, was.reserve_bytes, was.state, to)
        if was.state == State.RUNNING:
            reservations.give_back(store, event.job)
    return was


def _ended(store: Store, recorded: Recorded, was: _Row, outcome: str, code: str, message: str) -> None:
    """Keep the attempt, if one was running."""
    if was.state == State.RUNNING:
        attempts.ended(store, recorded, was.attempts, was.started_at, outcome, code, message)


def _reserve(store: Store, user: str, size: int, old: str, new: str) -> None:
    """What is set aside is given back when the job ends, and set aside again when it is retried."""
    if old in _FINISHED and new not in _FINISHED:
        usage.reserve(store, user, size)
    elif new in _FINISHED and old not in _FINISHED:
        usage.reserve(store, user, -size)
