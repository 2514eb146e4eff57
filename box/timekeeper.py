"""The timekeeper: asks for jobs by the clock. The rule: a slot is decided on and recorded in one transaction.

While a job of the kind is queued or running its slot waits, and is caught up once afterwards: never two of one kind at
a time. An entry that was never seen counts from now; what is always there counts from the first event of the log. An
entry that is taken out of the configuration keeps its row: put back, it goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from typing import Final

from box import log, logs
from box.engine import Engine, Transaction
from box.errors import UsageError
from box.events import Event, JobRequested, PeriodicPlanned
from box.job_tables import Periodic
from box.models import feeds, jobs, periodic
from box.models.base import Store
from box.periodic import LOCAL, Mark, due, following, moment, text
from box.sections import Config
from box.tasks import asking, by_request
from box.units import DAY

BUILT_IN: Final[tuple[Periodic, ...]] = (
    Periodic(name="compact", kind="compact", every_seconds=1.0 * DAY),
    Periodic(name="clean-temp", kind="clean-temp", every_seconds=1.0 * DAY),
    Periodic(name="empty-trash", kind="empty-trash", every_seconds=1.0 * DAY),
    # What a model could not do yet, and what an older version of Box examined; age does not matter.
    Periodic(
        name="claims", kind="claims", every_seconds=1.0 * DAY, args={"policy": "stale", "stale_days": None},
        priority=-10,
    ),
)  # fmt: skip
"""What is always done by the clock; an entry of the same name replaces it."""


def _cleaning(config: Config) -> Periodic | None:
    daily = Periodic(name="clean-photos", kind="clean-photos", every_seconds=1.0 * DAY)
    return daily if config.retention.enabled else None


def _backup(config: Config) -> Periodic | None:
    return Periodic(name="backup", kind="backup", cron="15 2 * * *") if config.backup.places else None


def _scrub(config: Config) -> Periodic | None:
    daily = Periodic(name="verify-backup", kind="verify-backup", every_seconds=1.0 * DAY, args={"scrub": True})
    return daily if config.backup.places else None


def _feeds(config: Config) -> Periodic | None:
    seconds = config.podcasts.every_seconds
    return Periodic(name="feeds", kind="feeds", every_seconds=seconds) if seconds else None


WANTED: Final[tuple[Callable[[Config], Periodic | None], ...]] = (_backup, _scrub, _cleaning, _feeds)
"""What is done by the clock because another key wants it, a line for each: the entry, or None where it does not."""

NEEDS: Final[Mapping[str, Callable[[Store], bool]]] = {"feeds": feeds.are_any}
"""Kinds of job that are not asked for by the clock while there is nothing for them."""

BUSY_SECONDS: Final = 5.0
"""How often it is asked whether the job that a slot waits for has ended."""

IDLE_SECONDS: Final = 60.0
"""How often it is asked whether there is something for a job to do."""

_log = logs.get(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Timekeeper:
    """Asks for the jobs of its entries when they are due. Called by one thread at a time."""

    engine: Engine
    entries: tuple[Periodic, ...]
    built_in: tuple[Periodic, ...] = BUILT_IN
    """Those of them that count from the first event of the log."""
    clock: Callable[[], datetime] = _now
    zone: tzinfo = LOCAL

    def ask(self) -> float:
        """Ask for what is due; in how many seconds to look again."""
        now = self.clock()
        return min((self._look(entry, now) for entry in self.entries), default=float("inf"))

    def _look(self, entry: Periodic, now: datetime) -> float:
        facts, next_at = self._decide(self.engine.store, entry, now)
        if facts:
            facts, next_at = self.engine.transact(partial(self._record, entry, now), events=len(facts))
        for fact in facts:
            if isinstance(fact, JobRequested):
                _log.info("a job by the clock", name=entry.name, kind=entry.kind, slot=fact.slot)
            elif isinstance(fact, PeriodicPlanned) and fact.ahead:
                _log.warning("the clock was wrong: a job counts from now", name=entry.name, ahead=fact.ahead)
        return max(0.0, (next_at - now).total_seconds())

    def _record(self, entry: Periodic, now: datetime, transaction: Transaction) -> tuple[tuple[Event, ...], datetime]:
        """Decide again, where nobody else can come between."""
        facts, next_at = self._decide(transaction.store, entry, now)
        transaction.record(*facts)
        return facts, next_at

    def _decide(self, store: Store, entry: Periodic, now: datetime) -> tuple[tuple[Event, ...], datetime]:
        """What to record for an entry, and when to look again."""
        if entry.kind in NEEDS and not NEEDS[entry.kind](store):
            return (), now + timedelta(seconds=IDLE_SECONDS)
        mark = mark_of(store, entry, now, self.built_in)
        if mark is None:
            return (_planned(entry, now),), following(entry, now, self.zone)
        owed = due(entry, mark, now, self.zone)
        if owed.anew:
            return (_planned(entry, now, ahead=text(mark.newest)),), owed.next_at
        if owed.slot is None:
            return (), owed.next_at
        if jobs.any_unfinished_of(store, entry.kind):
            return (), now + timedelta(seconds=BUSY_SECONDS)
        first = () if periodic.find(store, entry.name) else (_planned(entry, mark.slot),)
        return (*first, _request(entry, owed.slot)), owed.next_at


def built_in(config: Config) -> tuple[Periodic, ...]:
    """What is done by the clock without an entry for it: always, or because another key wants it."""
    return (*BUILT_IN, *(entry for wanted in WANTED if (entry := wanted(config)) is not None))


def entries(config: Config) -> tuple[Periodic, ...]:
    """All entries: what is built in, and what is configured, which replaces what is built in under the same name."""
    return tuple(({entry.name: entry for entry in built_in(config)} | dict(config.jobs.periodic)).values())


def wrong_with(entry: Periodic, users: Collection[str]) -> str:
    """Why an entry cannot be asked for, empty if it can."""
    if entry.user and entry.user not in users:
        return f"there is no user {entry.user!r}"
    try:
        _wanted(entry)
    except UsageError as error:
        return str(error)
    return ""


def sound(
    found: tuple[Periodic, ...], users: Collection[str], tell: Callable[[str, str], None]
) -> tuple[Periodic, ...]:
    """The entries that can be asked for; of each other one its name and what is wrong with it is told."""
    wrong = {entry.name: reason for entry in found if (reason := wrong_with(entry, users))}
    for name, reason in wrong.items():
        tell(name, f"jobs.periodic.{name}: {reason}; it is not asked for")
    return tuple(entry for entry in found if entry.name not in wrong)


def mark_of(store: Store, entry: Periodic, now: datetime, built_in: tuple[Periodic, ...] = BUILT_IN) -> Mark | None:
    """How far an entry has come; None for one that was never seen with this plan."""
    known = periodic.find(store, entry.name)
    if known is not None and known.plan == entry.plan:
        return Mark(moment(known.slot), moment(known.ahead) if known.ahead else None)
    if known is None and entry in built_in:
        began = log.first_at(store)
        return Mark(moment(began) if began else now)
    return None


def _planned(entry: Periodic, since: datetime, ahead: str = "") -> PeriodicPlanned:
    return PeriodicPlanned(user=entry.user, name=entry.name, plan=entry.plan, slot=text(since), ahead=ahead)


def _request(entry: Periodic, slot: datetime) -> JobRequested:
    return replace(_wanted(entry), periodic=entry.name, slot=text(slot))


def _wanted(entry: Periodic) -> JobRequested:
    return asking.wanted(by_request(), entry.kind, entry.args, user=entry.user, priority=entry.priority)
