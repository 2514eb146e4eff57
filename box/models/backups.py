"""Destinations of backups: how each of them is. The rule: one row a destination, kept by its own events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import peewee

from box.backup_events import BackupFinished, BackupStopped, BackupVerified
from box.events import Recorded
from box.models.base import Store, Table


class Backup(Table):
    """A destination that was written to or read back once, or (with an empty UUID) one that never was there."""

    destination = peewee.TextField()
    path = peewee.TextField()
    finished_at = peewee.TextField()
    """Times are empty for never."""
    stopped_at = peewee.TextField()
    code = peewee.TextField()
    """Why the last one ended before its end; empty if it did not."""
    reason = peewee.TextField()
    verified_at = peewee.TextField()
    files = peewee.BigIntegerField()
    bytes = peewee.BigIntegerField()
    files_missing = peewee.BigIntegerField()
    damaged = peewee.BigIntegerField()

    class Meta:
        table_name = "backups"
        primary_key = peewee.CompositeKey("destination", "path")
        without_rowid = True


@dataclass(frozen=True, slots=True)
class State:
    """How a destination is."""

    destination: str
    path: str
    finished_at: str
    stopped_at: str
    code: str
    reason: str
    verified_at: str
    files: int
    bytes: int
    files_missing: int
    damaged: int


_FIELDS: Final = (
    "destination, path, finished_at, stopped_at, code, reason, verified_at, files, bytes, files_missing, damaged"
)


def all_of(store: Store) -> list[State]:
    """Every destination, by its path."""
    return [State(*row) for row in store.rows(f"SELECT {_FIELDS} FROM backups ORDER BY path, destination")]


def find(store: Store, destination: str) -> State | None:
    """One destination."""
    row = store.row(f"SELECT {_FIELDS} FROM backups WHERE destination = ?", (destination,))
    return State(*row) if row else None


def on_finished(store: Store, recorded: Recorded, event: BackupFinished) -> None:
    """It holds all that it could."""
    _met(store, event.destination, event.path)
    store.execute("DELETE FROM backups WHERE destination = '' AND path IN (?, ?)", (event.path, event.asked))
    store.execute(
        "UPDATE backups SET finished_at = ?, code = '', reason = '', files = ?, bytes = ?, files_missing = ?"
        " WHERE destination = ?",
        (recorded.at, event.files_held, event.bytes_held, event.files_missing, event.destination),
    )


def on_stopped(store: Store, recorded: Recorded, event: BackupStopped) -> None:
    """It does not hold all yet. Where nobody could tell which it was, it is the one that was there last."""
    known = (
        ""
        if event.destination
        else store.value("SELECT destination FROM backups WHERE path = ? AND destination <> ''", (event.path,))
    )
    destination = event.destination or known or ""
    _met(store, destination, event.path)
    store.execute(
        "UPDATE backups SET stopped_at = ?, code = ?, reason = ? WHERE destination = ? AND path = ?",
        (recorded.at, event.code, event.reason, destination, event.path),
    )


def on_verified(store: Store, recorded: Recorded, event: BackupVerified) -> None:
    """Some of it was read back."""
    _met(store, event.destination, event.path)
    store.execute(
        "UPDATE backups SET verified_at = ?, damaged = ? WHERE destination = ?",
        (recorded.at, event.damaged, event.destination),
    )


def _met(store: Store, destination: str, path: str) -> None:
    """It is, or should be, at that path. One destination is at one place at a time."""
    if destination and store.execute("UPDATE backups SET path = ? WHERE destination = ?", (path, destination)):
        return
    store.execute(
        "INSERT INTO backups (destination, path, finished_at, stopped_at, code, reason, verified_at, files, bytes,"
        " files_missing, damaged) VALUES (?, ?, '', '', '', '', '', 0, 0, 0, 0) ON CONFLICT DO NOTHING",
        (destination, path),
    )
