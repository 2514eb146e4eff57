"""Gathering: what a handler is told of a job. The rule: what belongs together is looked up when the job is begun.

Until then a file may join it; after that, what comes is a job of its own, which is told of the main file.
"""

from __future__ import annotations

from dataclasses import asdict, replace

from box.models import drops, photos
from box.models.base import Store
from box.models.jobs import Claimed
from box.paths import join
from box.tasks.handler import Handler, Member, Request


def request_of(store: Store, root: str, job: Claimed, handler: Handler) -> Request:
    """What a handler is asked to do for a job."""
    # With the attempt in its name: a worker that was taken for dead writes somewhere else than the one after it.
    name = f"temp/job-{job.id}.{job.attempts}"
    scratch = f"{root}/users/{job.user}/{name}" if job.user else f"{root}/{name}"
    source = join(root, job.source) if job.source else ""
    request = Request(job.id, job.user, source, job.size, job.mtime_ns, job.inode, scratch, job.args)
    return _grouped(store, root, job, request) if handler.groups and source and not job.args else request


def _grouped(store: Store, root: str, job: Claimed, request: Request) -> Request:
    """With the other files of its group, and (`joins`) with what is known of a main file that is filed."""
    members = tuple(
        Member(join(root, drop.path), drop.size, drop.mtime_ns, drop.inode)
        for drop in drops.members(store, job.id)
        if drop.path != job.source
    )
    main = photos.main_of(store, job.source)
    return replace(request, members=members, args={"joins": asdict(main)} if main else {})
