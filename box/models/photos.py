"""Photos: what is known of every filed photo. The rule: a row lives and dies with the row of its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import peewee

from box.events import (
    DropReturned,
    FileMoved,
    FileNoticed,
    FileRemoved,
    FileVanished,
    PhotoFiled,
    PhotoRedated,
    PhotosKept,
    Recorded,
)
from box.models.base import Store, Table
from box.paths import split
from box.photos import groups


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
    """The day that it is filed under, empty when unknown or doubtful."""
    taken_at = peewee.TextField()
    taken_from = peewee.TextField()
    make = peewee.TextField()
    model = peewee.TextField()
    thumbnail = peewee.TextField()
    zone = peewee.TextField()
    confidence = peewee.TextField()
    doubt = peewee.TextField()
    serial = peewee.TextField()
    lens = peewee.TextField()
    exposure = peewee.TextField()
    aperture = peewee.DoubleField()
    iso = peewee.IntegerField()
    latitude = peewee.DoubleField(null=True)
    longitude = peewee.DoubleField(null=True)
    main = peewee.TextField()
    """Path of the main file of its group when it was filed, empty when it was that itself."""
    origin = peewee.TextField()
    """Path of the drop that it was; its own for one that was put into the library by hand."""
    filed = peewee.BigIntegerField()
    """Position of the event that told of it."""
    renamed = peewee.SmallIntegerField()
    """1 once somebody gave it another name by hand: then that is its name."""
    redated = peewee.BigIntegerField()
    """The job that moved its time last, 0 if none did."""
    group_key = peewee.TextField()
    """The folder of `origin`, a slash, and what the names of its group have in common (`box.photos.groups`)."""
    filed_day = peewee.TextField()
    """The day (UTC) on which it was filed: where nobody knows when it was taken, it is at least that old."""
    kept = peewee.SmallIntegerField()
    """1 while somebody wants it to stay, whatever its age."""

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


AGE: Final = "coalesce(nullif(day, ''), filed_day)"
"""The day that tells how old a photo is."""

INDEXES: Final = (
    "CREATE INDEX IF NOT EXISTS photo_digest ON photos (digest, user)",
    "CREATE INDEX IF NOT EXISTS photo_group ON photos (group_key, filed)",
    f"CREATE INDEX IF NOT EXISTS photo_age ON photos ({AGE})",
)


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


@dataclass(frozen=True, slots=True)
class Main:
    """The main file of a group, as it stands in the library now."""

    path: str
    media_type: str
    taken_at: str
    day: str
    origin: str


_MAIN: Final = "SELECT folder || '/' || name, media_type, taken_at, day, origin FROM photos WHERE"


def main_of(store: Store, origin: str) -> Main | None:
    """The newest photo that was filed from beside that drop and has a name in common with it."""
    folder, name = split(origin)
    low, high = groups.key_range(name)
    rows = store.rows(
        f"{_MAIN} group_key BETWEEN ? AND ? AND main = '' ORDER BY group_key, filed DESC",
        (f"{folder}/{low}", f"{folder}/{high}"),
    )
    return next((main for main in (Main(*row) for row in rows) if _is_about(name, main)), None)


def _is_about(name: str, main: Main) -> bool:
    """Whether a file of that name, if it is about another one, can be about that photo."""
    shot = split(main.origin)[1]
    return groups.is_about(name, shot, groups.role(shot, main.media_type))


def mains_of(store: Store, origins: Sequence[str]) -> dict[str, Main]:
    """origin -> `main_of` it, of those that have one; one question for all that are usual."""
    found: dict[str, Main] = {}
    usual: dict[str, list[str]] = {}
    for origin in origins:
        if groups.parse(split(origin)[1]).is_cut:
            main = main_of(store, origin)
            found |= {origin: main} if main else {}
        else:
            usual.setdefault(groups.key_of(origin), []).append(origin)
    keys = list(usual)
    for first in range(0, len(keys), _KEYS_MAX):
        part = keys[first : first + _KEYS_MAX]
        marks = ", ".join("?" * len(part))
        for row in store.rows(f"{_MAIN} group_key IN ({marks}) AND main = '' ORDER BY filed", part):
            main = Main(*row)
            mates = usual[groups.key_of(main.origin)]
            found |= dict.fromkeys((origin for origin in mates if _is_about(split(origin)[1], main)), main)
    return found


_KEYS_MAX: Final = 500
"""Keys in one question."""


def totals(store: Store) -> Totals:
    """Counts of all photos; the work grows with the days, not with the photos."""
    row = store.row(
        "SELECT coalesce(sum(photos), 0), coalesce(sum(bytes), 0), coalesce(min(nullif(day, '')), ''),"
        " coalesce(max(nullif(day, '')), ''), count(DISTINCT nullif(day, '')) FROM photo_days"
    )
    assert row is not None  # noqa: S101  an aggregate always has a row
    return Totals(*row)


_FIELDS: Final = (
    "user", "size", "digest", "media_type", "width", "height", "orientation", "taken_at", "taken_from", "make",
    "model", "thumbnail", "zone", "confidence", "doubt", "serial", "lens", "exposure", "aperture", "iso", "latitude",
    "longitude", "main",
)  # fmt: skip
"""Columns that hold what the field of that name in `PhotoFiled` says."""
FACTS: Final = (
    *_FIELDS, "day", "origin", "filed", "renamed", "redated", "group_key", "filed_day", "kept",
)  # fmt: skip
"""All that is known of a photo but where it stands."""
_COLUMNS: Final = ("folder", "name", *FACTS)
_INSERT: Final = f"INSERT INTO photos ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"


def count(store: Store, user: str, day: str, photos: int, size: int) -> None:
    """Count so many more photos and bytes of a day."""
    store.execute(
        "INSERT INTO photo_days (user, day, photos, bytes) VALUES (?, ?, ?, ?) ON CONFLICT (user, day)"
        " DO UPDATE SET photos = photos + excluded.photos, bytes = bytes + excluded.bytes",
        (user, day, photos, size),
    )
    if photos < 0:
        store.execute("DELETE FROM photo_days WHERE user = ? AND day = ? AND photos = 0", (user, day))


# --- folds -----------------------------------------------------------------------------------------------------------


def on_filed(store: Store, recorded: Recorded, event: PhotoFiled) -> None:
    """A photo came to the library; one that was to stay, and is only read again where it lies, still is."""
    was_kept = remove(store, event.path)
    # The fields of the event that are columns of the same name stand where they stand in the event.
    origin = event.source or event.path
    row = {
        **{name: getattr(event, name) for name in _FIELDS},
        "day": day_of(event),
        "origin": origin,
        "filed": recorded.position,
        "renamed": 0,
        "redated": 0,
        "group_key": groups.key_of(origin),
        "filed_day": recorded.at[:10],
        "kept": int(was_kept and event.source == event.path),
    }
    folder, name = split(event.path)
    store.execute(_INSERT, (folder, name, *row.values()))
    count(store, event.user, row["day"], 1, event.size)


def day_of(event: PhotoFiled) -> str:
    """The day under which a photo is filed, empty when unknown or doubtful."""
    return "" if event.doubt else event.day or event.taken_at[:10]


def on_noticed(store: Store, _: Recorded, event: FileNoticed) -> None:
    """Somebody changed a filed photo by hand: it is still that day's photo, but no longer these bytes."""
    folder, name = split(event.path)
    old = store.row("SELECT user, day, size FROM photos WHERE folder = ? AND name = ?", (folder, name))
    if old is not None:
        store.execute(
            "UPDATE photos SET size = ?, digest = '' WHERE folder = ? AND name = ?", (event.size, folder, name)
        )
        count(store, old[0], old[1], 0, event.size - old[2])


