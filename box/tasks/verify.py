"""verify: log, tables, sums and disk are compared, as `box verify` does. The rule: a difference is a failure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from box import units
from box.errors import BoxError
from box.tasks.chore import Chore, Inside, Reporter
from box.tasks.handler import Argument

if TYPE_CHECKING:
    from box.models.jobs import Claimed

SHOWN_MAX: Final = 20
"""So many differences are told; `box verify` tells all."""


def run(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Compare; the result is empty. Raises BoxError with the first differences."""
    from box import verify  # noqa: PLC0415 - a child that knows this kind loads no database
    from box.models.base import Store  # noqa: PLC0415

    # A connection of its own: a comparison takes long, and the service must not wait for it.
    store = Store(inside.engine.store.path)
    found = []
    try:
        for difference in verify.differences(
            store, inside.config, deep=bool(job.args.get("deep")), check=reporter.check
        ):
            found.append(str(difference))
            reporter.check()
    finally:
        store.close()
    if found:
        error = BoxError(f"{len(found)} differences: {'; '.join(found[:SHOWN_MAX])}; `box verify` shows all")
        error.code = "differences"
        raise error
    return {"differences": 0}


HANDLER = Chore(
    kind="verify",
    run=run,
    arguments={"deep": Argument(units.yes_or_no, "read every filed photo and every note again and compare, too")},
)
