"""Rules: what follows from what. The rule about rules: pure, numbered, and each a function named for its event.

1. A drop that somebody handles and that fits the quota becomes a job; its size is set aside until the job ends.
2. A drop that does not fit waits in its inbox, untouched, and says so.
3. A newer file under the name of an older drop cancels the older one's job, if nobody works on it yet.
4. Whenever room may have appeared, the oldest waiting drop that fits becomes a job; then the next.
5. A job that lost its worker too often goes into quarantine.
6. A job in quarantine takes its drop there.
7. A drop of a kind that nobody handles waits in its inbox: a later version may know it.
8. A picture that somebody put into `photos/` by hand is read where it lies, when nothing else is to be done.

A rule sees the event, already folded, and a view of the projections; it answers with further events, which are recorded
in the same transaction and seen by the rules in their turn.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from box import events as e
from box.events import Event

QUARANTINE: Final = "quarantine"
"""The kind of job that moves a drop aside."""

QUARANTINE_PRIORITY: Final = 10
"""Before ordinary work: a bad file should be out of the way before it is asked about."""

WAITING_MAX: Final = 200
"""How many waiting drops become jobs in one go."""

NOTICED_PRIORITY: Final = -10
"""After ordinary work: the file is safe where it lies, it is only not known yet."""


class Drop(Protocol):
    """A settled file in an inbox, as the rules see it."""

    @property
    def path(self) -> str:
        """Its path text."""

    @property
    def user(self) -> str:
        """Whose inbox it is."""

    @property
    def size(self) -> int:
        """In bytes."""

    @property
    def mtime_ns(self) -> int:
        """When it was changed last."""

    @property
    def inode(self) -> int:
        """Which file it was when it settled."""

    @property
    def media_type(self) -> str:
        """What its first bytes say it is."""

    @property
    def job(self) -> int:
        """The newest job about it, 0 for none."""

    @property
    def since(self) -> int:
        """Position of the event that settled it."""


class View(Protocol):
    """The questions that rules ask of the projections."""

    def drop(self, path: str) -> Drop | None:
        """The drop at that path."""

    def waiting(self, user: str, size_max: int, since: int) -> Drop | None:
        """The user's oldest drop that waits for room, came after position `since` and fits into `size_max` bytes."""

    def job_is_queued(self, job: int) -> bool:
        """Whether nobody has begun that job."""

    def job(self, job: int) -> tuple[str, str, int]:
        """(kind, source, attempts) of a job."""

    def account(self, user: str) -> tuple[int, int, bool, int | None]:
        """(used_bytes, reserved_bytes, quota_is_set, quota_bytes)."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the owner decided, as far as rules need it."""

    kinds: Mapping[str, str]
    """media type -> kind of job."""
    attempts_max: int
    in_place: frozenset[str] = frozenset()
    """Kinds of job that also read what lies in the library already."""
    quota_default_bytes: int | None = None
    quota_bytes: Mapping[str, int | None] | None = None
    """user -> limit, from the configuration; `box quota set` goes before it."""


def quota(policy: Policy, user: str, *, is_set: bool, set_bytes: int | None) -> int | None:
    """A user's limit in bytes, None for none: what was set by command, else by configuration, else the default."""
    if is_set:
        return set_bytes
    return (policy.quota_bytes or {}).get(user, policy.quota_default_bytes)


def react(policy: Policy, event: Event, view: View) -> Iterator[Event]:
    """What follows from an event that has just been folded."""
    for rule in RULES.get(type(event), ()):
        yield from rule(policy, event, view)


def on_file_settled(policy: Policy, event: e.FileSettled, view: View) -> Iterator[Event]:
    """Rules 1, 2, 3 and 7."""
    drop = view.drop(event.path)
    if drop is None:
        return
    if drop.job and view.job_is_queued(drop.job):
        yield e.JobCancelled(user=event.user, job=drop.job, reason="a newer file took its place")
    if event.media_type not in policy.kinds:
        return
    used, reserved, is_set, set_bytes = view.account(event.user)
    limit = quota(policy, event.user, is_set=is_set, set_bytes=set_bytes)
    if limit is None or used + reserved + event.size <= limit:
        yield _job(policy, drop)
    else:
        yield e.QuotaExceeded(
            user=event.user, path=event.path, size=event.size,
            used_bytes=used, reserved_bytes=reserved, quota_bytes=limit,
        )  # fmt: skip


def on_file_noticed(policy: Policy, event: e.FileNoticed, _: View) -> Iterator[Event]:
    """Rule 8."""
    if policy.kinds.get(event.media_type) in policy.in_place:
        yield e.JobRequested(
            user=event.user, kind=policy.kinds[event.media_type], source=event.path, priority=NOTICED_PRIORITY,
            size=event.size, mtime_ns=event.mtime_ns, inode=event.inode, args=json.dumps({"stays": True}),
        )  # fmt: skip


def on_room(policy: Policy, event: Event, view: View) -> Iterator[Event]:
    """Rule 4. Where very many wait, the next ones are taken when the first of these are done."""
    used, reserved, is_set, set_bytes = view.account(event.user)
    limit = quota(policy, event.user, is_set=is_set, set_bytes=set_bytes)
    room = (1 << 62) if limit is None else limit - used - reserved
    since = 0
    for _ in range(WAITING_MAX):
        drop = view.waiting(event.user, room, since)
        if drop is None:
            return
        yield _job(policy, drop)
        room, since = room - drop.size, drop.since


def on_job_released(policy: Policy, event: e.JobReleased, view: View) -> Iterator[Event]:
    """Rule 5."""
    _, _, attempts = view.job(event.job)
    if event.counted and attempts >= policy.attempts_max:
        yield e.JobQuarantined(
            user=event.user, job=event.job, code="attempts-used-up", message=f"{attempts} attempts: {event.reason}"
        )


def on_job_quarantined(_: Policy, event: e.JobQuarantined, view: View) -> Iterator[Event]:
    """Rule 6."""
    kind, source, _attempts = view.job(event.job)
    drop = view.drop(source) if source and kind != QUARANTINE else None
    if drop is not None and drop.job == event.job:
        yield e.JobRequested(
            user=event.user, kind=QUARANTINE, source=source, priority=QUARANTINE_PRIORITY,
            size=drop.size, mtime_ns=drop.mtime_ns, inode=drop.inode,
            args=json.dumps({"code": event.code, "message": event.message, "job": event.job}),
        )  # fmt: skip


def _job(policy: Policy, drop: Drop) -> e.JobRequested:
    return e.JobRequested(
        user=drop.user, kind=policy.kinds[drop.media_type], source=drop.path,
        size=drop.size, mtime_ns=drop.mtime_ns, inode=drop.inode, reserve_bytes=drop.size,
    )  # fmt: skip


type_rule = Callable[[Policy, Any, View], Iterator[Event]]

RULES: Final[dict[type[Event], tuple[type_rule, ...]]] = {
    e.FileSettled: (on_file_settled,),
    e.FileVanished: (on_room,),
    e.FileNoticed: (on_file_noticed, on_room),
    e.DuplicateDropped: (on_room,),
    e.QuotaSet: (on_room,),
    e.JobSucceeded: (on_room,),
    e.JobFailed: (on_room,),
    e.JobCancelled: (on_room,),
    e.JobReleased: (on_job_released,),
    e.JobQuarantined: (on_job_quarantined, on_room),
}
"""Which rules an event calls, in order."""
