"""The view: the questions that rules ask, answered from the projections. The rule: reads only, a few rows each."""

from __future__ import annotations

from box.models import drops, jobs, usage
from box.models.base import Store


class StoreView:
    """A `rules.View` of a store; inside a transaction it sees what the transaction has done so far."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def drop(self, path: str) -> drops.Waiting | None:
        """The drop at that path."""
        return drops.find(self._store, path)

    def waiting(self, user: str, size_max: int, since: int) -> drops.Waiting | None:
        """The user's oldest drop that waits for room, came after position `since` and fits into `size_max` bytes."""
        return drops.oldest_waiting(self._store, user, size_max, since)

    def job_is_queued(self, job: int) -> bool:
        """Whether nobody has begun that job."""
        found = jobs.state_of(self._store, job)
        return found is not None and found[0] is jobs.State.QUEUED

    def job(self, job: int) -> tuple[str, str, int]:
        """(kind, source, attempts) of a job."""
        kind, source, attempts = self._store.row("SELECT kind, source, attempts FROM jobs WHERE id = ?", (job,)) or (
            "",
            "",
            0,
        )
        return kind, source, attempts

    def account(self, user: str) -> tuple[int, int, bool, int | None]:
        """(used_bytes, reserved_bytes, quota_is_set, quota_bytes)."""
        balance = usage.balance(self._store, user)
        return balance.used_bytes, balance.reserved_bytes, balance.quota_is_set, balance.quota_bytes
