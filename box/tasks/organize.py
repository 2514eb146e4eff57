"""organize: what is filed already goes where the patterns say. The rule: what is in its place stays, a dry run is true.

Files that nobody has looked at yet are left to the sweep. Run twice, the second run has nothing to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from box import units
from box.tasks.chore import SHELVING, Chore, Inside, Reporter
from box.tasks.handler import Argument

if TYPE_CHECKING:
    from box.models.jobs import Claimed
    from box.tasks.rearranging import Rearranging
    from box.tasks.shelving import Parcel


def run(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Move what is not in its place; the result says how many files, or with `dry_run` which and where to."""
    from box.tasks.rearranging import Rearranging  # noqa: PLC0415 - a child that knows this kind loads no database

    work = Rearranging.of(inside, job, reporter)
    return work.done(_parcels(work))


def _parcels(work: Rearranging) -> Iterator[Parcel]:
    for photo in work.photos():
        if not work.sorter.is_in_place(photo):
            group = work.sorter.group_of(photo)
            main = group[0].photo if group else None
            if main is not None and (main == photo or not work.sorter.is_in_place(main)):
                parcel = work.sorter.moved(group)
                if parcel is not None:
                    yield parcel


HANDLER = Chore(
    kind="organize",
    run=run,
    arguments={
        "user": Argument(units.a_user, "whose photos; else everybody's"),
        "dry_run": Argument(units.yes_or_no, "only say what would be moved, and where to"),
    },
    exclusive_with=SHELVING,
)
