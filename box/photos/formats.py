"""Picture formats. The rule: the first bytes say what a file is, never its name."""

from __future__ import annotations

from typing import Final

HEAD_BYTES: Final = 32
"""How many of the first bytes `sniff` wants."""

MEDIA_TYPES: Final = ("image/jpeg", "image/png", "image/tiff", "image/webp", "image/bmp", "image/gif")
"""What `sniff` can answer."""

_MAGIC: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0\x08\0\0\0", "image/tiff"),
    (b"MM\0+\0\x08\0\0", "image/tiff"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_BMP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})


def sniff(head: bytes) -> str:
    """The media type that the first 32 bytes show, empty when they are no picture that Box reads.

    HEIC, AVIF and camera RAW are left to a later kind of photo: RAW files that prove themselves are "" here; those that
    are TIFF in every byte of their head (NEF, ARW, DNG) count as image/tiff, which they are.
    """
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    # "BM" alone is any text that begins so; the second header has one of a few sizes.
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "image/bmp"
    # Canon CR2 and Phase One IIQ say so here; Olympus (IIRO, IIRS, MMOR) and Panasonic (IIU) have a magic of their own.
    if head[8:10] == b"CR" or head[8:12] in {b"IIII", b"MMMM"}:
        return ""
    return next((media_type for magic, media_type in _MAGIC if head.startswith(magic)), "")
