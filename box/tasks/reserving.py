"""Reserving: a job that finds out how much it will write asks for it. The rule: first it is set aside, then written.

What was set aside is given back when the job stops running, however that comes about; by then what it wrote is charged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from box.engine import Engine, Transaction
from box.errors import OverQuota, Stopped
from box.events import SpaceReserved
from box.models import jobs, usage
from box.models.base import Store
from box.models.jobs import Claimed
from box.policy import Policy, quota

STEP_BYTES: Final = 16 * 1000**2
"""So much is set aside at once where a job writes file after file: each asking is a commit."""


def limit_of(policy: Policy, store: Store, user: str) -> int | None:
    """What a user may keep, None for no limit."""
    account = usage.balance(store, user)
    return quota(policy, user, is_set=account.quota_is_set, set_bytes=account.quota_bytes)


def left_of(policy: Policy, store: Store, user: str) -> int | None:
    """How much more fits, None for as much as there is room for."""
    limit, account = limit_of(policy, store, user), usage.balance(store, user)
    return None if limit is None else max(0, limit - account.used_bytes - account.reserved_bytes)


def reserve(engine: Engine, job: Claimed, user: str, size: int) -> None:
    """Set so much more aside in a user's quota, for a running job. Raises OverQuota; then nothing is set aside."""
    if size > 0:
        engine.at_once(lambda transaction: reserve_in(transaction, engine.policy, job, user, size))


def reserve_in(transaction: Transaction, policy: Policy, job: Claimed, user: str, size: int) -> None:
    """The same, inside a transaction that does more. Raises Stopped, too, if the job is no longer this worker's."""
    if jobs.is_held(transaction.store, job.id, job.lease) is None:
        raise Stopped("its lease was lost", "lost", "lease-lost")
    limit = limit_of(policy, transaction.store, user)
    transaction.record(SpaceReserved(user=user, job=job.id, lease=job.lease, size=size, quota_bytes=limit))


@dataclass(slots=True)
class Allowance:
    """What one job may still write for a user without asking again."""

    engine: Engine
    job: Claimed
    user: str
    reserved: int = 0
    """What was set aside so far."""
    left: int = 0
    """What of it is not written yet."""

    def take(self, size: int) -> None:
        """It is about to write so much. Raises OverQuota."""
        lacking = size - self.left
        if lacking > 0:
            try:
                self._ask(max(lacking, STEP_BYTES))
            except OverQuota:
                if lacking >= STEP_BYTES:
                    raise
                self._ask(lacking)  # to the last byte
        self.left -= size

    def _ask(self, size: int) -> None:
        reserve(self.engine, self.job, self.user, size)
        self.reserved += size
        self.left += size
