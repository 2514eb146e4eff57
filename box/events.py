"""Events. The rule: what happened, in the past tense, frozen, flat and JSON-able; names and fields are for ever.

A new field has a default and comes last, and the default never changes (`box.event_text` says why).
Paths are path texts relative to the root (`box.paths`), times RFC 3339 in UTC, sizes bytes, `mtime_ns` nanoseconds.
The words for jobs are in `box.job_events`, those for photos in `box.photo_events`, those for the library in
`box.library_events`, those for feeds in `box.feed_events`, those for quotas in `box.quota_events`, those for what goes
and what stays in `box.retention_events`, those for backups in `box.backup_events`; all are known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from box.backup_events import BackupFinished, BackupStopped, BackupVerified
from box.event import Event, Recorded
from box.feed_events import (
    EpisodeDownloaded,
    EpisodeFiled,
    EpisodeMissed,
    FeedFailed,
    FeedFetched,
    FeedMoved,
    FeedSubscribed,
    FeedUnsubscribed,
)
from box.job_events import (
    JobAskedAgain,
    JobCancelled,
    JobCancelRequested,
    JobDue,
    JobFailed,
    JobQuarantined,
    JobReleased,
    JobRequested,
    JobRetried,
    JobStarted,
    JobStepped,
    JobSucceeded,
    KindHeld,
    KindResumed,
    PeriodicPlanned,
)
from box.library_events import (
    ClaimsExtracted,
    DocumentDescribed,
    DocumentIndexed,
    DocumentRead,
    NoteRewritten,
    UsageRecorded,
)
from box.photo_events import CompanionFiled, DropJoined, FileImported, ImportUndone, PhotoFiled, PhotoRedated
from box.quota_events import FileWeighed, QuotaExceeded, QuotaSet, SpaceReserved, UsageCorrected, UsageUpdated
from box.retention_events import FileRemoved, PhotoReturned, PhotosKept, PhotoTrashed

__all__ = [  # noqa: RUF022 - in the order of a life
    "ALL",
    "Event",
    "Recorded",
    "JobAskedAgain",
    "JobCancelled",
    "JobCancelRequested",
    "JobDue",
    "JobFailed",
    "JobQuarantined",
    "JobReleased",
    "JobRequested",
    "JobRetried",
    "JobStarted",
    "JobStepped",
    "JobSucceeded",
    "KindHeld",
    "KindResumed",
    "PeriodicPlanned",
    "FileSettled",
    "FileNoticed",
    "FileVanished",
    "FilePlaced",
    "FileQuarantined",
    "DropJoined",
    "PhotoFiled",
    "CompanionFiled",
    "DocumentRead",
    "DocumentDescribed",
    "NoteRewritten",
    "DocumentIndexed",
    "ClaimsExtracted",
    "UsageRecorded",
    "FeedSubscribed",
    "FeedUnsubscribed",
    "FeedFetched",
    "FeedMoved",
    "FeedFailed",
    "EpisodeFiled",
    "EpisodeDownloaded",
    "EpisodeMissed",
    "FileMoved",
    "DropReturned",
    "PhotoRedated",
    "DuplicateDropped",
    "FileImported",
    "ImportUndone",
    "PhotoTrashed",
    "PhotoReturned",
    "FileRemoved",
    "PhotosKept",
    "QuotaSet",
    "QuotaExceeded",
    "SpaceReserved",
    "FileWeighed",
    "UsageCorrected",
    "UsageUpdated",
    "BackupFinished",
    "BackupStopped",
    "BackupVerified",
    "DatabaseRestored",
    "EventsArchived",
    "JobsArchived",
]

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
class FileMoved(Event):
    """A file of the library has another place or name: a job moved it, or somebody did by hand."""

    source: str
    path: str
    size: int
    mtime_ns: int
    job: int = 0
    """0: by hand."""
    thumbnail: str = ""
    """Of a photo: path of its thumbnail from now on, empty when that is what it was."""
    main: str = ""
    """Path of the file that it went with, as that stands now; empty when it went by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropReturned(Event):
    """A filing was undone: its file is a drop again, where it came from; nothing asks for it by itself."""

    source: str
    """Where it stood in the library."""
    path: str
    """Where it stands in the inbox."""
    size: int
    mtime_ns: int
    inode: int
    media_type: str = ""
    job: int = 0
    """The job that had filed it; retried, it files it again."""
    by: int = 0
    """The job that put it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateDropped(Event):
    """A drop held the same bytes as a file that is kept, which was read again first; the drop was removed."""

    source: str
    kept: str
    digest: str
    size: int


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
    FileSettled, FileNoticed, FileVanished, FilePlaced, FileQuarantined, DropJoined, PhotoFiled, CompanionFiled,
    DocumentRead, DocumentDescribed, NoteRewritten, DocumentIndexed, ClaimsExtracted, UsageRecorded,
    FeedSubscribed, FeedUnsubscribed, FeedFetched, FeedMoved, FeedFailed, EpisodeFiled, EpisodeDownloaded,
    EpisodeMissed,
    FileMoved, DropReturned, PhotoRedated, DuplicateDropped,
    FileImported, ImportUndone,
    PhotoTrashed, PhotoReturned, FileRemoved, PhotosKept,
    QuotaSet, QuotaExceeded, SpaceReserved, FileWeighed, UsageCorrected, UsageUpdated,
    JobRequested, JobAskedAgain, JobDue, JobStarted, JobReleased, JobSucceeded, JobFailed, JobCancelRequested,
    JobCancelled, JobQuarantined, JobRetried, JobStepped, KindHeld, KindResumed,
    PeriodicPlanned,
    BackupFinished, BackupStopped, BackupVerified,
    DatabaseRestored, EventsArchived, JobsArchived,
)  # fmt: skip
"""The whole vocabulary; the log can hold nothing else."""
