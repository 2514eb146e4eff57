"""The sections of the configuration. The rule: one frozen record a section; a field is a key, its default and reader.

What each key trades is said in `config.toml`, shipped beside this module. A section made or replaced by hand is not
checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal, TypeVar

from box import patterns, units
from box.backup_keys import AREAS, areas, destinations, repository, shown
from box.import_tables import Import, imports
from box.job_tables import KEEP_SECONDS, KindSettings, Periodic, keeps, kind_names, kinds, periodic
from box.units import DAY, GB, HOUR, MB, MINUTE, Read, durations, numbers, or_none, sizes, whole_durations

T = TypeVar("T")


SIX_HOURS: Final[float | None] = 6.0 * HOUR


def _key(default: T, read: Read[T]) -> T:
    """A field of a section: its default, and what reads and checks the value that somebody wrote."""
    made: T = field(default=default, metadata={"read": read})
    return made


# --- sections --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Where everything is. In a Config, `root` is absolute and ends without a slash."""

    root: str = _key(".", units.folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """Who has an inbox."""

    names: tuple[str, ...] = _key(("me",), units.users)
    auto_create: bool = _key(False, units.yes_or_no)  # noqa: FBT003 - the default of a key


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How drops are noticed, and when they count as complete."""

    settle_seconds: float = _key(2.0, durations(0.01, HOUR))
    sweep_seconds: float = _key(300.0, durations(1, 30 * DAY))
    ignore: tuple[str, ...] = _key((), patterns.name_patterns)
    mode: Literal["auto", "native", "polling"] = _key("auto", units.choice("auto", "native", "polling"))
    poll_seconds: float = _key(10.0, durations(0.1, HOUR))
    imports: tuple[Import, ...] = _key((), imports)


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """What is already filed, where people may work by hand."""

    sweep_seconds: float = _key(1.0 * DAY, durations(1, 365 * DAY))
    text_chars_max: int = _key(100_000_000, numbers(1000, 2_000_000_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Podcasts:
    """Feeds that somebody subscribed to, and what comes in them."""

    every_seconds: float | None = _key(SIX_HOURS, or_none(durations(MINUTE, 30 * DAY)))
    episodes_max: int = _key(100, numbers(1, 10_000))
    timeout_seconds: float = _key(30.0, durations(0.1, HOUR))
    host_pause_seconds: float = _key(2.0, durations(0, HOUR))
    feed_bytes_max: int = _key(20 * MB, sizes(1000, 1 * GB))
    failures_max: int = _key(10, numbers(1, 1000))
    download: bool = _key(False, units.yes_or_no)  # noqa: FBT003 - the default of a key
    download_max: int = _key(3, numbers(1, 10_000))
    audio_bytes_max: int = _key(250 * MB, sizes(1000, 100 * GB))
    user_agent: str = _key("", units.text)
    allow_private: bool = _key(False, units.yes_or_no)  # noqa: FBT003 - the default of a key


@dataclass(frozen=True, slots=True, kw_only=True)
class Photos:
    """Where photos go and what is made of them."""

    folder: str = _key("%Y/%Y-%m-%d", patterns.folder_pattern)
    name: str = _key("{stem}", patterns.name_pattern)
    portable_names: bool = _key(False, units.yes_or_no)  # noqa: FBT003 - a default
    duplicates: Literal["drop", "keep"] = _key("drop", units.choice("drop", "keep"))
    thumbnail_pixels: int = _key(320, numbers(0, 4096))
    group_wait_seconds: float = _key(300.0, durations(0, DAY))
    pixels_max: int = _key(300_000_000, numbers(1, 2_000_000_000))
    timezone: str = _key("", patterns.timezone)
    day_starts_at: str = _key("00:00", patterns.time_of_day)
    earliest: str = _key("1990-01-01", patterns.day)
    trust_mtime: bool = _key(False, units.yes_or_no)  # noqa: FBT003 - the default of a key
    name_patterns: tuple[str, ...] = _key((), patterns.dated_names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """The threads that do the jobs."""

    count: int = _key(2, numbers(1, 64))
    grace_seconds: float = _key(30.0, durations(0, HOUR))


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """How long a worker may be silent, and how a failed job is tried again."""

    lease_seconds: float = _key(60.0, durations(1, DAY))
    attempts_max: int = _key(3, numbers(1, 100))
    batch: int = _key(500, numbers(1, 10_000))
    retry_base_seconds: float = _key(10.0, durations(0, DAY))
    retry_cap_seconds: float = _key(1.0 * HOUR, durations(0, 30 * DAY))
    quarantine_after: int = _key(3, numbers(1, 100))
    ttl_age: float | None = _key(None, or_none(durations(1, 3650 * DAY)))
    ttl_runtime: float | None = _key(None, or_none(durations(1, 365 * DAY)))
    ttl_action: Literal["cancel", "fail"] = _key("cancel", units.choice("cancel", "fail"))
    by_file: tuple[str, ...] = _key(("verify", "snapshot"), kind_names)
    keep: Mapping[str, float] = field(default_factory=lambda: dict(KEEP_SECONDS), metadata={"read": keeps})
    kinds: Mapping[str, KindSettings] = field(default_factory=dict, metadata={"read": kinds})
    periodic: Mapping[str, Periodic] = field(default_factory=dict, metadata={"read": periodic})


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """The limits of the process that reads files which nobody has vouched for."""

    memory_bytes: int = _key(512 * MB, sizes(64 * MB, 1000 * GB))
    cpu_seconds: int = _key(60, whole_durations(1, DAY))
    deadline_seconds: float = _key(120.0, durations(1, DAY))
    file_bytes: int = _key(256 * MB, sizes(1000, 1000 * GB))
    open_files_max: int = _key(64, numbers(16, 65_536))
    idle_seconds: float = _key(30.0, durations(0, DAY))
    files_max: int = _key(10_000, numbers(1, 1_000_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How much a user may keep; None is no limit."""

    default_bytes: int | None = _key(None, units.quota)
    soft_percent: int = _key(80, numbers(1, 100))
    count: Literal["bytes", "blocks"] = _key("bytes", units.choice("bytes", "blocks"))
    # A plain dict, so that it can be pickled and turned into JSON; the type lets nobody write to it.
    users: Mapping[str, int | None] = field(default_factory=dict, metadata={"read": units.quotas})

    def of(self, user: str) -> int | None:
        """The bytes that a user may keep, None for no limit."""
        return self.users.get(user, self.default_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """What Box leaves free on the disk."""

    free_bytes_min: int = _key(64 * MB, sizes(0, 10**15))


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """Where the library is held once more. In a Config, folders are absolute."""

    engine: Literal["files", "restic"] = _key("files", units.choice("files", "restic"))
    destination: tuple[str, ...] = _key((), destinations)
    areas: tuple[str, ...] = _key(AREAS, areas)
    free_bytes_min: int = _key(64 * MB, sizes(0, 10**15))
    scrub_days: int = _key(30, numbers(1, 3650))
    repository: str = _key("", repository)
    password_file: str = _key("", units.text)
    environment_file: str = _key("", units.text)

    @property
    def places(self) -> tuple[str, ...]:
        """Where backups go, without secrets; empty if there are none."""
        if self.engine == "restic":
            return (shown(self.repository),) if self.repository else ()
        return self.destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Which photos go when the disk fills up."""

    enabled: bool = _key(False, units.yes_or_no)  # noqa: FBT003 - the default of a key
    days_to_keep: int = _key(90, numbers(1, 36_500))
    min_free_percent: int = _key(20, numbers(5, 95))
    emergency_free_percent: int | None = _key(None, or_none(numbers(1, 94)))
    require_backup: Literal["verified", "copied", "none"] = _key("verified", units.choice("verified", "copied", "none"))
    trash_days: int = _key(30, numbers(0, 3650))


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Where the log is, and how often it is made safe."""

    url: str = _key("", units.database_url)
    snapshot_seconds: float = _key(1.0 * DAY, durations(1, 365 * DAY))
    snapshots_keep: int = _key(2, numbers(1, 100))
    commit_seconds: float = _key(0.05, durations(0, 10))
    commit_events: int = _key(500, numbers(1, 100_000))
    events_keep_seconds: float = _key(30.0 * DAY, durations(1, 3650 * DAY))


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Where the status files go. In a Config, `dir` is absolute, or empty for the root."""

    dir: str = _key("", units.text)
    rest_seconds: float = _key(30.0, durations(1, HOUR))


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """How often `metrics.prom` is written, beside the status."""

    interval_seconds: float = _key(15.0, durations(1, HOUR))


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """What is logged, and in which form."""

    level: Literal["debug", "info", "warning", "error"] = _key(
        "info", units.choice("debug", "info", "warning", "error")
    )
    format: Literal["auto", "console", "json"] = _key("auto", units.choice("auto", "console", "json"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All of it, and `path`: the file that it came from (absolute), empty for one made by `default`."""

    box: Box = field(default_factory=Box)
    users: Users = field(default_factory=Users)
    watch: Watch = field(default_factory=Watch)
    library: Library = field(default_factory=Library)
    podcasts: Podcasts = field(default_factory=Podcasts)
    photos: Photos = field(default_factory=Photos)
    workers: Workers = field(default_factory=Workers)
    jobs: Jobs = field(default_factory=Jobs)
    child: Child = field(default_factory=Child)
    quota: Quota = field(default_factory=Quota)
    storage: Storage = field(default_factory=Storage)
    backup: Backup = field(default_factory=Backup)
    retention: Retention = field(default_factory=Retention)
    database: Database = field(default_factory=Database)
    status: Status = field(default_factory=Status)
    metrics: Metrics = field(default_factory=Metrics)
    logs: Logs = field(default_factory=Logs)
    path: str = ""


SECTIONS: Final[dict[str, Any]] = {f.name: f.default_factory for f in fields(Config) if f.name != "path"}
KEYS: Final[dict[str, Any]] = {f"{name}.{f.name}": f for name, section in SECTIONS.items() for f in fields(section)}
"""Every key that can be set, by its dotted path."""
