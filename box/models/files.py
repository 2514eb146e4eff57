"""Files: everything the library holds. The rule: one row a file, by folder and name: a folder is one range."""

from __future__ import annotations

import peewee

from box.events import (
    CompanionFiled,
    DocumentRead,
    DropReturned,
    FileMoved,
    FileNoticed,
    FilePlaced,
    FileQuarantined,
    FileRemoved,
    FileVanished,
    FileWeighed,
    PhotoFiled,
    PhotoReturned,
    PhotoTrashed,
    Recorded,
)  # fmt: skip
from box.models import usage
from box.models.base import Store, Table
from box.paths import owner, split


class File(Table):
    """A file in one of the areas of the library (every area but the inbox)."""

    folder = peewee.TextField()
    name = peewee.TextField()
    size = peewee.BigIntegerField()
    mtime_ns = peewee.BigIntegerField()
    charged = peewee.BigIntegerField()
    """What the sums count for it: its size, unless it was weighed otherwise."""

    class Meta:
        table_name = "files"
        primary_key = peewee.CompositeKey("folder", "name")
        without_rowid = True


def put(store: Store, path: str, size: int, mtime_ns: int, charged: int | None = None) -> None:
    """A file stands at that path now, a new one or another one than before; it is charged its size, if not said."""
    folder, name = split(path)
    weight = size if charged is None else charged
    old = store.row("SELECT charged FROM files WHERE folder = ? AND name = ?", (folder, name))
    store.execute(
        "INSERT INTO files (folder, name, size, mtime_ns, charged) VALUES (?, ?, ?, ?, ?) ON CONFLICT (folder, name)"
        " DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns, charged = excluded.charged",
        (folder, name, size, mtime_ns, weight),
    )
    user, area = owner(path)
    usage.add(store, user, area, 0 if old else 1, weight - (old[0] if old else 0))


def remove(store: Store, path: str) -> tuple[int, int] | None:
    """No file stands at that path any more; (size, charged) of the one that was known there."""
    folder, name = split(path)
    old = store.row("SELECT size, charged FROM files WHERE folder = ? AND name = ?", (folder, name))
    if old is None:
        return None
    store.execute("DELETE FROM files WHERE folder = ? AND name = ?", (folder, name))
    user, area = owner(path)
    usage.add(store, user, area, -1, -old[1])
    return old[0], old[1]


def weigh(store: Store, path: str, charged: int) -> None:
    """The file that is known at that path is charged so much from now on."""
    folder, name = split(path)
    old = store.row("SELECT charged FROM files WHERE folder = ? AND name = ?", (folder, name))
    if old is not None:
        store.execute("UPDATE files SET charged = ? WHERE folder = ? AND name = ?", (charged, folder, name))
        user, area = owner(path)
        usage.add(store, user, area, 0, charged - old[0])


def weights(store: Store, folder: str) -> dict[str, tuple[int, int, int]]:
    """name -> (size, mtime_ns, charged) of the files directly in a folder."""
    sql = "SELECT name, size, mtime_ns, charged FROM files WHERE folder = ?"
    return {name: (size, mtime_ns, charged) for name, size, mtime_ns, charged in store.rows(sql, (folder,))}


def charges(store: Store, user: str) -> list[tuple[str, int, int]]:
    """(folder, files, what they are charged) of a user's folders."""
    top = f"users/{user}"
    sql = (
        "SELECT folder, count(*), sum(charged) FROM files WHERE folder = ? OR (folder > ? AND folder < ?)"
        " GROUP BY folder"
    )
    return [(f, n, c) for f, n, c in store.rows(sql, (top, top + "/", top + "0"))]  # "0" follows "/" in ASCII


def find(store: Store, path: str) -> tuple[int, int] | None:
    """(size, mtime_ns) of the file that is known at that path."""
    row = store.row("SELECT size, mtime_ns FROM files WHERE folder = ? AND name = ?", split(path))
    return (row[0], row[1]) if row else None


def known(store: Store, folder: str) -> dict[str, tuple[int, int]]:
    """name -> (size, mtime_ns) of the files directly in a folder."""
    return {n: (s, m) for n, s, m in store.rows("SELECT name, size, mtime_ns FROM files WHERE folder = ?", (folder,))}


def one(store: Store, path: str) -> tuple[int, int] | None:
    """(size, mtime_ns) of the file that is known at that path."""
    row = store.row("SELECT size, mtime_ns FROM files WHERE folder = ? AND name = ?", split(path))
    return (row[0], row[1]) if row else None


def folders(store: Store, top: str) -> list[str]:
    """The folders at or below one that hold known files; the work grows with the folders, not with the files."""
    rows = store.rows(
        "WITH RECURSIVE found (folder) AS ("
        " SELECT min(folder) FROM files WHERE folder >= ? AND folder < ?"
        " UNION ALL SELECT (SELECT min(folder) FROM files WHERE folder > found.folder AND folder < ?)"
        " FROM found WHERE found.folder IS NOT NULL)"
        " SELECT folder FROM found WHERE folder IS NOT NULL",
        (top, top + "0", top + "0"),  # "0" follows "/" in ASCII
    )
    return [folder for (folder,) in rows if folder == top or folder.startswith(top + "/")]


# --- folds -----------------------------------------------------------------------------------------------------------


def on_put(
    store: Store,
    _: Recorded,
    event: FilePlaced | FileQuarantined | FileNoticed | PhotoFiled | CompanionFiled | DocumentRead,
) -> None:
    """A file came to stand in the library."""
    put(store, event.path, event.size, event.mtime_ns)


def on_vanished(store: Store, _: Recorded, event: FileVanished) -> None:
    """A file left the library."""
    if owner(event.path)[1] != "inbox":
        remove(store, event.path)


def on_removed(store: Store, _: Recorded, event: FileRemoved) -> None:
    """Box removed a file of the library."""
    remove(store, event.path)


def on_returned(store: Store, _: Recorded, event: DropReturned) -> None:
    """A file of the library is a drop again."""
    remove(store, event.source)


def on_moved(store: Store, _: Recorded, event: FileMoved | PhotoTrashed | PhotoReturned) -> None:
    """A file of the library has another place."""
    old = remove(store, event.source)
    put(store, event.path, event.size, event.mtime_ns, old[1] if old and old[0] == event.size else None)


def on_weighed(store: Store, _: Recorded, event: FileWeighed) -> None:
    """What a file is charged."""
    weigh(store, event.path, max(0, event.charged_bytes))
