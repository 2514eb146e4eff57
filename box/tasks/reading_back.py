"""Reading backups back. The rule: one destination after the other; one that is away does not keep the others from it.

What was found is recorded as an event for each; the job fails if something is not right and was not repaired.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from box import backup_keys, logs
from box.backup import drives, replica, walking
from box.backup.destination import BackupAway, Destination
from box.backup.manifest import Manifest
from box.backup.mending import Mender
from box.backup.verifying import Share, Tally, Verification
from box.engine import log_time, utc_now
from box.errors import BoxError, Stopped, UsageError
from box.events import BackupVerified
from box.models import drops, jobs
from box.models.jobs import Claimed
from box.paths import to_text
from box.tasks.chore import Inside, Reporter

TOLD_MAX: Final = 20

_log = logs.get(__name__)


def read_back(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Read all destinations. Raises BoxError if one is away or not right, Stopped."""
    asked = job.args.get("destination")
    wanted = (asked,) if asked else inside.config.backup.destination
    if not wanted:
        raise UsageError("there is no destination: backup.destination says none, and none was asked for")
    if job.args.get("scrub") and "percent" in job.args:
        raise UsageError("scrub says how much is read, and so does percent: ask for one of them")
    results: list[dict[str, Any]] = []
    failures: list[BoxError] = []
    for entry in wanted:
        try:
            one = _One(inside, job, reporter, _where(inside.config.box.root, entry))
            results.append(one.verify())
            failures += one.wrong()
        except Stopped:
            raise
        except BoxError as error:
            failures.append(error)
    if failures:
        failure = BoxError("; ".join(str(each) for each in failures))
        failure.code = failures[0].code
        raise failure
    return {"destinations": results}


def _where(root: str, entry: str) -> str:
    if entry != backup_keys.AUTO:
        return entry
    found = drives.marked(root)
    if not found:
        raise BackupAway("no marked drive is there: put one in, or mark one with 'box backup init'")
    return found[0].path


@dataclass(slots=True)
class _One:
    """One destination."""

    inside: Inside
    job: Claimed
    reporter: Reporter
    path: str
    tally: Tally = field(default_factory=Tally)
    damaged: int = 0
    """Files that are known to be damaged by now, on either side, whenever that was found."""
    told: dict[str, str] = field(default_factory=dict)
    """Of the first ones that are not right: path -> what is wrong."""
    _total: int = 0
    _files: int = 0
    _bytes: int = 0

    def verify(self) -> dict[str, Any]:
        """Read it; what the job's result says of it."""
        began, root = time.monotonic(), self.inside.config.box.root
        with Destination(root, self.path) as place:
            try:
                self._read(place, began)
            except FileNotFoundError:
                raise BackupAway(f"{self.path} holds no backup yet: 'box do backup' makes one") from None
            uuid = place.uuid
        return {
            "destination": to_text(self.path), "uuid": uuid, "files": self.tally.files, "bytes": self.tally.bytes,
            "damaged": self.tally.damaged, "missing": self.tally.missing, "repaired": self.tally.repaired,
            "seconds": round(time.monotonic() - began, 3), "why": self.told,
        }  # fmt: skip

    def wrong(self) -> list[BoxError]:
        """What is not right by now, as an error; empty if all is."""
        if not (self.damaged or self.tally.missing):
            return []
        error = BoxError(
            f"{self.path}: {self.damaged} files are damaged, {self.tally.missing} were missing there"
            + "".join(f"; {path}: {what}" for path, what in self.told.items())
        )
        error.code = "bitrot"
        if not self.damaged:
            error.code = "backup-incomplete"
        return [error]

    def _read(self, place: Destination, began: float) -> None:
        store, root = self.inside.engine.store, self.inside.config.box.root
        scratch = f"{root}/temp/job-{self.job.id}.{self.job.attempts}"
        with Manifest(place) as manifest:
            replica.follow(store, manifest)
            sources = self._sources()
            mender = Mender(manifest, sources, scratch, self._check) if self.job.args.get("repair") else None
            verification = Verification(
                place, manifest, sources, mender, self._check, self._counted,
                lambda each: replica.follow(store, each), self._tell, utc_now, self.tally,
            )  # fmt: skip
            share = self._share(manifest)
            try:
                verification.carry_out(share)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
                if self.tally.files:  # what was read before it ended counts
                    self._record(place, manifest, time.monotonic() - began)

    def _record(self, place: Destination, manifest: Manifest, seconds: float) -> None:
        try:
            self.damaged = manifest.counts()[3]
        except BoxError:
            return  # it has gone meanwhile: that is told already
        self.inside.engine.record(
            BackupVerified(
                destination=place.uuid, path=to_text(self.path), files=self.tally.files, bytes=self.tally.bytes,
                damaged=self.damaged, repaired=self.tally.repaired, seconds=round(seconds, 3), job=self.job.id,
            )
        )  # fmt: skip

    def _sources(self) -> walking.Sources:
        config, store = self.inside.config, self.inside.engine.store
        elsewhere = {walking.CONFIG: config.path} if config.path else {}
        return walking.Sources(
            config.box.root, frozenset(config.backup.areas), lambda folder: drops.known(store, folder),
            elsewhere=elsewhere,
        )  # fmt: skip

    def _share(self, manifest: Manifest) -> Share:
        """How much is read; what an attempt before this one has read since the job was asked for counts."""
        total, days = manifest.counts()[0], self.inside.config.backup.scrub_days
        since, overdue = jobs.due_at(self.inside.engine.store, self.job.id), ""
        wanted = -(-total * int(self.job.args.get("percent", 100)) // 100)
        if self.job.args.get("scrub"):
            wanted = -(-total // days)
            overdue = min(since, log_time(_days_before(since, days - 1)))
        self._total = max(0, wanted - manifest.verified_since(since))
        return Share(since, self._total, overdue)

    # --- how far it is ------------------------------------------------------------------------------------------------

    def _check(self, read: int) -> None:
        self.reporter.check()
        if read:
            self._bytes += read
            self._show()

    def _counted(self, files: int) -> None:
        self._files += files
        self._total = max(self._total, self._files)
        self._show()

    def _show(self) -> None:
        percent = 100 * self._files / self._total if self._total else 0.0
        self.reporter.progress(percent, to_text(self.path), done=self._files, total=self._total, size_bytes=self._bytes)

    def _tell(self, path: str, what: str) -> None:
        if len(self.told) < TOLD_MAX:
            self.told[path] = what[:300]
        _log.warning("a backup is not right", path=path, reason=what, destination=self.path)


def _days_before(at: str, days: int) -> float:
    return (datetime.fromisoformat(at).astimezone(UTC) - timedelta(days=days)).timestamp()
