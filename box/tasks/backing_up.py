"""Backing up. The rule: one destination after the other; one that is away or full does not keep the others from theirs.

What each of them is like is recorded as an event; the job fails if one of them could not take all.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from box import backup_events, backup_keys, disk, job_events, log, logs
from box.backup import drives, replica, walking
from box.backup.backing import Database, Run
from box.backup.batches import Done
from box.backup.destination import BackupAway, Destination
from box.backup.manifest import Manifest
from box.engine import utc_now
from box.errors import BoxError, OutOfSpace, Stopped, UsageError
from box.events import BackupFinished, BackupStopped, Event
from box.models import drops, files
from box.models.jobs import Claimed
from box.paths import to_text
from box.tasks.chore import Inside, Reporter

LEFT_SHOWN_MAX: Final = 20

BESIDE: Final = frozenset(
    each.__name__
    for module in (job_events, backup_events)
    for each in vars(module).values()
    if isinstance(each, type) and issubclass(each, Event) and each is not Event
)
"""Kinds of events that say nothing of the library: alone they are no reason for another copy of the database."""

_log = logs.get(__name__)


def back_up(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Back up to all destinations. Raises BoxError if one of them could not be reached or filled, Stopped."""
    asked = job.args.get("destination")
    wanted = (asked,) if asked else inside.config.backup.destination
    if not wanted:
        raise UsageError("there is no destination: backup.destination says none, and none was asked for")
    results: list[dict[str, Any]] = []
    failures: list[BoxError] = []
    for entry in wanted:
        one = _One(inside, job, reporter, entry)
        try:
            results.append(one.back_up())
        except Stopped:
            raise
        except BoxError as error:
            failures.append(error)
            inside.engine.record(
                BackupStopped(
                    destination=one.uuid, path=to_text(one.path), code=error.code, reason=str(error),
                    files=one.done.files, bytes=one.done.bytes, job=job.id,
                )
            )  # fmt: skip
    if failures:
        failure = BoxError("; ".join(str(each) for each in failures))
        failure.code = failures[0].code
        raise failure
    return {"destinations": results}


@dataclass(slots=True)
class _One:
    """A backup to one destination."""

    inside: Inside
    job: Claimed
    reporter: Reporter
    entry: str
    path: str = field(init=False)
    uuid: str = ""
    done: Done = field(default_factory=Done)
    left: dict[str, str] = field(default_factory=dict)
    """Of the first ones that could not be backed up: path -> why."""
    _left: set[str] = field(default_factory=set)
    _files: list[int] = field(default_factory=lambda: [0, 0])
    """[still to do, all]"""
    _bytes: list[int] = field(default_factory=lambda: [0, 0])
    """[done, all]"""

    def __post_init__(self) -> None:
        self.path = self.entry

    def back_up(self) -> dict[str, Any]:
        """Do it; what the job's result says of it."""
        began, root = time.monotonic(), self.inside.config.box.root
        self.path = self._where(root)
        with Destination(root, self.path) as place:
            self.uuid = place.uuid
            run = self._run(place)
            writer = run.carry_out()
        if writer is not None:
            self.done = writer.done
        seconds = round(time.monotonic() - began, 3)
        self.inside.engine.record(
            BackupFinished(
                destination=self.uuid, path=to_text(self.path), files=self.done.files, bytes=self.done.bytes,
                moved=self.done.moved, files_held=run.need.held, bytes_held=run.need.held_bytes,
                files_missing=len(self._left), seconds=seconds,
                asked=self.entry if self.entry != self.path else "", job=self.job.id,
            )
        )  # fmt: skip
        return {
            "destination": to_text(self.path), "uuid": self.uuid, "files": self.done.files, "bytes": self.done.bytes,
            "moved": self.done.moved, "missing": len(self._left), "seconds": seconds, "why": self.left,
        }  # fmt: skip

    def _where(self, root: str) -> str:
        if self.entry != backup_keys.AUTO:
            return self.entry
        found = drives.marked(root)
        if not found:
            raise BackupAway("no marked drive is there: put one in, or mark one with 'box backup init'")
        return found[0].path

    def _run(self, place: Destination) -> Run:
        config, store = self.inside.config, self.inside.engine.store
        elsewhere = {walking.CONFIG: config.path} if config.path else {}
        sources = walking.Sources(
            config.box.root, frozenset(config.backup.areas), self._known, self._leave, elsewhere
        )  # fmt: skip
        size = store.file_bytes()
        return Run(
            place, sources, Database(size, self._position, self._database), config.backup.free_bytes_min,
            check=self._check, counted=self._counted, follow=self._follow, leave=self._leave, now=utc_now,
            is_expected=self._is_expected, full=job_is_full(self.job),
        )  # fmt: skip

    def _known(self, folder: str) -> Collection[str]:
        return drops.known(self.inside.engine.store, folder)

    def _is_expected(self, path: str) -> bool:
        store = self.inside.engine.store
        return files.find(store, path) is not None or drops.find(store, path) is not None

    def _leave(self, path: str, why: str) -> None:
        self._left.add(path)
        if len(self.left) < LEFT_SHOWN_MAX:
            self.left[path] = why[:300]
        _log.warning("not backed up", path=path, reason=why)

    # --- how far it is ------------------------------------------------------------------------------------------------

    def _check(self, read: int) -> None:
        self.reporter.check()
        if read:
            self._bytes[0] += read
            self._tell()

    def _counted(self, files: int, size: int) -> None:
        self._files[0] += files
        self._files[1] += max(0, files)
        self._bytes[1] += size
        self._tell()

    def _tell(self) -> None:
        done, size = self._bytes
        percent = min(100.0, 100 * done / size) if size else 0.0
        left, total = self._files
        self.reporter.progress(
            percent, to_text(self.path), done=max(0, total - max(0, left)), total=total, size_bytes=done
        )  # fmt: skip

    def _follow(self, manifest: Manifest) -> None:
        replica.follow(self.inside.engine.store, manifest)

    # --- the database -------------------------------------------------------------------------------------------------

    def _position(self, since: int) -> int | None:
        store = self.inside.engine.store
        last = log.last_position(store)
        if since < 0 or last < since or log.holds_other(store, since, BESIDE):
            return last
        return None

    @contextmanager
    def _database(self) -> Iterator[str]:
        root, store = self.inside.config.box.root, self.inside.engine.store
        # With the attempt in its name: a worker that was taken for dead writes somewhere else than the one after it.
        scratch = f"{root}/temp/job-{self.job.id}.{self.job.attempts}"
        room = os.statvfs(root)
        if room.f_bavail * room.f_frsize < store.file_bytes() + self.inside.config.storage.free_bytes_min:
            raise OutOfSpace("no room for a copy of the database: free some and the backup goes on")
        disk.make_folder(scratch)
        try:
            path = f"{scratch}/{walking.DATABASE}"
            with self.inside.timing("snapshot"):
                store.copy_to(path)
            yield path
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def job_is_full(job: Claimed) -> bool:
    """Whether what has not changed is to be read, too."""
    return job.args.get("incremental") is False
