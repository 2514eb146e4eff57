"""Rules of groups: what belongs together is one job. The rule: as in `box.rules`: pure, and numbered there, 13 to 16.

The names of files say what belongs together (`box.photos.groups`); they lie in one folder of an inbox.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from box import events as e
from box.errors import OverQuota
from box.events import Event
from box.photos import groups
from box.photos.groups import Role
from box.policy import Policy, quota
from box.questions import Drop, Job, View

ALONE: Final = json.dumps({"alone": True})
"""The arguments of a job whose file joins nobody: it may be what made a group fail."""

_COUNTED: Final = re.compile(r"^\w{4}\d{4,5}$|\d{8}[-_T]?\d{4}", re.ASCII)
"""Names as cameras give them: four signs and a number (DCF, JEITA CP-3461), or a day and a time."""
_DATED: Final = re.compile(r"(?<!\d)(?:19|20)\d\d(?:[-_. ]?\d\d){0,2}$", re.ASCII)
"""Names that end with a year, a month or a day, as people give them."""


def kind_of(policy: Policy, drop: Drop, view: View) -> str:
    """The kind of job that takes a drop, empty for none. What may be about another file is, if that one is known."""
    role = role_of(drop)
    if policy.groups and role is Role.SIDECAR:
        return policy.groups
    if policy.groups and role is Role.MAYBE:
        mates = view.mates(drop.path, drop.media_type)
        if any(role_of(mate).is_shot for mate in mates) or view.is_about_filed(drop.path):
            return policy.groups
    return policy.kinds.get(drop.media_type, "")


def role_of(drop: Drop) -> Role:
    """What a drop can be in a group."""
    return groups.role(drop.path.rpartition("/")[2], drop.media_type)


def take(policy: Policy, drop: Drop, view: View) -> Iterator[Event]:
    """Rules 1, 2, 7, 13 and 14: it joins the job of its group that nobody has begun, or gets one of its own."""
    kind = kind_of(policy, drop, view)
    if not kind:
        return
    mate = _open_job(policy, drop, view) if kind == policy.groups else 0
    is_in = bool(mate) and mate == drop.job
    more = _growth(mate, view) if is_in else drop.size
    if not fits(policy, drop, view, more):
        yield exceeded(policy, drop, view, drop.size)
    elif not mate:
        yield job(policy, drop, view, kind)
    elif more or not is_in:
        yield e.DropJoined(user=drop.user, job=mate, path=drop.path, size=more)


def _growth(number: int, view: View) -> int:
    """How much larger the files of a job are than what is set aside for it: one has settled again, and is larger."""
    return max(0, sum(member.size for member in view.members(number)) - view.job(number).reserve_bytes)


def exceeded(policy: Policy, drop: Drop, view: View, size: int) -> e.QuotaExceeded:
    """It has to wait until there is room for so much."""
    used, reserved, is_set, set_bytes = view.account(drop.user)
    limit = quota(policy, drop.user, is_set=is_set, set_bytes=set_bytes)
    return e.QuotaExceeded(
        user=drop.user, path=drop.path, size=size, used_bytes=used, reserved_bytes=reserved, quota_bytes=limit or 0
    )


def job(policy: Policy, drop: Drop, view: View, kind: str) -> e.JobRequested:
    """The request for a job about a drop."""
    waits = not role_of(drop).is_shot if kind == policy.groups else _may_belong(drop)
    return e.JobRequested(
        user=drop.user, kind=kind, source=drop.path, size=drop.size, mtime_ns=drop.mtime_ns, inode=drop.inode,
        reserve_bytes=drop.size, not_before=view.later(policy.group_wait_seconds) if waits else "",
    )  # fmt: skip


def _may_belong(drop: Drop) -> bool:
    """Whether a text may be about a picture that is still to come: cameras number what they make."""
    stem = drop.path.rpartition("/")[2].rpartition(".")[0]
    is_numbered = stem[-1:].isdigit() and (_COUNTED.search(stem) or not _DATED.search(stem))
    return role_of(drop) is Role.MAYBE and bool(is_numbered)


def _open_job(policy: Policy, drop: Drop, view: View) -> int:
    """The job of a picture or film that a drop may join, 0 for none."""
    asked = dict.fromkeys(
        mate.job for mate in view.mates(drop.path, drop.media_type) if mate.job and role_of(mate).is_shot
    )
    return next((number for number in asked if _may_join(policy, drop, number, view)), 0)


def _may_join(policy: Policy, drop: Drop, number: int, view: View) -> bool:
    """Whether nobody has begun that job, there is room in it, and the drop belongs to every file of it."""
    known = view.job(number)
    if known.state != "queued" or known.kind != policy.groups or known.args == ALONE:
        return False
    others = [member for member in view.members(number) if member.path != drop.path]
    return len(others) <= groups.MATES_MAX and all(_are_mates(drop, other) for other in others)


def on_job_requested(policy: Policy, event: e.JobRequested, view: View) -> Iterator[Event]:
    """Rule 13, for what came first: sidecars that wait, and what may be about a picture, now that there is one."""
    if event.kind != policy.groups or not event.source or event.args or event.after:
        return
    if not view.are_any_beside(event.source):
        return
    drop = view.drop(event.source)
    if drop is None or not role_of(drop).is_shot:
        return
    newest = view.newest_job()
    for mate in view.mates(drop.path, drop.media_type):
        known = view.job(mate.job) if mate.job else None
        if known is None or _has_lost(policy, known, mate):
            if fits(policy, mate, view, mate.size):
                yield e.DropJoined(user=mate.user, job=newest, path=mate.path, size=mate.size)
            else:
                yield exceeded(policy, mate, view, mate.size)
        elif _waits_alone(policy, known, mate):
            yield e.DropJoined(user=mate.user, job=newest, path=mate.path, size=mate.size)
            yield e.JobCancelled(user=mate.user, job=mate.job, reason=f"its file goes with job {newest}")


def _waits_alone(policy: Policy, known: Job, drop: Drop) -> bool:
    """Whether a drop is, or may be, about another file, and nobody has begun the job that it has to itself."""
    is_its_own = known.state == "queued" and known.source == drop.path
    role = role_of(drop)
    return is_its_own and (role is Role.MAYBE or (known.kind == policy.groups and not role.is_shot))


def _has_lost(policy: Policy, known: Job, drop: Drop) -> bool:
    """Whether a drop belonged to another one's job, and that has ended without it."""
    is_over = known.state in {"cancelled", "quarantined"} or (known.state == "failed" and known.code == OverQuota.code)
    return known.kind == policy.groups and known.source != drop.path and is_over


