"""Repositories of restic, as the box knows them. The rule: what is said of one was found by a run that ended well.

What is in a repository is among the rows of `backed`, each with the number of the run that found it. A part (bucket) of
the repository that was read back well says up to which run that holds; what came before all of these numbers has been
read back whole. Numbers are counted, not taken from a clock, which may jump. Nothing here is in the log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import peewee

from box.models import backed
from box.models.base import Store, Table

PAGE_ROWS = 1000


class Repository(Table):
    """A repository that was met."""

    destination = peewee.TextField(primary_key=True)
    """Its ID."""
    location = peewee.TextField()
    """Without secrets."""
    snapshot = peewee.TextField()
    """The last one that Box made, empty for none."""
    position = peewee.BigIntegerField()
    """Up to where the log goes that is in its copy of the database."""
    is_listed = peewee.SmallIntegerField()
    """Whether what is in it is in `backed`."""

    class Meta:
        table_name = "repositories"
        without_rowid = True


class Reading(Table):
    """A part of a repository that was read back."""

    destination = peewee.TextField()
    buckets = peewee.IntegerField()
    """Into so many parts it was divided."""
    bucket = peewee.IntegerField()
    """From 1."""
    seq = peewee.BigIntegerField()
    """The run before which it was read well, 0 if it never was."""
    read_at = peewee.TextField()
    is_damaged = peewee.SmallIntegerField()

    class Meta:
        table_name = "readings"
        primary_key = peewee.CompositeKey("destination", "buckets", "bucket")
        without_rowid = True


@dataclass(frozen=True, slots=True)
class State:
    """How far a repository is."""

    snapshot: str = ""
    position: int = 0
    is_listed: bool = True


def meet(store: Store, destination: str, location: str, *, replaces: bool) -> State:
    """The repository is at that location. With `replaces`, another one that was there is no more."""
    with store.transaction():
        if replaces:
            sql = "SELECT destination FROM repositories WHERE location = ? AND destination <> ?"
            for (other,) in store.rows(sql, (location, destination)):
                _forget(store, other)
        store.execute(
            "INSERT INTO repositories (destination, location, snapshot, position, is_listed) VALUES (?, ?, '', 0, 1)"
            " ON CONFLICT (destination) DO UPDATE SET location = excluded.location",
            (destination, location),
        )
    row = store.row("SELECT snapshot, position, is_listed FROM repositories WHERE destination = ?", (destination,))
    return State(row[0], row[1], bool(row[2])) if row else State()


def forget(store: Store, destination: str) -> None:
    """Of what is in it nothing is known any more; that it was met stays."""
    with store.transaction():
        _forget(store, destination)


def set_state(store: Store, destination: str, state: State) -> None:
    """It is so far."""
    with store.transaction():
        store.execute(
            "UPDATE repositories SET snapshot = ?, position = ?, is_listed = ? WHERE destination = ?",
            (state.snapshot, state.position, int(state.is_listed), destination),
        )


def rows(store: Store, destination: str) -> Iterator[tuple[str, int, int]]:
    """(path, size, mtime_ns) of all that is known to be in it, in the order of the paths."""
    after = ""
    sql = "SELECT path, size, mtime_ns FROM backed WHERE destination = ? AND path > ? ORDER BY path LIMIT ?"
    while page := store.rows(sql, (destination, after, PAGE_ROWS)):
        yield from page
        after = page[-1][0]


# --- reading back ----------------------------------------------------------------------------------------------------


def reading_order(store: Store, destination: str, buckets: int) -> list[tuple[int, str]]:
    """(part, when it was read last) of all parts: those first that never were, then the longest ago."""
    sql = "SELECT bucket, read_at FROM readings WHERE destination = ? AND buckets = ?"
    read: dict[int, str] = dict(store.rows(sql, (destination, buckets)))
    return sorted(((each, read.get(each, "")) for each in range(1, buckets + 1)), key=lambda found: found[::-1])


def on_read(store: Store, destination: str, buckets: int, read: list[int], at: str) -> tuple[int, int]:
    """These parts were right; (files, bytes) that are verified by that: of a part only those that were not before."""
    seq = backed.upto(store, destination)
    with store.transaction():
        _set(store, destination, buckets, [(bucket, seq, at, 0) for bucket in read])
        if not is_damaged(store, destination):
            store.execute("UPDATE backed SET damaged = '' WHERE destination = ? AND damaged <> ''", (destination,))
        sql = "SELECT count(*), min(seq) FROM readings WHERE destination = ? AND buckets = ?"
        count, whole = store.row(sql, (destination, buckets)) or (0, 0)
        if count < buckets:
            return 0, 0
        where = "destination = ? AND seq <= ? AND damaged = ''"
        where += " AND verified_at IS NULL" if len(read) < buckets else ""
        files, size = store.row(f"SELECT count(*), sum(size) FROM backed WHERE {where}", (destination, whole)) or (0, 0)
        store.execute(f"UPDATE backed SET verified_at = ? WHERE {where}", (at, destination, whole))
    return files, size or 0


def on_damaged(store: Store, destination: str, buckets: int, read: list[int], at: str) -> None:
    """One of these parts was not right. Which files that takes nobody can say: none counts as backed up there."""
    with store.transaction():
        _set(store, destination, buckets, [(bucket, 0, at, 1) for bucket in read])
        store.execute(
            "UPDATE backed SET damaged = 'there', verified_at = NULL WHERE destination = ? AND damaged = ''",
            (destination,),
        )


def is_damaged(store: Store, destination: str) -> bool:
    """Whether a part was not right when it was read last."""
    sql = "SELECT 1 FROM readings WHERE destination = ? AND is_damaged = 1 LIMIT 1"
    return store.row(sql, (destination,)) is not None


def _set(store: Store, destination: str, buckets: int, read: list[tuple[int, int, str, int]]) -> None:
    """Of another division into parts nothing counts any more, but that something was damaged."""
    store.execute(
        "DELETE FROM readings WHERE destination = ? AND buckets <> ? AND (is_damaged = 0 OR ? = 1)",
        (destination, buckets, int(len(read) == buckets and not any(each[3] for each in read))),
    )
    store.execute_each(
        "INSERT OR REPLACE INTO readings (destination, buckets, bucket, seq, read_at, is_damaged)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        ((destination, buckets, *each) for each in read),
    )


def _forget(store: Store, destination: str) -> None:
    backed.forget(store, destination)
    store.execute("DELETE FROM readings WHERE destination = ?", (destination,))
    store.execute(
        "UPDATE repositories SET snapshot = '', position = 0, is_listed = 1 WHERE destination = ?", (destination,)
    )
