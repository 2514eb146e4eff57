"""Gathering: the files of a job about a group. The rule: what belongs together is looked up when the job is begun.

Until then a file may join it; after that, what comes is a job of its own, which is told of the main file.
"""

from __future__ import annotations

from dataclasses import asdict, replace

from box.models import drops, photos
from box.models.base import Store
from box.paths import join, relative
from box.tasks.handler import Member, Request


def grouped(store: Store, root: str, request: Request) -> Request:
    """The request with the other files of its group, and (`joins`) with what is known of a main file that is filed."""
    if not request.source or request.args:
        return request
    source = relative(root, request.source)
    members = tuple(
        Member(join(root, drop.path), drop.size, drop.mtime_ns, drop.inode)
        for drop in drops.members(store, request.job)
        if drop.path != source
    )
    main = photos.main_of(store, source)
    return replace(request, members=members, args={"joins": asdict(main)} if main else {})
