"""Leaving: which photos may go to the trash. The rule: whatever is not certain stays, with all that belongs to it.

A photo goes with what stands beside it and its thumbnail. It stays when somebody wants it to (`box photos keep`, or a
file `.keep` in its folder or one above), when it is not as it is known, when its removal would free nothing, and when
the backup of one of its files is not what the owner wants. Nothing is moved here: parcels are made, for
`box.tasks.shelving`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from box import disk, file_names, retention
from box.events import PhotoTrashed
from box.models import ages, backed, files, shelves
from box.models.base import Store
from box.paths import area_folder, join, owner, split
from box.retention import Candidate, Terms
from box.tasks.chore import Reporter
from box.tasks.shelving import Parcel, Places, Step
from box.tasks.sorting import Member, Sorter, move_of, standing

KEEP: Final = ".keep"
"""The name of a file that says: what is in this folder stays."""

KEPT: Final = "to be kept"
CHANGED: Final = "changed since they were looked at"
UNREAD: Final = "changed by hand and not read again yet"
LINKED: Final = "known by another name too, so that nothing would be free"
ELSEWHERE: Final = "on another file system than the root"
NO_BACKUP: Final = "without a backup"
OTHER_BYTES: Final = "with a backup of other bytes"
NOT_VERIFIED: Final = "with a backup that was not verified yet"

_BLOCK_BYTES: Final = 512
"""The unit of `st_blocks`, whatever the file system's own is."""
_LOOKED: Final = 500
"""So many photos are looked at between two words about how far it is."""


def unproved(store: Store, terms: Terms, path: str, size: int, mtime_ns: int, digest: str) -> str:
    """What is missing in the backup of the file that was known at that path, empty for nothing; thumbnails have none.

    `digest` is empty where it is not known.
    """
    if terms.require_backup == "none" or owner(path)[1] == "thumbnails":
        return ""
    state = backed.state_of(store, path, size, mtime_ns)
    if terms.is_backed(state):
        held = backed.digests_of(store, path, size, mtime_ns)  # "": restic has digests of its own
        return OTHER_BYTES if digest and not held & {digest, ""} else ""
    return NO_BACKUP if state == "none" else NOT_VERIFIED


def is_folder_kept(root: str, path: str) -> bool:
    """Whether somebody wants all to stay that is in a folder of photos, or in one above; thumbnails stay with it."""
    user, own = owner(path)
    area = area_folder(user, "photos")
    folder = area + split(path)[0][len(area_folder(user, own)) :]
    while len(folder) >= len(area):
        if os.path.lexists(join(root, f"{folder}/{KEEP}")):
            return True
        folder = split(folder)[0]
    return False


def frees_bytes(status: os.stat_result, device: int) -> int:
    """How much of a file system is free once that file is gone."""
    return 0 if status.st_nlink > 1 or status.st_dev != device else status.st_blocks * _BLOCK_BYTES


@dataclass(frozen=True, slots=True)
class Group(Candidate):
    """A photo and what goes with it."""

    paths: tuple[str, ...] = ()
    """Of its files, the main one first, thumbnails last."""


@dataclass(slots=True)
class Leaving:
    """Looks for photos to go."""

    store: Store
    root: str
    device: int
    """Of the root."""
    job: int
    user: str
    """Whose photos; everybody's, if empty."""
    terms: Terms
    today: date
    sorter: Sorter
    places: Places
    reporter: Reporter

    def groups(self) -> Iterator[Group]:
        """All groups, those with the oldest photos first."""
        for number, (_, path) in enumerate(ages.paths(self.store, self.user)):
            if number % _LOOKED == 0:
                self.reporter.progress(0.0, f"{number} photos looked at")
            photo = shelves.find(self.store, path)
            members = self.sorter.group_of(photo) if photo else []
            if members:
                yield self._group(members)

    def _group(self, members: Sequence[Member]) -> Group:
        why, freed = "", 0
        days, paths, thumbnails = [], [], []
        for each in members:
            status = standing(self.root, each.path)
            if status is None and each.photo is None:
                continue  # what only stood beside is gone: the sweep will say so
            why = why or self._why(each.path, status)
            paths.append(each.path)
            freed += frees_bytes(status, self.device) if status else 0
            known = ages.find(self.store, each.path) if each.photo else None
            days += [known.age] if known else []
            small = standing(self.root, each.photo.thumbnail) if each.photo and each.photo.thumbnail else None
            if each.photo and small:
                thumbnails.append(each.photo.thumbnail)
                freed += frees_bytes(small, self.device)
        return Group(min(days), max(days), freed, why, (*paths, *thumbnails))

    def _why(self, path: str, status: os.stat_result | None) -> str:
        """Why a file cannot go, empty if it can; `status` is what stands there."""
        if status is None:
            return CHANGED
        if status.st_dev != self.device:
            return ELSEWHERE
        if status.st_nlink > 1:
            return LINKED
        return self.why_it_stays(path, status.st_size, disk.mtime_ns(status))

    def why_it_stays(self, path: str, size: int, mtime_ns: int) -> str:
        """The same by what is known of it, and of nothing else; asked once more when it goes."""
        if owner(path)[1] == "thumbnails":
            return ""
        if files.find(self.store, path) != (size, mtime_ns):
            return CHANGED
        photo = ages.find(self.store, path)
        if photo is not None and not photo.digest:
            return UNREAD
        if (photo is not None and photo.is_kept) or is_folder_kept(self.root, path):
            return KEPT
        return unproved(self.store, self.terms, path, size, mtime_ns, photo.digest if photo else "")

    def parcel(self, group: Group) -> Parcel | None:
        """What brings a group to the trash; None if a file of it is gone since it was looked at."""
        seen = [(path, standing(self.root, path)) for path in group.paths]
        there = [(path, status) for path, status in seen if status]
        if len(there) < len(seen):
            return None

        def of(number: int) -> list[str]:
            return [retention.trash_path(path, self.today, number) for path, _ in there]

        number = file_names.first_free(lambda number: any(self.places.is_taken(path) for path in of(number)))
        main = group.paths[0]
        steps = [
            Step(
                move_of(path, target, status),
                PhotoTrashed(
                    user=owner(path)[0], source=path, path=target, size=status.st_size, mtime_ns=disk.mtime_ns(status),
                    digest=self._digest(path), job=self.job, main="" if path == main else main,
                ),
            )
            for (path, status), target in zip(there, of(number), strict=True)
        ]  # fmt: skip
        parcel = Parcel(tuple(steps))
        self.places.plan(parcel)
        return parcel

    def _digest(self, path: str) -> str:
        photo = ages.find(self.store, path)
        return photo.digest if photo else disk.digest_of(join(self.root, path))
