"""photo: a picture goes to its day, with all that belongs to it. The rule: nothing is changed, all goes or nothing.

What is read are the files that settled. The main file of a group says where all of it goes; what is only about another
file (XMP, JSON, ...) takes its name, and lends it a date where it has none itself.

`run` works in the child process, the parent calls `report` only: so Pillow and blake3 are imported where they are used.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from box.errors import Unprocessable
from box.events import CompanionFiled, Event, FilePlaced, PhotoFiled
from box.paths import to_os
from box.photos import capture, exiftool, formats, groups, naming, sidecar
from box.photos.capture import Capture, Evidence
from box.photos.groups import Role
from box.photos.look import Look, look
from box.tasks import source
from box.tasks.handler import Found, Handler, Landed, Member, Placement, Request, Tools

_BLOCK_BYTES = 256 * 1024
_ABOUT = frozenset({Role.SIDECAR, Role.MAYBE})
_MAIN = "*"
"""Stands for the path of the main file, which is not known before it stands."""
_SIDECAR_BYTES_MAX = 1_000_000
"""More than that is no sidecar that Box reads; it goes along all the same."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of one file."""

    name: str
    role: Role
    mtime_ns: int
    digest: str
    look: Look | None = None
    """None of what is only about another file."""
    about: Evidence | None = None
    """What such a file says of the other one."""


def run(request: Request, tools: Tools) -> Found:
    """Digests, capture time, thumbnails and places of a group. Raises SourceChanged and Unprocessable."""
    read, stays = [], bool(request.args.get("stays"))
    for number, member in enumerate(request.files):
        tools.check_cancelled()
        try:
            read.append(_read(member, tools.options, request.scratch, stays=stays))
        except Unprocessable as error:
            error.file = number
            raise
    clock, now = capture.clock_of(tools.options), time.time()
    about = {name: text for each in read for name, text in (each.about or {}).items()}
    times = [
        capture.decide(each.look.evidence if each.look else {}, each.name, each.mtime_ns, clock, now, about)
        for each in read
    ]
    thumbnails = _write_thumbnails(read, request.scratch)
    if stays:
        return _in_place(request, read[0], times[0], thumbnails)
    return _placed(request, read, times, thumbnails, tools.options)


def _in_place(request: Request, read: _Read, taken: Capture, thumbnails: Mapping[int, str]) -> Found:
    """A picture that lies in the library already stays where it lies."""
    folder, name = os.path.split(request.source)
    folder = (folder + "/").partition(f"/users/{request.user}/photos/")[2].rstrip("/")
    placements = (Placement("photos", folder, name, stays=True), *_thumbnails(0, folder, thumbnails))
    return Found(placements, read.digest, _facts(read, taken))


def _placed(
    request: Request, read: Sequence[_Read], times: Sequence[Capture], thumbnails: Mapping[int, str],
    options: Mapping[str, Any],
) -> Found:  # fmt: skip
    """Where each file of the group belongs."""
    joins = request.args.get("joins")
    filed = _filed(joins) if joins else None
    spots = groups.spots([groups.File(r.name, r.role, t.at[:10]) for r, t in zip(read, times, strict=True)], filed)
    # The main one first; a picture of another day leads nobody but itself.
    order = sorted(range(len(read)), key=lambda i: (spots[i].like != i, groups.rank(read[i].name, read[i].role)))
    placements: list[Placement] = []
    for index in order:
        spot, each = spots[index], read[index]
        if joins and spot.like < 0:
            folder, stem = _beside(joins, spot.base)
        else:
            folder, stem = _place(request, read[spot.like], times[spot.like], spot.base, options)
        placements.append(
            Placement(
                "photos", folder, stem.text + spot.tail, file=index,
                base_length=len(stem.text) if stem.counter_at is None else stem.counter_at,
                apart=(index != order[0] and spot.like != order[0]) or spot.like < 0,
                counted=stem.counter_at is not None, digest=each.digest,
                facts={
                    **(_facts(each, times[index]) if each.look else {}),
                    "main": joins["path"] if joins and spot.like < 0 else _MAIN if spot.like != index else "",
                },
            )
        )  # fmt: skip
        placements += _thumbnails(index, folder, thumbnails)
    main = placements[0]
    return Found(tuple(placements), main.digest, main.facts)


def _filed(joins: Mapping[str, Any]) -> groups.File:
    """The main file that was filed before."""
    name = to_os(joins["origin"]).rpartition("/")[2]
    return groups.File(name, groups.role(name, joins["media_type"]), joins["taken_at"][:10])


def _beside(joins: Mapping[str, Any], base: str) -> tuple[str, naming.Stem]:
    """Folder and stem beside the main file that was filed before, whatever it is called by now."""
    folder, _, name = to_os(joins["path"]).rpartition("/")
    was = to_os(joins["origin"]).rpartition("/")[2]
    stem, was_base = groups.base_in(name, was), groups.parts(was)[0]
    if stem.startswith(was_base):  # then what follows is the number that it got
        stem = base + stem[len(was_base) :]
    elif base.casefold() != was_base.casefold():
        stem = base
    return "/".join(folder.split("/")[3:]), naming.Stem(stem, None)