def fits(policy: Policy, drop: Drop, view: View, more: int) -> bool:
    """Whether there is room for so much more in the quota of its user; for nothing there always is."""
    used, reserved, is_set, set_bytes = view.account(drop.user)
    limit = quota(policy, drop.user, is_set=is_set, set_bytes=set_bytes)
    return limit is None or more == 0 or used + reserved + more <= limit


def on_photo_filed(policy: Policy, event: e.PhotoFiled, view: View) -> Iterator[Event]:
    """Rule 15."""
    if event.main or event.source == event.path:
        return
    for mate in view.mates(event.source, event.media_type):
        if not mate.job:
            if kind_of(policy, mate, view) != policy.groups:
                continue
            if fits(policy, mate, view, mate.size):
                yield replace(job(policy, mate, view, policy.groups), not_before="")
            else:
                yield exceeded(policy, mate, view, mate.size)
        elif view.job_is_queued(mate.job):
            yield e.JobDue(user=mate.user, job=mate.job)


def on_job_ended(policy: Policy, event: Any, view: View) -> Iterator[Event]:
    """Rule 16. Whoever cancels a job by hand means all of its files; a file that is gone says nothing of the others."""
    known = view.job(event.job)
    if known.kind != policy.groups or not known.source:
        return
    source = view.drop(known.source)
    is_its_own = source is not None and source.job == event.job
    if isinstance(event, e.JobCancelled) and is_its_own:
        return
    to_blame = getattr(event, "source", "") or known.source
    left = [member for member in view.members(event.job) if member.path != to_blame]
    # The first picture asks again, and the others join it as they are found beside it.
    left.sort(key=lambda member: (not role_of(member).is_shot, member.path != known.source, member.since))
    for member in left:
        now = view.drop(member.path)
        if now is not None and now.job == event.job:
            yield from take(policy, now, view)


def _are_mates(one: Drop, other: Drop) -> bool:
    name, other_name = (each.path.rpartition("/")[2] for each in (one, other))
    return groups.are_mates(name, role_of(one), other_name, role_of(other))


def each_alone(policy: Policy, event: e.JobQuarantined, view: View) -> Iterator[Event]:
    """Rule 16, where nobody knows which of the files is to blame."""
    for member in view.members(event.job):
        yield replace(job(policy, member, view, policy.groups), not_before="", args=ALONE)
