"""photo: a picture goes to its day, with a thumbnail. The rule: it is read, never changed, and is the one that settled.

`run` works in the child process, the parent calls `report` only: so Pillow and blake3 are imported where they are used.
"""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING, Any

from box.errors import Unprocessable
from box.events import Event, FilePlaced, PhotoFiled
from box.photos import capture, evidence, exif, formats, naming, structure
from box.photos.details import Details
from box.tasks import source
from box.tasks.handler import Found, Handler, Landed, Placement, Request, Tools

if TYPE_CHECKING:
    from PIL.Image import Image

_BLOCK_BYTES = 256 * 1024
_MADE = "thumbnail.jpg"


@dataclass(frozen=True, slots=True)
class _Look:
    """What a look into a picture gave."""

    media_type: str
    evidence: capture.Evidence
    details: Details
    width: int
    height: int
    thumbnail: Image | None = None


def run(request: Request, tools: Tools) -> Found:
    """Digest, capture time and thumbnail of a picture. Raises SourceChanged and Unprocessable."""
    with source.opened(request) as file:
        digest = _digest(file)
        try:
            look = _look(file, request.size, tools.options)
        except Unprocessable:
            source.check_same(file.fileno(), request)  # a file that is being written is not to blame
            raise
        source.check_same(file.fileno(), request)
    folder, name = os.path.split(request.source)
    clock = capture.clock_of(tools.options)
    taken = capture.decide(look.evidence, name, request.mtime_ns, clock, time.time())
    facts = {
        "media_type": look.media_type,
        "width": look.width,
        "height": look.height,
        **asdict(look.details),
        "taken_at": taken.at,
        "taken_from": taken.source,
        "zone": taken.zone,
        "confidence": taken.confidence,
        "day": taken.day if taken.day != taken.at[:10] else "",
        "doubt": taken.doubt,
    }
    stays = bool(request.args.get("stays"))
    folder = _own_folder(folder, request.user) if stays else _folder(tools.options["folder"], taken)
    placements = [Placement("photos", folder, name, stays=stays)]
    if look.thumbnail is not None:
        _write(look.thumbnail, request.scratch)
        placements.append(Placement("thumbnails", folder, suffix=naming.THUMBNAIL_SUFFIX, made=_MADE))
    return Found(tuple(placements), digest, facts)


def _folder(pattern: str, taken: capture.Capture) -> str:
    """The folder of a photo: that of its day, which need not be the day on the calendar."""
    return naming.folder_of(pattern, capture.Taken(taken.day + taken.at[10:], taken.source) if taken.day else None)


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
    batch=True,
)  # fmt: skip


def _digest(file: IO[bytes]) -> str:
    """blake3 of all bytes; read in blocks, which is quicker than a mapping and makes a bad sector an error."""
    from blake3 import blake3  # noqa: PLC0415 - only the child needs it

    digest = blake3()
    block = memoryview(bytearray(_BLOCK_BYTES))
    while count := os.readv(file.fileno(), [block]):
        digest.update(block[:count])
    return digest.hexdigest()


def _look(file: IO[bytes], size: int, options: Mapping[str, Any]) -> _Look:
    """Structure and metadata; the pixels only for a thumbnail, or where the structure leaves a doubt."""
    if not size:
        raise Unprocessable("not-a-picture", "the file is empty")
    with mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ) as data:
        media_type = formats.sniff(data[: formats.HEAD_BYTES])
        if not media_type:
            raise Unprocessable("not-a-picture", "the file is no picture of a kind that Box knows")
        shape = structure.examine(data, media_type)
        structure.refuse_too_many(shape.width, shape.height, options["pixels_max"])
        tags = exif.read(structure.exif_block(data, media_type, shape))
        said, details = evidence.gather(data, media_type, tags), exif.details(tags)
        if not shape.flaw and not options["thumbnail_pixels"]:
            return _Look(media_type, said, details, shape.width, shape.height)

        from box.photos import picture  # noqa: PLC0415 - imports Pillow

        wanted = picture.Wanted(options["thumbnail_pixels"], details.orientation, options["pixels_max"])
        decoded = picture.decode(file, data, media_type, shape, wanted)
        return _Look(media_type, said, details, decoded.width, decoded.height, decoded.thumbnail)


def _write(thumbnail: Image, scratch: str) -> None:
    """Put the thumbnail into the scratch folder."""
    from box.photos.thumbnail import save  # noqa: PLC0415 - imports Pillow

    os.makedirs(scratch, exist_ok=True)
    save(thumbnail, os.path.join(scratch, _MADE))
