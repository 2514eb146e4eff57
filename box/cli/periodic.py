"""`box periodic`. The rule: it shows what the configuration says and what the log knows, and changes nothing."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime
from typing import Any, Final

from box.beside import beside
from box.cli import output, settings, words
from box.job_tables import Periodic
from box.models import jobs, periodic
from box.models.base import Store
from box.periodic import due, following, text
from box.timekeeper import built_in, entries, mark_of, wrong_with

_STYLES: Final = {"failed": "red", "quarantined": "red", "running": "green"}


def listing(args: Namespace) -> int:
    """Every entry: when it was asked for last and what came of it, and when it comes next."""
    config = settings.load(args)
    now = datetime.now(UTC)
    own = built_in(config)
    with beside(config) as box:
        rows = [_row(box.store, entry, now, wrong_with(entry, config.users.names), own) for entry in entries(config)]
    if args.json:
        output.value(rows)
        return 0
    output.table(("name", "kind", "plan", "last", "job", "state", "next"), [_cells(row) for row in rows], ("job",))
    return 0


def _row(store: Store, entry: Periodic, now: datetime, wrong: str, own: tuple[Periodic, ...]) -> dict[str, Any]:
    mark, known = mark_of(store, entry, now, own), periodic.find(store, entry.name)
    owed = due(entry, mark, now) if mark else None
    next_at = (owed.slot or owed.next_at) if owed else following(entry, now)
    job = known.job if known and mark else 0
    state = jobs.state_of(store, job) if job else None
    return {
        "name": entry.name, "kind": entry.kind, "plan": entry.plan, "user": entry.user,
        "last_slot": known.slot if known and job else None, "job": job or None, "state": state[0] if state else None,
        "next_slot": None if wrong else text(next_at), "is_due": not wrong and owed is not None and bool(owed.slot),
        "problem": wrong or None,
    }  # fmt: skip


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    state = row["state"] or ""
    coming = "due now" if row["is_due"] else words.local_time(row["next_slot"] or "")
    return (
        row["name"], row["kind"], row["plan"], words.local_time(row["last_slot"] or ""), str(row["job"] or ""),
        output.styled(state, _STYLES.get(state, "")), row["problem"] or coming,
    )  # fmt: skip
