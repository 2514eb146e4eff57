"""clean-photos: photos go until enough of the disk is free. The rule: the oldest first, none too young, none unproved.

What goes lies in the trash for `retention.trash_days`, and `box undo` brings it back; what lay there for so long is
removed. A key of [retention] that is not given here holds as it is written there.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from box import units
from box.tasks.chore import SHELVING, Chore, Inside, Reporter
from box.tasks.handler import Argument

if TYPE_CHECKING:
    from box.models.jobs import Claimed
    from box.tasks.cleaning import Cleaning

KIND = "clean-photos"


def run(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Clean; the result says how many files went where, and what had to stay. Raises BoxError with a doubtful clock."""
    return prepared_now(inside, job, reporter).clean()


def prepared_now(inside: Inside, job: Claimed, reporter: Reporter) -> Cleaning:
    """What does the work, at the time that it is. Raises BoxError if nobody can tell."""
    from box.tasks import telling_time  # noqa: PLC0415 - a child that knows this kind loads no database

    now, synchronised = datetime.now().astimezone(), telling_time.is_synchronised()
    return prepared(inside, job, reporter, now, running_seconds(), synchronised=synchronised)


def running_seconds() -> float:
    """A clock that nobody puts, and that counts on through sleep."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def prepared(
    inside: Inside, job: Claimed, reporter: Reporter, now: datetime, running: float, *, synchronised: bool
) -> Cleaning:
    """The same at a local time, which a time server has set or not. Raises BoxError if that cannot be trusted."""
    from box.retention import Terms  # noqa: PLC0415 - as above
    from box.tasks import cleaning, telling_time  # noqa: PLC0415 - as above

    telling_time.check(inside, job, now, running, synchronised=synchronised)
    keys, given = inside.config.retention, job.args
    floor = given.get("min_free_percent", keys.min_free_percent)
    emergency = keys.emergency_free_percent
    terms = Terms(
        days_to_keep=given.get("days_to_keep", keys.days_to_keep), min_free_percent=floor,
        emergency_free_percent=emergency if emergency is None else min(emergency, floor),
        trash_days=keys.trash_days, require_backup=keys.require_backup, lasting_free_percent=keys.min_free_percent,
    )  # fmt: skip
    return cleaning.Cleaning(inside, job, reporter, terms, now)


HANDLER = Chore(
    kind=KIND,
    run=run,
    arguments={
        "days_to_keep": Argument(units.numbers(1, 36_500), "what was taken within so many days stays, 1 to 36500"),
        "min_free_percent": Argument(units.numbers(5, 95), "how much of the disk is to be free, 5 to 95"),
        "user": Argument(units.a_user, "whose photos; else everybody's"),
        "dry_run": Argument(units.yes_or_no, "only say what would go, and where to"),
        "trust_clock": Argument(units.yes_or_no, "the clock is right, although nobody has proved it"),
    },
    exclusive_with=SHELVING,
    makes_room=True,
)
