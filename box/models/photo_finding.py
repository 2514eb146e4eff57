"""Finding photos. The rule: filing costs nothing more for it; a search reads the newest first, and only so many.

There is no index of words over photos: what is looked for is a day, for which there is one, or a camera, a name, a
folder, which many photos share, so that the newest of them are soon found.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from box.models.base import Store
from box.models.photos import AGE

PAGE_ROWS: Final = 2000
READ_MAX: Final = 100_000
"""So many photos are looked at for a page of results."""


class Shot(NamedTuple):
    """A photo, as far as it is searched."""

    day: str
    folder: str
    name: str
    user: str
    make: str
    model: str
    origin: str
    taken_at: str
    thumbnail: str
    media_type: str


type_place = tuple[str, str, str]
"""Day, folder and name: the last photo that was looked at."""

FIRST: Final[type_place] = ("\U0010ffff", "", "")


def newest(
    store: Store, fits: Callable[[Shot], bool], days: tuple[str, str], after: type_place, limit: int
) -> tuple[list[Shot], type_place | None]:
    """At most `limit` photos of those days that fit, newest first, and where to go on; None at the end."""
    found: list[Shot] = []
    read = 0
    while read < READ_MAX:
        rows = store.rows(
            f"SELECT {AGE}, folder, name, user, make, model, origin, taken_at, thumbnail, media_type FROM photos"
            f" WHERE {AGE} BETWEEN ? AND ? AND {AGE} <= ? AND ({AGE}, folder, name) < (?, ?, ?)"
            f" ORDER BY {AGE} DESC, folder DESC, name DESC LIMIT {PAGE_ROWS}",
            (*days, after[0], *after),
        )
        for shot in map(Shot._make, rows):
            after = (shot.day, shot.folder, shot.name)
            read += 1
            if fits(shot):
                found.append(shot)
                if len(found) == limit:
                    return found, after
        if len(rows) < PAGE_ROWS:
            return found, None
    return found, after
