"""Jobs by the clock: how far each entry has come. The rule: a slot is asked for once, whoever asks."""

from __future__ import annotations

from dataclasses import dataclass

import peewee

from box.errors import IllegalMove
from box.events import JobRequested, PeriodicPlanned, Recorded
from box.models.base import Store, Table


class Plan(Table):
    """An entry of the configuration, as it was seen last. One that is taken out there stays here."""

    name = peewee.TextField(primary_key=True)
    plan = peewee.TextField()
    slot = peewee.TextField()
    """The slots after this one are owed."""
    ahead = peewee.TextField()
    """The newest slot that was asked for before the clock was found wrong, empty for none."""
    job = peewee.BigIntegerField()
    """The job that was asked for with `slot`, 0 before the first."""

    class Meta:
        table_name = "periodic"
        without_rowid = True


@dataclass(frozen=True, slots=True)
class Known:
    """A row of the table."""

    plan: str
    slot: str
    ahead: str
    job: int


def find(store: Store, name: str) -> Known | None:
    """How far the entry of that name has come, None if it was never seen."""
    row = store.row("SELECT plan, slot, ahead, job FROM periodic WHERE name = ?", (name,))
    return Known(*row) if row else None


# --- folds -----------------------------------------------------------------------------------------------------------


def on_planned(store: Store, _: Recorded, event: PeriodicPlanned) -> None:
    """Its slots count from there."""
    store.execute(
        "INSERT INTO periodic (name, plan, slot, ahead, job) VALUES (?, ?, ?, ?, 0) ON CONFLICT (name)"
        " DO UPDATE SET plan = excluded.plan, slot = excluded.slot, ahead = excluded.ahead, job = 0",
        (event.name, event.plan, event.slot, event.ahead),
    )


def on_requested(store: Store, recorded: Recorded, event: JobRequested) -> None:
    """A slot is asked for; refused if it, or one after it, already was."""
    if not event.periodic:
        return
    known = find(store, event.periodic)
    if known is None or event.slot <= known.slot:
        raise IllegalMove(f"the slot {event.slot} of {event.periodic!r} was asked for already, or is not planned")
    store.execute(
        "UPDATE periodic SET slot = ?, job = ? WHERE name = ?", (event.slot, recorded.position, event.periodic)
    )
