"""Retention: which photos go, and when none may. The rule: the oldest first, none too young, and no more than needed.

1. Photos go day by day, the oldest first; what belongs together goes together, when its oldest is next.
2. They stop going once enough of the disk is free, or will be when the trash is emptied.
3. What was taken within the last `days_to_keep` days stays. Only while less than `emergency_free_percent` is free, if
   that is set, younger ones go too. One that has no day is as old as its filing.
4. Each has to be where `require_backup` wants it, and nobody may have said that it is to stay.
5. While less is free than `critical_percent`, what goes is removed for good at once, what lies in the trash first: in
   the trash it would free nothing.
6. What cannot tell the time removes nothing: a clock that is behind what was recorded, or behind the newest photo, or
   that jumped by more than a day within the last day. One that is more than a day ahead of what was recorded before the
   last day may have jumped while nobody looked, or the box was off: who knows it (a time server, the owner) may say so.

Pure: the disk, the time and what is known of a photo are arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, TypeVar

TRASH: Final = "trash"

BACK_SECONDS: Final = 60.0
"""So much a clock may be behind what was recorded last: it is put right by a little now and then."""

JUMP_SECONDS: Final = 86_400.0
"""A clock that is put by more than this is not believed ..."""

STEADY_SECONDS: Final = 86_400.0
"""... until it has gone on for so long."""

GAP_SECONDS: Final = 90_000.0
"""Where nothing is on record for so long, the clock may have jumped. More than a day: some start Box once a day."""

_UNTIL_STEADY: Final = "it is believed when it has gone on evenly for a day"

YOUNG: Final = "too young"
"""Why a photo stays: `days_to_keep`."""


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system."""

    total_bytes: int
    free_bytes: int

    @property
    def free_percent(self) -> float:
        """How much of it is free."""
        return 100 * self.free_bytes / self.total_bytes if self.total_bytes else 0.0

    def bytes_of(self, percent: float) -> int:
        """How many bytes so many percent of it are, rounded up."""
        return -int(-self.total_bytes * percent // 100)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the owner wants; as the keys of [retention]."""

    days_to_keep: int
    min_free_percent: int
    emergency_free_percent: int | None = None
    trash_days: int = 30
    require_backup: str = "verified"
    lasting_free_percent: int = 100
    """`min_free_percent` as it is written down: who asks for more room once has not said that space is critical."""

    @property
    def critical_percent(self) -> float:
        """With less than this free nothing goes by way of the trash."""
        if self.emergency_free_percent is not None:
            return self.emergency_free_percent
        return min(self.min_free_percent, self.lasting_free_percent) / 2

    def is_backed(self, state: str) -> bool:
        """Whether a file whose backup is in that state ("none", "copied", "verified") may go."""
        order = ("none", "copied", "verified")
        return order.index(state) >= order.index(self.require_backup)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What would go together."""

    first_day: str
    """Of its oldest photo."""
    last_day: str
    """Of its youngest one."""
    frees_bytes: int
    stays: str = ""
    """Why it has to stay, whatever its age; empty if it may go."""


C = TypeVar("C", bound=Candidate)


@dataclass(slots=True)
class Plan:
    """Decides, one after the other, what goes."""

    free_bytes: int
    """What is free, and what will be by what was decided on."""
    enough_bytes: int
    emergency_bytes: int
    """With less than this free, younger ones go too; 0: never."""
    young_since: str
    """The first day of those that are too young."""
    stayed: dict[str, int] = field(default_factory=dict)
    """Why -> how many stay for that reason, of those that were looked at."""

    def is_enough(self) -> bool:
        """Whether nothing more has to go."""
        return self.free_bytes >= self.enough_bytes

    def will_free(self, size: int) -> None:
        """So much more will be free."""
        self.free_bytes += size

    def going(
        self, candidates: Iterable[C], on_stay: Callable[[C, str], object] = lambda _each, _why: None
    ) -> Iterator[C]:
        """Those that go, of all in the order of their first days; no more of them are asked for than are needed.

        `on_stay` is told of those that are old enough and have to stay.
        """
        if self.is_enough():
            return
        for each in candidates:
            if self._is_young(each.first_day):  # as are all that follow
                self._stays(YOUNG)
                return
            if self._is_young(each.last_day):
                self._stays(YOUNG)
            elif each.stays:
                self._stays(each.stays)
                on_stay(each, each.stays)
            else:
                self.will_free(each.frees_bytes)
                yield each
                if self.is_enough():
                    return

    def _is_young(self, day: str) -> bool:
        return day >= self.young_since and self.free_bytes >= self.emergency_bytes

    def _stays(self, why: str) -> None:
        self.stayed[why] = self.stayed.get(why, 0) + 1


def plan_of(terms: Terms, disk: Disk, today: date) -> Plan:
    """The plan for a disk on a day."""
    emergency = terms.emergency_free_percent
    return Plan(
        free_bytes=disk.free_bytes,
        enough_bytes=disk.bytes_of(terms.min_free_percent),
        emergency_bytes=0 if emergency is None else disk.bytes_of(emergency),
        young_since=_before(today, terms.days_to_keep).isoformat(),
    )


def is_critical(terms: Terms, disk: Disk) -> bool:
    """Whether there is so little room that nothing goes by way of the trash."""
    return disk.free_bytes < disk.bytes_of(terms.critical_percent)


def is_due(since: date, today: date, trash_days: int) -> bool:
    """Whether what came to the trash on a day has lain there for long enough: for so many whole days."""
    return since < _before(today, trash_days)


def _before(day: date, days: int) -> date:
    try:
        return day - timedelta(days=days)
    except OverflowError:
        return date.min


# --- the clock -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Steadiness:
    """Whether the clock has gone on evenly since this process began: against one that counts on, also through sleep."""

    _ahead: float | None = None
    """By how much the clock was ahead of the other one when it was put last."""
    _since: float = 0.0
    """When it was looked at first, by the other one."""
    _put_at: float | None = None
    """When it was seen last that it had been put by more than a day, by the other one."""
    put_seconds: float = 0.0
    """By how much."""

    def look(self, now: float, running: float) -> None:
        """The clock shows `now`, the other one `running` seconds."""
        ahead = now - running
        if self._ahead is None:
            self._ahead, self._since = ahead, running
        elif abs(ahead - self._ahead) > JUMP_SECONDS:
            self.put_seconds, self._put_at, self._ahead = ahead - self._ahead, running, ahead

    def is_steady(self, running: float) -> bool:
        """Whether it was not put by more than a day, or not since a day."""
        return self._put_at is None or running - self._put_at >= STEADY_SECONDS

    def is_proved(self, running: float) -> bool:
        """Whether it has gone on evenly for a day."""
        return self.is_steady(running) and running - self._since >= STEADY_SECONDS


def begun_anew(now: datetime, spans: Sequence[tuple[datetime, datetime]], *, is_cut: bool) -> datetime | None:
    """Since when something is on record, if that is less than a day, and nothing of the day before is; else None.

    `spans`: the earliest and the latest time of each stretch in which events were recorded, in their order; `is_cut`:
    there were others before.
    """
    begun = now
    for first, last in reversed(spans):
        if (now - begun).total_seconds() >= STEADY_SECONDS:
            return None
        if (begun - last).total_seconds() > GAP_SECONDS:
            return begun
        begun = min(begun, first)
    return begun if is_cut and (now - begun).total_seconds() < STEADY_SECONDS else None


def distrust(
    now: datetime, newest_event: datetime | None, newest_day: str, jumped_seconds: float = 0.0,
    begun: datetime | None = None,
) -> str:  # fmt: skip
    """Why the clock cannot be trusted, empty if it can.

    `newest_event`: the latest time that the log bears; `newest_day`: the latest day of a photo; `jumped_seconds`: by
    how much the clock was put lately; `begun`: see `begun_anew`, where nobody knows better. `now` is local time.
    """
    if newest_event is not None and (newest_event - now).total_seconds() > BACK_SECONDS:
        return f"it shows {_shown(now)}, and something was recorded on {_shown(newest_event.astimezone(now.tzinfo))}"
    # Cameras may be a day ahead: places, and nights.
    if newest_day and newest_day > (now.date() + timedelta(days=1)).isoformat():
        return f"it shows {_shown(now)}, and the newest photo was taken on {newest_day}"
    if abs(jumped_seconds) > JUMP_SECONDS:
        days = f"{abs(jumped_seconds) / JUMP_SECONDS:,.1f} days {'ahead' if jumped_seconds > 0 else 'back'}"
        return f"it shows {_shown(now)} and was put {days}: {_UNTIL_STEADY}, or with trust_clock=true"
    if begun is not None:
        since = _shown(begun.astimezone(now.tzinfo))
        return (
            f"it shows {_shown(now)}, nothing is on record of the day before {since}, and no time server has set it:"
            f" {_UNTIL_STEADY}, when one has set it, or with trust_clock=true"
        )
    return ""


def _shown(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M")


# --- places ----------------------------------------------------------------------------------------------------------


def trash_path(source: str, today: date, number: int) -> str:
    """Where a file of the library goes in the trash: below the day, with a number where something lies there."""
    _, user, place = source.split("/", 2)
    day = today.isoformat() if number == 1 else f"{today.isoformat()}-{number}"
    return f"users/{user}/{TRASH}/{day}/{place}"


def origin_of(path: str) -> str:
    """Where a file of the trash came from, if Box brought it there; every other path itself."""
    pieces = path.split("/", 4)
    is_there = len(pieces) == 5 and pieces[0] == "users" and pieces[2] == TRASH
    return f"users/{pieces[1]}/{pieces[4]}" if is_there else path


def day_of(path: str) -> date | None:
    """The day under which a file lies in the trash, None for one that lies somewhere else in it."""
    pieces = path.split("/")
    try:
        return date.fromisoformat(pieces[3][:10]) if len(pieces) > 4 else None
    except ValueError:
        return None
