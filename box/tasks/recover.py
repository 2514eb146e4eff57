"""Recovery. The rule: what a dead worker had begun is finished or undone before anybody begins anything new.

First its journals (files on their way), then its jobs go back to the queue, then its lease is gone. Killed in here, the
next start does the rest: each step is one transaction, and finishing twice is finishing once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from box import event_text
from box.engine import Engine, Transaction
from box.events import Event
from box.models import attempts, jobs, live
from box.models.jobs import Claimed
from box.tasks import giving_back, landing, retry, shelving
from box.tasks.outcomes import released

SUSPECT_WAITS: Final = 0.5
"""At least this part of its step a job waits that was at work alone when its worker died: where workers die again and
again, for want of power, the next death should find another one at work. Three times the same one is quarantine."""


def recover(engine: Engine, root: str, retries: retry.Policy, leases: Sequence[str]) -> int:
    """Finish what dead workers had begun: their journals first, then their jobs go back to the queue. How many jobs."""
    count = 0
    for lease in leases:
        for entry in live.journal(engine.store, lease):
            meant = _finished(root, entry)
            engine.transact(lambda t, e=entry, m=meant: _conclude(t, e, m))  # type: ignore[misc]
        claimed = jobs.of_lease(engine.store, lease)
        engine.transact(lambda t, c=claimed, x=lease: _release(t, c, x, retries), events=len(claimed))  # type: ignore[misc]
        count += len(claimed)
    return count


def _finished(root: str, entry: live.Entry) -> Sequence[Event]:
    """Finish what a journal entry began; what to record of it."""
    if giving_back.is_giving_back(entry):
        return giving_back.finish(root, entry)
    if shelving.is_shelving(entry):
        return shelving.finish(root, entry)
    if landing.finish(root, landing.load(entry.moves)):
        return [event_text.load(*row) for row in json.loads(entry.events)]
    return ()


def _conclude(transaction: Transaction, entry: live.Entry, meant: Sequence[Event]) -> None:
    if meant:
        transaction.try_record(*meant)
    live.clear_journal(transaction.store, [entry.job], entry.lease)


def _release(transaction: Transaction, claimed: Sequence[Claimed], lease: str, retries: retry.Policy) -> None:
    for job in claimed:
        # Jobs that were claimed together were not all at work: only one that was claimed alone is under suspicion.
        alone, policy = len(claimed) == 1, retries.of(job.kind)
        later = retry.at(policy, min(job.attempts, policy.attempts_max - 1), SUSPECT_WAITS) if alone else ""
        code = "worker-died" if alone else attempts.SHARED_DEATH
        transaction.try_record(released(job, "its worker died", counted=True, not_before=later, code=code))
    live.close_lease(transaction.store, lease)
