"""What becomes of drops. The rule: the log says it; nothing is guessed from the disk.

A drop is the one that was copied if the log says that a file of its size and time settled under its name. From then on
what happens to that name, and to the jobs about it, happened to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from box import events as e
from box import rules
from box.cli.copying import Copied
from box.events import Event, Recorded
from box.photos import groups
from box.photos.groups import Role


@dataclass(slots=True, eq=False)
class Drop:
    """A copy in the inbox and what became of it."""

    source: str
    """The original, absolute, as `os` gives it."""
    place: str
    """Its path below the inbox, before it got a free name."""
    copied: Copied
    outcome: str = "waiting"
    """waiting, filed, done, duplicate, quarantined, left, quota, failed, cancelled, vanished or replaced."""
    path: str = ""
    """Where it stands now, or the file that holds the same bytes (path text)."""
    message: str = ""
    settled: bool = False
    job: int = 0
    """The newest job about it, or the one that it asked for."""
    is_open: bool = False
    """Left in the inbox, but taken as soon as the file comes that it is about."""
    asks: bool = False
    """Whether it is a file that asked for a job, and got it."""


@dataclass(slots=True)
class Following:
    """The drops of one command, and what the log has said about them so far."""

    kinds: Iterable[str]
    """The media types that somebody handles."""
    _by_path: dict[str, list[Drop]] = field(default_factory=dict)
    _by_job: dict[int, list[Drop]] = field(default_factory=dict)

    @property
    def waiting(self) -> int:
        """How many drops are on the way; those that wait for room are not, but may be again once others are through."""
        return len(self._drops("waiting"))

    @property
    def parked(self) -> list[Drop]:
        """The drops that wait for room, or for a file that they are about."""
        return self._drops("quota") + self._drops("left")

    def _drops(self, outcome: str) -> list[Drop]:
        return [drop for drops in self._by_path.values() for drop in drops if drop.outcome == outcome]

    @property
    def jobs(self) -> set[int]:
        """The jobs that are to be done yet."""
        return {drop.job for drop in self._drops("waiting")} - {0}

    def add(self, drop: Drop) -> None:
        """Follow this one, too."""
        self._by_path.setdefault(drop.copied.path, []).append(drop)

    def see(self, recorded: Iterable[Recorded]) -> list[Drop]:
        """Take note of events, in order; the drops that are through now."""
        done = []
        for each in recorded:
            for drop in self._see(each.position, each.event):
                if drop.outcome != "quota" and not drop.is_open:
                    self._by_path[drop.copied.path].remove(drop)
                    done.append(drop)
        return done

    def _see(self, position: int, event: Event) -> list[Drop]:
        """The drops that an event is the last word about, or that wait for something from now on."""
        ended: Drop | None = None
        match event:
            case e.FileSettled():
                ended = self._on_settled(event)
            case e.JobRequested() | e.JobAskedAgain():
                ended = self._on_asked(position, event)
            case e.DropJoined():
                self._has_job(self._settled(event.path), event.job, asks=False)
            case e.PhotoFiled() | e.CompanionFiled() | e.DocumentRead() | e.FileQuarantined() | e.DuplicateDropped():
                ended = _taken(self._settled(event.source), event)
            case e.QuotaExceeded():
                ended = _end(self._settled(event.path), "quota", "waits in the inbox: there is no room in the quota")
            case e.FileVanished():
                ended = _end(self._settled(event.path), "vanished", "was removed from the inbox")
            case e.JobSucceeded() | e.JobFailed() | e.JobCancelled() | e.JobQuarantined():
                return [drop for drop in self._by_job.get(event.job, ()) if _job_ended(drop, event)]
        return [] if ended is None else [ended]

    def _has_job(self, drop: Drop | None, job: int, *, asks: bool) -> None:
        if drop is not None:
            self._by_job.setdefault(job, []).append(drop)
            drop.job, drop.asks = job, asks
            drop.outcome, drop.message, drop.is_open = "waiting", "", False  # there is room, or its mate

    def _on_asked(self, position: int, event: e.JobRequested | e.JobAskedAgain) -> Drop | None:
        if isinstance(event, e.JobAskedAgain):
            self._has_job(self._settled(event.answer), event.job, asks=True)
            return None
        if event.kind == rules.ANSWER:
            return self._answered(json.loads(event.args))
        drop = self._settled(event.source) or self._settled(event.answer)
        self._has_job(drop, position, asks=not event.source)
        return None

    def _answered(self, answer: Mapping[str, Any]) -> Drop | None:
        """What came of the job that a file asked for; of one that it asked for first, that is known by now."""
        drop = self._settled(answer["beside"])
        if drop is None or drop.outcome != "waiting":
            return None
        if answer["state"] != "completed":
            return _end(drop, "cancelled" if answer["state"] == "cancelled" else "failed", answer["message"])
        return _end(drop, "done", _done(json.dumps(answer["result"]) if answer["result"] else ""))

    def _settled(self, path: str) -> Drop | None:
        return next((drop for drop in self._by_path.get(path, ()) if drop.settled), None)

    def _on_settled(self, event: e.FileSettled) -> Drop | None:
        before = self._settled(event.path)
        if before is not None:
            return _end(before, "replaced", "was replaced by another file of its name")
        for drop in self._by_path.get(event.path, ()):
            if (drop.copied.size, drop.copied.mtime_ns) == (event.size, event.mtime_ns):
                drop.settled = True
                role = groups.role(event.path, event.media_type)
                if event.media_type in self.kinds or role is Role.SIDECAR:
                    return None
                drop.is_open = role is Role.MAYBE
                return _end(drop, "left", "left in the inbox: no kind of job takes it yet")
        return None


def _taken(
    drop: Drop | None, event: e.PhotoFiled | e.CompanionFiled | e.DocumentRead | e.FileQuarantined | e.DuplicateDropped
) -> Drop | None:
    if drop is None:
        return None
    match event:
        case e.PhotoFiled() | e.CompanionFiled() | e.DocumentRead():
            drop.path = event.path
            return _end(drop, "filed", "")
        case e.DuplicateDropped():
            drop.path = event.kept
            return _end(drop, "duplicate", "the same bytes are kept already")
        case e.FileQuarantined():
            drop.path = event.path
            return _end(drop, "quarantined", event.message or event.code)


def _job_ended(
    drop: Drop | None, event: e.JobSucceeded | e.JobFailed | e.JobCancelled | e.JobQuarantined
) -> Drop | None:
    """The last word, unless an event about the file itself was there before."""
    if drop is None or drop.outcome != "waiting" or drop.job != event.job:
        return None
    match event:
        case e.JobSucceeded():
            if not drop.asks:
                return _end(drop, "filed", "")
            return _end(drop, "done", _done(event.result))
        case e.JobFailed():
            drop.message = event.message
            return None if event.retry_at else _end(drop, "failed", event.message)
        case e.JobCancelled():
            return _end(drop, "cancelled", event.reason)
        case e.JobQuarantined():
            drop.message = event.message  # a job that moves it aside follows
            return None


def _done(result: str) -> str:
    return "what it asks for is done" + (f": {result}" if result else "")


def _end(drop: Drop | None, outcome: str, message: str) -> Drop | None:
    if drop is not None:
        drop.outcome, drop.message = outcome, message
    return drop
