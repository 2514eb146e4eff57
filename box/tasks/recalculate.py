"""recalculate: what users have on the disk is counted again. The rule: the work is in `recalculation`; here is the job.

What people did by hand becomes events of its files, as in every sweep of the library; what is left then is a defect,
and is put right.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from box import units
from box.tasks.chore import Chore, Inside, Reporter
from box.tasks.handler import Argument

if TYPE_CHECKING:
    from box.models.jobs import Claimed

AWAY_MAX: Final = 100
"""So many folders that could not be compared are named."""


def run(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Walk; the result says by user and area how many files and bytes more there were than the sums said."""
    from box import recalculation  # noqa: PLC0415 - a child that knows this kind loads no database
    from box.models import usage  # noqa: PLC0415 - as above

    config, store = inside.config, inside.engine.store
    users = [job.args["user"]] if "user" in job.args else usage.users(store)
    drift: dict[str, dict[str, dict[str, int]]] = {}
    away: list[str] = []
    with inside.timing("quota-recalculation"):
        for number, user in enumerate(users):
            reporter.progress(100 * number / len(users), user)
            done = recalculation.recalculate(
                inside.engine, config.box.root, user, by_blocks=config.quota.count == "blocks", check=reporter.check
            )
            away += done.away
            if done.drift:
                drift[user] = {area: {"files": f, "bytes": b} for area, (f, b) in done.drift.items()}
    return {"users": len(users), "drift": drift, **({"away": away[:AWAY_MAX]} if away else {})}


HANDLER = Chore(
    kind="recalculate", run=run, arguments={"user": Argument(units.a_user, "whose files to count; else everybody's")}
)
