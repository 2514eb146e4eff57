"""Gathering: what a handler is told of a job. The rule: what belongs together is looked up when the job is begun.

Until then a file may join it; after that, what comes is a job of its own, which is told of the main file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from box.models import drops, episodes, feeds, item_lists, photos
from box.models.base import Store
from box.models.jobs import Claimed
from box.paths import join
from box.tasks.handler import Handler, Member, Request


def requests_of(store: Store, root: str, jobs: Sequence[Claimed], handler: Handler) -> list[Request]:
    """What a handler is asked to do for each of the jobs of a lease."""
    requests = [_request(root, job) for job in jobs]
    if handler.told:
        told = [_told(store, handler.told, job) for job in jobs]
        return [replace(r, args={**r.args, "known": known}) for r, known in zip(requests, told, strict=True)]
    if handler.companions:
        return [_accompanied(store, root, job, request) for job, request in zip(jobs, requests, strict=True)]
    if not handler.groups:
        return requests
    mains = photos.mains_of(store, [job.source for job in jobs if _is_of_a_group(job)])
    return [_grouped(store, root, job, request, mains) for job, request in zip(jobs, requests, strict=True)]


def _told(store: Store, what: str, job: Claimed) -> dict[str, Any]:
    """What is known of what a job is about."""
    if what in {"item", "item as written"}:
        return item_lists.told(store, job.args.get("item", 0), as_written=what != "item")
    feed = job.args.get("feed", 0)
    if what == "feed":
        return feeds.told(store, feed)
    known = episodes.sound_told(store, feed, job.args.get("episode", ""))
    return {**known, "bytes_max": job.reserve_bytes} if known else {}


def _request(root: str, job: Claimed) -> Request:
    # With the attempt in its name: a worker that was taken for dead writes somewhere else than the one after it.
    name = f"temp/job-{job.id}.{job.attempts}"
    scratch = f"{root}/users/{job.user}/{name}" if job.user else f"{root}/{name}"
    source = join(root, job.source) if job.source else ""
    return Request(job.id, job.user, source, job.size, job.mtime_ns, job.inode, scratch, job.args)


def _is_of_a_group(job: Claimed) -> bool:
    return bool(job.source) and not job.args


def _grouped(store: Store, root: str, job: Claimed, request: Request, mains: Mapping[str, photos.Main]) -> Request:
    """With the other files of its group, and (`joins`) with what is known of a main file that is filed."""
    main = mains.get(job.source) if _is_of_a_group(job) else None
    has_others = job.reserve_bytes != job.size and _is_of_a_group(job)
    if main is None and not has_others:
        return request
    others = drops.members(store, job.id, job.source) if has_others else []
    return replace(request, members=_members(root, others), args={"joins": asdict(main)} if main else {})


def _accompanied(store: Store, root: str, job: Claimed, request: Request) -> Request:
    """With what joined it."""
    if job.reserve_bytes == job.size:
        return request
    return replace(request, members=_members(root, drops.companions(store, job.id, job.source)))


def _members(root: str, others: Sequence[drops.Waiting]) -> tuple[Member, ...]:
    return tuple(Member(join(root, drop.path), drop.size, drop.mtime_ns, drop.inode) for drop in others)
