"""Drops: the settled files that wait in the inboxes. The rule: a row stands here as long as its file does there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import peewee

from box.events import (
    CompanionFiled,
    DocumentRead,
    DropJoined,
    DropReturned,
    DuplicateDropped,
    FileQuarantined,
    FileSettled,
    FileVanished,
    JobRequested,
    PhotoFiled,
    QuotaExceeded,
    Recorded,
)  # fmt: skip
from box.models import usage
from box.models.base import Store, Table
from box.paths import owner, split
from box.photos import groups
from box.photos.groups import Role


class Drop(Table):
    """A settled file in an inbox."""

    folder = peewee.TextField()
    name = peewee.TextField()
    user = peewee.TextField()
    size = peewee.BigIntegerField()
    mtime_ns = peewee.BigIntegerField()
    inode = peewee.BigIntegerField()
    media_type = peewee.TextField()
    since = peewee.BigIntegerField()
    """Position of the event that settled it: the order in which drops came."""
    job = peewee.BigIntegerField()
    """The newest job about it, 0 if there never was one."""
    waiting = peewee.SmallIntegerField()
    """1 while it waits for room in its user's quota."""
    needs_bytes = peewee.BigIntegerField()
    """How much room that is: its size, or more where its job has found out more."""
    group_key = peewee.TextField()
    """What all of its group have in common, its folder and the beginning of their names (`box.photos.groups`)."""

    class Meta:
        table_name = "drops"
        primary_key = peewee.CompositeKey("folder", "name")
        without_rowid = True


