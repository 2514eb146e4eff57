"""Imports: what was brought in from cards and folders. The rule: an original that stands here is not brought in again.

The key is the entry's name, the volume and the path on it; another size or time there is another file.
"""

from __future__ import annotations

from dataclasses import dataclass

import peewee

from box.events import FileImported, ImportUndone, Recorded
from box.models.base import Store, Table
from box.paths import split


class Import(Table):
    """An original that was imported."""

    name = peewee.TextField()
    volume = peewee.TextField()
    folder = peewee.TextField()
    file = peewee.TextField()
    size = peewee.BigIntegerField()
    mtime_ns = peewee.BigIntegerField()
    digest = peewee.TextField()
    path = peewee.TextField()
    """Where it came to stand in the inbox."""
    job = peewee.BigIntegerField()

    class Meta:
        table_name = "imports"
        primary_key = peewee.CompositeKey("name", "volume", "folder", "file")
        without_rowid = True


@dataclass(frozen=True, slots=True)
class Imported:
    """What a job brought in."""

    name: str
    volume: str
    place: str
    size: int
    mtime_ns: int
    digest: str
    path: str


_COLUMNS = "name, volume, CASE folder WHEN '' THEN file ELSE folder || '/' || file END, size, mtime_ns, digest, path"
_KEY = "name = ? AND volume = ? AND folder = ? AND file = ?"


def known(store: Store, name: str, volume: str, folder: str) -> dict[str, tuple[int, int]]:
    """file -> (size, mtime_ns) of what was imported from directly in a folder."""
    sql = "SELECT file, size, mtime_ns FROM imports WHERE name = ? AND volume = ? AND folder = ?"
    return {file: (size, mtime_ns) for file, size, mtime_ns in store.rows(sql, (name, volume, folder))}


def find(store: Store, name: str, volume: str, place: str) -> Imported | None:
    """What became of the original at that path."""
    row = store.row(f"SELECT {_COLUMNS} FROM imports WHERE {_KEY}", (name, volume, *split(place)))
    return Imported(*row) if row else None


def of_job(store: Store, job: int) -> list[Imported]:
    """What a job brought in and what was not undone. Looks through the table: for the few that are cancelled."""
    rows = store.rows(f"SELECT {_COLUMNS} FROM imports WHERE job = ? ORDER BY path", (job,))
    return [Imported(*row) for row in rows]


# --- folds -----------------------------------------------------------------------------------------------------------


def on_imported(store: Store, _: Recorded, event: FileImported) -> None:
    """An original was brought in, for the first time or as another file than before."""
    store.execute(
        "INSERT INTO imports (name, volume, folder, file, size, mtime_ns, digest, path, job)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name, volume, folder, file) DO UPDATE SET"
        " size = excluded.size, mtime_ns = excluded.mtime_ns, digest = excluded.digest, path = excluded.path,"
        " job = excluded.job",
        (
            event.name, event.volume, *split(event.place), event.size, event.mtime_ns, event.digest, event.path,
            event.job,
        ),
    )  # fmt: skip


def on_undone(store: Store, _: Recorded, event: ImportUndone) -> None:
    """It was taken out again."""
    store.execute(f"DELETE FROM imports WHERE {_KEY}", (event.name, event.volume, *split(event.place)))
