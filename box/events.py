"""Events. The rule: what happened, in the past tense, frozen, flat and JSON-able; names and fields are for ever.

A new field has a default and comes last, and the default never changes (`box.event_text` says why).
Paths are path texts relative to the root (`box.paths`), times RFC 3339 in UTC, sizes bytes, `mtime_ns` nanoseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Anything that happened. `user` is the owner of what it happened to, empty for the box itself."""

    user: str = ""


# --- files -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSettled(Event):
    """A drop in an inbox is complete: two looks saw the same file and nobody has it open for writing."""

    path: str
    size: int
    mtime_ns: int
    inode: int
    media_type: str = ""
    """What its first bytes say it is; empty when nobody knows them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileNoticed(Event):
    """A sweep found a file in the library that somebody added or changed by hand."""

    path: str
    size: int
    mtime_ns: int
    inode: int = 0
    media_type: str = ""
    """What its first bytes say it is, where that is asked (in `photos/`); empty otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileVanished(Event):
    """A known file is gone and Box did not take it."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePlaced(Event):
    """Box put a file of its own making (a thumbnail, a reason) where it belongs, replacing its own older one."""

    path: str
    size: int
    mtime_ns: int
    job: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FileQuarantined(Event):
    """A file that could not be handled was moved aside, its bytes untouched."""

    source: str
    path: str
    size: int
    mtime_ns: int
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoFiled(Event):
    """A photo was moved from the inbox to its day; or, with `source` = `path`, one that lay there was read."""

    source: str
    path: str
    size: int
    mtime_ns: int
    digest: str
    """blake3 of all bytes, 64 hexadecimal digits."""
    media_type: str
    width: int
    height: int
    taken_at: str = ""
    """Local time at the camera, RFC 3339, with an offset only if the file has one; empty when unknown."""
    taken_from: str = ""
    """Which field said so."""
    orientation: int = 1
    make: str = ""
    model: str = ""
    thumbnail: str = ""
    """Path of the thumbnail that landed with it, empty without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateDropped(Event):
    """A drop held the same bytes as a file that is kept, which was read again first; the drop was removed."""

    source: str
    kept: str
    digest: str
    size: int


# --- quotas ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaSet(Event):
    """A user's limit was set; None is no limit."""

    quota_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaExceeded(Event):
    """A drop did not fit: it stays in the inbox, untouched, until there is room."""

    path: str
    size: int
    used_bytes: int
    reserved_bytes: int
    quota_bytes: int


# --- jobs ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequested(Event):
    """Work is wanted. The position of this event is the number of the job."""

    kind: str
    source: str = ""
    """Path of the file that it is about, empty for none."""
    size: int = 0
    mtime_ns: int = 0
    inode: int = 0
    """What the source was when it settled; another file under its name is not this job's."""
    args: str = ""
    """JSON object of arguments, empty for none."""
    priority: int = 0
    not_before: str = ""
    key: str = ""
    """Idempotency key: while a job with this key is not finished, a second request is that job."""
    reserve_bytes: int = 0
    """Set aside in the user's quota until the job ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDue(Event):
    """The time that a queued job waited for has come."""

    job: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStarted(Event):
    """A worker claimed the job; its attempt counts from here, a crash too."""

    job: int
    lease: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReleased(Event):
    """A claimed job went back to the queue: its lease expired, its worker died, or the service stopped."""

    job: int
    lease: str
    reason: str
    counted: bool = True
    """Whether the attempt stays counted; a stop or a full disk is not the job's fault."""
    not_before: str = ""
    """When it may be claimed again; empty for at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSucceeded(Event):
    """The job did what it was for."""

    job: int
    lease: str
    result: str = ""
    """JSON object, empty for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFailed(Event):
    """An attempt failed; with `retry_at` the job waits until then, without it the job has failed."""

    job: int
    lease: str
    code: str
    message: str
    retry_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCancelRequested(Event):
    """Somebody asked a running job to stop."""

    job: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCancelled(Event):
    """The job will not be done: somebody, or a change of its file, ended it."""

    job: int
    reason: str
    lease: str = ""
    """The worker's lease when a running job ends so; empty for a queued one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobQuarantined(Event):
    """The job cannot be done with this file; a rule takes the file to quarantine."""

    job: int
    code: str
    message: str
    lease: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRetried(Event):
    """Somebody started a finished job afresh, its attempts at zero."""

    job: int


# --- the box itself --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseRestored(Event):
    """The database was damaged: it was moved aside and this one began from a snapshot (or empty) and the disk."""

    damaged: str
    snapshot: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsArchived(Event):
    """The events from `first` to `last` were moved from the table into a file of the archive, a segment."""

    first: int
    last: int
    segment: str
    """Its path, relative to the root."""
    digest: str
    """blake3 of its bytes."""
    previous: str
    """The digest of the segment before it, empty for the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsArchived(Event):
    """The jobs between two numbers that had ended so, before that time, were moved into a file of the archive."""

    state: str
    before: str
    first: int
    last: int
    jobs: int
    """How many they were."""
    archive: str
    """Path of the file, relative to the root."""
    digest: str


ALL: Final[tuple[type[Event], ...]] = (
    FileSettled, FileNoticed, FileVanished, FilePlaced, FileQuarantined, PhotoFiled, DuplicateDropped,
    QuotaSet, QuotaExceeded,
    JobRequested, JobDue, JobStarted, JobReleased, JobSucceeded, JobFailed, JobCancelRequested, JobCancelled,
    JobQuarantined, JobRetried,
    DatabaseRestored, EventsArchived, JobsArchived,
)  # fmt: skip
"""The whole vocabulary; the log can hold nothing else."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as the log holds it: `position` (from 1, gapless), `at` (UTC, RFC 3339) and what happened."""

    position: int
    at: str
    event: Event
