"""Sorting: where filed photos belong. The rule: the patterns say it, a photo in its place stays, a group goes as one.

A photo is in its place when its folder is what `photos.folder` gives and its name what `photos.name` gives, with any
number; who gave it another name by hand wants that one. What stands beside a photo and bears its name goes with it.
Nothing is moved here: parcels are made, for `box.tasks.shelving`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from box import disk, file_names
from box.events import Event, FileMoved
from box.models import files, shelves
from box.models.base import Store
from box.models.shelves import Filed
from box.paths import area_folder, join, split, to_os, to_text
from box.photos import groups, naming
from box.photos.naming import Stem, Subject
from box.tasks.landing import Move
from box.tasks.shelving import Left, Parcel, Places, Step


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a group. Names are as `os` has them."""

    path: str
    """Path text."""
    photo: Filed | None
    """None for what only stands beside."""

    @property
    def name(self) -> str:
        """Its name."""
        return to_os(split(self.path)[1])

    @property
    def base(self) -> str:
        """What its name has in common with those of its group."""
        return self.name[: groups.parse(self.name).base_length]


@dataclass(slots=True)
class Sorter:
    """Says where photos belong. Memory: the names in the largest folder from which something has to go."""

    store: Store
    root: str
    options: Mapping[str, Any]
    """The section [photos]."""
    job: int
    places: Places
    left: Left
    _folder: str = ""
    _by_key: dict[str, list[str]] = field(default_factory=dict)
    """What a group has in common -> the paths of its files, in the folder from which something went last."""
    _cut: list[tuple[str, str]] = field(default_factory=list)
    """(what is left of that, path) of names that were cut."""
    _gone: set[str] = field(default_factory=set)
    """The paths in that folder that have been dealt with."""

    def is_in_place(self, photo: Filed) -> bool:
        """Whether a photo, if it stood for itself, would be where it belongs."""
        here = photo.folder[len(area_folder(photo.user, "photos")) + 1 :]
        if not photo.day:
            return here == naming.UNDATED or here.startswith(naming.UNDATED + "/")
        origin = to_os(split(photo.origin)[1])
        length = groups.parse(origin).base_length
        subject = self._subject(photo, origin[:length])
        if to_text(naming.folder_of(self.options, subject)) != here:
            return False
        if photo.renamed or self._is_named(photo, subject, origin[length:]):
            return True
        stem, ending = os.path.splitext(origin)  # a number may have come in before what is of a frame alone
        return len(stem) != length and self._is_named(photo, replace(subject, stem=stem), ending)

    def _is_named(self, photo: Filed, subject: Subject, ending: str) -> bool:
        """Whether a photo has its name, with any number."""
        stem = naming.stem_of(self.options, subject)
        return naming.number_of(to_os(photo.name), stem, self._ending(ending)) is not None

    def group_of(self, photo: Filed) -> list[Member]:
        """The files that go with a photo, the main one first; empty if that has been dealt with."""
        if photo.folder != self._folder:
            self._enter(photo.folder)
        key = groups.parse(to_os(photo.name)).key
        paths = [*self._by_key.get(key, ()), *(path for cut, path in self._cut if key.startswith(cut))]
        members = [Member(path, shelves.find(self.store, path)) for path in paths if path not in self._gone]
        own = next((each for each in members if each.path == photo.path), None)
        if own is None:
            return []
        main = min(
            (each for each in members if each.photo and (each == own or _are_mates(own, each))),
            key=lambda each: groups.rank(each.name, _role(each)),
        )
        group = [main, *(each for each in members if each != main and _are_mates(main, each))]
        self._gone.update(each.path for each in group)
        return group

    def _enter(self, folder: str) -> None:
        self._folder, self._by_key, self._cut, self._gone = folder, {}, [], set()
        for name in shelves.names(self.store, folder):
            parsed = groups.parse(to_os(name))
            if parsed.is_cut:
                self._cut.append((parsed.key, f"{folder}/{name}"))
            else:
                self._by_key.setdefault(parsed.key, []).append(f"{folder}/{name}")

    def moved(self, group: Sequence[Member], facts: tuple[Event, ...] = ()) -> Parcel | None:
        """What brings a group to where its main file belongs; None if it is there, or cannot be moved now."""
        main = group[0].photo
        assert main is not None, "the main file of a group is a photo"  # noqa: S101 - `group_of` chose it
        seen = [self._seen(each) for each in group]
        if any(status is None for each, status in zip(group, seen, strict=True) if each.photo):
            self.left.add(main.path, "it was changed or taken away since it was last looked at")
            return None
        there = [(each, status) for each, status in zip(group, seen, strict=True) if status]
        targets = self._targets(main, [each for each, _ in there])
        if [each.path for each, _ in there] == targets:
            return Parcel((), facts) if facts else None
        steps, thumbnails = [], []
        for (each, status), target in zip(there, targets, strict=True):
            thumbnail = self._thumbnail(each, target, targets[0]) if each.photo else None
            if thumbnail:
                thumbnails.append(thumbnail)
            event = FileMoved(
                user=main.user, source=each.path, path=target, size=status.st_size, mtime_ns=disk.mtime_ns(status),
                job=self.job, thumbnail=thumbnail.move.target if thumbnail else "",
                main="" if each.path == main.path else targets[0],
            )  # fmt: skip
            steps.append(Step(move_of(each.path, target, status), event))
        parcel = Parcel((*steps, *thumbnails), facts)
        self.places.plan(parcel)
        return parcel

    def _seen(self, member: Member) -> os.stat_result | None:
        """What stands there; None if it is gone, or if it is not the photo that is known."""
        status = standing(self.root, member.path)
        if status and member.photo:
            known = files.find(self.store, member.path)
            return status if known == (status.st_size, disk.mtime_ns(status)) else None
        return status

    def _targets(self, main: Filed, group: Sequence[Member]) -> list[str]:
        """The path texts to which the files of a group go: all with the first number that is free for all of them."""
        area = area_folder(main.user, "photos")
        origin = to_os(split(main.origin)[1])
        stem = group[0].base if main.renamed else origin[: groups.parse(origin).base_length]
        folder = to_text(naming.folder_of(self.options, self._subject(main, stem)))
        names = self._names(main, stem, group)

        def of(number: int) -> list[str]:
            return [f"{area}/{folder}/{to_text(naming.named(name, number, ending))}" for name, ending in names]

        def is_taken(number: int) -> bool:
            there = zip(group, of(number), strict=True)
            return any(target != each.path and self.places.is_taken(target) for each, target in there)

        return of(file_names.first_free(is_taken))

    def _names(self, main: Filed, stem: str, group: Sequence[Member]) -> list[tuple[Stem, str]]:
        """(stem, ending) of each file of a group."""
        stems, endings = [stem], [self._tail(group[0])]
        for each in group[1:]:
            origin = to_os(split(each.photo.origin)[1]) if each.photo and not each.photo.renamed else each.name
            is_same = each.base.casefold() == group[0].base.casefold()
            stems.append(stem if is_same else origin[: groups.parse(origin).base_length])
            endings.append(self._tail(each))
        subject = self._subject(main, stem)
        whole = [Stem(each) for each in stems] if main.renamed else naming.together(self.options, subject, stems)
        names: list[tuple[Stem, str]] = []
        for each, name in zip(group, zip(whole, endings, strict=True), strict=True):
            names.append(
                name if name not in names else (whole[0], f"_{each.name}")
            )  # else two would be called the same
        return names

    def _tail(self, member: Member) -> str:
        """What comes behind the number in the name of a file."""
        name = member.name
        if member.photo and not member.photo.renamed:
            name = to_os(split(member.photo.origin)[1])
        return self._ending(name[groups.parse(name).base_length :])

    def _ending(self, ending: str) -> str:
        return naming.portable(ending) if self.options["portable_names"] else ending

    def _thumbnail(self, member: Member, target: str, main: str) -> Step | None:
        """The step of a photo's thumbnail, None if it has none, or need not go anywhere."""
        assert member.photo is not None  # noqa: S101 - as above
        source = member.photo.thumbnail
        status = standing(self.root, source) if source else None
        area = area_folder(member.photo.user, "photos")
        folder, name = split(area_folder(member.photo.user, "thumbnails") + target[len(area) :])
        wanted = file_names.with_suffix(to_os(name), naming.THUMBNAIL_SUFFIX)

        def of(number: int) -> str:
            return f"{folder}/{to_text(file_names.numbered(wanted, number))}"

        place = of(file_names.first_free(lambda number: of(number) != source and self.places.is_taken(of(number))))
        if status is None or place == source:
            return None
        event = FileMoved(
            user=member.photo.user, source=source, path=place, size=status.st_size, mtime_ns=disk.mtime_ns(status),
            job=self.job, main=main,
        )  # fmt: skip
        return Step(move_of(source, place, status), event)

    def _subject(self, photo: Filed, stem: str) -> Subject:
        folders = to_os(photo.origin).split("/")[3:-1]
        return Subject(
            at=photo.taken_at, day=photo.day, stem=stem, camera=naming.camera_of(photo.make, photo.model),
            serial=photo.serial, source_folder=folders[-1] if folders else "",
        )  # fmt: skip


def standing(root: str, path: str) -> os.stat_result | None:
    """What stands at a path text, None if that is no regular file."""
    try:
        status = os.lstat(join(root, path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def move_of(source: str, target: str, status: os.stat_result) -> Move:
    """A move of a file that was just looked at."""
    return Move(source, target, status.st_size, disk.mtime_ns(status), status.st_ino)


def _role(member: Member) -> groups.Role:
    return groups.role(member.name, member.photo.media_type if member.photo else "")


def _are_mates(one: Member, other: Member) -> bool:
    """Whether two files go together; two photos only if they came together."""
    if one.photo and other.photo and one.photo.group_key != other.photo.group_key:
        return False
    return groups.are_mates(one.name, _role(one), other.name, _role(other))
