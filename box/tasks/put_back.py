"""put-back: what a job has moved goes back to where it came from. The rule: only what is as the job left it.

The log says what it was: nothing else keeps it. What was changed, moved on or taken away since, and what would have to
go where something stands by now, is left where it is and said; a group stays together. The file of a filing is a drop
again, and waits until somebody retries the job.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from box import units
from box.tasks.chore import SHELVING, Chore, Inside, Reporter
from box.tasks.handler import Argument

if TYPE_CHECKING:
    from box.models.jobs import Claimed


def run(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Put back; the result says how many files, or with `dry_run` which and where to, and what was left and why."""
    from box.tasks import taking_back  # noqa: PLC0415 - a child that knows this kind loads no database

    return taking_back.done(inside, job, reporter)


def _number(where: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 62:
        raise units.refused(where, value, "the number of a job")
    return value


HANDLER = Chore(
    kind="put-back",
    run=run,
    arguments={
        "job": Argument(_number, "the number of the job", required=True),
        "dry_run": Argument(units.yes_or_no, "only say what would be moved, and where to"),
    },
    exclusive_with=SHELVING,
)
