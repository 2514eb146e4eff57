"""Rules: what follows from what. The rule about rules: pure, numbered, and each a function named for its event.

1. A drop that somebody handles and that fits the quota becomes a job; its size is set aside until the job ends.
2. A drop that does not fit waits in its inbox, untouched, and says so; one whose job finds out that it would take
   more than there is does so, too.
3. A newer file under the name of an older drop cancels the older one's job, if nobody works on it yet.
4. Whenever room may have appeared, the oldest waiting drop that fits becomes a job; then the next.
5. A job that lost its worker too often goes into quarantine; that it shared a lease with others once is not held
   against it.
6. A job in quarantine takes its drop there.
7. A drop of a kind that nobody handles waits in its inbox: a later version may know it.
8. A picture that somebody put into `photos/` by hand is read where it lies, when nothing else is to be done.
9. A job that was asked to stop and comes back to the queue instead is cancelled, for the reason that was given.
10. A job that waits for one that will not be completed is cancelled.
11. What a cancelled job had done already is undone.
12. What came of a job that dropped files asked for is written beside each of them.
13. What belongs to a drop that nobody has begun to file joins its job; what came before it does so, too.
14. What is only about another file, or may be, waits a while for that one; then it is filed by itself.
15. When a picture was filed, what belongs to it and came later is next.
16. Where a job ends and its files are still there, those that are not to blame get jobs of their own.
17. What is said about a text in a file beside it goes with its job; after it was read, it gets a job of its own.
18. When a text was read, or its note changed, the index is brought up to date.
19. When the index holds another text of an item, that is examined for claims, if the owner wants any.
20. A feed that somebody subscribes to is fetched at once; and again, as long as there was more than one job does.
21. A feed whose job came to nothing has failed; the sound of an episode whose job did is left.
22. When a feed was fetched, the sound of its newest episodes is fetched too, if that is wanted and fits the quota.
23. What is said in a recording becomes text, where the owner wants that; in an episode if its feed has no transcript.
24. Of a text that was indexed vectors are made, where the owner wants that.
25. Pages that are pictures of text are read afterwards, where there is a program for it.

13 to 16 are in `box.group_rules`, 17 to 19 and 23 to 25 in `box.library_rules`, 20 to 22 in `box.feed_rules`.

A rule sees the event, already folded, and a view of the projections; it answers with further events, which are recorded
in the same transaction and seen by the rules in their turn.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

from box import events as e
from box import feed_rules, group_rules, library_rules
from box.events import Event
from box.library import given
from box.policy import Policy, quota
from box.questions import Job, View

QUARANTINE: Final = "quarantine"
"""The kind of job that moves a drop aside."""

UNDO: Final = "undo"
"""The kind of job that takes back what a cancelled one had done."""

PUT_BACK: Final = "put-back"
"""The kind of job that moves files back to where another one took them from."""

PUT_BACK_KINDS: Final = ("organize", "redate")
"""Kinds of job that do nothing but move files inside the library: what they did is in the log, and is undone by it."""

SHELVING: Final = "shelving"
"""What jobs have for themselves that move files inside the library: never two at the same time."""

REQUEST: Final = "request"
"""The kind of job that reads a dropped file which asks for a job; that job answers, not this one."""

ANSWER: Final = "answer"
"""The kind of job that writes what came of one beside the file that asked for it."""

CANCELLED: Final = "cancelled on request"

QUARANTINE_PRIORITY: Final = 10
"""Before ordinary work: a bad file should be out of the way before it is asked about."""

WAITING_MAX: Final = 200
"""How many waiting drops become jobs in one go."""

ANY_SIZE: Final = 1 << 62
"""Bytes: larger than every file."""

NOTICED_PRIORITY: Final = -10
"""After ordinary work: the file is safe where it lies, it is only not known yet."""


def react(policy: Policy, event: Event, view: View) -> Iterator[Event]:
    """What follows from an event that has just been folded."""
    for rule in RULES.get(type(event), ()):
        yield from rule(policy, event, view)


def on_file_settled(policy: Policy, event: e.FileSettled, view: View) -> Iterator[Event]:
    """Rules 1, 2, 3 and 7."""
    drop = view.drop(event.path)
    if drop is None:
        return
    if drop.job and view.job_is_queued(drop.job) and view.job(drop.job).source == drop.path:
        yield e.JobCancelled(user=event.user, job=drop.job, reason="a newer file took its place")
    if drop.path.endswith(given.ENDING):
        yield from library_rules.on_meta_settled(policy, drop, view)
        return
    kind = group_rules.kind_of(policy, drop, view)
    if kind == REQUEST:  # it is read and stays: nothing is charged for it
        yield replace(group_rules.job(policy, drop, view, kind), reserve_bytes=0, answer=drop.path)
    else:
        yield from group_rules.take(policy, drop, view)


def on_file_noticed(policy: Policy, event: e.FileNoticed, _: View) -> Iterator[Event]:
    """Rule 8."""
    if policy.kinds.get(event.media_type) in policy.in_place:
        yield e.JobRequested(
            user=event.user, kind=policy.kinds[event.media_type], source=event.path, priority=NOTICED_PRIORITY,
            size=event.size, mtime_ns=event.mtime_ns, inode=event.inode, args=json.dumps({"stays": True}),
        )  # fmt: skip


def on_room(policy: Policy, event: Event, view: View) -> Iterator[Event]:
    """Rule 4. A job of the box itself may have made room for anybody."""
    for user in (event.user,) if event.user else view.waiting_users():
        yield from taken(policy, user, view)


def taken(policy: Policy, user: str, view: View) -> Iterator[Event]:
    """What fits of what a user has waiting. Of very many the next ones are taken when the first of these are done."""
    if view.waiting(user, ANY_SIZE, 0) is None:  # nearly always, and one question less then
        return
    since = 0
    for _ in range(WAITING_MAX):
        used, reserved, is_set, set_bytes = view.account(user)  # again: what was just taken may have taken others along
        limit = quota(policy, user, is_set=is_set, set_bytes=set_bytes)
        drop = view.waiting(user, ANY_SIZE if limit is None else limit - used - reserved, since)
        if drop is None:
            return
        yield from group_rules.take(policy, drop, view)
        since = drop.since


def on_job_released(policy: Policy, event: e.JobReleased, view: View) -> Iterator[Event]:
    """Rules 5 and 9."""
    job = view.job(event.job)
    attempts_max, quarantine_after = policy.limits(job.kind)
    if job.cancel_requested:
        yield e.JobCancelled(user=event.user, job=event.job, reason=job.message or CANCELLED)
    elif event.counted and (job.attempts - job.shared_deaths >= attempts_max or job.streak >= quarantine_after):
        yield e.JobQuarantined(
            user=event.user, job=event.job, code="attempts-used-up", message=f"{job.attempts} attempts: {event.reason}"
        )


def on_job_failed(policy: Policy, event: e.JobFailed, view: View) -> Iterator[Event]:
    """Rules 2 and 9."""
    job = view.job(event.job)
    drop = view.drop(job.source) if event.needs_bytes and job.source and not event.retry_at else None
    if drop is not None and drop.job == event.job:
        yield group_rules.exceeded(policy, drop, view, drop.size + event.needs_bytes)
    if event.retry_at and job.cancel_requested:
        yield e.JobCancelled(user=event.user, job=event.job, reason=job.message or CANCELLED)


def on_job_requested(_: Policy, event: e.JobRequested, view: View) -> Iterator[Event]:
    """Rule 10, for a job that comes too late."""
    if event.after:
        newest = view.newest_job()
        lost = view.lost(newest)
        if lost is not None:
            yield e.JobCancelled(user=event.user, job=newest, reason=_lost(*lost))


def on_job_lost(_: Policy, event: Any, view: View) -> Iterator[Event]:
    """Rule 10."""
    state = view.job(event.job).state
    if state != "queued":  # else it will be tried again
        # The newest first: when one is cancelled nobody waits for it any more, and none is cancelled twice.
        for follower, user in view.followers(event.job):
            yield e.JobCancelled(user=user, job=follower, reason=_lost(event.job, state))


def on_job_cancelled(_: Policy, event: e.JobCancelled, view: View) -> Iterator[Event]:
    """Rule 11."""
    steps = view.steps(event.job)
    if steps and view.job(event.job).kind in PUT_BACK_KINDS:
        yield e.JobRequested(
            user=event.user, kind=PUT_BACK, priority=QUARANTINE_PRIORITY, exclusive=SHELVING,
            args=json.dumps({"job": event.job}),
        )  # fmt: skip
    elif steps:
        args = json.dumps({"job": event.job, "steps": steps})
        yield e.JobRequested(user=event.user, kind=UNDO, priority=QUARANTINE_PRIORITY, args=args, undoes=event.job)


def on_job_ended(_: Policy, event: Any, view: View) -> Iterator[Event]:
    """Rule 12."""
    for path in view.asked_by(event.job):
        yield from _answer(path, event, view.job(event.job))


def on_job_asked_again(_: Policy, event: e.JobAskedAgain, view: View) -> Iterator[Event]:
    """Rule 12, for a file that comes when it has ended already."""
    yield from _answer(event.answer, event, view.job(event.job))


def on_job_quarantined(policy: Policy, event: e.JobQuarantined, view: View) -> Iterator[Event]:
    """Rules 6 and 16."""
    job = view.job(event.job)
    # No worker said so: it was rule 5, which does not know which file it was.
    if job.kind == policy.groups and not event.lease and len(view.members(event.job)) > 1:
        yield from group_rules.each_alone(policy, event, view)
        return
    source = event.source or job.source
    drop = view.drop(source) if source and job.kind != QUARANTINE else None
    if drop is not None and drop.job == event.job:
        yield e.JobRequested(
            user=event.user, kind=QUARANTINE, source=source, priority=QUARANTINE_PRIORITY,
            size=drop.size, mtime_ns=drop.mtime_ns, inode=drop.inode, reserve_bytes=drop.size,
            args=json.dumps({"code": event.code, "message": event.message, "job": event.job}),
        )  # fmt: skip
    yield from group_rules.on_job_ended(policy, event, view)


def _answer(path: str, event: Any, job: Job) -> Iterator[Event]:
    """What came of the event's job, for the file at that path; nothing before it has ended."""
    if job.state not in ("queued", "running") and not (job.kind == REQUEST and job.state == "completed"):
        answer = {
            "beside": path, "job": event.job, "kind": job.kind, "state": job.state, "code": job.code,
            "message": job.message, "result": json.loads(job.result) if job.result else {},
        }  # fmt: skip
        yield e.JobRequested(user=event.user, kind=ANSWER, priority=QUARANTINE_PRIORITY, args=json.dumps(answer))


