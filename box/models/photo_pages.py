"""Photos one after the other. The rule: a page at a time, in the order of the table: a million take no memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Final

from box.models.base import Store
from box.paths import area_folder
from box.photos.deployment import Shot

PAGE_ROWS: Final = 1000
_COLUMNS: Final = ", ".join(field.name for field in fields(Shot))


def shots(store: Store, user: str) -> Iterator[Shot]:
    """All photos of a user, folder by folder."""
    top = area_folder(user, "photos")
    last = (top, "")
    while True:
        rows = store.rows(
            f"SELECT {_COLUMNS} FROM photos WHERE (folder, name) > (?, ?) AND folder < ? ORDER BY folder, name LIMIT ?",
            (*last, top + "0", PAGE_ROWS),  # "0" follows "/" in ASCII
        )
        page = [Shot(*row) for row in rows]
        yield from (shot for shot in page if shot.folder == top or shot.folder.startswith(top + "/"))
        if len(page) < PAGE_ROWS:
            return
        last = (page[-1].folder, page[-1].name)


def repeated(store: Store, user: str) -> set[str]:
    """The digests that more than one photo of a user has."""
    sql = "SELECT digest FROM photos WHERE user = ? AND digest <> '' GROUP BY digest HAVING count(*) > 1"
    return {digest for (digest,) in store.rows(sql, (user,))}
