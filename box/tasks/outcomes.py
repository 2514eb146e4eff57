"""Outcomes: the events that end an attempt. The rule: each carries the lease: a worker taken for dead says nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from box.engine import Transaction
from box.errors import (
    BoxError,
    ChildDied,
    NotYet,
    OutOfSpace,
    OverQuota,
    SourceChanged,
    Stopped,
    Unprocessable,
)
from box.events import (
    Event,
    JobAskedAgain,
    JobCancelled,
    JobFailed,
    JobQuarantined,
    JobReleased,
    JobRequested,
    JobSucceeded,
)
from box.models import jobs
from box.models.base import Store
from box.models.jobs import Claimed
from box.tasks import retry
from box.tasks.chore import RESULT_CHARS_MAX

type_outcome = tuple[Claimed, tuple[Event, ...]]
"""A job, and what is to be recorded of it; nothing, if another worker may have it by now."""


def succeeded(job: Claimed, result: Mapping[str, Any]) -> JobSucceeded:
    """The job did what it was for. Raises BoxError for a result that is too large to be kept."""
    text = json.dumps(result, ensure_ascii=False) if result else ""
    if len(text) > RESULT_CHARS_MAX:
        error = BoxError(f"the result has {len(text)} characters as JSON, and {RESULT_CHARS_MAX} are kept: return less")
        error.code = "result-too-large"
        raise error
    return JobSucceeded(user=job.user, job=job.id, lease=job.lease, result=text)


def cancelled(job: Claimed, reason: str) -> JobCancelled:
    """It will not be done."""
    return JobCancelled(user=job.user, job=job.id, lease=job.lease, reason=reason)


def released(job: Claimed, reason: str, *, counted: bool, not_before: str = "", code: str = "") -> JobReleased:
    """It goes back to the queue; `code` says what ended a counted attempt."""
    return JobReleased(
        user=job.user, job=job.id, lease=job.lease, reason=reason, counted=counted, not_before=not_before, code=code
    )


def ended_by(job: Claimed, error: BoxError, retries: retry.Policy, *, stopping: bool, source: str = "") -> Event | None:
    """What an error means for a job; None when somebody else may have the job by now, and decides.

    `source`: which of its files is to blame, empty for its own.
    """
    event: Event | None
    match error:
        case Stopped(outcome="lost"):
            event = None
        case Stopped(outcome="failed"):
            event = _failed(job, error)
        case Stopped(outcome="released"):
            event = released(job, str(error), counted=False)
        case Stopped() | SourceChanged():
            event = cancelled(job, str(error))
        case Unprocessable():
            event = _quarantined(job, error, source)
        case NotYet() | OutOfSpace():
            later = retry.after(error.seconds) if isinstance(error, NotYet) else ""
            event = released(job, str(error), counted=False, not_before=later)
        case ChildDied() if stopping:
            event = released(job, "the service stopped", counted=False)
        case ChildDied():
            event = released(job, str(error), counted=True, code=error.code)
        case _ if (job.streak + 1 if job.streak_code == error.code else 1) >= retries.quarantine_after:
            event = _quarantined(job, error)
        case _:
            event = _failed(job, error, retry.at(retries, job.attempts) if error.retryable else "")
    return event


def _failed(job: Claimed, error: BoxError, retry_at: str = "") -> JobFailed:
    return JobFailed(
        user=job.user, job=job.id, lease=job.lease, code=error.code, message=str(error), retry_at=retry_at,
        error_class=_class_of(error), traceback=error.traceback,
        needs_bytes=error.needs_bytes if isinstance(error, OverQuota) else 0,
    )  # fmt: skip


def _quarantined(job: Claimed, error: BoxError, source: str = "") -> JobQuarantined:
    return JobQuarantined(
        user=job.user, job=job.id, lease=job.lease, code=error.code, message=str(error),
        error_class=_class_of(error), traceback=error.traceback, source=source,
    )  # fmt: skip


def _class_of(error: BoxError) -> str:
    return error.error_class or type(error).__name__


def owned(event: Event, job: Claimed) -> Event:
    """A handler's event with what only the queue knows: whose it is, and the drop that it came from."""
    if isinstance(event, JobRequested):  # what comes of it is told beside that drop
        return replace(event, user=job.user, answer=job.source)
    if getattr(event, "source", None) == "":
        return replace(event, user=job.user, source=job.source)  # type: ignore[call-arg]  # it has the field
    return replace(event, user=job.user)


def refused(job: Claimed, error: BoxError) -> JobFailed:
    """What came of it cannot be recorded, though the job is still the worker's."""
    return JobFailed(user=job.user, job=job.id, lease=job.lease, code="refused", message=str(error))


def unknown(job: Claimed) -> JobFailed:
    """Nobody here knows what to do."""
    why = f"this version knows no jobs of the kind {job.kind!r}"
    return JobFailed(user=job.user, job=job.id, lease=job.lease, code="unknown-kind", message=why)


def or_again(store: Store, event: Event) -> Event:
    """A file's request; with the key of a job of its user, that it asks for this one again."""
    if isinstance(event, JobRequested) and event.key and event.answer:
        first = jobs.with_key(store, event.key, event.user)
        if first is not None:
            return JobAskedAgain(user=event.user, job=first, answer=event.answer)
    return event


def recorded(transaction: Transaction, outcomes: Sequence[type_outcome]) -> list[tuple[Claimed, BoxError]]:
    """Record them, all at once or, where one is refused, each by itself; which were refused, and why."""
    store = transaction.store
    if transaction.try_record(*(or_again(store, fact) for _, facts in outcomes for fact in facts)) is None:
        return []
    told = []
    for job, facts in outcomes:
        error = transaction.try_record(*(or_again(store, fact) for fact in facts))
        if error is not None:
            if jobs.is_held(store, job.id, job.lease) is not None:
                transaction.record(refused(job, error))
            told.append((job, error))
    return told
