"""Files: everything the library holds. The rule: one row a file, by folder and name: a folder is one range."""

from __future__ import annotations

import peewee

from box.events import (
    CompanionFiled,
    DropReturned,
    FileMoved,
    FileNoticed,
    FilePlaced,
    FileQuarantined,
    FileRemoved,
    FileVanished,
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

    class Meta:
        table_name = "files"
        primary_key = peewee.CompositeKey("folder", "name")
        without_rowid = True


def put(store: Store, path: str, size: int, mtime_ns: int) -> None:
    """A file stands at that path now, a new one or another one than before."""
    folder, name = split(path)
    old = store.row("SELECT size FROM files WHERE folder = ? AND name = ?", (folder, name))
    store.execute(
        "INSERT INTO files (folder, name, size, mtime_ns) VALUES (?, ?, ?, ?) ON CONFLICT (folder, name)"
        " DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns",
        (folder, name, size, mtime_ns),
    )
    user, area = owner(path)
    usage.add(store, user, area, 0 if old else 1, size - (old[0] if old else 0))


def remove(store: Store, path: str) -> None:
    """No file stands at that path any more."""
    folder, name = split(path)
    old = store.row("SELECT size FROM files WHERE folder = ? AND name = ?", (folder, name))
    if old is not None:
        store.execute("DELETE FROM files WHERE folder = ? AND name = ?", (folder, name))
        user, area = owner(path)
        usage.add(store, user, area, -1, -old[0])


def find(store: Store, path: str) -> tuple[int, int] | None:
    """(size, mtime_ns) of the file that is known at that path."""
    row = store.row("SELECT size, mtime_ns FROM files WHERE folder = ? AND name = ?", split(path))
    return (row[0], row[1]) if row else None


def known(store: Store, folder: str) -> dict[str, tuple[int, int]]:
    """name -> (size, mtime_ns) of the files directly in a folder."""
    return {n: (s, m) for n, s, m in store.rows("SELECT name, size, mtime_ns FROM files WHERE folder = ?", (folder,))}


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
    store: Store, _: Recorded, event: FilePlaced | FileQuarantined | FileNoticed | PhotoFiled | CompanionFiled
) -> None:
    """A file came to stand in the library."""
    put(store, event.path, event.size, event.mtime_ns)


def on_vanished(store: Store, _: Recorded, event: FileVanished) -> None:
    """A file left the library."""
    if owner(event.path)[1] != "inbox":
        remove(store, event.path)


def on_returned(store: Store, _: Recorded, event: DropReturned) -> None:
    """A file of the library is a drop again."""
    remove(store, event.source)


def on_removed(store: Store, _: Recorded, event: FileRemoved) -> None:
    """A file is gone for good."""
    remove(store, event.path)


def on_moved(store: Store, _: Recorded, event: FileMoved | PhotoTrashed | PhotoReturned) -> None:
    """A file of the library has another place."""
    remove(store, event.source)
    put(store, event.path, event.size, event.mtime_ns)
