"""`box photos`. The rule: what is shown is what the log knows; no photo is opened, and none is touched.

What is to stay is said to the log, and holds wherever the photo is moved to.
"""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from box import paths, people
from box.beside import beside
from box.cli import output, settings, words
from box.errors import BoxError, UsageError
from box.events import PhotosKept
from box.models import drops, files, photo_lists, trash, usage
from box.models.base import Store
from box.photos.naming import camera_of

_SOURCES: Final = {"file": "offset in the file", "timezone": "offset of photos.timezone"}
_HIDDEN: Final = ("folder", "name", "group_key")
"""Columns that say nothing beyond `path`."""


def show(args: Namespace) -> int:
    """All that is known of a photo."""
    config = settings.load(args)
    path = path_below(config.box.root, args.file)
    with beside(config) as box:
        found = photo_lists.find(box.store, path)
        if found is None:
            raise BoxError(_unknown(box.store, path))
        near = photo_lists.beside(box.store, path)
    if args.json:
        facts = {name: value for name, value in found.items() if name not in _HIDDEN}
        output.value({"path": path, **facts, "beside": near})
        return 0
    for name, value in _lines(path, found, near):
        output.line(f"{name:<12} {words.printable(value)}")
    return 0


def duplicates(args: Namespace) -> int:
    """Photos with the same bytes."""
    config = settings.load(args)
    groups, copies, spare = 0, 0, 0
    with beside(config) as box:
        if args.user:
            known = {*people.users(config), *usage.users(box.store)} - {""}
            settings.known_user(args.user, known, config)
        found = photo_lists.copies(box.store, args.user)
        if args.json:
            output.value(
                [
                    {"digest": c.digest, "count": len(c.paths), "size": c.size, "spare_bytes": c.spare_bytes,
                     "paths": c.paths}
                    for c in found
                ]
            )  # fmt: skip
            return 0
        for each in found:
            groups, copies, spare = groups + 1, copies + len(each.paths), spare + each.spare_bytes
            output.line(f"{len(each.paths)} x {words.size(each.size)}, {words.size(each.spare_bytes)} to spare")
            for path in each.paths:
                output.line(f"  {words.printable(path)}")
    if groups:
        told = f"{words.count(copies, 'photo')} in {words.count(groups, 'group')}: {words.size(spare)} could be freed"
    else:
        told = "no photo is kept twice"
    output.line(told)
    return 0


def keep(args: Namespace) -> int:
    """A photo, or all of a day, is to stay when the disk fills up; or no longer."""
    config = settings.load(args)
    with beside(config) as box:
        if args.user:
            settings.known_user(args.user, {*config.users.names, *usage.users(box.store)} - {""}, config)
        day = _day(args.what)
        facts = _of_day(box.store, day, args) if day else (_of_file(box.store, config.box.root, args),)
        box.engine.record(*facts)
    if args.json:
        output.value([{"user": fact.user, "path": fact.path, "day": fact.day, "kept": fact.kept} for fact in facts])
        return 0
    said = "no longer kept" if args.undo else "kept"
    for fact in facts:
        what = f"all photos of {fact.day} of {fact.user}" if fact.day else words.printable(fact.path)
        output.line(f"{what}: {said}")
    return 0


def _day(text: str) -> str:
    """The day that a text names, empty if it names none."""
    try:
        return text if date.fromisoformat(text).isoformat() == text else ""
    except ValueError:
        return ""


def _of_day(store: Store, day: str, args: Namespace) -> tuple[PhotosKept, ...]:
    users = [args.user] if args.user else trash.kept_days(store, day) if args.undo else _have_photos(store, day)
    if not users:
        raise BoxError(f"{day} is kept for nobody" if args.undo else f"nobody has a photo of {day}; --user says whose")
    return tuple(PhotosKept(user=user, day=day, kept=not args.undo) for user in users)


def _have_photos(store: Store, day: str) -> list[str]:
    """Who has photos of a day, be it in the trash: there they stay too."""
    return sorted({*photo_lists.users_of(store, day), *trash.users_of(store, day)})


def _of_file(store: Store, root: str, args: Namespace) -> PhotosKept:
    path = path_below(root, args.what)
    found = photo_lists.find(store, path)
    if found is None:
        raise BoxError(_unknown(store, path))
    if args.user and args.user != found["user"]:
        raise UsageError(f"{words.printable(path)} is {found['user']}'s, not {args.user}'s")
    return PhotosKept(user=found["user"], path=path, kept=not args.undo)


def path_below(root: str, file: str) -> str:
    """The path text of what is meant: a path as everybody writes it, or one below the root."""
    real, places = os.path.realpath(root), []
    for candidate in (os.path.abspath(file), os.path.abspath(os.path.join(root, file))):
        folder, name = os.path.split(candidate)
        where = os.path.join(os.path.realpath(folder), name)  # the file itself may be gone, or a link
        if where.startswith(real + "/"):
            places.append(where)
    if not places:
        raise BoxError(f"{words.path(file)} does not lie in {words.path(root)}")
    found = next((place for place in places if os.path.lexists(place)), places[0])
    return paths.to_text(found[len(real) + 1 :])


def _unknown(store: Store, path: str) -> str:
    """Why nothing is known of it, in one sentence."""
    shown = words.printable(path)
    if drops.find(store, path) is not None:
        return f"{shown} is a drop that waits in the inbox: it is not filed yet"
    if files.find(store, path) is not None:
        return f"{shown} is no photo that Box has read"
    return f"Box knows no file {shown}"


def _lines(path: str, found: Mapping[str, Any], near: list[str]) -> Iterator[tuple[str, str]]:
    """(what, value) of all that is there to be told."""
    lines = (
        ("file", path),
        ("user", found["user"]),
        ("taken", found["taken_at"].replace("T", " ") or "unknown"),
        ("from", _evidence(found)),
        ("filed under", found["day"] or "no day"),
        ("doubt", found["doubt"]),
        ("camera", camera_of(found["make"], found["model"])),
        ("serial", found["serial"]),
        ("lens", found["lens"]),
        ("exposure", _exposure(found)),
        ("place", _place(found)),
        ("picture", f"{found['media_type']}, {found['width']} x {found['height']}, orientation {found['orientation']}"),
        ("size", f"{words.size(found['size'])} ({found['size']} bytes)"),
        ("digest", found["digest"] or "unknown: it was changed by hand"),
        ("thumbnail", found["thumbnail"]),
        ("came from", found["origin"] if found["origin"] != path else "put there by hand"),
        ("goes with", found["main"]),
        ("kept", "yes: it stays when the disk fills up" if found["kept"] else ""),
        *(("beside", other) for other in near),
    )
    yield from ((name, value) for name, value in lines if value)


def _evidence(found: Mapping[str, Any]) -> str:
    parts = (
        found["taken_from"],
        _SOURCES.get(found["zone"], ""),
        found["confidence"] and f"{found['confidence']} confidence",
    )
    return ", ".join(filter(None, parts))


def _exposure(found: Mapping[str, Any]) -> str:
    parts = (
        found["exposure"] and f"{found['exposure']} s",
        found["aperture"] and f"f/{found['aperture']:g}",
        found["iso"] and f"ISO {found['iso']}",
    )
    return ", ".join(filter(None, parts))


def _place(found: Mapping[str, Any]) -> str:
    if found["latitude"] is None or found["longitude"] is None:
        return ""
    return f"{found['latitude']:.6f}, {found['longitude']:.6f}"
