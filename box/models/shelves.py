"""Shelves: filed photos, looked through to be put somewhere else. The rule: a page at a time, by the key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from box.models.base import Store
from box.paths import area_folder, split

PAGE_ROWS: Final = 1000


class Filed(NamedTuple):
    """What is known of a filed photo, as far as it says where it belongs."""

    folder: str
    name: str
    user: str
    media_type: str
    day: str
    taken_at: str
    taken_from: str
    doubt: str
    make: str
    model: str
    serial: str
    thumbnail: str
    origin: str
    renamed: int
    redated: int
    group_key: str

    @property
    def path(self) -> str:
        """Its path text."""
        return f"{self.folder}/{self.name}"


_COLUMNS: Final = ", ".join(Filed._fields)


def pages(store: Store, user: str) -> Iterator[list[Filed]]:
    """A user's photos, a page at a time, in the order of folder and name; those that move on meanwhile come again."""
    top = area_folder(user, "photos")
    after = (top, "")
    sql = (
        f"SELECT {_COLUMNS} FROM photos WHERE (folder, name) > (?, ?) AND folder < ?"
        f" ORDER BY folder, name LIMIT {PAGE_ROWS}"
    )
    while rows := store.rows(sql, (*after, top + "0")):  # "0" follows "/" in ASCII
        after = rows[-1][:2]
        yield [Filed._make(row) for row in rows if row[0] == top or row[0].startswith(top + "/")]


def find(store: Store, path: str) -> Filed | None:
    """The photo at that path, None if there is none."""
    row = store.row(f"SELECT {_COLUMNS} FROM photos WHERE folder = ? AND name = ?", split(path))
    return Filed._make(row) if row else None


def names(store: Store, folder: str) -> list[str]:
    """The names of all known files in a folder, photos or not."""
    return [name for (name,) in store.rows("SELECT name FROM files WHERE folder = ? ORDER BY name", (folder,))]


def count(store: Store, user: str) -> int:
    """How many photos a user has."""
    return store.value("SELECT sum(photos) FROM photo_days WHERE user = ?", (user,)) or 0


def users(store: Store) -> list[str]:
    """Who has photos."""
    return [user for (user,) in store.rows("SELECT DISTINCT user FROM photo_days ORDER BY user")]
