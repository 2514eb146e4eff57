"""The exposition: what `metrics.prom` can hold, and how it is written. The rule: pure; a value needs its family.

The text is Prometheus' format 0.0.4: `HELP` and `TYPE` of every family, whether it has samples or not, then the
samples. Units are base units (seconds, bytes), and only what never goes down ends in `_total`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Literal

Labels = tuple[str, ...]
"""The values of a family's labels, in their order."""


@dataclass(frozen=True, slots=True)
class Family:
    """A metric: its name, its type, what it says, and the names of its labels."""

    name: str
    type: Literal["counter", "gauge", "histogram", "summary"]
    help: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spread:
    """Observed values: how many up to each bound and above the one before it, then the rest; and the sum of all."""

    bounds: tuple[float, ...]
    """Ascending; none for a summary."""
    counts: tuple[int, ...]
    """One more than there are bounds."""
    sum: float


Values = Mapping[Labels, float | Spread]

FAMILIES: Final[tuple[Family, ...]] = (
    Family("box_jobs", "gauge", "Jobs, by kind and state.", ("kind", "state")),
    Family("box_jobs_scheduled", "gauge", "Queued jobs that wait for their time, counted up to 100,000."),
    Family("box_jobs_oldest_queued_seconds", "gauge", "How long the oldest job that may be claimed has waited."),
    Family("box_jobs_stale", "gauge", "Running jobs whose lease has run out: their worker is taken for dead."),
    Family("box_job_wait_seconds", "histogram", "From when a job could be claimed to its claim.", ("kind",)),
    Family("box_job_duration_seconds", "histogram", "How long an attempt took.", ("kind",)),
    Family("box_jobs_ended_total", "counter", "Jobs that ended, by how.", ("state",)),
    Family("box_job_failures_total", "counter", "Attempts that failed, by error.", ("code",)),
    Family("box_job_retries_total", "counter", "Jobs that went back to be done again, by why.", ("cause",)),
    Family("box_job_quarantines_total", "counter", "Jobs that went to quarantine, by error.", ("code",)),
    Family("box_lease_expiry_seconds", "histogram", "What each lease had left, at each refresh; 0 once it ran out."),
    Family(
        "box_ttl_expiry_seconds", "histogram",
        "What each job had left of its limit of age or runtime, at each refresh; 0 once it is past.", ("limit",),
    ),
    Family("box_events_total", "counter", "Events that this process recorded, by kind.", ("event",)),
    Family("box_log_position", "gauge", "Position of the newest event in the log."),
    Family("box_log_bytes", "gauge", "Size of the database with its write-ahead log."),
    Family("box_watch_events_total", "counter", "Notifications of the kernel about a user's inbox.", ("user",)),
    Family("box_watch_inboxes", "gauge", "Inboxes, by how they are watched.", ("user", "mode")),
    Family("box_settling_files", "gauge", "Files in the inboxes that are looked after and have not settled."),
    Family("box_quota_used_bytes", "gauge", "What is charged against the quota.", ("user",)),
    Family("box_quota_reserved_bytes", "gauge", "Set aside in the quota for unfinished jobs.", ("user",)),
    Family("box_quota_limit_bytes", "gauge", "The quota; none for a user without a limit.", ("user",)),
    Family("box_removed_files_total", "counter", "Files that Box removed for good, by why.", ("why",)),
    Family("box_removed_bytes_total", "counter", "Bytes of these files.", ("why",)),
    Family("box_upkeep_seconds", "summary", "How often upkeep was done, and how long it took.", ("task",)),
    Family("box_backup_age_seconds", "gauge", "Time since the last backup was finished; none without a backup."),
    Family("box_backup_missing_files", "gauge", "Files that the backup does not hold yet; none without a backup."),
    Family("box_disk_free_bytes", "gauge", "Free on the disk of the root, for Box."),
    Family("box_disk_size_bytes", "gauge", "Size of the disk of the root."),
    Family("box_problems", "gauge", "What is wrong just now, as in the status.", ("code",)),
    Family("box_process_resident_memory_bytes", "gauge", "Memory of the service, without its children."),
    Family("box_process_cpu_seconds_total", "counter", "Processor time of the service, without its children."),
    Family("box_process_start_time_seconds", "gauge", "When the service was started, in Unix time."),
    Family("box_updated_timestamp_seconds", "gauge", "When this was written, in Unix time."),
    Family("box_build_info", "gauge", "1, and what is running.", ("version", "python", "sqlite")),
)  # fmt: skip
"""Everything, in the order of the file."""


def render(values: Mapping[str, Values]) -> str:
    """The text of all families; `values` by their names."""
    lines: list[str] = []
    for family in FAMILIES:
        lines += (f"# HELP {family.name} {_help(family.help)}", f"# TYPE {family.name} {family.type}")
        for labels, value in sorted(values.get(family.name, {}).items()):
            named = ",".join(f'{n}="{_label(v)}"' for n, v in zip(family.labels, labels, strict=True))
            lines += (
                _spread(family.name, named, value) if isinstance(value, Spread) else [_line(family.name, named, value)]
            )
    return "\n".join(lines) + "\n"


def _spread(name: str, labels: str, spread: Spread) -> Iterator[str]:
    comma = "," if labels else ""
    up_to = list(accumulate(spread.counts))
    if spread.bounds:
        for bound, count in zip((*spread.bounds, math.inf), up_to, strict=True):
            yield _line(f"{name}_bucket", f'{labels}{comma}le="{number(float(bound))}"', count)
    yield _line(f"{name}_sum", labels, spread.sum)
    yield _line(f"{name}_count", labels, up_to[-1])


def _line(name: str, labels: str, value: float) -> str:
    return f"{name}{{{labels}}} {number(value)}" if labels else f"{name} {number(value)}"


def number(value: float) -> str:
    """A number as the format has it: all digits of a whole one, and words of its own for what is none."""
    if isinstance(value, int):
        return str(value)
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def _help(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _label(text: str) -> str:
    return _help(text).replace('"', r"\"")
