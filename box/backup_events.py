"""Events of backups. The rule: as in `box.events`; names and fields are for ever."""

from __future__ import annotations

from dataclasses import dataclass

from box.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupFinished(Event):
    """All that could be backed up is on a destination."""

    destination: str
    """UUID."""
    path: str
    """Where it was, absolute."""
    files: int
    """Copied this time."""
    bytes: int
    moved: int = 0
    """Renamed there, because they were moved here."""
    files_held: int = 0
    """What is there in all."""
    bytes_held: int = 0
    files_missing: int = 0
    """What could not be backed up."""
    seconds: float = 0.0
    asked: str = ""
    """Which entry of the configuration it was for, "auto" for one; empty: another, or `path` itself."""
    job: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupStopped(Event):
    """A backup ended before its end; what was copied by then stays."""

    destination: str
    """UUID; empty if that could not be told."""
    path: str
    """Where it was or should have been: absolute, or "auto" if no marked drive was there."""
    code: str
    reason: str
    files: int = 0
    bytes: int = 0
    job: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupVerified(Event):
    """Files on a destination were read back and compared."""

    destination: str
    path: str
    files: int
    bytes: int
    damaged: int = 0
    """How many files are known to be damaged now, on either side, whenever that was found; they stay until repaired."""
    repaired: int = 0
    seconds: float = 0.0
    job: int = 0
