"""Outcomes: the events that end an attempt. The rule: each carries the lease: a worker taken for dead says nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from box.events import Event, JobCancelled, JobReleased, JobSucceeded
from box.models.jobs import Claimed
from box.tasks.landing import Plan


def succeeded(job: Claimed, result: Mapping[str, Any]) -> JobSucceeded:
    """The job did what it was for."""
    return JobSucceeded(user=job.user, job=job.id, lease=job.lease, result=json.dumps(result, ensure_ascii=False))


def standing(job: Claimed, plan: Plan) -> JobSucceeded:
    """Its files stand."""
    return succeeded(job, {"path": plan.landed[0].path})


def cancelled(job: Claimed, reason: str) -> JobCancelled:
    """It will not be done."""
    return JobCancelled(user=job.user, job=job.id, lease=job.lease, reason=reason)


def released(job: Claimed, reason: str, *, counted: bool, not_before: str = "") -> JobReleased:
    """It goes back to the queue."""
    return JobReleased(
        user=job.user, job=job.id, lease=job.lease, reason=reason, counted=counted, not_before=not_before
    )


def owned(event: Event, job: Claimed) -> Event:
    """A handler's event with what only the queue knows: whose it is, and the drop that it came from."""
    if getattr(event, "source", None) == "":
        return replace(event, user=job.user, source=job.source)  # type: ignore[call-arg]  # it has the field
    return replace(event, user=job.user)
