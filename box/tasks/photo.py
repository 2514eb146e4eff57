"""photo: a picture goes to its day, with a thumbnail. The rule: it is read, never changed, and is the one that settled.

`run` works in the child process, the parent calls `report` only: so Pillow and blake3 are imported where they are used.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from box.errors import Unprocessable
from box.events import Event, FilePlaced, PhotoFiled
from box.photos import exif, formats, naming, structure
from box.photos.capture import capture_time
from box.tasks import source
from box.tasks.handler import Found, Handler, Landed, Placement, Request, Tools

if TYPE_CHECKING:
    from PIL.Image import Image

_BLOCK_BYTES = 256 * 1024
_TEXT_MAX = 100
_MADE = "thumbnail.jpg"


@dataclass(frozen=True, slots=True)
class _Look:
    """What a look into a picture gave."""

    media_type: str
    tags: exif.Tags
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
    taken = capture_time(look.tags)
    facts = {
        "media_type": look.media_type,
        "width": look.width,
        "height": look.height,
        "orientation": _orientation(look.tags),
        "make": _text(look.tags.get(exif.MAKE)),
        "model": _text(look.tags.get(exif.MODEL)),
        "taken_at": taken.at if taken else "",
        "taken_from": taken.source if taken else "",
    }
    photo = _place(request, tools.options, facts)
    folder = photo.folder
    placements = [photo]
    if look.thumbnail is not None:
        _write(look.thumbnail, request.scratch)
        placements.append(Placement("thumbnails", folder, suffix=naming.THUMBNAIL_SUFFIX, made=_MADE))
    return Found(tuple(placements), digest, facts)


def _place(request: Request, options: Mapping[str, Any], facts: Mapping[str, Any]) -> Placement:
    """Where the picture goes: where the patterns say, or where it lies already."""
    folder, name = os.path.split(request.source)
    if request.args.get("stays"):
        return Placement("photos", _below(folder, request.user, "photos"), name, stays=True)
    stem, ending = os.path.splitext(name)
    subject = naming.Subject(
        at=facts["taken_at"], day=facts["taken_at"][:10], stem=stem,
        camera=naming.camera_of(facts["make"], facts["model"]),
        source_folder=os.path.basename(_below(folder, request.user, "inbox")),
    )  # fmt: skip
    wanted = naming.stem_of(options, subject)
    counter_at = -1 if wanted.counter_at is None else wanted.counter_at
    return Placement("photos", naming.folder_of(options, subject), wanted.text + ending, counter_at=counter_at)


def _below(folder: str, user: str, area: str) -> str:
    """The folder below an area of a file that lies in it."""
    return (folder + "/").partition(f"/users/{user}/{area}/")[2].rstrip("/")


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
        if not shape.flaw and not options["thumbnail_pixels"]:
            return _Look(media_type, tags, shape.width, shape.height)

        from box.photos import picture  # noqa: PLC0415 - imports Pillow

        wanted = picture.Wanted(options["thumbnail_pixels"], _orientation(tags), options["pixels_max"])
        decoded = picture.decode(file, data, media_type, shape, wanted)
        return _Look(media_type, tags, decoded.width, decoded.height, decoded.thumbnail)


def _write(thumbnail: Image, scratch: str) -> None:
    """Put the thumbnail into the scratch folder."""
    from box.photos.thumbnail import save  # noqa: PLC0415 - imports Pillow

    os.makedirs(scratch, exist_ok=True)
    save(thumbnail, os.path.join(scratch, _MADE))


def _orientation(tags: exif.Tags) -> int:
    """EXIF's orientation, 1 to 8; 1 (upright) for anything else."""
    value = tags.get(exif.ORIENTATION)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _text(value: bytes | int | None) -> str:
    """A make or model as text; cameras pad with blanks and zero bytes, and not all of them mean ASCII."""
    if not isinstance(value, bytes):
        return ""
    value = value.split(b"\0")[0]
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_TEXT_MAX]
