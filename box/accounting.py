"""Accounting: what is on the disk, beside what the sums say. The rule: a walk counts, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable

from box.errors import BoxError
from box.models import usage
from box.models.base import Store
from box.paths import MARKER, owner
from box.watchers.tree import walk


def on_disk(root: str, user: str, check: Callable[[], None] = lambda: None) -> dict[str, tuple[int, int]]:
    """area -> (files, bytes), by a walk over everything that a user has.

    `check` is called for each folder, and may raise to end it.
    """

    def is_scratch(path: str, is_folder: bool) -> bool:  # noqa: FBT001 - the signature that `walk` wants
        return is_folder and path.startswith(f"users/{user}/temp/job-")

    found: dict[str, tuple[int, int]] = {}
    for folder in walk(root, f"users/{user}", is_scratch):
        check()
        if folder.error:
            raise BoxError(f"{folder.path} cannot be read: {folder.error}")
        for name, (size, _) in folder.files.items():
            area = owner(f"{folder.path}/{name}")[1]
            if name != MARKER:
                files, total = found.get(area, (0, 0))
                found[area] = (files + 1, total + size)
    return found


def drift(store: Store, root: str, user: str, check: Callable[[], None] = lambda: None) -> dict[str, dict[str, int]]:
    """area -> how many files and bytes more are on the disk than in the sums; but for the inbox, where things wait."""
    found = on_disk(root, user, check)
    more = {}
    for area, (files, size) in usage.by_area(store, user).items():
        there = found.get(area, (0, 0))
        if area != "inbox" and there != (files, size):
            more[area] = {"files": there[0] - files, "bytes": there[1] - size}
    return more
