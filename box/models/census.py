"""The census: what metrics ask of the tables. The rule: one look at a table, and none that grows with history.

What is counted per group is read from a table that keeps the counts. Of jobs only the living are looked at, by their
indexes, and of those that wait no more than the limits here say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from box.models.base import Store

SCHEDULED_MAX: Final = 100_000
"""So many scheduled jobs are counted."""

AGES_MAX: Final = 1_000
"""The ages of so many queued jobs, the oldest, are looked at."""


@dataclass(frozen=True, slots=True)
class Held:
    """The running jobs of a lease; they began together."""

    expires_at: float | None
    """Seconds since the epoch; None for a lease that is gone."""
    jobs: int
    started_at: str


@dataclass(frozen=True, slots=True)
class Account:
    """What a user has, and may have by command; `quota_bytes` counts only where `quota_is_set`."""

    user: str
    used_bytes: int
    reserved_bytes: int
    quota_is_set: bool
    quota_bytes: int | None


@dataclass(frozen=True, slots=True)
class Census:
    """Everything, of one moment."""

    jobs: dict[tuple[str, str], int]
    """(kind, state) -> how many, without those of which there are none."""
    scheduled: int
    oldest_queued_at: str
    """Since when the one has waited that waits longest; later than now if all wait for their time."""
    queued_since: list[str]
    """Since when queued jobs have waited; empty unless wanted."""
    held: list[Held]
    accounts: list[Account]


def take(store: Store, *, with_ages: bool) -> Census:
    """Count. `with_ages`: the ages of queued jobs are wanted too."""
    with store.snapshot():
        jobs = store.rows("SELECT kind, state, jobs FROM job_counts WHERE jobs > 0")
        row = store.row(
            "SELECT (SELECT count(*) FROM (SELECT 1 FROM jobs WHERE state = 'queued' AND not_before <> '' LIMIT ?)),"
            " (SELECT min(due_at) FROM jobs WHERE state = 'queued')",
            (SCHEDULED_MAX,),
        )
        scheduled, oldest = row or (0, None)
        ages = "SELECT due_at FROM jobs WHERE state = 'queued' ORDER BY due_at LIMIT ?"
        since = [at for (at,) in store.rows(ages, (AGES_MAX,))] if with_ages else []
        held = store.rows(
            "SELECT max(expires_at), count(*), min(started_at) FROM jobs LEFT JOIN leases ON leases.lease = jobs.lease"
            " WHERE state = 'running' GROUP BY jobs.lease"
        )
        accounts = store.rows("SELECT user, used_bytes, reserved_bytes, quota_is_set, quota_bytes FROM accounts")
    return Census(
        jobs={(kind, state): count for kind, state, count in jobs},
        scheduled=scheduled,
        oldest_queued_at=oldest or "",
        queued_since=since,
        held=[Held(*each) for each in held],
        accounts=[
            Account(user, used, reserved, bool(is_set), quota) for user, used, reserved, is_set, quota in accounts
        ],
    )
