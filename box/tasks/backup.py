"""backup: what is new in the library goes to its destinations. The rule: each has its own end, and none keeps another.

What happens is told in `box.tasks.backing_up` and `restic_backing`, which a child that knows this kind does not load.
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
    """Back up; the result says for each destination what was copied. Raises BoxError if one of them could not be."""
    from box.tasks import backing_up, restic_backing  # noqa: PLC0415 - as above

    if inside.config.backup.engine == "restic":
        return restic_backing.back_up(inside, job, reporter)
    return backing_up.back_up(inside, job, reporter)


HANDLER = Chore(
    kind="backup",
    run=run,
    arguments={
        "destination": Argument(backup_keys.a_destination, "where to, a whole path or auto; else all of the settings"),
        "incremental": Argument(units.yes_or_no, "no: read all that has not changed, too, and compare its digest"),
    },
    exclusive_with=backup_keys.WRITING,
)
