"""What is backed up, as the box knows it. The rule: a copy of what the manifests on the destinations say, no more.

A manifest is the truth about its destination, and is out of reach while that is. So after each batch what changed in it
is copied here, by its numbers (`seq`). The table is no projection: nothing of it is in the log, and `box rebuild`
leaves it alone. A copy that is behind knows of fewer backups than there are, never of more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

import peewee

from box.models.base import Store, Table

type_state = Literal["none", "copied", "verified"]


class Backed(Table):
    """A file on a destination."""

    path = peewee.TextField()
    destination = peewee.TextField()
    size = peewee.BigIntegerField()
    mtime_ns = peewee.BigIntegerField()
    digest = peewee.TextField()
    copied_at = peewee.TextField()
    verified_at = peewee.TextField(null=True)
    damaged = peewee.TextField()
    present = peewee.SmallIntegerField()
    seq = peewee.BigIntegerField()

    class Meta:
        table_name = "backed"
        primary_key = peewee.CompositeKey("path", "destination")
        without_rowid = True


class Replica(Table):
    """How far the copy of a manifest is."""

    destination = peewee.TextField(primary_key=True)
    seq = peewee.BigIntegerField()

    class Meta:
        table_name = "replicas"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A file on a destination, as its manifest says."""

    path: str
    size: int
    mtime_ns: int
    digest: str
    copied_at: str
    verified_at: str | None
    damaged: str
    present: bool
    seq: int


_PUT: Final = (
    "INSERT OR REPLACE INTO backed (path, destination, size, mtime_ns, digest, copied_at, verified_at, damaged,"
    " present, seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def state_of(store: Store, path: str, size: int, mtime_ns: int) -> type_state:
    """Whether a file, as it is now, is on a destination: the best of all. A copy that is damaged is none."""
    rows = store.rows(
        "SELECT verified_at FROM backed WHERE path = ? AND size = ? AND mtime_ns = ? AND damaged = ''",
        (path, size, mtime_ns),
    )
    if not rows:
        return "none"
    return "verified" if any(verified_at for (verified_at,) in rows) else "copied"


def digests_of(store: Store, path: str, size: int, mtime_ns: int) -> set[str]:
    """The digests that the undamaged copies of a file, as it is now, have: one, unless something is wrong.

    An empty one is that of a copy in a repository of restic, which has digests of its own.
    """
    rows = store.rows(
        "SELECT digest FROM backed WHERE path = ? AND size = ? AND mtime_ns = ? AND damaged = ''",
        (path, size, mtime_ns),
    )
    return {digest for (digest,) in rows}


def upto(store: Store, destination: str) -> int:
    """The number up to which the changes of a manifest are known here."""
    seq: int = store.value("SELECT seq FROM replicas WHERE destination = ?", (destination,)) or 0
    return seq


def put(store: Store, destination: str, copies: Iterable[Copy], gone: Iterable[str], upto: int) -> None:
    """What changed in a manifest up to that number, inside the caller's transaction."""
    store.execute_each("DELETE FROM backed WHERE path = ? AND destination = ?", ((path, destination) for path in gone))
    store.execute_each(
        _PUT,
        (
            (
                each.path, destination, each.size, each.mtime_ns, each.digest, each.copied_at, each.verified_at,
                each.damaged, int(each.present), each.seq,
            )
            for each in copies
        ),
    )  # fmt: skip
    store.execute("INSERT OR REPLACE INTO replicas (destination, seq) VALUES (?, ?)", (destination, upto))


def forget(store: Store, destination: str) -> None:
    """Nothing is known of a destination any more, inside the caller's transaction."""
    store.execute("DELETE FROM backed WHERE destination = ?", (destination,))
    store.execute("DELETE FROM replicas WHERE destination = ?", (destination,))


def counts(store: Store) -> dict[str, tuple[int, int, int, int]]:
    """destination -> (files, bytes, verified, damaged); reads the whole table."""
    rows = store.rows(
        "SELECT destination, count(*), sum(size), sum(damaged = '' AND verified_at IS NOT NULL), sum(damaged <> '')"
        " FROM backed GROUP BY destination"
    )
    return {destination: (files, size, verified, damaged) for destination, files, size, verified, damaged in rows}


def counts_of(store: Store, destination: str) -> tuple[int, int, int, int]:
    """(files, bytes, verified, damaged) on a destination; reads the whole table."""
    return counts(store).get(destination, (0, 0, 0, 0))
