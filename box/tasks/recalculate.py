"""recalculate: what users have on the disk is counted again, beside the sums. The rule: it says what differs, no more.

What people did by hand is taken into the sums by the next sweep of the library; what is left then is a defect.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from box import units
from box.tasks.chore import Chore, Inside, Reporter
from box.tasks.handler import Argument

if TYPE_CHECKING:
    from box.models.jobs import Claimed


def run(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Walk; the result says by user and area how many files and bytes more are on the disk than in the sums."""
    from box import accounting  # noqa: PLC0415 - a child that knows this kind loads no database
    from box.models import usage  # noqa: PLC0415 - as above

    store, root = inside.engine.store, inside.config.box.root
    users = [job.args["user"]] if "user" in job.args else usage.users(store)
    drift = {}
    with inside.timing("quota-recalculation"):
        for number, user in enumerate(users):
            reporter.progress(100 * number / len(users), user)
            more = accounting.drift(store, root, user, reporter.check)
            if more:
                drift[user] = more
    return {"users": len(users), "drift": drift}


HANDLER = Chore(
    kind="recalculate", run=run, arguments={"user": Argument(units.a_user, "whose files to count; else everybody's")}
)
