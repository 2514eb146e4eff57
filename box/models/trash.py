"""The trash: what lies there, and what was known of it. The rule: a row lives and dies with the row of its file.

What is known of a photo moves with it, so that it comes back as it was. What people put into the trash by hand has no
row here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import peewee

from box.events import (
    FileMoved,
    FileNoticed,
    FileRemoved,
    FileVanished,
    PhotoReturned,
    PhotosKept,
    PhotoTrashed,
    Recorded,
)
from box.models import photos
from box.models.base import Store, Table
from box.models.photos import Photo
from box.paths import split


class Trashed(Table):
    """A file that Box moved to the trash."""

    folder = peewee.TextField()
    name = peewee.TextField()
    source = peewee.TextField()
    """Where it stood."""
    size = peewee.BigIntegerField()
    mtime_ns = peewee.BigIntegerField()
    digest = peewee.TextField()
    job = peewee.BigIntegerField()

    class Meta:
        table_name = "trash"
        primary_key = peewee.CompositeKey("folder", "name")
        without_rowid = True


class TrashedPhoto(Photo):
    """What was known of a photo that lies in the trash."""

    class Meta:
        table_name = "trashed_photos"
        primary_key = peewee.CompositeKey("folder", "name")
        without_rowid = True


class KeptDay(Table):
    """A day whose photos are to stay."""

    user = peewee.TextField()
    day = peewee.TextField()

    class Meta:
        table_name = "kept_days"
        primary_key = peewee.CompositeKey("user", "day")
        without_rowid = True


@dataclass(frozen=True, slots=True)
class Lying:
    """A file in the trash."""

    path: str
    size: int
    mtime_ns: int
    source: str
    """Where it stood; empty for what somebody put there by hand."""
    digest: str
    job: int


def lying(store: Store, folder: str) -> list[Lying]:
    """What lies directly in a folder of the trash, in the order of the names."""
    rows = store.rows(
        "SELECT files.folder || '/' || files.name, files.size, files.mtime_ns, coalesce(source, ''),"
        " coalesce(digest, ''), coalesce(job, 0) FROM files LEFT JOIN trash ON trash.folder = files.folder"
        " AND trash.name = files.name WHERE files.folder = ? ORDER BY files.name",
        (folder,),
    )
    return [Lying(*row) for row in rows]


def find(store: Store, path: str) -> Lying | None:
    """What Box moved to that path in the trash, None if that is not there any more."""
    row = store.row("SELECT size, mtime_ns, source, digest, job FROM trash WHERE folder = ? AND name = ?", split(path))
    return Lying(path, *row) if row else None


def thumbnail_of(store: Store, path: str) -> str:
    """Where the thumbnail of the photo that lies there stood; empty for one without, and for what is no photo."""
    return store.value("SELECT thumbnail FROM trashed_photos WHERE folder = ? AND name = ?", split(path)) or ""


def kept_days(store: Store, day: str) -> list[str]:
    """Whose photos of a day are to stay."""
    return [user for (user,) in store.rows("SELECT user FROM kept_days WHERE day = ? ORDER BY user", (day,))]


def is_kept(store: Store, path: str) -> bool:
    """Whether what lies there is, or goes with, a photo that is to stay by now.

    What is no photo itself goes with all photos that came from the same folder.
    """
    folder, name = split(path)
    asked = (
        "SELECT count(*), coalesce(sum(kept OR EXISTS (SELECT 1 FROM kept_days AS k WHERE k.user = t.user"
        " AND k.day = t.day)), 0) FROM trashed_photos AS t WHERE folder = ?"
    )
    own = store.row(f"{asked} AND name = ?", (folder, name))
    pieces = folder.split("/")
    beside = "/".join([*pieces[:4], "photos", *pieces[5:]])  # thumbnails lie in folders of their own
    counted = own if own and own[0] else store.row(asked, (beside,))
    return bool(counted and counted[1])


def users_of(store: Store, day: str) -> list[str]:
    """Whose photos of a day lie in the trash."""
    return [user for (user,) in store.rows("SELECT DISTINCT user FROM trashed_photos WHERE day = ?", (day,))]


_FACTS: Final = ", ".join(photos.FACTS)


def _copy(store: Store, come_from: str, go_to: str, source: str, path: str) -> None:
    store.execute(f"DELETE FROM {go_to} WHERE folder = ? AND name = ?", split(path))
    store.execute(
        f"INSERT INTO {go_to} (folder, name, {_FACTS}) SELECT ?, ?, {_FACTS} FROM {come_from}"
        " WHERE folder = ? AND name = ?",
        (*split(path), *split(source)),
    )


def _forget(store: Store, path: str) -> None:
    store.execute("DELETE FROM trash WHERE folder = ? AND name = ?", split(path))
    store.execute("DELETE FROM trashed_photos WHERE folder = ? AND name = ?", split(path))


# --- folds -----------------------------------------------------------------------------------------------------------


def on_trashed(store: Store, _: Recorded, event: PhotoTrashed) -> None:
    """A file went to the trash."""
    _forget(store, event.path)
    store.execute(
        "INSERT INTO trash (folder, name, source, size, mtime_ns, digest, job) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*split(event.path), event.source, event.size, event.mtime_ns, event.digest, event.job),
    )
    _copy(store, "photos", "trashed_photos", event.source, event.path)
    photos.remove(store, event.source)


def on_returned(store: Store, _: Recorded, event: PhotoReturned) -> None:
    """It came back."""
    photos.remove(store, event.path)
    _copy(store, "trashed_photos", "photos", event.source, event.path)
    row = store.row("SELECT user, day, size FROM photos WHERE folder = ? AND name = ?", split(event.path))
    if row is not None:
        store.execute(
            "UPDATE photos SET thumbnail = ? WHERE folder = ? AND name = ?", (event.thumbnail, *split(event.path))
        )
        photos.count(store, row[0], row[1], 1, row[2])
    _forget(store, event.source)


def on_gone(store: Store, _: Recorded, event: FileRemoved | FileVanished | FileNoticed) -> None:
    """It is gone, or is another file by now."""
    _forget(store, event.path)


def on_moved(store: Store, _: Recorded, event: FileMoved) -> None:
    """Somebody moved it, or another one to its place."""
    _forget(store, event.source)
    _forget(store, event.path)


def on_kept(store: Store, _: Recorded, event: PhotosKept) -> None:
    """Somebody said whether the photos of a day are to stay."""
    if not event.day:
        return
    store.execute("DELETE FROM kept_days WHERE user = ? AND day = ?", (event.user, event.day))
    if event.kept:
        store.execute("INSERT INTO kept_days (user, day) VALUES (?, ?)", (event.user, event.day))
