"""A look at one picture or film. The rule: what Box can read itself it does; for the rest other programs may help.

RAW files and films are read by exiftool, where there is one, and ffmpeg makes pictures of films. Where they are
missing, or fail, the file is taken all the same, with what Box knows without them.

For the child process only.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Any, Final

from box.errors import Unprocessable
from box.photos import evidence, exif, exiftool, film, foreign, formats, isobmff, structure, tiff
from box.photos.details import Details

if TYPE_CHECKING:
    from PIL.Image import Image

_TRUNCATED: Final = "the file ends before its picture or film does; copy it again from where it came"


@dataclass(frozen=True, slots=True)
class Look:
    """What a look into a picture or film gave."""

    media_type: str
    evidence: Mapping[str, str]
    """What tells of its time, by the names of the fields; the texts as they stand in the file."""
    details: Details
    width: int
    height: int
    """Pixels as they are stored, orientation not applied; 0 where it is not known."""
    thumbnail: Image | None = None


def look(file: IO[bytes], path: str, size: int, options: Mapping[str, Any], scratch: str) -> Look:
    """Structure and metadata; pixels for a thumbnail, or where the structure leaves a doubt. Raises Unprocessable.

    `path` is where the open file lies; `scratch` a folder for what must lie somewhere, made if need be.
    """
    if not size:
        raise Unprocessable("not-a-picture", "the file is empty")
    media_type = formats.media_type(path, os.pread(file.fileno(), formats.HEAD_BYTES, 0))
    if not media_type:
        raise Unprocessable("not-a-picture", "the file is no picture or film of a kind that Box knows")
    if media_type in formats.PICTURES:
        return _picture(file, size, media_type, options)
    own = _own(file, size, media_type)
    ending = "tif" if media_type == "image/tiff" else media_type.rpartition("-")[2].rpartition("/")[2]
    with exiftool.plain(path, ending, scratch) as plain:
        answer = (foreign.read(plain) if plain else None) or own
        small = _small(file, media_type, plain, answer, options) if options["thumbnail_pixels"] else None
    return Look(media_type, answer.evidence or own.evidence, answer.details, answer.width, answer.height, small)


def _picture(file: IO[bytes], size: int, media_type: str, options: Mapping[str, Any]) -> Look:
    """A picture that Box reads itself."""
    with mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ) as data:
        shape = structure.examine(data, media_type)
        structure.refuse_too_many(shape.width, shape.height, options["pixels_max"], shape.pixels)
        tags = exif.read(structure.exif_block(data, media_type, shape))
        details = exif.details(tags)
        details = replace(details, orientation=shape.orientation or details.orientation)
        if not shape.flaw and not options["thumbnail_pixels"]:
            return Look(media_type, evidence.gather(data, media_type, tags), details, shape.width, shape.height)

        from box.photos import picture  # noqa: PLC0415 - imports Pillow

        wanted = picture.Wanted(options["thumbnail_pixels"], details.orientation, options["pixels_max"])
        decoded = picture.decode(file, data, media_type, shape, wanted)
        return Look(
            media_type,
            evidence.gather(data, media_type, tags),
            details,
            decoded.width,
            decoded.height,
            decoded.thumbnail,
        )


def _own(file: IO[bytes], size: int, media_type: str) -> foreign.Answer:
    """What Box sees in a RAW file or a film without help. Raises Unprocessable when a part of it is missing."""
    if media_type in formats.BOXED and isobmff.flaw(lambda at, count: os.pread(file.fileno(), count, at), size):
        raise Unprocessable("truncated", _TRUNCATED)
    if media_type not in formats.TIFF_LIKE:
        return foreign.Answer()
    with mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ) as data:
        if tiff.is_cut(data):
            raise Unprocessable("truncated", _TRUNCATED)
        tags = exif.read(data)
        return foreign.Answer(exif.evidence(tags), exif.details(tags))


def _small(
    file: IO[bytes], media_type: str, plain: str, answer: foreign.Answer, options: Mapping[str, Any]
) -> Image | None:
    """A thumbnail of a RAW file, from the best of the pictures in it that can be read, or of a film."""
    from box.photos import picture  # noqa: PLC0415 - imports Pillow

    pixels, pixels_max = options["thumbnail_pixels"], options["pixels_max"]
    if media_type in formats.FILMS:
        found = film.frame(file, media_type, pixels, pixels_max)  # ffmpeg turns it upright
        return picture.part(found, picture.Wanted(pixels, 1, pixels_max)) if found else None
    wanted = picture.Wanted(pixels, answer.details.orientation, pixels_max)
    for name in answer.previews:
        small = picture.part(foreign.preview(plain, name), wanted)
        if small is not None:
            return small
    return None