def _place(
    request: Request, leader: _Read, taken: Capture, base: str, options: Mapping[str, Any]
) -> tuple[str, naming.Stem]:  # fmt: skip
    """Folder and stem by the owner's patterns."""
    details = leader.look.details if leader.look else None
    inbox = f"/users/{request.user}/inbox/"
    subject = naming.Subject(
        at=taken.at, day=taken.day, stem=base, serial=details.serial if details else "",
        camera=naming.camera_of(details.make, details.model) if details else "",
        source_folder=os.path.basename(os.path.dirname(request.source).partition(inbox)[2]),
    )  # fmt: skip
    return naming.folder_of(options, subject), naming.stem_of(options, subject)


def _facts(read: _Read, taken: Capture) -> dict[str, Any]:
    """The fields of PhotoFiled that are known before the file stands."""
    assert read.look is not None, "only pictures and films have facts"  # noqa: S101 - the callers know
    seen, details = read.look, read.look.details
    return {
        "media_type": seen.media_type, "width": seen.width, "height": seen.height,
        "orientation": details.orientation, "make": details.make, "model": details.model, "serial": details.serial,
        "lens": details.lens, "exposure": details.exposure, "aperture": details.aperture, "iso": details.iso,
        "latitude": details.latitude, "longitude": details.longitude,
        "taken_at": taken.at, "taken_from": taken.source, "zone": taken.zone, "confidence": taken.confidence,
        "doubt": taken.doubt, "day": taken.day if taken.day != taken.at[:10] else "",
    }  # fmt: skip


def _thumbnails(index: int, folder: str, made: Mapping[int, str]) -> list[Placement]:
    if index not in made:
        return []
    return [Placement("thumbnails", folder, suffix=naming.THUMBNAIL_SUFFIX, made=made[index], file=index)]


def report(request: Request, found: Found, landed: tuple[Landed, ...]) -> tuple[Event, ...]:
    """Each file that came stands, its thumbnail beside the others."""
    each = list(zip(found.placements, landed, strict=True))
    thumbnails = {placed.file: at for placed, at in each if placed.made and not at.is_kept}
    events: list[Event] = []
    for number, (placed, at) in enumerate(each):
        if placed.made or at.is_kept:
            continue
        facts = dict(placed.facts if number else found.facts)
        stands: dict[str, Any] = {
            "source": at.source,
            "path": at.path,
            "size": at.size,
            "mtime_ns": at.mtime_ns,
        }
        main = facts.pop("main", "")
        stands["main"] = landed[0].path if main == _MAIN else main
        if facts:
            small = thumbnails.get(placed.file)
            digest = placed.digest if number else found.digest
            events.append(PhotoFiled(**stands, digest=digest, thumbnail=small.path if small else "", **facts))
        else:
            events.append(CompanionFiled(**stands))
    made = (FilePlaced(path=m.path, size=m.size, mtime_ns=m.mtime_ns, job=request.job) for m in thumbnails.values())
    return *events, *made


HANDLER = Handler(
    kind="photo", run=run, report=report, media_types=formats.MEDIA_TYPES, options="photos", in_place=True,
    batch=True, groups=True, helpers=exiftool.pids,
)  # fmt: skip


def _read(member: Member, options: Mapping[str, Any], scratch: str, *, stays: bool) -> _Read:
    """Read one file of the group. Raises SourceChanged and Unprocessable.

    One that stays where it is in the library is a picture, whatever it is called: else nobody would have asked.
    """
    name = os.path.basename(member.path)
    with source.opened(member) as file:
        digest = _digest(file)
        media_type = formats.media_type(name, os.pread(file.fileno(), formats.HEAD_BYTES, 0))
        role = groups.role(name, media_type)
        try:
            if role in _ABOUT and not stays:
                read = _Read(name, role, member.mtime_ns, digest, about=_said(file, name))
            else:
                seen = look(file, member.path, member.size, options, scratch)
                read = _Read(name, role, member.mtime_ns, digest, look=seen)
        except Unprocessable:
            source.check_same(file.fileno(), member)  # a file that is being written is not to blame
            raise
        source.check_same(file.fileno(), member)
    return read


def _said(file: IO[bytes], name: str) -> Evidence:
    """What a sidecar says of the picture."""
    data = os.pread(file.fileno(), _SIDECAR_BYTES_MAX + 1, 0)
    if len(data) > _SIDECAR_BYTES_MAX:
        return {}
    lower = name.lower()
    return (
        sidecar.read_xmp(data)
        if lower.endswith(".xmp")
        else sidecar.read_takeout(data)
        if lower.endswith(".json")
        else {}
    )


def _digest(file: IO[bytes]) -> str:
    """blake3 of all bytes; read in blocks, which is quicker than a mapping and makes a bad sector an error."""
    from blake3 import blake3  # noqa: PLC0415 - only the child needs it

    digest = blake3()
    block = memoryview(bytearray(_BLOCK_BYTES))
    while count := os.readv(file.fileno(), [block]):
        digest.update(block[:count])
    return digest.hexdigest()


def _write_thumbnails(read: Sequence[_Read], scratch: str) -> dict[int, str]:
    """Put the thumbnails into the scratch folder; index of the file -> name of its thumbnail."""
    made = {}
    for index, each in enumerate(read):
        if each.look is not None and each.look.thumbnail is not None:
            from box.photos.thumbnail import save  # noqa: PLC0415 - imports Pillow

            os.makedirs(scratch, exist_ok=True)
            made[index] = f"thumbnail-{index}.jpg"
            save(each.look.thumbnail, os.path.join(scratch, made[index]))
    return made
