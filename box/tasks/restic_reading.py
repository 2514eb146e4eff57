"""Reading a repository of restic back. The rule: a file is verified once all parts were read since it came.

restic does not say in which parts a file is. So a file counts as verified when every part was read, and was right,
after the file was in a snapshot; and while a part is known to be damaged, no file in there counts as backed up.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from box import disk
from box.backup import restic
from box.backup.restic import RepositoryDamaged
from box.engine import log_time, utc_now
from box.errors import UsageError
from box.events import BackupVerified
from box.models import backed, jobs, repositories
from box.models.jobs import Claimed
from box.tasks.chore import Inside, Reporter
from box.tasks.repository import Repository
from box.tasks.restic_backing import meet

_PACKS: Final = re.compile(r"([\d.]+)%\s+(\d+) / (\d+) packs")


def read_back(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Read back. Raises BoxError if the repository is away, or not right, Stopped."""
    for name in ("destination", "repair"):
        if job.args.get(name):
            raise UsageError(f'{name}: backup.engine is "restic", which has no such thing; see docs/operations.md')
    if job.args.get("scrub") and "percent" in job.args:
        raise UsageError("scrub says how much is read, and so does percent: ask for one of them")
    root = inside.config.box.root
    scratch = f"{root}/temp/job-{job.id}.{job.attempts}"
    disk.make_folder(scratch)
    try:
        with Repository(inside.config.backup, f"{root}/temp/restic", scratch, reporter.check) as repository:
            return {"destinations": [_One(inside, job, reporter, repository).verify()]}
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@dataclass(slots=True)
class _One:
    """One reading."""

    inside: Inside
    job: Claimed
    reporter: Reporter
    repository: Repository
    uuid: str = ""
    files: int = 0
    bytes: int = 0
    read: int = 0
    """How many parts were right."""
    _wanted: int = 0

    def verify(self) -> dict[str, Any]:
        """Read; what the job's result says of it."""
        began = time.monotonic()
        self.uuid, _ = meet(self.inside, self.repository)
        buckets = min(self.inside.config.backup.scrub_days, restic.BUCKETS_MAX)
        wanted = self._share(buckets)
        self._wanted = len(wanted)
        try:
            if self._wanted == buckets:
                self._read(wanted, buckets, "--read-data")
            else:
                for bucket in wanted:
                    self._read([bucket], buckets, f"--read-data-subset={bucket}/{buckets}")
        except RepositoryDamaged:
            self._record(time.monotonic() - began)
            raise
        except BaseException:  # what was read before it ended counts
            if self.read:
                self._record(time.monotonic() - began)
            raise
        self._record(time.monotonic() - began)
        return {
            "destination": self.repository.shown, "uuid": self.uuid, "files": self.files, "bytes": self.bytes,
            "damaged": 0, "missing": 0, "repaired": 0, "parts": self.read, "of": buckets, "why": {},
            "seconds": round(time.monotonic() - began, 3),
        }  # fmt: skip

    def _share(self, buckets: int) -> list[int]:
        """Which parts are to be read; those that an attempt before this one has read are not."""
        store, days = self.inside.engine.store, self.inside.config.backup.scrub_days
        since = jobs.due_at(store, self.job.id)
        order = repositories.reading_order(store, self.uuid, buckets)
        overdue = ""
        wanted = -(-buckets * int(self.job.args.get("percent", 100)) // 100)
        if self.job.args.get("scrub"):
            wanted = 1
            overdue = log_time((datetime.fromisoformat(since).astimezone(UTC) - timedelta(days=days - 1)).timestamp())
        done = sum(1 for _, at in order if at >= since)
        late = sum(1 for _, at in order if "" < at < overdue)
        return [bucket for bucket, at in order if at < since][: max(wanted - done, late)]

    def _read(self, parts: list[int], buckets: int, how: str) -> None:
        """Have restic read some parts."""
        store = self.inside.engine.store
        try:
            for line in self.repository.check([how]):
                self._tell(line, len(parts))
        except RepositoryDamaged:
            self.repository.identity()  # a drive that was pulled has no damaged files: this says that it is away
            repositories.on_damaged(store, self.uuid, buckets, parts, utc_now())
            raise
        files, size = repositories.on_read(store, self.uuid, buckets, parts, utc_now())
        self.files, self.bytes, self.read = self.files + files, self.bytes + size, self.read + len(parts)

    def _tell(self, line: str, parts: int) -> None:
        found = _PACKS.search(line)
        done = float(found[1]) / 100 if found else 0.0
        percent = 100 * (self.read + done * parts) / max(1, self._wanted)
        self.reporter.progress(
            min(100.0, percent), self.repository.shown, done=int(found[2]) if found else None,
            total=int(found[3]) if found else None,
        )  # fmt: skip

    def _record(self, seconds: float) -> None:
        store = self.inside.engine.store
        _, _, _, damaged = backed.counts(store).get(self.uuid, (0, 0, 0, 0))
        if repositories.is_damaged(store, self.uuid):
            damaged = max(1, damaged)
        self.inside.engine.record(
            BackupVerified(
                destination=self.uuid, path=self.repository.shown, files=self.files, bytes=self.bytes, damaged=damaged,
                seconds=round(seconds, 3), job=self.job.id,
            )
        )  # fmt: skip
