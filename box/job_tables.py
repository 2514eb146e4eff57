"""The tables of `[jobs]`. The rule: what stands in a table becomes a frozen record, or is refused with its dotted key.

`jobs.keep` says how long finished jobs stay, `jobs.kinds` what holds for a kind of job, `jobs.periodic` what is done by
the clock.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from box import units
from box.errors import ConfigError
from box.units import DAY, GB, MB, Read, durations, numbers, refused, sizes, whole_durations

KEEP_SECONDS: Final[Mapping[str, float]] = {
    "completed": 30.0 * DAY, "failed": 60.0 * DAY, "cancelled": 60.0 * DAY, "quarantined": 90.0 * DAY,
}  # fmt: skip
"""How long a job stays in the list after it ended so."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class KindSettings:
    """What the owner decided for one kind of job; None is what `[jobs]` and `[child]` say for all."""

    running_max: int | None = None
    """How many workers may be at work on this kind at the same time."""
    attempts_max: int | None = None
    quarantine_after: int | None = None
    retry_base_seconds: float | None = None
    retry_cap_seconds: float | None = None
    deadline_seconds: float | None = None
    cpu_seconds: int | None = None
    memory_bytes: int | None = None
    file_bytes: int | None = None
    open_files_max: int | None = None


_KIND_READERS: Final[Mapping[str, Read[Any]]] = {
    "running_max": numbers(1, 64),
    "attempts_max": numbers(1, 100),
    "quarantine_after": numbers(1, 100),
    "retry_base_seconds": durations(0, DAY),
    "retry_cap_seconds": durations(0, 30 * DAY),
    "deadline_seconds": durations(1, DAY),
    "cpu_seconds": whole_durations(1, DAY),
    "memory_bytes": sizes(64 * MB, 1000 * GB),
    "file_bytes": sizes(1000, 1000 * GB),
    "open_files_max": numbers(16, 65_536),
}
"""The same ranges as in `[jobs]` and `[child]`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Periodic:
    """A job that is asked for by the clock: by a cron expression (local time), or every so many seconds."""

    name: str
    kind: str
    cron: str = ""
    every_seconds: float = 0.0
    user: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)
    priority: int = 0

    @property
    def plan(self) -> str:
        """When it is due, as a text: another text is another plan, which begins anew."""
        return self.cron or f"every {units.seconds_text(self.every_seconds)}"


def kind_name(where: str, value: object) -> str:
    """The name of a kind of job; whether there is one of that name is for the one who asks for it to say."""
    name = units.text(where, value)
    if not _NAME.fullmatch(name):
        raise refused(where, value, 'the name of a kind of job, such as "verify"')
    return name


def kind_names(where: str, value: object) -> tuple[str, ...]:
    """Kinds of job that a dropped file may ask for. `call` would let whoever drops files run any function."""
    names = tuple(kind_name(f"{where}[{place}]", name) for place, name in enumerate(units.texts(where, value)))
    if "call" in names:
        raise ConfigError(f'{where}: "call" runs any function: a dropped file may never ask for it')
    return names


def keeps(where: str, value: object) -> dict[str, float]:
    """Seconds by state; a state that is not named keeps its default."""
    table = _table(where, value, tuple(KEEP_SECONDS))
    read = durations(0, 3650 * DAY)
    return {state: read(f"{where}.{state}", table[state]) if state in table else s for state, s in KEEP_SECONDS.items()}


def kinds(where: str, value: object) -> dict[str, KindSettings]:
    """Settings by kind of job."""
    return {kind_name(where, kind): _kind(f"{where}.{kind}", table) for kind, table in _entries(where, value)}


def _kind(where: str, value: object) -> KindSettings:
    table = _table(where, value, tuple(_KIND_READERS))
    found = KindSettings(**{key: _KIND_READERS[key](f"{where}.{key}", each) for key, each in table.items()})
    base, cap = found.retry_base_seconds, found.retry_cap_seconds
    if base is not None and cap is not None and cap < base:
        raise ConfigError(f"{where}.retry_cap_seconds: expected at least its retry_base_seconds")
    return found


def periodic(where: str, value: object) -> dict[str, Periodic]:
    """Entries by name."""
    return {kind_name(where, name): _periodic(f"{where}.{name}", name, table) for name, table in _entries(where, value)}


def _periodic(where: str, name: str, value: object) -> Periodic:
    table = _table(where, value, ("kind", "cron", "every", "user", "args", "priority"))
    if "kind" not in table or ("cron" in table) == ("every" in table):
        raise ConfigError(f'{where}: expected a kind, and cron = "0 3 * * *" or every = "6 hours"')
    args = table.get("args", {})
    if not isinstance(args, dict) or len(json.dumps(args, default=str)) > units.TEXT_MAX:
        raise refused(f"{where}.args", args, "a table of arguments")
    return Periodic(
        name=name,
        kind=kind_name(f"{where}.kind", table["kind"]),
        cron=_cron(f"{where}.cron", table["cron"]) if "cron" in table else "",
        every_seconds=durations(1, 3650 * DAY)(f"{where}.every", table["every"]) if "every" in table else 0.0,
        user=units.a_user(f"{where}.user", table["user"]) if "user" in table else "",
        args=args,
        priority=numbers(-1000, 1000)(f"{where}.priority", table.get("priority", 0)),
    )


def _cron(where: str, value: object) -> str:
    from datetime import datetime  # noqa: PLC0415 - only who writes an entry needs the calendar

    from cronsim import CronSim, CronSimError  # noqa: PLC0415 - as above

    text = " ".join(units.text(where, value).split())
    try:
        next(CronSim(text, datetime(2024, 1, 1)))  # noqa: DTZ001 - asks whether it ever comes, at no place
    except (CronSimError, StopIteration):
        wanted = 'five fields (minute hour day month weekday) that come about, such as "0 3 * * *"'
        raise refused(where, value, wanted) from None
    return text


def _entries(where: str, value: object) -> list[tuple[str, object]]:
    if not isinstance(value, dict) or len(value) > units.ENTRIES_MAX:
        raise refused(where, value, f"a table of at most {units.ENTRIES_MAX} tables")
    return list(value.items())


def _table(where: str, value: object, known: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise refused(where, value, "a table of " + ", ".join(known))
    for key in value:
        if key not in known:
            raise ConfigError(f"{where}.{units.show(key)}: no such key; expected one of {', '.join(known)}")
    return value
