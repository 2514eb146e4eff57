"""Decoding pictures. The rule: the decoder has the last word, but not about what it merely does not know.

What Pillow cannot make sense of is the picture's fault and said so (`Unprocessable`); what the system refuses (disk,
memory) is not. A file whose structure looks cut off is decoded in full before it is condemned, for a viewer may show it
all the same; one whose structure is whole, but in a dialect that Pillow does not speak, is taken without a thumbnail.

Imports Pillow: for the child process only.
"""

from __future__ import annotations

import io
import resource
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Final

from PIL import Image, PngImagePlugin

from box.errors import Unprocessable
from box.photos.structure import Structure, refuse_too_many
from box.photos.thumbnail import thumbnail
from box.photos.tiff import Bytes

_FORMATS: Final = {
    "image/jpeg": "JPEG", "image/png": "PNG", "image/tiff": "TIFF",
    "image/webp": "WEBP", "image/bmp": "BMP", "image/gif": "GIF",
    "image/heic": "HEIF", "image/heif": "HEIF", "image/avif": "AVIF",
}  # fmt: skip
_WITH_DIALECTS: Final = frozenset({"image/jpeg", "image/tiff", "image/heic", "image/heif", "image/avif"})
"""Lossless and 12-bit JPEG, TIFF of any number type and compression, any codec in HEIF: Pillow knows the usual ones."""
_UPRIGHT: Final = frozenset({"image/tiff", "image/heic", "image/heif"})
"""Turned upright by their decoders."""
_NO_MEMORY: Final = ("out of memory", "Memory allocation error")
"""What decoders say where Python would raise MemoryError."""
_TACITURN: Final = frozenset({"image/heic", "image/heif", "image/avif"})
"""Whose decoders do not tell want of memory from a bad file."""
_PIXEL_BYTES: Final = 16
"""What decoding one of these takes at most, for each pixel: planes, colours, Pillow's copy, and as much again."""
_PARTS: Final = ("JPEG", "BMP", "TIFF", "PNG")
"""What a RAW file holds as a preview, and ffmpeg makes of a film."""
_COMPRESSION = 259
_COMPRESSIONS_KNOWN: Final = frozenset({1, 2, 3, 4, 5, 8, 32773, 32946})
"""TIFF compressions that the decoder knows in all their forms: when it fails there, the file is corrupt."""

# A long text beside a PNG (1 MB is much to Pillow) is no reason to refuse the picture; the memory has a limit anyhow.
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY

_PAGED: Final = frozenset({"image/gif", "image/tiff"})
"""Of whose pictures a later one may be cut off while the first is whole."""
_JPEG_END = b"\xff\xd9"
_FRAMES_MAX = 1000


@dataclass(frozen=True, slots=True)
class Decoded:
    """What decoding gave."""

    width: int
    height: int
    """Pixels as they are stored, orientation not applied."""
    thumbnail: Image.Image | None = None
    """None when none was wanted, and where the picture is beyond Box and yet not known to be bad."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to decode a picture for."""

    thumbnail_pixels: int
    """On its longer side; 0 for none: then the picture is decoded only to prove it."""
    orientation: int
    """EXIF's, 1 to 8."""
    pixels_max: int
    """More are refused."""


def decode(file: IO[bytes], data: Bytes, media_type: str, structure: Structure, wanted: Wanted) -> Decoded:
    """Decode the picture `data` (`file`, mapped): to prove it if its structure is flawed, and for a thumbnail.

    Raises Unprocessable: "too-many-pixels", "truncated", "corrupt"; and MemoryError.
    """
    image = None
    if _FORMATS[media_type] == "HEIF" and not _has_heif():
        if structure.flaw == "truncated":
            raise _condemned(structure)
        return Decoded(structure.width, structure.height)
    with _reading(structure, wanted.pixels_max):
        if structure.flaw:
            file = _prove(data, media_type, structure, wanted.pixels_max)
        try:
            image = _open(file, media_type, wanted.pixels_max)
            width, height = (structure.width, structure.height) if structure.height else image.size
            turn = 1 if media_type in _UPRIGHT else wanted.orientation
            small = thumbnail(image, wanted.thumbnail_pixels, turn) if wanted.thumbnail_pixels else None
            return Decoded(width, height, small)
        except Exception as error:
            if structure.flaw or not _is_beyond_box(error, image, media_type, structure):
                raise
            return Decoded(structure.width, structure.height)


