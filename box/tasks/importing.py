"""import: what is new on a card or in a folder comes into an inbox. The rule: an original is never at risk.

What happens is told in `box.tasks.bringing`, which a child that knows this kind does not load.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from box import import_tables, units
from box.errors import UsageError
from box.tasks.chore import Chore, Inside, Reporter
from box.tasks.handler import Argument

if TYPE_CHECKING:
    from box.models.jobs import Claimed


def run(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Import; the result says how many files came, and what stays and why. Raises BoxError."""
    from box.tasks import bringing  # noqa: PLC0415 - as above

    entries = inside.config.watch.imports
    entry = next((entry for entry in entries if entry.name == job.args["name"]), None)
    if entry is None:
        raise UsageError(import_tables.lacks(job.args["name"], entries))
    return bringing.bring(inside, job, reporter, entry, dry_run=bool(job.args.get("dry_run")))


HANDLER = Chore(
    kind="import",
    run=run,
    arguments={
        "name": Argument(import_tables.import_name, "which entry of watch.imports", required=True),
        "dry_run": Argument(units.yes_or_no, "say what would be imported, and import nothing"),
    },
)
