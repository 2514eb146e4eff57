"""Performing. The rule: run the handlers of a lease, land what they found, record it; catch everything, once, here.

The jobs of a lease go through in batches: their handlers one after the other (in a child process where they read what
came from outside), then one commit with the journal of all that is about to move, the moves, one sync of each folder,
and one commit with all outcomes. Killed anywhere: before the journal the jobs are simply begun again; after it,
`recover` finishes. Every write is refused if the lease is no longer the job's (fencing), and then nothing has moved.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from box import disk, event_text, logs
from box.engine import Engine, Transaction
from box.errors import BoxError, NotYet, OutOfSpace, SourceChanged, Stopped
from box.events import Event, FileVanished
from box.models import drops, jobs, live
from box.models.jobs import Claimed
from box.paths import join, relative
from box.tasks import by_kind, failures, gather, landing, retry
from box.tasks.attention import CANCELLED, Attention
from box.tasks.choose import Chooser, Landing, Result
from box.tasks.chore import Chore, Inside, Reporter
from box.tasks.handler import Found, Handler, Request
from box.tasks.outcomes import cancelled, ended_by, owned, recorded, released, succeeded, type_outcome, unknown

LAND_SECONDS: Final = 0.5
"""How long results are gathered before they land together."""

FINISH_SECONDS: Final = 30.0
"""How long a finishing write is tried again before it is left to the recovery at the next start."""

_log = logs.get(__name__)

type_runner = Callable[[Handler, Sequence[Request]], Iterator[tuple[Request, Found | BoxError]]]


@dataclass(slots=True)
class Performer:
    """Performs the jobs of one root; shared by all workers of a process."""

    root: str
    engine: Engine
    chooser: Chooser
    retries: retry.Policy
    on_hold: Callable[[BoxError], None] = lambda _: None
    """Told when the disk is full: nothing should be claimed for a while."""
    stopping: Callable[[], bool] = lambda: False
    ring: Callable[[str, bool], None] = lambda _path, _is_dir: None
    """Told the path of a source that changed while it was handled: it has to be looked at again."""
    on_ran: Callable[[str, float], None] = lambda _kind, _seconds: None
    """Told of each attempt how long its handler took."""
    inside: Inside | None = None
    """What chores get; None where there are none."""
    attention: Attention = field(init=False)

    def __post_init__(self) -> None:
        self.attention = Attention(self.engine, self.retries)

    def perform(self, lease: str, run: type_runner) -> int:
        """Do all jobs of a lease; how many.

        Those that a stop leaves undone go back to the queue, their attempt not counted.
        """
        reason, counted = "the service stopped", False
        claimed = jobs.of_lease(self.engine.store, lease)
        self.attention.claimed(lease, claimed)
        self.attention.attend([jobs.held(self.engine.store, lease)])  # somebody may have cancelled one just now
        try:
            # Whoever asked for an end since the claim found nobody here to tell.
            self.attention.attend([jobs.held(self.engine.store, lease)])
            self._perform(claimed, run)
        except BoxError as error:
            reason, counted = str(error), not isinstance(error, OutOfSpace)
            _log.warning("a batch ended early", error=error)
        except Exception as error:  # noqa: BLE001  a defect around the handlers: told, and the jobs come again later
            reason, counted = f"{type(error).__name__}: {error}", True
            _log.error("a batch ended early", error=error)
        finally:
            self._give_back(lease, reason, counted=counted)
            self.attention.forget(lease, claimed)
        return len(claimed)

    def _perform(self, claimed: Sequence[Claimed], run: type_runner) -> None:
        handler = by_kind(claimed[0].kind) if claimed else None
        if handler is None:
            self._record([(job, (unknown(job),)) for job in claimed])
            return
        if isinstance(handler, Chore):
            for job in claimed:
                self._do(job, handler)
            return
        by_id = {job.id: job for job in claimed}
        gathered: list[Result] = []
        since = time.monotonic()
        for request, found in run(handler, gather.requests_of(self.engine.store, self.root, claimed, handler)):
            self.on_ran(handler.kind, self.attention.at_work.done(request.job))
            gathered.append(Result(by_id[request.job], request, handler, found))
            if time.monotonic() - since >= LAND_SECONDS:
                self._land(gathered)
                gathered, since = [], time.monotonic()
            if self.stopping():
                break
        self._land(gathered)

    def _do(self, job: Claimed, chore: Chore) -> None:
        """Do a chore on this thread."""
        assert self.inside is not None, "who knows chores gives them the box"  # noqa: S101 - the composition root's
        self.attention.at_work.began(job.id)
        try:
            self.attention.at_work.check(job.id)
            result = chore.run(self.inside, job, Reporter(self.attention.at_work, job.id))
            facts: tuple[Event, ...] = (succeeded(job, result),)
        except Exception as error:  # noqa: BLE001  around a chore everything is caught
            facts = self._failure(job, failures.as_box_error(error))
        self.on_ran(chore.kind, self.attention.at_work.done(job.id))
        self._record([(job, facts)])

    # --- landing ------------------------------------------------------------------------------------------------------

    def _land(self, results: list[Result]) -> None:
        """Land a batch; what shares its bytes with an earlier one of the batch waits for that one and goes again."""
        while results:
            landings, outcomes, again = self._choose(results)
            try:
                self._record(outcomes + self._carry_out(landings, again))
            finally:
                self.chooser.release(landings)
            for result in results:
                if os.path.lexists(result.request.scratch) and result not in again:
                    shutil.rmtree(result.request.scratch, ignore_errors=True)
            if again and not landings:  # their twins are another worker's: wait until it has landed some
                self.chooser.wait_for_twins(LAND_SECONDS)
            results = again

    def _choose(self, results: list[Result]) -> tuple[list[Landing], list[type_outcome], list[Result]]:
        """Decide for each result: where it lands, what else comes of it, or that it has to wait for its twin."""
        landings: list[Landing] = []
        outcomes: list[type_outcome] = []
        again: list[Result] = []
        for result in results:
            found = result.found
            if isinstance(found, BoxError):
                files = result.request.files
                blamed = relative(self.root, files[found.file].path) if 0 < found.file < len(files) else ""
                outcomes.append((result.job, self._failure(result.job, found, blamed)))
                continue
            try:
                if not found.placements:
                    outcomes.append((result.job, _reported(result, found)))
                    continue
                landed = self.chooser.choose(result, found)
            except Exception as error:  # noqa: BLE001  around a handler everything is caught
                outcomes.append((result.job, self._failure(result.job, failures.as_box_error(error))))
                continue
            if landed is None:
                again.append(result)
            else:
                landings.append(landed)
        return landings, outcomes, again

    def _carry_out(self, landings: list[Landing], again: list[Result]) -> list[type_outcome]:
        """Sync, journal, move, sync. What comes of each landing; those whose name was just taken go to `again`."""
        if not landings:
            return []
        outcomes: list[type_outcome] = []
        disk.sync_files([join(self.root, m.source) for each in landings for m in each.plan.moves if m.target])
        held = self.engine.transact(lambda transaction: self._journal(transaction, landings), events=_events(landings))
        folders: set[str] = set()
        for each, holds in zip(landings, held, strict=True):
            if holds is None:
                _log.warning("lease lost, outcome dropped", job=each.result.job.id)
                continue
            if not holds:
                why = jobs.held(self.engine.store, each.result.job.lease).asked.get(each.result.job.id)
                outcomes.append((each.result.job, (cancelled(each.result.job, why or CANCELLED),)))
                continue
            try:
                landing.carry_out(self.root, each.plan.moves, folders)
            except FileExistsError:
                again.append(each.result)
            except Exception as error:  # noqa: BLE001  around a handler everything is caught
                outcomes.append((each.result.job, self._failure(each.result.job, failures.as_box_error(error))))
            else:
                outcomes.append((each.result.job, each.events))
        disk.sync_folders(folders)
        return outcomes

    def _journal(self, transaction: Transaction, landings: list[Landing]) -> list[bool | None]:
        held: list[bool | None] = []
        for each in landings:
            job = each.result.job
            holds = jobs.is_held(transaction.store, job.id, job.lease)
            held.append(holds)
            if holds:
                written = json.dumps([(type(e).__name__, e.user, event_text.dump(e)) for e in each.events])
                entry = live.Entry(job.id, job.lease, landing.dump(each.plan.moves), written)
                live.write_journal(transaction.store, entry)
        return held

    # --- outcomes -----------------------------------------------------------------------------------------------------

    def _record(self, outcomes: Sequence[type_outcome]) -> None:
        """Record what came of a batch, trying again while the database cannot be written."""
        if not outcomes:
            return

        def write(transaction: Transaction) -> list[tuple[Claimed, BoxError]]:
            told = recorded(transaction, outcomes)
            live.clear_journal(transaction.store, [job.id for job, _ in outcomes], outcomes[0][0].lease)
            lease = outcomes[0][0].lease
            if not jobs.any_of_lease(transaction.store, lease):
                live.close_lease(transaction.store, lease)
            return told

        for job, error in self._patiently(write, sum(len(facts) for _, facts in outcomes)):
            with logs.job_context(job.id, job.kind, job.user):
                _log.warning("outcome refused", reason=str(error))
        self.attention.forget(outcomes[0][0].lease, [job for job, _ in outcomes])
        for _, facts in outcomes:
            for fact in facts:
                if isinstance(fact, FileVanished):
                    self.ring(join(self.root, fact.path), False)  # noqa: FBT003  the doorbell's signature
        _log.info("recorded", jobs=len(outcomes), kind=outcomes[0][0].kind)

    def _patiently(self, work: Callable[[Transaction], Any], count: int) -> Any:
        delay, until = 0.1, time.monotonic() + FINISH_SECONDS
        while True:
            try:
                return self.engine.transact(work, events=count)
            except BoxError as error:
                if not error.retryable or time.monotonic() > until:
                    raise
                self.on_hold(error)
                time.sleep(delay)
                delay = min(5.0, delay * 2)

    def _failure(self, job: Claimed, error: BoxError, blamed: str = "") -> tuple[Event, ...]:
        """What to record when a job was not done; `blamed`: which of its files is at fault, empty for its own."""
        with logs.job_context(job.id, job.kind, job.user):
            tell = _log.info if isinstance(error, Stopped | NotYet) else _log.warning  # somebody wanted it so
            tell("job not done", source=job.source, code=error.code, reason=str(error))
        if isinstance(error, OutOfSpace):
            self.on_hold(error)
        event = ended_by(job, error, self.retries.of(job.kind), stopping=self.stopping(), source=blamed)
        if event is None:
            return ()
        if isinstance(error, SourceChanged):
            # What had settled is no more; whatever stands there now is looked at as if it had just come.
            own = drops.find(self.engine.store, job.source)
            gone = {own.path} if own and own.job == job.id else set()
            gone |= {drop.path for drop in drops.members(self.engine.store, job.id, job.source)}
            return (*(FileVanished(user=job.user, path=path) for path in sorted(gone)), event)
        return (event,)

    def take_back(self, leases: Iterable[str]) -> None:
        """The process ends and these workers are still at it: their jobs go back, for a stop costs no attempt."""
        for lease in leases:
            try:
                self._give_back(lease, "the service stopped", counted=False)
            except BoxError as error:  # then the next start takes them back
                _log.warning("jobs could not be given back", error=error)

    def _give_back(self, lease: str, reason: str, *, counted: bool) -> None:
        """End the lease; jobs that it still holds go back to the queue, those on their way to the library excepted."""
        if not live.is_open(self.engine.store, lease):
            return

        def write(transaction: Transaction) -> None:
            moving = {entry.job for entry in live.journal(transaction.store, lease)}
            for job in jobs.of_lease(transaction.store, lease):
                if job.id not in moving:
                    later = retry.at(self.retries.of(job.kind), job.attempts) if counted else ""
                    code = "defect" if counted else ""
                    transaction.try_record(released(job, reason, counted=counted, not_before=later, code=code))
            if not moving:  # else the reaper finishes them when the lease has run out
                live.close_lease(transaction.store, lease)

        self._patiently(write, 1)


def _reported(result: Result, found: Found) -> tuple[Event, ...]:
    """What to record of a job that puts no files anywhere."""
    events = (owned(event, result.job) for event in result.handler.report(result.request, found, ()))
    return (*events, succeeded(result.job, found.result))


def _events(landings: Sequence[Landing]) -> int:
    """How many events a journal holds: it weighs in a commit what they will weigh in the log."""
    return sum(len(each.events) for each in landings)
