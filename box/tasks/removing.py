"""Removing files for good. The rule: journal, unlink, record; what is no longer the file that was seen stays.

It goes by parcels of one file each (`box.tasks.shelving`): killed anywhere, the next start records what is gone of that
which the journal names, and the job decides again about the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from box.events import FileRemoved
from box.models.jobs import Claimed
from box.tasks.chore import Inside, Reporter
from box.tasks.landing import Move
from box.tasks.shelving import Left, Parcel, Places, Shelver, Step

LISTED_MAX: Final = 1000
"""So many files a dry run lists; all are counted."""

LISTED_CHARS_MAX: Final = 48_000
"""As JSON: a result has room for this, and for what else is to be said."""


@dataclass(frozen=True, slots=True)
class Removal:
    """A file that is to be removed, as it was seen."""

    user: str
    path: str
    """Path text."""
    size: int
    mtime_ns: int
    inode: int
    digest: str = ""


def done(
    inside: Inside, job: Claimed, reporter: Reporter, removals: Iterable[Removal], why: str
) -> Mapping[str, Any]:  # fmt: skip
    """Remove them, or with the argument `dry_run` list them; the result of the job."""
    if job.args.get("dry_run"):
        return listed(removals)
    left, root = Left(), inside.config.box.root
    shelver = Shelver(inside.engine, root, job, reporter, Places(root), left, is_undone=False)
    shelver.carry_out(parcels(removals, why, job.id))
    return {"files": shelver.moved, "bytes": shelver.freed_bytes, **left.told()}


def parcels(removals: Iterable[Removal], why: str, job: int) -> Iterator[Parcel]:
    """Each by itself: one that cannot be removed keeps no other."""
    for each in removals:
        event = FileRemoved(user=each.user, path=each.path, size=each.size, digest=each.digest, why=why, job=job)
        yield Parcel((Step(Move(each.path, "", each.size, each.mtime_ns, each.inode), event),))


def listed(removals: Iterable[Removal]) -> dict[str, Any]:
    """What would be removed: the first paths, as many as fit, and how many files and bytes there are."""
    shown: list[str] = []
    count = size = 0
    chars = LISTED_CHARS_MAX
    for each in removals:
        count, size = count + 1, size + each.size
        chars -= len(json.dumps(each.path, ensure_ascii=False)) + 2
        if chars >= 0 and len(shown) < LISTED_MAX:
            shown.append(each.path)
    return {"removes": shown, "count": count, "bytes": size}