def _lost(job: int, state: str) -> str:
    return f"it waited for job {job}, which is {state}"


type_rule = Callable[[Policy, Any, View], Iterator[Event]]

RULES: Final[dict[type[Event], tuple[type_rule, ...]]] = {
    e.FileSettled: (on_file_settled,),
    e.FileVanished: (library_rules.on_text_changed, on_room),
    e.FileNoticed: (library_rules.on_text_changed, on_file_noticed, on_room),
    e.DocumentRead: (
        library_rules.on_text_changed,
        library_rules.on_document_read,
        library_rules.on_recording_here,
        library_rules.on_scan_read,
    ),
    e.NoteRewritten: (library_rules.on_text_changed,),
    e.DocumentIndexed: (library_rules.on_document_indexed, library_rules.on_text_indexed),
    e.FeedSubscribed: (feed_rules.on_subscribed,),
    e.FeedFetched: (feed_rules.on_fetched, feed_rules.on_sounds_wanted),
    e.EpisodeDownloaded: (library_rules.on_recording_here, on_room),
    e.DuplicateDropped: (on_room,),
    e.DropReturned: (on_room,),
    e.FileRemoved: (on_room,),
    e.QuotaSet: (on_room,),
    e.FileWeighed: (on_room,),
    e.UsageCorrected: (on_room,),
    e.UsageUpdated: (on_room,),
    e.PhotoFiled: (group_rules.on_photo_filed,),
    e.JobRequested: (on_job_requested, group_rules.on_job_requested, library_rules.on_job_requested),
    e.JobAskedAgain: (on_job_asked_again,),
    e.JobSucceeded: (on_job_ended, on_room),
    e.JobFailed: (on_job_lost, on_job_ended, feed_rules.on_job_ended, on_job_failed, on_room),
    e.JobCancelled: (on_job_cancelled, group_rules.on_job_ended, on_job_lost, on_job_ended, on_room),
    e.JobReleased: (on_job_released, on_room),
    e.JobQuarantined: (
        on_job_quarantined,
        library_rules.on_job_quarantined,
        on_job_lost,
        on_job_ended,
        feed_rules.on_job_ended,
        on_room,
    ),
}
"""Which rules an event calls, in order. Room is used last: what had been taken already goes before who waits."""
