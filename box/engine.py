"""The engine. The rule: append, fold, react, commit, wake; nothing else writes the log.

Transactions of several threads share a commit. Whoever comes first leads: it takes what the others brought meanwhile,
does all of it in one transaction (each part in a savepoint of its own, so that a refused part takes nothing else with
it), and wakes them when it is durable. A `Pace` lets a lone file through at once and makes a burst wait: under load
there is one commit each `commit_seconds`, or sooner when `commit_events` events have gathered, or when somebody waits
for an answer (`at_once`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar

from box import log, models
from box.errors import BoxError, IllegalMove
from box.events import Event, JobRequested, Recorded
from box.models import jobs
from box.models.base import Store
from box.models.view import StoreView
from box.policy import Policy
from box.rules import react, taken

FOLLOW_UPS_MAX: Final = 100_000
"""Rules that do not settle after so many events are a defect, not a burst."""

BURST_COMMITS: Final = 8
"""Commits that may follow each other without waiting: a lone photo needs five from settled to filed."""

T = TypeVar("T")


def utc_now() -> str:
    """The time as the log writes it."""
    return log_time(time.time())


def log_time(seconds: float) -> str:
    """Seconds since the epoch as the log writes them: RFC 3339, UTC, milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Transaction:
    """The inside of a commit: the only place from which events get into the log."""

    def __init__(self, store: Store, policy: Policy, at: str) -> None:
        self.store = store
        self.at = at
        self.recorded: list[Recorded] = []
        self.policy = policy
        self._view = StoreView(store, at)
        self._position = log.last_position(store)

    def record(self, *facts: Event) -> tuple[Recorded, ...]:
        """Append, fold and react, until nothing follows any more. Raises IllegalMove.

        A rule goes on when what it said last is folded, with all that follows from that: it never reckons with room
        that another rule has set aside meanwhile.
        """
        first = len(self.recorded)
        saying: list[Iterator[Event]] = [iter(facts)]
        for _ in range(FOLLOW_UPS_MAX):
            while saying and (event := next(saying[-1], None)) is None:
                saying.pop()
            if event is None:
                return tuple(self.recorded[first:])
            recorded = Recorded(self._position + 1, self.at, event)
            log.append(self.store, recorded.position, self.at, event)
            self._position = recorded.position
            self.recorded.append(recorded)
            models.fold(self.store, recorded)
            saying.append(react(self.policy, event, self._view))
        raise BoxError(f"the rules do not settle: more than {FOLLOW_UPS_MAX} events follow from {facts[:1]}")

    def make_use_of_room(self) -> None:
        """Rule 4 for everybody: since it was asked last, the limits may have become others."""
        for user in self._view.waiting_users():
            for event in taken(self.policy, user, self._view):
                self.record(event)

    def try_record(self, *facts: Event) -> BoxError | None:
        """Like `record`, but a refusal undoes only these facts and is returned instead of raised."""
        mark = self.mark()
        try:
            with self.store.savepoint():
                self.record(*facts)
        except IllegalMove as error:
            self.back_to(mark)
            return error
        return None

    def mark(self) -> tuple[int, int]:
        """Where this transaction stands, for `back_to`."""
        return self._position, len(self.recorded)

    def back_to(self, mark: tuple[int, int]) -> None:
        """Forget what was recorded since; the savepoint takes back the rows."""
        self._position = mark[0]
        del self.recorded[mark[1] :]


@dataclass(slots=True)
class Pace:
    """How often to commit: `BURST_COMMITS` at once, then one each `seconds`. Pure; the clock is an argument."""

    seconds: float
    saved: float = float(BURST_COMMITS)
    at: float = 0.0

    def wait_seconds(self, now: float) -> float:
        """How long the next commit has to wait."""
        if self.seconds <= 0:
            return 0.0
        saved = min(float(BURST_COMMITS), self.saved + (now - self.at) / self.seconds)
        return max(0.0, (1.0 - saved) * self.seconds)

    def spend(self, now: float) -> None:
        """A commit was made."""
        if self.seconds > 0:
            self.saved = max(0.0, min(float(BURST_COMMITS), self.saved + (now - self.at) / self.seconds) - 1.0)
        self.at = now


@dataclass(slots=True, eq=False)
class _Part(Generic[T]):
    work: Callable[[Transaction], T]
    events: int
    value: T | None = None
    error: BaseException | None = None
    done: bool = False
    recorded: tuple[Recorded, ...] = field(default=())


