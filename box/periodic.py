"""Jobs by the clock. The rule: of the slots that have come since the last one the newest is due, once.

1. A slot is a moment that the plan names: by a cron expression in local time, or every so long after the last slot.
2. Of the slots after the last one and up to now the newest is due; those before it are skipped. So a box that was off
   catches up once, and a clock that jumps forward makes one run.
3. A clock that went back a little repeats nothing: the last slot stays the last one until the clock is past it.
4. A last slot that lies further ahead than the next regular one means that the clock is wrong, or had been. The plan
   begins anew from now: else a clock that was years ahead for a minute would cost the runs of years.
5. Should the clock come to the slot that lay ahead, the plan goes on from there. So a board that begins in 1970 until
   it hears the time repeats nothing either.
6. When clocks change it is as with Debian's cron: a slot in the hour that is left out comes right after it, one in the
   hour that comes twice comes the first time; what names every hour or minute (`*`) goes by the time that passes.

Pure: the time is an argument, moments are in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final

from cronsim import CronSim

from box.job_tables import Periodic

NEVER: Final = datetime.max.replace(tzinfo=UTC)


class _MachineZone(tzinfo):
    """The local time of this machine, whichever way it was set; a zone by name would have to guess at that."""

    def utcoffset(self, at: datetime | None) -> timedelta | None:
        """What local time is ahead of UTC then."""
        return None if at is None else at.replace(tzinfo=None).astimezone().utcoffset()

    def dst(self, _: datetime | None) -> timedelta | None:
        """Unknown, and not asked for."""
        return None

    def tzname(self, _: datetime | None) -> str:
        """For people who debug."""
        return "local"

    def fromutc(self, at: datetime) -> datetime:
        """The local time of a moment; of an hour that comes twice it is known which."""
        return datetime.fromtimestamp(at.replace(tzinfo=UTC).timestamp()).replace(tzinfo=self)  # noqa: DTZ006  on purpose


LOCAL: Final[tzinfo] = _MachineZone()


@dataclass(frozen=True, slots=True)
class Mark:
    """How far an entry has come: the slots after `slot` are owed."""

    slot: datetime
    ahead: datetime | None = None
    """The newest slot that was asked for before the plan began anew (rule 4)."""

    @property
    def newest(self) -> datetime:
        """The newest slot that was ever asked for."""
        return self.slot if self.ahead is None else max(self.slot, self.ahead)

    def last(self, now: datetime) -> datetime:
        """The last slot: the newest one, if the clock has come to it (rule 5)."""
        return self.newest if self.newest <= now else self.slot


@dataclass(frozen=True, slots=True)
class Due:
    """What an entry is owed."""

    next_at: datetime
    """Its first slot that is still to come."""
    slot: datetime | None = None
    """The slot that is due now."""
    anew: bool = False
    """The plan begins anew from now (rule 4)."""


def due(entry: Periodic, mark: Mark, now: datetime, zone: tzinfo = LOCAL) -> Due:
    """What is owed to an entry that has come as far as `mark`."""
    last = mark.last(now)
    first = following(entry, last, zone)
    if last > now:
        regular = following(entry, now, zone)
        return Due(regular, anew=True) if last > regular else Due(first)
    if first > now:
        return Due(first)
    return Due(following(entry, now, zone), slot=_newest(entry, last, first, now, zone))


def following(entry: Periodic, after: datetime, zone: tzinfo = LOCAL) -> datetime:
    """The first slot after a moment."""
    if not entry.cron:
        return after + timedelta(seconds=entry.every_seconds)
    return cron_slot(entry.cron, after, zone)


@lru_cache(maxsize=256)
def cron_slot(cron: str, after: datetime, zone: tzinfo) -> datetime:
    """The same for a cron expression. Remembered, for at rest it is asked with every tick."""
    # In an hour that comes twice the first answer may lie before the moment that was asked about.
    slots = (slot.astimezone(UTC) for slot in CronSim(cron, after.astimezone(zone)))
    return next((slot for slot in slots if slot > after), NEVER)


def _newest(entry: Periodic, last: datetime, first: datetime, now: datetime, zone: tzinfo) -> datetime:
    """The newest slot up to now; `first`, which has come, is the first after `last`."""
    if not entry.cron:
        every = timedelta(seconds=entry.every_seconds)
        return last + (now - last) // every * every
    # With a fraction of a second, the second itself is the first that is looked at on the way back.
    back = CronSim(entry.cron, now.astimezone(zone).replace(microsecond=1), reverse=True)
    slot = next((slot.astimezone(UTC) for slot in back), first)
    newest = slot if first < slot <= now else first
    # In the second of two equal hours it looks past what came in the first.
    while (later := following(entry, newest, zone)) <= now:
        newest = later
    return newest


def text(at: datetime) -> str:
    """A moment as the log writes it. Such texts are in the order of the moments."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(written: str) -> datetime:
    """The moment that the log holds."""
    return datetime.fromisoformat(written)