def part(data: bytes, wanted: Wanted) -> Image.Image | None:
    """A thumbnail of a picture that was taken out of another file; None when it cannot be decoded."""
    with suppress(Unprocessable), _reading(Structure(), wanted.pixels_max):
        image = Image.open(io.BytesIO(data), formats=_PARTS)
        refuse_too_many(*image.size, wanted.pixels_max)
        return thumbnail(image, wanted.thumbnail_pixels, wanted.orientation)
    return None


def _has_heif() -> bool:
    """Whether HEIC can be decoded here; then Pillow knows how. Its one thread is enough, and all is decoded."""
    try:
        import pillow_heif  # noqa: PLC0415 - not everywhere, and only for these files
    except ImportError:
        return False
    pillow_heif.register_heif_opener(decode_threads=1, thumbnails=False)
    return True


@contextmanager
def _reading(structure: Structure, pixels_max: int) -> Iterator[None]:
    """Around all use of Pillow: its warnings are not ours, its exceptions become `Unprocessable`."""
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, pixels_max  # for what is inside: frames, tiles
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except (MemoryError, Unprocessable):
            raise
        except Image.DecompressionBombError as error:
            raise Unprocessable("too-many-pixels", f"the picture unpacks to more than it says: {error}") from error
        except Exception as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's fault
            raise _condemned(structure, error) from error
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _condemned(structure: Structure, error: Exception | None = None) -> Unprocessable:
    if structure.flaw == "truncated":
        return Unprocessable("truncated", "the file ends before its picture does; copy it again from where it came")
    said = str(error).split(" <")[0].strip() or type(error).__name__
    return Unprocessable("corrupt", f"the picture cannot be decoded: {said}")


def _is_beyond_box(error: Exception, image: Image.Image | None, media_type: str, structure: Structure) -> bool:
    """Whether it is Pillow or the memory that does not suffice for a picture whose structure is whole."""
    if isinstance(error, MemoryError) or any(said in str(error) for said in _NO_MEMORY):
        return True
    if isinstance(error, Unprocessable) or (isinstance(error, OSError) and error.errno is not None):
        return False
    if image is None or "nsupported" in str(error):
        return media_type in _WITH_DIALECTS
    if media_type in _TACITURN:
        return _may_lack(structure)
    return media_type == "image/tiff" and image.getexif().get(_COMPRESSION, 1) not in _COMPRESSIONS_KNOWN


def _may_lack(structure: Structure) -> bool:
    """Whether there may have been too little memory for a picture."""
    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    if most == resource.RLIM_INFINITY:
        return False
    with open("/proc/self/statm", "rb") as file:
        left = most - int(file.read().split()[0]) * resource.getpagesize()
    return structure.width * structure.height * _PIXEL_BYTES > left


def _open(file: IO[bytes], media_type: str, pixels_max: int) -> Image.Image:
    """The picture, its header read, its pixels not."""
    image = Image.open(file, formats=(_FORMATS[media_type],))
    refuse_too_many(*image.size, pixels_max)
    return image


def _prove(data: Bytes, media_type: str, structure: Structure, pixels_max: int) -> IO[bytes]:
    """Decode a picture whose structure is flawed; the file to read it from, if nothing of it is lost."""
    if media_type == "image/jpeg" and structure.flaw == "truncated":
        return _with_end(bytes(data), structure, pixels_max)
    file = io.BytesIO(data)
    image = _open(file, media_type, pixels_max)
    image.load()
    if media_type in _PAGED:
        for frame in range(1, min(_FRAMES_MAX, getattr(image, "n_frames", 1))):
            image.seek(frame)
            image.load()
    return file


def _with_end(data: bytes, structure: Structure, pixels_max: int) -> IO[bytes]:
    """A JPEG that lacks its end marker, with one; raises Unprocessable if it lacks more than that.

    The decoder fills up what is missing without a word. So two different fillings are appended: where the picture is
    complete they change no pixel. Zeros at the end are what an interrupted copy leaves, one may belong to the picture;
    FF is half of the marker.
    """
    body = data.rstrip(b"\0") + b"\0" if data.endswith(b"\0") else data.rstrip(b"\xff")
    pixels = []
    for filling in (b"\0", b"\xaa"):
        image = _open(io.BytesIO(body + filling * 64 + _JPEG_END), "image/jpeg", pixels_max)
        # All bytes are read at half the size too, for a quarter of the memory.
        image.draft(None, (max(1, image.width // 2), max(1, image.height // 2)))
        pixels.append(image.tobytes())
    if pixels[0] != pixels[1]:
        raise _condemned(structure)
    return io.BytesIO(body + _JPEG_END)
