"""snapshot: a copy of the database is put aside, to restore it from. The rule: never two for one state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from box.tasks.chore import Chore, Inside, Reporter

if TYPE_CHECKING:
    from box.models.jobs import Claimed


def run(inside: Inside, _: Claimed, __: Reporter) -> Mapping[str, Any]:
    """Copy it; the result says where it is, relative to the root."""
    from box import damage, log  # noqa: PLC0415 - a child that knows this kind loads no database

    store, keep = inside.engine.store, inside.config.database.snapshots_keep
    with inside.timing("snapshot"):
        return {"path": damage.take_snapshot(inside.config.box.root, store, log.last_position(store), keep)}


HANDLER = Chore(kind="snapshot", run=run)
