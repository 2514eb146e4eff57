"""Backing up with restic. The rule: what a snapshot holds is what restic lists of it; nothing new, and there is none.

restic runs in a scratch folder that looks like the root: `users` and `archive` lead there, `config.toml` and `box.db`
are copies. So a snapshot has the layout of a root, wherever that is, and is restored into an empty folder. It is given
the folders of the users' areas, and of the inboxes and the archive each file.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from box import backup_keys, disk, log, logs
from box.backup import listing, restic, walking
from box.backup.comparing import differences
from box.backup.listing import Listing, can_tell
from box.backup.rows import Row
from box.engine import utc_now
from box.errors import BoxError, OutOfSpace, Stopped, UsageError
from box.events import BackupFinished, BackupStopped
from box.models import backed, drops, repositories
from box.models.backed import Copy
from box.models.jobs import Claimed
from box.models.repositories import State
from box.paths import join, to_os, to_text
from box.tasks.backing_up import BESIDE, LEFT_SHOWN_MAX, job_is_full
from box.tasks.chore import Inside, Reporter
from box.tasks.repository import Repository

CHANGED: Final = "it changed while it was backed up, or could not be read"

_log = logs.get(__name__)


def back_up(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Back up to the repository. Raises BoxError if that could not be, Stopped."""
    if job.args.get("destination"):
        raise UsageError('destination: backup.engine is "restic", and that has only its repository')
    one = _One(inside, job, reporter)
    try:
        return {"destinations": [one.back_up()]}
    except Stopped:
        raise
    except BoxError as error:
        path = to_text("".join(inside.config.backup.places))
        stopped = BackupStopped(
            destination=one.uuid, path=path, code=error.code, reason=str(error), bytes=one.bytes, job=job.id
        )
        inside.engine.record(stopped)
        raise


