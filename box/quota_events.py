"""Events of quotas: limits, what is set aside, what files weigh. The rule: as in `box.events`; names are for ever."""

from __future__ import annotations

from dataclasses import dataclass

from box.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaSet(Event):
    """A user's limit was set; None is no limit."""

    quota_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaExceeded(Event):
    """A drop did not fit: it stays in the inbox, untouched, until there is room."""

    path: str
    size: int
    """What has to fit: its size, and what its job found out that it will write."""
    used_bytes: int
    reserved_bytes: int
    quota_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceReserved(Event):
    """A running job is about to write more than was set aside when it was asked for; given back when it stops running.

    Refused where it does not fit. `user` is whose quota it is, which need not be the job's.
    """

    job: int
    lease: str
    size: int
    quota_bytes: int | None = None
    """The limit that held then; None is no limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileWeighed(Event):
    """A file is charged otherwise than with its size: it is sparse, or another name of a file that is charged."""

    path: str
    charged_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageCorrected(Event):
    """A sum was not that of its rows and was put right; it bears what it should be, so that a rebuild agrees."""

    area: str
    """Empty: only what is charged, or set aside, in all was wrong."""
    files: int
    bytes: int
    files_before: int = 0
    bytes_before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageUpdated(Event):
    """A program keeps so much more for a user where Box does not look; less, if negative."""

    bytes: int
