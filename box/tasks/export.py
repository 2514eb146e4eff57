"""Exports: a folder comes to stand in `exports/`. The rule: it is made aside and lands whole, in one journalled rename.

What will be said of the job is in the journal before the rename, so that a restart brings it to its end. The files
are told batch by batch once they stand: in one transaction, a hundred thousand would hold up everybody. Killed in
between, the sweep of the library notices the rest. Nothing is ever replaced: a folder gets a name that is free.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final

from box import disk, event_text, file_names, logs
from box.engine import Engine, Transaction
from box.errors import BoxError, OutOfSpace, OverQuota, Stopped
from box.events import Event, FilePlaced, FileWeighed
from box.models import jobs, live, usage
from box.paths import area_folder, join, to_text
from box.tasks import landing, reserving
from box.tasks.attention import CANCELLED
from box.tasks.landing import Move
from box.tasks.outcomes import succeeded
from box.tasks.reserving import Allowance

TOLD: Final = 500
"""How many files are told in one transaction."""

_log = logs.get(__name__)


def put(source: str, target: str, free_bytes_min: int, allowance: Allowance) -> int | None:
    """Put a file of the library into a folder in the making; its bytes, or None if it is no file any more.

    It is the same file under a second name, which takes no room and no time, and is not charged again; a copy where the
    file system has no such names, or the file is somebody else's: that is set aside first. Raises OutOfSpace and
    OverQuota.
    """
    try:
        status = os.lstat(source)
        if not stat.S_ISREG(status.st_mode):
            return None
        if not disk.link(source, target):
            room = os.statvfs(os.path.dirname(target))
            if room.f_bavail * room.f_frsize < status.st_size + free_bytes_min:
                raise OutOfSpace(f"no room for a copy of {source}: free some and the work goes on")
            allowance.take(status.st_size)
            disk.copy_verified(source, target)
    except FileNotFoundError:
        return None
    return status.st_size


def free_place(root: str, user: str, name: str) -> str:
    """The path text of a folder of that name in `exports/`, with a number behind it if there is one already."""
    place = area_folder(user, "exports")
    return f"{place}/{file_names.free_name(join(root, place), name)}"


def check_file_system(root: str, user: str) -> None:
    """Raise BoxError unless a folder can be renamed from `temp/` into `exports/`."""
    temp, exports = (os.stat(join(root, area_folder(user, area))).st_dev for area in ("temp", "exports"))
    if temp != exports:
        raise BoxError(f"exports/ and temp/ of {user} are on two file systems: an export cannot land as a whole")


def check_quota(engine: Engine, user: str, size: int) -> None:
    """Raise OverQuota if a user may not keep so much more just now; nothing is set aside."""
    balance, limit = usage.balance(engine.store, user), reserving.limit_of(engine.policy, engine.store, user)
    if limit is not None and balance.used_bytes + balance.reserved_bytes + size > limit:
        raise OverQuota(f"{size} more bytes are more than the quota of {user} leaves; `box quota` shows it")


def land(root: str, allowance: Allowance, made: str, place: str, result: Mapping[str, Any]) -> None:
    """Make `made`, a finished folder (absolute) in the scratch of the job, stand at `place`; the job has that `result`.

    What it wrote beyond the allowance is set aside with the journal. Raises OverQuota, and Stopped if the job is no
    longer this worker's, or was cancelled; from the journal on nothing stops it.
    """
    engine, job, user = allowance.engine, allowance.job, allowance.user
    disk.sync_files([entry.path for entry in _files(made) if _is_new(entry)])  # the others are durable
    disk.sync_folders(_folders(made))
    status = os.lstat(made)
    move = Move(to_text(made[len(root) + 1 :]), place, status.st_size, disk.mtime_ns(status), status.st_ino)
    more = sum(entry.stat().st_size for entry in _files(made) if _is_new(entry)) - allowance.reserved
    outcome = succeeded(job, result)

    def journal(transaction: Transaction) -> None:
        holds = jobs.is_held(transaction.store, job.id, job.lease)
        if not holds:
            raise Stopped(CANCELLED, "lost" if holds is None else "cancelled")
        if more > 0:
            reserving.reserve_in(transaction, engine.policy, job, user, more)
        written = json.dumps([(type(outcome).__name__, outcome.user, event_text.dump(outcome))])
        live.write_journal(transaction.store, live.Entry(job.id, job.lease, landing.dump([move]), written))

    engine.transact(journal)
    touched: set[str] = set()
    landing.carry_out(root, [move], touched)
    disk.sync_folders(touched)
    try:
        _tell(engine, _placed(root, user, place, job.id))
    except BoxError as error:  # it stands: what is not told of it now the sweep of the library notices
        _log.warning("an export stands, but not all of it is recorded yet", place=place, error=error)


def _tell(engine: Engine, placed: Iterator[tuple[Event, ...]]) -> None:
    while some := [events for _, events in zip(range(TOLD), placed, strict=False)]:
        engine.record(*chain.from_iterable(some))


def _placed(root: str, user: str, place: str, job: int) -> Iterator[tuple[Event, ...]]:
    """What is to be told of each file; of another name of a photo also that it is not charged again."""
    for entry in _files(join(root, place)):
        status = entry.stat()
        path = to_text(entry.path[len(root) + 1 :])
        placed = FilePlaced(user=user, path=path, size=status.st_size, mtime_ns=disk.mtime_ns(status), job=job)
        yield (placed,) if _is_new(entry) else (placed, FileWeighed(user=user, path=path, charged_bytes=0))


def _is_new(entry: os.DirEntry[str]) -> bool:
    """Whether it was written for the package, and is no other name of a file of the library."""
    return entry.stat().st_nlink == 1


def _folders(top: str) -> Iterator[str]:
    """A folder and all below it."""
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        yield folder
        with os.scandir(folder) as entries:
            waiting.extend(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))


def _files(top: str) -> Iterator[os.DirEntry[str]]:
    """All files in a folder and below it, one at a time."""
    for folder in _folders(top):
        with os.scandir(folder) as entries:
            yield from (entry for entry in entries if entry.is_file(follow_symlinks=False))
