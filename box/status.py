"""Status. The rule: projections and a few facts of the process -> one small file, replaced whole.

`docs/status.schema.json` describes it, word for word. What costs grows with users, kinds of jobs and days of photos,
never with files. A reader judges its age by `updated_at`.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from box import __version__, backup_status, disk, log, logs, people
from box.engine import utc_now
from box.models import holds, item_lists, jobs, photos, ready, usage
from box.models.base import Store
from box.policy import Policy, quota
from box.sections import Config
from box.status_file import NAME, folder, timestamp
from box.tasks.at_work import Progress
from box.watchers.drives import drives

SCHEMA: Final = 1
CHANGE_SECONDS: Final = 1.0
"""Between two writes while things change."""
ACTIVE_MAX: Final = 64
"""How many running jobs are listed, those first whose handlers have begun; the counts say how many more there are."""

_log = logs.get(__name__)


@dataclass(slots=True)
class Problems:
    """What is wrong just now, each with a code, since when. Setting one again keeps its time."""

    changes: int = 0
    """Grows with every change: the status is due then."""
    _found: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def put(self, code: str, subject: str, message: str) -> None:
        """That is wrong with that subject."""
        known = self._found.get((code, subject))
        if known is None or known[0] != message:
            self._found[code, subject] = (message, known[1] if known else utc_now())
            self.changes += 1

    def clear(self, code: str, subject: str) -> None:
        """That is no longer wrong."""
        if self._found.pop((code, subject), None) is not None:
            self.changes += 1

    def replace(self, code: str, found: Mapping[str, str]) -> None:
        """All there is of one code: subject -> message; what is not named is no longer wrong."""
        for key in [key for key in self._found if key[0] == code and key[1] not in found]:
            self.clear(*key)
        for subject, message in found.items():
            self.put(code, subject, message)

    def listed(self) -> list[dict[str, str]]:
        """As the status shows them, oldest first."""
        rows = [{"code": c, "message": m, "since": s} for (c, _), (m, s) in list(self._found.items())]
        return sorted(rows, key=lambda row: row["since"])


@dataclass(slots=True)
class Due:
    """When the status is to be written: at most once a second while things change, rarely at rest (monotonic time)."""

    rest_seconds: float
    _at: float = float("-inf")
    _changed: bool = True
    _problems: int = 0

    def change(self) -> bool:
        """Something has changed; whether that is the first since the status was written."""
        first, self._changed = not self._changed, True
        return first

    def seconds(self, now: float, problems: int) -> float:
        """In how many seconds it is due; `problems` is the number of their changes so far."""
        changed = self._changed or problems != self._problems
        return self._at + (CHANGE_SECONDS if changed else self.rest_seconds) - now

    def told(self, now: float, problems: int) -> None:
        """It is written now."""
        self._at, self._changed, self._problems = now, False, problems


@dataclass(frozen=True, slots=True)
class Process:
    """What the status says about the process that writes it."""

    started_at: str
    stopping: Callable[[], bool]
    watch: Callable[[], Iterable[Mapping[str, Any]]]
    problems: Problems
    progress: Callable[[], Mapping[int, Progress]] = dict
    """How far the jobs are whose handlers have begun."""


def collect(store: Store, config: Config, policy: Policy, process: Process) -> dict[str, Any]:
    """The whole status, as JSON has it."""
    counted = _jobs(store, process.progress())
    problems = process.problems.listed()
    busy = ready.any_unfinished(store)
    state = "stopping" if process.stopping() else "degraded" if problems else "busy" if busy else "idle"
    return {
        "schema": SCHEMA,
        "version": __version__,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "started_at": process.started_at,
        "updated_at": utc_now(),
        "state": state,
        "log": {"position": log.last_position(store), "bytes": store.file_bytes()},
        "jobs": counted,
        "storage": {**storage(config.box.root), "drives": [each.told() for each in drives(config.box.root)]},
        "users": users(store, config, policy),
        "photos": photos_told(store),
        "library": asdict(item_lists.totals(store)),
        "backup": backup_status.block(store, config),
        "watch": [dict(each) for each in process.watch()],
        "problems": problems,
    }  # fmt: skip


def _jobs(store: Store, progress: Mapping[int, Progress]) -> dict[str, Any]:
    by_kind = jobs.counts(store)
    totals = {state.value: sum(kind.get(state.value, 0) for kind in by_kind.values()) for state in jobs.State}
    oldest = jobs.oldest_queued(store)
    now = time.time()
    active = jobs.running(store, list(progress), ACTIVE_MAX)
    stale = sum(1 for job in active if job["lease_expires"] and job["lease_expires"] < now)
    return {
        "queued": totals["queued"],
        "scheduled": jobs.scheduled_count(store, 1_000_000),
        "running": totals["running"],
        "completed": totals["completed"],
        "failed": totals["failed"],
        "cancelled": totals["cancelled"],
        "quarantined": totals["quarantined"],
        "stale": stale,
        "oldest_queued_seconds": max(0, int(now - timestamp(oldest))) if oldest else 0,
        "by_kind": by_kind,
        "paused": sorted(kind or "*" for kind in holds.all_of(store)),
        "active": [_active(job, progress.get(job["id"], Progress())) for job in active],
    }


def _active(job: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    return {
        "id": job["id"], "kind": job["kind"], "user": job["user"],
        "progress": None if progress.percent is None else round(progress.percent, 1), "message": progress.message,
        "done": progress.done, "total": progress.total, "bytes": progress.size_bytes,
        "started_at": job["started_at"], "lease_expires_at": rfc3339(job["lease_expires"]),
    }  # fmt: skip


def storage(root: str) -> dict[str, Any]:
    """The disk that the root is on."""
    status = os.statvfs(root)
    total, free = status.f_blocks * status.f_frsize, status.f_bavail * status.f_frsize
    return {
        "total_bytes": total,
        "used_bytes": (status.f_blocks - status.f_bfree) * status.f_frsize,
        "free_bytes": free,
        "free_percent": round(100 * free / total, 1) if total else 0.0,
    }


def users(store: Store, config: Config, policy: Policy) -> dict[str, Any]:
    """The account of everybody who has an inbox, or is known."""
    found = {}
    for user in sorted({*people.users(config), *usage.users(store)} - {""}):
        balance = usage.balance(store, user)
        areas = usage.by_area(store, user)
        found[user] = {
            "used_bytes": balance.used_bytes,
            "reserved_bytes": balance.reserved_bytes,
            "quota_bytes": quota(policy, user, is_set=balance.quota_is_set, set_bytes=balance.quota_bytes),
            "files": sum(files for files, _ in areas.values()),
            "by_area": {area: size for area, (_, size) in areas.items()},
        }
    return found


def photos_told(store: Store) -> dict[str, Any]:
    """How many photos there are, of everybody."""
    totals = photos.totals(store)
    return {
        "count": totals.count,
        "bytes": totals.bytes,
        "first_day": totals.first_day or None,
        "last_day": totals.last_day or None,
        "days": totals.days,
    }


def tell(store: Store, config: Config, policy: Policy, process: Process) -> None:
    """Collect and replace the status file; a full disk is told in the log and tried again."""
    try:
        write(folder(config), collect(store, config, policy, process))
    except OSError as error:
        _log.warning("the status could not be written", reason=str(error))


def write(path: str, status: Mapping[str, Any]) -> None:
    """Replace the status file. Not fsynced: after a power cut the service writes a new one before anybody asks."""
    disk.write_whole(os.path.join(path, NAME), json.dumps(status, ensure_ascii=False) + "\n", durable=False)


def rfc3339(seconds: float | None) -> str | None:
    """The time as the status writes it, None for none."""
    if not seconds:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
