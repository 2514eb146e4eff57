"""Photos: what is known of every filed photo. The rule: a row lives and dies with the row of its file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import peewee

from box.events import FileNoticed, FileVanished, PhotoFiled, Recorded
from box.models.base import Store, Table
from box.paths import split


class Photo(Table):
    """A photo that Box filed."""

    folder = peewee.TextField()
    name = peewee.TextField()
    user = peewee.TextField()
    size = peewee.BigIntegerField()
    digest = peewee.TextField()
    media_type = peewee.TextField()
    width = peewee.IntegerField()
    height = peewee.IntegerField()
    orientation = peewee.SmallIntegerField()
    day = peewee.TextField()
    """Local day of the capture, empty when unknown."""
    taken_at = peewee.TextField()
    taken_from = peewee.TextField()
    make = peewee.TextField()
    model = peewee.TextField()
    thumbnail = peewee.TextField()

    class Meta:
        table_name = "photos"
        primary_key = peewee.CompositeKey("folder", "name")
        without_rowid = True


class PhotoDay(Table):
    """How many photos a user has of a day, and their bytes."""

    user = peewee.TextField()
    day = peewee.TextField()
    photos = peewee.BigIntegerField()
    bytes = peewee.BigIntegerField()

    class Meta:
        table_name = "photo_days"
        primary_key = peewee.CompositeKey("user", "day")
        without_rowid = True


INDEXES: Final = ("CREATE INDEX IF NOT EXISTS photo_digest ON photos (digest, user)",)


@dataclass(frozen=True, slots=True)
class Totals:
    """All photos of the box together. Days are local days, empty strings without any dated photo."""

    count: int
    bytes: int
    first_day: str
    last_day: str
    days: int


def with_digest(store: Store, user: str, digest: str) -> list[str]:
    """The paths of a user's photos with these bytes."""
    rows = store.rows("SELECT folder || '/' || name FROM photos WHERE digest = ? AND user = ?", (digest, user))
    return [path for (path,) in rows]


def totals(store: Store) -> Totals:
    """Counts of all photos; the work grows with the days, not with the photos."""
    row = store.row(
        "SELECT coalesce(sum(photos), 0), coalesce(sum(bytes), 0), coalesce(min(nullif(day, '')), ''),"
        " coalesce(max(nullif(day, '')), ''), count(DISTINCT nullif(day, '')) FROM photo_days"
    )
    assert row is not None  # noqa: S101  an aggregate always has a row
    return Totals(*row)


def _count(store: Store, user: str, day: str, photos: int, size: int) -> None:
    store.execute(
        "INSERT INTO photo_days (user, day, photos, bytes) VALUES (?, ?, ?, ?) ON CONFLICT (user, day)"
        " DO UPDATE SET photos = photos + excluded.photos, bytes = bytes + excluded.bytes",
        (user, day, photos, size),
    )
    if photos < 0:
        store.execute("DELETE FROM photo_days WHERE user = ? AND day = ? AND photos = 0", (user, day))


# --- folds -----------------------------------------------------------------------------------------------------------


def on_filed(store: Store, _: Recorded, event: PhotoFiled) -> None:
    """A photo came to the library."""
    _remove(store, event.path)
    day = event.taken_at[:10]
    store.execute(
        "INSERT INTO photos (folder, name, user, size, digest, media_type, width, height, orientation, day, taken_at,"
        " taken_from, make, model, thumbnail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *split(event.path), event.user, event.size, event.digest, event.media_type, event.width, event.height,
            event.orientation, day, event.taken_at, event.taken_from, event.make, event.model, event.thumbnail,
        ),
    )  # fmt: skip
    _count(store, event.user, day, 1, event.size)


def on_noticed(store: Store, _: Recorded, event: FileNoticed) -> None:
    """Somebody changed a filed photo by hand: it is still that day's photo, but no longer these bytes."""
    folder, name = split(event.path)
    old = store.row("SELECT user, day, size FROM photos WHERE folder = ? AND name = ?", (folder, name))
    if old is not None:
        store.execute(
            "UPDATE photos SET size = ?, digest = '' WHERE folder = ? AND name = ?", (event.size, folder, name)
        )
        _count(store, old[0], old[1], 0, event.size - old[2])


def on_vanished(store: Store, _: Recorded, event: FileVanished) -> None:
    """A photo left the library."""
    _remove(store, event.path)


def _remove(store: Store, path: str) -> None:
    folder, name = split(path)
    old = store.row("SELECT user, day, size FROM photos WHERE folder = ? AND name = ?", (folder, name))
    if old is not None:
        store.execute("DELETE FROM photos WHERE folder = ? AND name = ?", (folder, name))
        _count(store, old[0], old[1], -1, -old[2])