INDEXES: Final = (
    "CREATE INDEX IF NOT EXISTS drop_waiting ON drops (user, since) WHERE waiting = 1",
    "CREATE INDEX IF NOT EXISTS drop_group ON drops (group_key)",
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A drop that may be asked for: what a job about it needs to know."""

    path: str
    user: str
    size: int
    mtime_ns: int
    inode: int
    media_type: str
    job: int
    since: int


_COLUMNS: Final = "folder || '/' || name, user, size, mtime_ns, inode, media_type, job, since"


def find(store: Store, path: str) -> Waiting | None:
    """The drop at that path, or None."""
    row = store.row(f"SELECT {_COLUMNS} FROM drops WHERE folder = ? AND name = ?", split(path))
    return Waiting(*row) if row else None


def oldest_waiting(store: Store, user: str, size_max: int, since: int) -> Waiting | None:
    """The oldest of a user's drops that wait for room, came after position `since` and need no more room than that."""
    row = store.row(
        f"SELECT {_COLUMNS} FROM drops WHERE user = ? AND waiting = 1 AND since > ? AND needs_bytes <= ?"
        " ORDER BY since LIMIT 1",
        (user, since, size_max),
    )
    return Waiting(*row) if row else None


def never_asked(store: Store, after: tuple[str, str], limit: int) -> list[Waiting]:
    """Drops that no job was ever asked for, because nobody handled their kind; in the order of (folder, name)."""
    rows = store.rows(
        f"SELECT {_COLUMNS} FROM drops WHERE job = 0 AND waiting = 0 AND (folder, name) > (?, ?)"
        " ORDER BY folder, name LIMIT ?",
        (*after, limit),
    )
    return [Waiting(*row) for row in rows]


def mates(store: Store, path: str, media_type: str) -> list[Waiting]:
    """The other drops of the group of a file with that path and type, but those that wait for room; as they came."""
    folder, name = split(path)
    found = _beside(store, folder, name, "waiting = 0", ())
    if not found:  # nearly always
        return []
    role = groups.role(name, media_type)
    return [drop for drop in found if _are_mates(name, role, drop)]


def are_any_beside(store: Store, path: str) -> bool:
    """Whether other drops have something in common with that one."""
    return bool(_beside(store, *split(path), "waiting = 0", ()))


def _are_mates(name: str, role: Role, drop: Waiting) -> bool:
    other = split(drop.path)[1]
    return groups.are_mates(name, role, other, groups.role(other, drop.media_type))


def members(store: Store, job: int, source: str) -> list[Waiting]:
    """The other drops that a job is about, beside its source; as they came."""
    return _beside(store, *split(source), "job = ?", (job,)) if source else []


def _beside(store: Store, folder: str, name: str, where: str, values: tuple[object, ...]) -> list[Waiting]:
    """Drops of a folder that have something in common with a name, the oldest first; not the one that bears it."""
    low, high = groups.key_range(name)
    second = groups.cut_key(name)
    keys = "group_key = ?" if low == high == second else "group_key IN (?, ?)" if low == high else _RANGE
    wanted = (low,) if low == high == second else (low, second if low == high else high)
    rows = store.rows(
        f"SELECT {_COLUMNS} FROM drops WHERE {keys} AND name <> ? AND {where} LIMIT {groups.MATES_MAX}",
        (*(f"{folder}/{key}" for key in wanted), name, *values),
    )
    return sorted((Waiting(*row) for row in rows), key=lambda drop: drop.since)


_RANGE: Final = "group_key BETWEEN ? AND ?"


def waiting_counts(store: Store) -> dict[str, int]:
    """user -> how many drops wait for room."""
    return dict(store.rows("SELECT user, count(*) FROM drops WHERE waiting = 1 GROUP BY user"))


def sizes(store: Store, user: str) -> list[tuple[str, int, int]]:
    """(folder, drops, bytes) of the folders of a user's inbox."""
    inbox = f"users/{user}/inbox"
    sql = (
        "SELECT folder, count(*), sum(size) FROM drops WHERE folder = ? OR (folder > ? AND folder < ?) GROUP BY folder"
    )
    return [(f, n, s) for f, n, s in store.rows(sql, (inbox, inbox + "/", inbox + "0"))]  # "0" follows "/" in ASCII


def known(store: Store, folder: str) -> dict[str, tuple[int, int]]:
    """name -> (size, mtime_ns) of the drops directly in a folder."""
    return {n: (s, m) for n, s, m in store.rows("SELECT name, size, mtime_ns FROM drops WHERE folder = ?", (folder,))}


def known_files(store: Store, paths: Sequence[str]) -> dict[str, tuple[int, int]]:
    """path -> (size, mtime_ns) of those of the paths that are known drops."""
    found = {}
    for path in paths:
        row = store.row("SELECT size, mtime_ns FROM drops WHERE folder = ? AND name = ?", split(path))
        if row is not None:
            found[path] = (row[0], row[1])
    return found


def known_folders(store: Store, inbox: str) -> list[str]:
    """The folders at or below an inbox that hold known drops."""
    sql = "SELECT DISTINCT folder FROM drops WHERE folder = ? OR (folder > ? AND folder < ?)"
    return [folder for (folder,) in store.rows(sql, (inbox, inbox + "/", inbox + "0"))]  # "0" follows "/" in ASCII


# --- folds -----------------------------------------------------------------------------------------------------------


def on_settled(store: Store, recorded: Recorded, event: FileSettled) -> None:
    """A new drop, or a newer file under the name of an old one."""
    folder, name = split(event.path)
    old = store.row("SELECT size FROM drops WHERE folder = ? AND name = ?", (folder, name))
    store.execute(
        "INSERT INTO drops (folder, name, user, size, mtime_ns, inode, media_type, since, job, waiting,"
        " needs_bytes, group_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?) ON CONFLICT (folder, name) DO UPDATE SET"
        " size = excluded.size, mtime_ns = excluded.mtime_ns, inode = excluded.inode, media_type = excluded.media_type,"
        " since = excluded.since, waiting = 0, needs_bytes = excluded.needs_bytes",
        (
            folder,
            name,
            event.user,
            event.size,
            event.mtime_ns,
            event.inode,
            event.media_type,
            recorded.position,
            event.size,
            groups.key_of(event.path),
        ),
    )
    usage.add(store, event.user, "inbox", 0 if old else 1, event.size - (old[0] if old else 0))


_BEGINNING_MAX: Final = 20


def beginning(store: Store, path: str) -> list[Waiting]:
    """The drops whose path is that, or goes on with a dot; a few."""
    folder, name = split(path)
    sql = (
        f"SELECT {_COLUMNS} FROM drops WHERE folder = ? AND (name = ? OR (name > ? AND name < ?))"
        f" ORDER BY name LIMIT {_BEGINNING_MAX}"
    )
    return [Waiting(*row) for row in store.rows(sql, (folder, name, name + ".", name + "/"))]  # "/" follows "."


def companions(store: Store, job: int, source: str) -> list[Waiting]:
    """The drops that joined a job about a file, and whose names begin as that one's, but for its ending."""
    folder, name = split(source)
    stem, dot, _ = name.rpartition(".")
    beside = beginning(store, f"{folder}/{stem if dot and stem else name}")
    return [drop for drop in beside if drop.job == job and drop.path != source]


def remove(store: Store, path: str) -> bool:
    """Forget the drop at that path; False if there is none."""
    folder, name = split(path)
    old = store.row("SELECT user, size FROM drops WHERE folder = ? AND name = ?", (folder, name))
    if old is None:
        return False
    store.execute("DELETE FROM drops WHERE folder = ? AND name = ?", (folder, name))
    usage.add(store, old[0], "inbox", -1, -old[1])
    return True


def on_taken(
    store: Store,
    _: Recorded,
    event: PhotoFiled | CompanionFiled | DocumentRead | FileQuarantined | DuplicateDropped,
) -> None:
    """A drop was taken out of its inbox by Box."""
    remove(store, event.source)


def on_vanished(store: Store, _: Recorded, event: FileVanished) -> None:
    """A drop was taken out of its inbox by somebody else."""
    if owner(event.path)[1] == "inbox":
        remove(store, event.path)


def on_returned(store: Store, recorded: Recorded, event: DropReturned) -> None:
    """A file of the library is a drop again. The job that filed it is its newest, so that nothing asks for another."""
    remove(store, event.path)
    store.execute(
        "INSERT INTO drops (folder, name, user, size, mtime_ns, inode, media_type, since, job, waiting,"
        " needs_bytes, group_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)",
        (
            *split(event.path), event.user, event.size, event.mtime_ns, event.inode, event.media_type,
            recorded.position, event.job, event.size, groups.key_of(event.path),
        ),
    )  # fmt: skip
    usage.add(store, event.user, "inbox", 1, event.size)


def on_requested(store: Store, recorded: Recorded, event: JobRequested) -> None:
    """A job about a drop."""
    if event.source:
        store.execute(
            "UPDATE drops SET job = ?, waiting = 0 WHERE folder = ? AND name = ?",
            (recorded.position, *split(event.source)),
        )


def on_exceeded(store: Store, _: Recorded, event: QuotaExceeded) -> None:
    """A drop that has to wait for room; a job that was about what it was before goes without it."""
    store.execute(
        "UPDATE drops SET waiting = 1, job = 0, needs_bytes = ? WHERE folder = ? AND name = ?",
        (event.size, *split(event.path)),
    )


def on_joined(store: Store, _: Recorded, event: DropJoined) -> None:
    """A drop goes with another one's job."""
    store.execute(
        "UPDATE drops SET job = ?, waiting = 0 WHERE folder = ? AND name = ?", (event.job, *split(event.path))
    )
