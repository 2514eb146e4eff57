"""Clocks of cameras that are not believed. The rule: a count changes with the photo that it counts, in the same commit.

Each fold that takes a photo away or changes it has `on_leaving` before it, each that brings or changes one has
`on_standing` after it: what is counted is what the row of the photo says.
"""

from __future__ import annotations

from dataclasses import dataclass

import peewee

from box.events import (
    DropReturned,
    FileMoved,
    FileRemoved,
    FileVanished,
    PhotoFiled,
    PhotoRedated,
    PhotoReturned,
    PhotoTrashed,
    Recorded,
)
from box.models.base import Store, Table
from box.paths import split
from box.photos.naming import camera_of


class CameraClock(Table):
    """How many photos of a camera bear a time that cannot be right."""

    user = peewee.TextField()
    camera = peewee.TextField()
    """Make and model, as people call it; empty where the photos do not say."""
    doubt = peewee.TextField()
    photos = peewee.BigIntegerField()

    class Meta:
        table_name = "camera_clocks"
        primary_key = peewee.CompositeKey("user", "camera", "doubt")
        without_rowid = True


@dataclass(frozen=True, slots=True)
class Doubtful:
    """The photos of one camera with a doubt."""

    user: str
    camera: str
    doubt: str
    photos: int


def all_of(store: Store) -> list[Doubtful]:
    """Every camera whose clock was wrong; their number does not grow with the photos."""
    rows = store.rows("SELECT user, camera, doubt, photos FROM camera_clocks ORDER BY user, camera, doubt")
    return [Doubtful(*row) for row in rows]


def count(store: Store, path: str, by: int) -> None:
    """Count the photo at that path `by` times more, if its clock is in doubt."""
    row = store.row("SELECT user, make, model, doubt FROM photos WHERE folder = ? AND name = ?", split(path))
    if row is None or not row[3]:
        return
    key = (row[0], camera_of(row[1], row[2]), row[3])
    store.execute(
        "INSERT INTO camera_clocks (user, camera, doubt, photos) VALUES (?, ?, ?, ?) ON CONFLICT (user, camera, doubt)"
        " DO UPDATE SET photos = photos + excluded.photos",
        (*key, by),
    )
    if by < 0:
        sql = "DELETE FROM camera_clocks WHERE user = ? AND camera = ? AND doubt = ? AND photos = 0"
        store.execute(sql, key)


# --- folds -----------------------------------------------------------------------------------------------------------


def on_leaving(
    store: Store, _: Recorded, event: PhotoFiled | FileVanished | FileRemoved | PhotoRedated | PhotoReturned
) -> None:
    """The photo that is known at that path will be another one, or none."""
    count(store, event.path, -1)


def on_standing(store: Store, _: Recorded, event: PhotoFiled | PhotoRedated | PhotoReturned) -> None:
    """The photo at that path is what the event says."""
    count(store, event.path, 1)


def on_returned(store: Store, _: Recorded, event: DropReturned | PhotoTrashed) -> None:
    """The photo goes back to the inbox, or to the trash."""
    count(store, event.source, -1)


def on_moving(store: Store, _: Recorded, event: FileMoved) -> None:
    """A photo that moves is counted already; one in whose place it comes to stand is no more."""
    if event.path != event.source:
        count(store, event.path, -1)
