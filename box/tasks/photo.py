"""photo: a picture goes to its day, with a thumbnail. The rule: it is read, never changed, and is the one that settled.

`run` works in the child process, the parent calls `report` only: so Pillow and blake3 are imported where they are used.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import IO, TYPE_CHECKING

from box.errors import Unprocessable
from box.events import Event, FilePlaced, PhotoFiled
from box.photos import exiftool, formats, naming
from box.photos.capture import capture_time
from box.photos.look import FIELDS
from box.photos.look import look as look_at
from box.tasks import source
from box.tasks.handler import Found, Handler, Landed, Placement, Request, Tools

if TYPE_CHECKING:
    from PIL.Image import Image

_BLOCK_BYTES = 256 * 1024
_MADE = "thumbnail.jpg"


def run(request: Request, tools: Tools) -> Found:
    """Digest, capture time and thumbnail of a picture. Raises SourceChanged and Unprocessable."""
    with source.opened(request) as file:
        digest = _digest(file)
        try:
            look = look_at(file, request.source, request.size, tools.options, request.scratch)
        except Unprocessable:
            source.check_same(file.fileno(), request)  # a file that is being written is not to blame
            raise
        source.check_same(file.fileno(), request)
    taken = capture_time({tag: look.evidence.get(name) for name, tag in FIELDS})
    facts = {
        "media_type": look.media_type,
        "width": look.width,
        "height": look.height,
        **asdict(look.details),
        "taken_at": taken.at if taken else "",
        "taken_from": taken.source if taken else "",
    }
    folder, name = os.path.split(request.source)
    stays = bool(request.args.get("stays"))
    folder = _own_folder(folder, request.user) if stays else naming.folder_of(tools.options["folder"], taken)
    placements = [Placement("photos", folder, name, stays=stays)]
    if look.thumbnail is not None:
        _write(look.thumbnail, request.scratch)
        placements.append(Placement("thumbnails", folder, suffix=naming.THUMBNAIL_SUFFIX, made=_MADE))
    return Found(tuple(placements), digest, facts)


def _own_folder(folder: str, user: str) -> str:
    """The folder below `photos/` of a picture that lies there already."""
    return (folder + "/").partition(f"/users/{user}/photos/")[2].rstrip("/")


def report(request: Request, found: Found, landed: tuple[Landed, ...]) -> tuple[Event, ...]:
    """The photo is filed, its thumbnail stands beside the others."""
    photo, *made = landed
    filed = PhotoFiled(
        source="", path=photo.path, size=photo.size, mtime_ns=photo.mtime_ns, digest=found.digest,
        thumbnail=made[0].path if made else "", **found.facts,
    )  # fmt: skip
    return filed, *(FilePlaced(path=m.path, size=m.size, mtime_ns=m.mtime_ns, job=request.job) for m in made)


HANDLER = Handler(
    kind="photo", run=run, report=report, media_types=formats.MEDIA_TYPES, options="photos", in_place=True,
    batch=True, helpers=exiftool.pids,
)  # fmt: skip


def _digest(file: IO[bytes]) -> str:
    """blake3 of all bytes; read in blocks, which is quicker than a mapping and makes a bad sector an error."""
    from blake3 import blake3  # noqa: PLC0415 - only the child needs it

    digest = blake3()
    block = memoryview(bytearray(_BLOCK_BYTES))
    while count := os.readv(file.fileno(), [block]):
        digest.update(block[:count])
    return digest.hexdigest()


def _write(thumbnail: Image, scratch: str) -> None:
    """Put the thumbnail into the scratch folder."""
    from box.photos.thumbnail import save  # noqa: PLC0415 - imports Pillow

    os.makedirs(scratch, exist_ok=True)
    save(thumbnail, os.path.join(scratch, _MADE))