def on_vanished(store: Store, _: Recorded, event: FileVanished | FileRemoved) -> None:
    """A photo left the library."""
    remove(store, event.path)


def on_returned(store: Store, _: Recorded, event: DropReturned) -> None:
    """A photo is a drop again."""
    remove(store, event.source)


def on_redated(store: Store, _: Recorded, event: PhotoRedated) -> None:
    """It was taken at another time."""
    folder, name = split(event.path)
    old = store.row("SELECT user, day, size FROM photos WHERE folder = ? AND name = ?", (folder, name))
    if old is not None:
        store.execute(
            "UPDATE photos SET taken_at = ?, day = ?, doubt = ?, redated = ? WHERE folder = ? AND name = ?",
            (event.taken_at, event.day, event.doubt, event.job, folder, name),
        )
        count(store, old[0], old[1], -1, -old[2])
        count(store, old[0], event.day, 1, old[2])


def on_moved(store: Store, _: Recorded, event: FileMoved) -> None:
    """A photo has another place."""
    if event.path != event.source:
        remove(store, event.path)
    by_hand = int(event.job == 0 and split(event.path)[1] != split(event.source)[1])
    store.execute(
        "UPDATE photos SET folder = ?, name = ?, thumbnail = coalesce(nullif(?, ''), thumbnail),"
        " renamed = max(renamed, ?) WHERE folder = ? AND name = ?",
        (*split(event.path), event.thumbnail, by_hand, *split(event.source)),
    )


def on_kept(store: Store, _: Recorded, event: PhotosKept) -> None:
    """Somebody said whether it is to stay."""
    store.execute("UPDATE photos SET kept = ? WHERE folder = ? AND name = ?", (int(event.kept), *split(event.path)))


def remove(store: Store, path: str) -> bool:
    """No photo stands at that path any more; whether one did that somebody wanted to stay."""
    folder, name = split(path)
    old = store.row("SELECT user, day, size, kept FROM photos WHERE folder = ? AND name = ?", (folder, name))
    if old is None:
        return False
    store.execute("DELETE FROM photos WHERE folder = ? AND name = ?", (folder, name))
    count(store, old[0], old[1], -1, -old[2])
    return bool(old[3])
