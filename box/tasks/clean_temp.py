"""clean-temp: old files go from `temp/`. The rule: old is what was changed long ago; the scratch of jobs is left alone.

A folder that is empty goes too, if it is as old. Links and mounts are not followed, and are left where they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from box import units
from box.tasks.chore import Chore, Inside, Reporter
from box.tasks.handler import Argument

if TYPE_CHECKING:
    from box.models.jobs import Claimed
    from box.tasks.aged import Aged
    from box.tasks.removing import Removal

OLDER_THAN_SECONDS: Final = 24.0 * units.HOUR
"""Unless somebody says otherwise."""

WHY: Final = "temp"


def run(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Remove what is old; the result says how many files, bytes and folders, or with `dry_run` which files."""
    from box import people  # noqa: PLC0415 - a child that knows this kind loads no database
    from box.models import usage  # noqa: PLC0415 - as above
    from box.tasks import removing  # noqa: PLC0415 - as above
    from box.tasks.aged import Aged  # noqa: PLC0415 - as above

    user = job.user or job.args.get("user", "")
    known = {*people.users(inside.config), *usage.users(inside.engine.store)} - {""}
    users = [user] if user else sorted(known)
    aged = [Aged.before(inside.config.box.root, each, job.args.get("older_than", OLDER_THAN_SECONDS)) for each in users]
    with inside.timing("temp-clean-up"):
        result = removing.done(inside, job, reporter, _removals(aged, reporter), WHY)
        if job.args.get("dry_run"):
            return result
        return {**result, "folders": sum(each.clear() for each in aged)}


def _removals(aged: list[Aged], reporter: Reporter) -> Iterator[Removal]:
    count = 0
    for number, each in enumerate(aged):
        for removal in each.files(reporter.check):
            yield removal
            count += 1
        reporter.progress(100 * (number + 1) / len(aged), f"{count} old files")


HANDLER = Chore(
    kind="clean-temp",
    run=run,
    arguments={
        "older_than": Argument(
            units.durations(0, 3650 * units.DAY), "what was changed longer ago goes; without it, 24 hours"
        ),
        "user": Argument(units.a_user, "whose files; else everybody's"),
        "dry_run": Argument(units.yes_or_no, "only say what would be removed"),
    },
)
