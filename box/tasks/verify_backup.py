"""verify-backup: what backups hold is read back and compared. The rule: a difference is a failure, and spreads nowhere.

What happens is told in `box.tasks.reading_back` and `restic_reading`, which a child that knows this kind does not load.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from box import backup_keys, units
from box.tasks.chore import Chore, Inside, Reporter
from box.tasks.handler import Argument

if TYPE_CHECKING:
    from box.models.jobs import Claimed


def run(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Read back; the result says for each destination how much. Raises BoxError if something there is not right."""
    from box.tasks import reading_back, restic_reading  # noqa: PLC0415 - as above

    if inside.config.backup.engine == "restic":
        return restic_reading.read_back(inside, job, reporter)
    return reading_back.read_back(inside, job, reporter)


HANDLER = Chore(
    kind="verify-backup",
    run=run,
    arguments={
        "destination": Argument(backup_keys.a_destination, "of which, a whole path or auto; else all of the settings"),
        "percent": Argument(units.numbers(1, 100), "only so much, first what was verified never or long ago"),
        "scrub": Argument(units.yes_or_no, "only so much that all is read in backup.scrub_days, once a day"),
        "repair": Argument(units.yes_or_no, "copy the good side over a damaged one"),
    },
    exclusive_with=backup_keys.WRITING,
)