class Engine:
    """The heart of a process: its way into the log."""

    def __init__(
        self, store: Store, policy: Policy, *, commit_seconds: float = 0.05, commit_events: int = 500,
        now: Callable[[], str] = utc_now,
    ) -> None:  # fmt: skip
        """`now` is the clock of the log."""
        self.store = store
        self.policy = policy
        self.on_commit: Callable[[Iterable[Recorded]], None] = _nobody
        """Told after each commit what was recorded: the wake. Losing this call costs time, never work."""
        self._now = now
        self._commit_events = commit_events
        self._pace = Pace(commit_seconds)
        self._gate = threading.Condition()
        self._parts: list[_Part[Any]] = []
        self._leading = False
        self.commits = 0

    def record(self, *facts: Event) -> tuple[Recorded, ...]:
        """Make the facts durable together with everything that follows from them; what the log now holds of them."""
        return self.transact(lambda transaction: transaction.record(*facts), events=len(facts))

    def request(self, wanted: JobRequested) -> int:
        """The job that was asked for; with an idempotency key that another job has, that one."""
        return self.at_once(
            lambda transaction: jobs.with_key(transaction.store, wanted.key) or transaction.record(wanted)[0].position
        )

    def at_once(self, work: Callable[[Transaction], T]) -> T:
        """`transact` for somebody who waits for the answer: it waits for no pace, and takes along who does."""
        return self.transact(work, events=self._commit_events)

    def transact(self, work: Callable[[Transaction], T], events: int = 1) -> T:
        """Do `work` inside a commit, alone or together with others', and return what it returned once it is durable.

        An exception in `work` undoes its own part only. `events` says about how many it will record.
        """
        part = _Part(work, events)
        with self._gate:
            self._parts.append(part)
            if self._leading:
                self._gate.notify_all()  # the leader may be waiting for enough to do
            while not part.done and self._leading:
                self._gate.wait()
            if not part.done:
                self._leading = True
                self._wait_for_more()
                parts, self._parts = self._parts, []
        if not part.done:
            self._lead(parts)
        if part.error is not None:
            raise part.error
        return part.value  # type: ignore[return-value]  # set by `_do`, or there is an error

    def _wait_for_more(self) -> None:
        while (seconds := self._pace.wait_seconds(time.monotonic())) > 0:
            if sum(part.events for part in self._parts) >= self._commit_events:
                break
            self._gate.wait(seconds)

    def _lead(self, parts: list[_Part[Any]]) -> None:
        try:
            recorded = self._commit(parts)
        except BaseException as error:  # noqa: BLE001  every waiting thread gets it
            for part in parts:
                part.error = part.error or error
            recorded = []
        finally:
            with self._gate:
                self._pace.spend(time.monotonic())
                for part in parts:
                    part.done = True
                self._leading = False
                self._gate.notify_all()
        if recorded:
            self.on_commit(recorded)

    def _commit(self, parts: list[_Part[Any]]) -> list[Recorded]:
        with self.store.transaction():
            transaction = Transaction(self.store, self.policy, self._now())
            for part in parts:
                if len(parts) == 1:
                    part.value = part.work(transaction)
                else:
                    _do(part, transaction)
        self.commits += 1
        return transaction.recorded


def _do(part: _Part[Any], transaction: Transaction) -> None:
    mark = transaction.mark()
    try:
        with transaction.store.savepoint():
            part.value = part.work(transaction)
    except BoxError as error:  # refused: only this part is taken back; anything else ends the whole transaction
        transaction.back_to(mark)
        part.error = error


def _nobody(_: Iterable[Recorded]) -> None:
    pass


def create(store: Store) -> None:
    """Make the tables that are not there yet; projections that an older version made are folded again, from the log."""
    log.create(store)
    if models.are_outdated(store):
        rebuild(store)
    models.create(store)


def rebuild(store: Store) -> int:
    """Drop the projections and fold the whole log again, in one transaction; how many events there were."""
    count = 0
    with store.transaction():
        models.renew(store)
        for recorded in log.read(store):
            models.fold(store, recorded)
            count += 1
    return count


def replay(source: Store, target: Store) -> Iterator[Recorded]:
    """Fold the log of `source` into the empty projections of `target`, telling each event; durable at its end."""
    with target.transaction():
        for recorded in log.read(source):
            models.fold(target, recorded)
            yield recorded
