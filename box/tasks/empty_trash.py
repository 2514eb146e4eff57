"""empty-trash: what lay in the trash for long enough is removed for good. The rule: as in `box.tasks.emptying`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from box import units
from box.tasks import clean_photos
from box.tasks.chore import SHELVING, Chore, Inside, Reporter
from box.tasks.handler import Argument

if TYPE_CHECKING:
    from box.models.jobs import Claimed


def run(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Empty; the result says how many files are gone. Raises BoxError with a doubtful clock."""
    return clean_photos.prepared_now(inside, job, reporter).empty()


HANDLER = Chore(
    kind="empty-trash",
    run=run,
    arguments={
        "user": Argument(units.a_user, "whose trash; else everybody's"),
        "dry_run": Argument(units.yes_or_no, "only say what would be removed"),
        "trust_clock": Argument(units.yes_or_no, "the clock is right, although nobody has proved it"),
    },
    exclusive_with=SHELVING,
    makes_room=True,
)