@dataclass(slots=True)
class _One:
    """A backup."""

    inside: Inside
    job: Claimed
    reporter: Reporter
    uuid: str = ""
    files: int = 0
    bytes: int = 0
    left: dict[str, str] = field(default_factory=dict)
    """Of the first ones that could not be backed up: path -> why."""
    _left: int = 0
    _scratch: str = ""
    _shown: str = ""
    _listing: Listing = field(init=False)

    def back_up(self) -> dict[str, Any]:
        """Do it; what the job's result says of it."""
        began, root, backup = time.monotonic(), self.inside.config.box.root, self.inside.config.backup
        self._scratch = f"{root}/temp/job-{self.job.id}.{self.job.attempts}"
        disk.make_folder(self._scratch)
        try:
            cache = f"{root}/temp/restic"
            with Repository(backup, cache, self._scratch, self.reporter.check) as repository:
                self._shown = repository.shown
                self._listing = Listing(f"{self._scratch}/listing")
                try:
                    self._carry_out(repository)
                finally:
                    self._listing.close()
        finally:
            shutil.rmtree(self._scratch, ignore_errors=True)
        held, size, _, _ = backed.counts(self.inside.engine.store).get(self.uuid, (0, 0, 0, 0))
        seconds = round(time.monotonic() - began, 3)
        self.inside.engine.record(
            BackupFinished(
                destination=self.uuid, path=self._shown, files=self.files, bytes=self.bytes, files_held=held,
                bytes_held=size, files_missing=self._left, seconds=seconds, job=self.job.id,
            )
        )  # fmt: skip
        return {
            "destination": self._shown, "uuid": self.uuid, "files": self.files, "bytes": self.bytes, "moved": 0,
            "missing": self._left, "seconds": seconds, "why": self.left,
        }  # fmt: skip

    def _carry_out(self, repository: Repository) -> None:
        store = self.inside.engine.store
        self.uuid, state = meet(self.inside, repository)
        if not state.is_listed:  # an earlier run was ended before it knew what its snapshot holds
            self._take(repository, state)
        targets = f"{self._scratch}/targets"
        with open(targets, "wb") as file:
            to_do = self._count(file)
        position = log.last_position(store)
        is_due = position < state.position or log.holds_other(store, state.position, BESIDE)
        if not (to_do or is_due or not state.snapshot or job_is_full(self.job)):
            return
        self._stage()
        try:
            snapshot = self._run(repository, state.snapshot)
        finally:
            os.unlink(f"{self._scratch}/{walking.DATABASE}")  # as large as the database, and not needed any more
        state = State(snapshot, position, is_listed=False)
        repositories.set_state(store, self.uuid, state)
        self._take(repository, state)
        for path, _, _ in self._listing.missing():
            self._judge(path)

    # --- what there is to do ------------------------------------------------------------------------------------------

    def _count(self, targets: BinaryIO) -> int:
        """How many files are not in the repository yet; what is to be given to restic goes to a file."""
        store, count = self.inside.engine.store, 0
        targets.writelines(os.fsencode(name) + b"\0" for name in (walking.DATABASE, walking.CONFIG))
        rows = (Row(path=p, stored=p, size=s, mtime_ns=m, digest="", copied_at="")
                for p, s, m in repositories.rows(store, self.uuid) if p != walking.DATABASE)  # fmt: skip
        for found in differences(self._sources(targets), rows):
            self.reporter.check()
            if found.what in ("new", "changed"):
                self._listing.want(found.path, found.size, found.mtime_ns)
                count += 1
        return count

    def _sources(self, targets: BinaryIO) -> Iterator[walking.type_seen]:
        config, store = self.inside.config, self.inside.engine.store
        elsewhere = {walking.CONFIG: config.path} if config.path else {}
        sources = walking.Sources(
            config.box.root, frozenset(config.backup.areas), lambda folder: drops.known(store, folder), self._leave,
            elsewhere,
        )  # fmt: skip
        last = ""
        for path, size, mtime_ns in sources.files():
            target = path if size != walking.UNREAD else last
            parts = path.split("/")
            if parts[0] == "users" and parts[2] != "inbox" and len(parts) > 3:
                target = "/".join(parts[:3])
            if target not in (last, walking.CONFIG):
                targets.write(os.fsencode(to_os(target)) + b"\0")
                last = target
            if size == walking.UNREAD or can_tell(path):
                yield path, size, mtime_ns

    def _stage(self) -> None:
        """Make the folder look like a root."""
        config, store, scratch = self.inside.config, self.inside.engine.store, self._scratch
        room = os.statvfs(scratch)
        if room.f_bavail * room.f_frsize < store.file_bytes() + config.storage.free_bytes_min:
            raise OutOfSpace("no room for a copy of the database: free some and the backup goes on")
        for name in ("users", walking.ARCHIVE):
            os.symlink(f"{config.box.root}/{name}", f"{scratch}/{name}")
        source = config.path or f"{config.box.root}/{walking.CONFIG}"
        if os.path.isfile(source):
            shutil.copy2(source, f"{scratch}/{walking.CONFIG}")
        with self.inside.timing("snapshot"):
            store.copy_to(f"{scratch}/{walking.DATABASE}")

    # --- restic -------------------------------------------------------------------------------------------------------

    def _run(self, repository: Repository, parent: str) -> str:
        """Have restic do it; the snapshot."""
        arguments = ["--files-from-raw", "targets", "--exclude", restic.PARTS]
        if job_is_full(self.job):
            arguments.append("--force")
        elif parent:
            arguments += ["--parent", parent]
        snapshot = ""
        for line in repository.back_up(arguments, self._scratch):
            told = json.loads(line) if line.startswith("{") else {}
            if told.get("message_type") == "status":
                self._tell(told)
            elif told.get("message_type") == "summary":
                snapshot, self.bytes = str(told["snapshot_id"]), int(told["data_added"])
        if not snapshot:
            raise BoxError("restic did not say which snapshot it made")
        return snapshot

    def _tell(self, told: Mapping[str, Any]) -> None:
        done, total = int(told.get("files_done", 0)), int(told.get("total_files", 0))
        percent = 100 * float(told.get("percent_done", 0.0))
        size = int(told.get("bytes_done", 0))
        self.reporter.progress(min(100.0, percent), self._shown, done=done, total=total, size_bytes=size)

    def _take(self, repository: Repository, state: State) -> None:
        """Have restic list a snapshot, and take over what is in it."""
        store, at, page = self.inside.engine.store, utc_now(), []
        self._listing.clear()
        name = self._listing.take(repository.files(state.snapshot))
        run, damaged = backed.upto(store, self.uuid) + 1, repositories.is_damaged(store, self.uuid)
        for (path, size, mtime_ns), is_there in listing.changes(
            self._listing.files(), repositories.rows(store, self.uuid)
        ):
            copy = Copy(
                path=path, size=size, mtime_ns=mtime_ns, digest="", copied_at=at, verified_at=None,
                damaged="there" if damaged else "", present=True, seq=run,
            )  # fmt: skip
            page.append((copy, is_there))
            if len(page) >= repositories.PAGE_ROWS:
                self._put(page, run)
                page = []
        self._put(page, run)
        repositories.set_state(store, self.uuid, State(name or state.snapshot, state.position))

    def _put(self, page: list[tuple[Copy, bool]], run: int) -> None:
        store = self.inside.engine.store
        there, gone = (
            [copy for copy, is_there in page if is_there],
            [copy.path for copy, is_there in page if not is_there],
        )
        with store.transaction():
            backed.put(store, self.uuid, there, gone, run)
        self.files += len(there)
        self.reporter.check()

    # --- what could not be backed up ----------------------------------------------------------------------------------

    def _judge(self, path: str) -> None:
        """A file that was there at the beginning, and is not in the snapshot as it was."""
        place = self.inside.config.path if path == walking.CONFIG else join(self.inside.config.box.root, path)
        if os.path.lexists(place):  # else it was filed, or deleted, meanwhile
            self._leave(path, CHANGED)

    def _leave(self, path: str, why: str) -> None:
        self._left += 1
        if len(self.left) < LEFT_SHOWN_MAX:
            self.left[path] = why[:300]
        _log.warning("not backed up", path=path, reason=why)


def meet(inside: Inside, repository: Repository) -> tuple[str, State]:
    """(ID, state) of an open repository. What is known of a snapshot that somebody removed is forgotten."""
    store = inside.engine.store
    uuid = repository.identity()
    is_remote = backup_keys.is_remote(inside.config.backup.repository)
    state = repositories.meet(store, uuid, repository.shown, replaces=is_remote)
    if state.snapshot and not repository.has(state.snapshot):
        _log.warning("the last snapshot was removed from the repository", repository=repository.shown)
        repositories.forget(store, uuid)
        state = State()
    return uuid, state
