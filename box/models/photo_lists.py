"""What people and sweeps ask about filed photos. The rule: reads only; what grows with the library comes in pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from box.models.base import Store
from box.models.photos import Photo
from box.paths import split
from box.photos import groups

PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Copies:
    """Photos with the same bytes."""

    digest: str
    size: int
    """Of each."""
    paths: tuple[str, ...]

    @property
    def spare_bytes(self) -> int:
        """What would be free if one of them were kept."""
        return self.size * (len(self.paths) - 1)


def any_of(store: Store, user: str) -> bool:
    """Whether a user has a photo."""
    return store.row("SELECT 1 FROM photo_days WHERE user = ? LIMIT 1", (user,)) is not None


def users_of(store: Store, day: str) -> list[str]:
    """Who has photos of a day."""
    return [user for (user,) in store.rows("SELECT user FROM photo_days WHERE day = ? ORDER BY user", (day,))]


def digest_of(store: Store, path: str) -> str:
    """blake3 of a photo, empty where none is known."""
    return store.value("SELECT digest FROM photos WHERE folder = ? AND name = ?", split(path)) or ""


def find(store: Store, path: str) -> dict[str, Any] | None:
    """All that is known of a photo, None if there is none at that path."""
    folder, name = split(path)
    rows = store.dicts(Photo.select().where((Photo.folder == folder) & (Photo.name == name)))
    return rows[0] if rows else None


def beside(store: Store, path: str) -> list[str]:
    """The other files of its folder that are of the same group by their names."""
    folder, name = split(path)
    own = groups.parse(name).key
    rows = store.rows("SELECT name FROM files WHERE folder = ? ORDER BY name", (folder,))
    return [f"{folder}/{other}" for (other,) in rows if other != name and groups.parse(other).key == own]


def copies(store: Store, user: str = "") -> Iterator[Copies]:
    """Photos with the same bytes, of everybody together or among a user's own; in the order of their digests.

    The groups are found by the index of digests alone; a photo's row is read only if it has a twin.
    """
    mine, values = (" AND user = ?", (user,)) if user else ("", ())
    after = ""
    while True:
        found = store.rows(
            f"SELECT digest FROM photos WHERE digest > ?{mine} GROUP BY digest HAVING count(*) > 1"
            " ORDER BY digest LIMIT ?",
            (after, *values, PAGE),
        )
        for (digest,) in found:
            rows = store.rows(
                f"SELECT folder || '/' || name, size FROM photos WHERE digest = ?{mine} ORDER BY 1", (digest, *values)
            )
            if len(rows) > 1:
                yield Copies(digest, rows[0][1], tuple(path for path, _ in rows))
        if len(found) < PAGE:
            return
        after = found[-1][0]
