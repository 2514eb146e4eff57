"""Live tables: leases, journal, folder times. The rule: nothing here is a decision, so nothing here is in the log.

`box rebuild` leaves them alone. A lease says until when a worker is believed to be alive. A journal entry says which
files a job is just now putting in place, and what will be recorded once they stand there: written before the first of
them moves, removed with the outcome. A folder time says what a folder's mtime was when its files were last compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import peewee

from box.models.base import Store, Table


class Lease(Table):
    """One worker's hold on the jobs that it claimed together."""

    lease = peewee.TextField(primary_key=True)
    owner = peewee.TextField()
    expires_at = peewee.DoubleField()
    """Seconds since the epoch."""

    class Meta:
        table_name = "leases"


class Journal(Table):
    """Files of a job on their way; see `box.tasks.landing`."""

    job = peewee.BigIntegerField(primary_key=True)
    lease = peewee.TextField()
    moves = peewee.TextField()
    events = peewee.TextField()


class Folder(Table):
    """A folder of the library, as last compared with the projections."""

    folder = peewee.TextField(primary_key=True)
    mtime_ns = peewee.BigIntegerField()

    class Meta:
        table_name = "folders"


@dataclass(frozen=True, slots=True)
class Entry:
    """A journal entry; `moves` and `events` are JSON."""

    job: int
    lease: str
    moves: str
    events: str


def open_lease(store: Store, lease: str, owner: str, expires_at: float) -> None:
    """A worker takes hold."""
    store.execute("INSERT INTO leases (lease, owner, expires_at) VALUES (?, ?, ?)", (lease, owner, expires_at))


def renew_lease(store: Store, lease: str, expires_at: float) -> bool:
    """Its worker is alive: the lease lasts until then, if that is later. False if it is gone."""
    return store.execute("UPDATE leases SET expires_at = max(expires_at, ?) WHERE lease = ?", (expires_at, lease)) == 1


def close_lease(store: Store, lease: str) -> None:
    """The worker is done with it."""
    store.execute("DELETE FROM leases WHERE lease = ?", (lease,))


def is_open(store: Store, lease: str) -> bool:
    """Whether the lease has not been closed yet."""
    return store.row("SELECT 1 FROM leases WHERE lease = ?", (lease,)) is not None


def close_all(store: Store) -> None:
    """No worker holds anything: the process that had the root is gone and what it had begun is dealt with."""
    if store.value("SELECT count(*) FROM leases"):
        with store.transaction():
            store.execute("DELETE FROM leases")


def expired_leases(store: Store, now: float) -> list[str]:
    """The leases whose workers are taken for dead."""
    return [lease for (lease,) in store.rows("SELECT lease FROM leases WHERE expires_at < ?", (now,))]


def write_journal(store: Store, entry: Entry) -> None:
    """The files of a job are about to move; replaces what it planned before."""
    store.execute(
        "INSERT INTO journal (job, lease, moves, events) VALUES (?, ?, ?, ?) ON CONFLICT (job) DO UPDATE SET"
        " lease = excluded.lease, moves = excluded.moves, events = excluded.events",
        (entry.job, entry.lease, entry.moves, entry.events),
    )


def clear_journal(store: Store, jobs: Iterable[int], lease: str) -> None:
    """Their outcome is recorded, or nothing was moved; what another worker wrote about them meanwhile stays."""
    store.execute_each("DELETE FROM journal WHERE job = ? AND lease = ?", ((job, lease) for job in jobs))


def journal(store: Store, lease: str | None = None) -> list[Entry]:
    """What was on its way, of one lease or of all. At most a few batches: the rest has its outcome."""
    where, values = ("", ()) if lease is None else (" WHERE lease = ?", (lease,))
    return [
        Entry(*row) for row in store.rows(f"SELECT job, lease, moves, events FROM journal{where} ORDER BY job", values)
    ]


def on_the_way(store: Store) -> set[str]:
    """The paths from and to which files are being moved just now: what stands there is recorded when that is done."""
    return {path for entry in journal(store) for move in json.loads(entry.moves) for path in move[:2]}


def folder_times(store: Store, user_folder: str) -> dict[str, int]:
    """folder -> mtime_ns of the compared folders at or below one."""
    sql = "SELECT folder, mtime_ns FROM folders WHERE folder = ? OR (folder > ? AND folder < ?)"
    return dict(store.rows(sql, (user_folder, user_folder + "/", user_folder + "0")))


def folder_time(store: Store, folder: str) -> int | None:
    """The mtime_ns of a folder when it was last compared, None if it never was."""
    time: int | None = store.value("SELECT mtime_ns FROM folders WHERE folder = ?", (folder,))
    return time


def set_folder_time(store: Store, folder: str, mtime_ns: int | None) -> None:
    """The folder was compared when its mtime was this; None: it has to be compared again."""
    if mtime_ns is None:
        store.execute("DELETE FROM folders WHERE folder = ?", (folder,))
    else:
        store.execute(
            "INSERT INTO folders (folder, mtime_ns) VALUES (?, ?) ON CONFLICT (folder)"
            " DO UPDATE SET mtime_ns = excluded.mtime_ns",
            (folder, mtime_ns),
        )


def forget_folders(store: Store) -> None:
    """All folders have to be compared again: these are other ones than were compared."""
    store.execute("DELETE FROM folders")
