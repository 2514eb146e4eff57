"""Recalculation: what a user has is counted again on the disk. The rule: each difference becomes an event.

First the library is swept, so that what people did by hand becomes events of files; then every file is weighed; then
the sums are those of the rows. What differed is measured inside the transactions that record it, so that a service at
work beside it disturbs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from box import accounting
from box.engine import Engine, Transaction
from box.events import Event, FileWeighed, UsageCorrected
from box.models import files, usage
from box.models.base import Store
from box.sweeps import BATCH, LibrarySweep
from box.weighing import Weighed, Weighing


@dataclass(slots=True)
class Recalculated:
    """What came of it."""

    before: dict[str, tuple[int, int]]
    """area -> (files, bytes), as the sums said."""
    drift: dict[str, tuple[int, int]] = field(default_factory=dict)
    """area -> how many more files and bytes there were than the sums said; only where they differed."""
    on_disk: dict[str, tuple[int, int]] = field(default_factory=dict)
    """area -> (files, bytes) that the walk met; the inbox is not looked at."""
    away: dict[str, str] = field(default_factory=dict)
    """Folders that could not be compared, and why: nothing in them was changed."""


def recalculate(
    engine: Engine, root: str, user: str, *, by_blocks: bool = False, check: Callable[[], None] = lambda: None
) -> Recalculated:
    """Count all that a user has again; what differed is recorded. `check` is called often, and may raise to end it."""
    done = Recalculated(usage.by_area(engine.store, user))

    def record(transaction: Transaction, events: Sequence[Event]) -> None:
        before = usage.by_area(transaction.store, user)
        transaction.record(*events)
        _add(done.drift, before, usage.by_area(transaction.store, user))

    sweep = LibrarySweep(root, engine, users=lambda: (user,), on_problem=done.away.update, record=record, check=check)
    sweep.sweep_user(user)
    weighing = Weighing(engine.store, root, user, by_blocks, check)
    batch: list[Weighed] = []
    for each in weighing.wrong():
        batch.append(each)
        if len(batch) == BATCH:
            _weigh(engine, user, batch, record)
            batch = []
    _weigh(engine, user, batch, record)
    _correct(engine, user, record)
    done.on_disk = weighing.found
    return done


def _weigh(
    engine: Engine, user: str, batch: Sequence[Weighed], record: Callable[[Transaction, Sequence[Event]], None]
) -> None:
    def write(transaction: Transaction) -> None:
        same = (each for each in batch if files.find(transaction.store, each.path) == (each.size, each.mtime_ns))
        record(transaction, [FileWeighed(user=user, path=each.path, charged_bytes=each.charged) for each in same])

    if batch:
        engine.transact(write, events=len(batch))


def _correct(engine: Engine, user: str, record: Callable[[Transaction, Sequence[Event]], None]) -> None:
    if _wrong(engine.store, user):  # nearly never; then they are looked at again where nobody comes in between
        engine.transact(lambda transaction: record(transaction, _wrong(transaction.store, user)))


def _wrong(store: Store, user: str) -> list[UsageCorrected]:
    says, should = accounting.reserved(store).get(user, (0, 0))
    return [
        UsageCorrected(
            user=user, area=each.area, files=each.rows_files, bytes=each.rows_bytes, files_before=each.files,
            bytes_before=each.bytes,
        )
        for each in accounting.sums(store, user)
        if not each.is_right or (each.area == accounting.CHARGED and says != should)
    ]  # fmt: skip


def _add(
    drift: dict[str, tuple[int, int]], before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]
) -> None:
    for area, (number, size) in after.items():
        more = drift.get(area, (0, 0))
        total = (more[0] + number - before[area][0], more[1] + size - before[area][1])
        drift.pop(area, None)
        if total != (0, 0):
            drift[area] = total
