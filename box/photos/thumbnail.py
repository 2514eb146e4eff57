"""Thumbnails. The rule: upright, RGB, JPEG, so many pixels on the longer side at most, and nothing of the metadata.

Imports Pillow: for the child process only.
"""

from __future__ import annotations

import math
from typing import Final

from PIL import Image
from PIL.Image import Transpose

_QUALITY = 80
_PIXELS_MAX: Final = 50_000_000
"""Of the picture of a book, which comes with no limit of its own."""

_TURNS: Final = {
    2: Transpose.FLIP_LEFT_RIGHT, 3: Transpose.ROTATE_180, 4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE, 6: Transpose.ROTATE_270, 7: Transpose.TRANSVERSE, 8: Transpose.ROTATE_90,
}  # fmt: skip
"""What makes a picture upright, by EXIF orientation."""

_SHRINKABLE: Final = frozenset({"RGB", "L", "CMYK", "YCbCr", "RGBA", "LA", "RGBX"})
"""Modes that can be made smaller as they are; the others are converted first."""


def thumbnail(image: Image.Image, pixels: int, orientation: int) -> Image.Image:
    """A small picture of `image`, which is decoded for it. `orientation` is EXIF's, 1 when there is nothing to turn."""
    # A JPEG is decoded at the smallest scale (1/2, 1/4, 1/8) that leaves half as much again; all its bytes are read.
    image.draft(None, (pixels * 3 // 2, pixels * 3 // 2))
    image.load()
    if image.mode not in _SHRINKABLE:
        image = _plain(image)
    image.thumbnail((pixels, pixels), reducing_gap=2.0)
    image = _flat(image)
    if orientation in _TURNS:
        image = image.transpose(_TURNS[orientation])
    image.info = {}  # Pillow would write a comment that it found there
    return image


def save(image: Image.Image, path: str) -> None:
    """Write a thumbnail. It is made durable when it lands."""
    image.save(path, "JPEG", quality=_QUALITY)


def save_small(path: str, target: str, pixels: int) -> bool:
    """Write a thumbnail of the picture at `path`, whatever it is; False, and nothing written, if it cannot be read."""
    try:
        with Image.open(path) as image:
            if image.width * image.height > _PIXELS_MAX:
                return False
            small = thumbnail(image, pixels, 1)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):  # what Pillow says of broken pictures
        return False
    save(small, target)
    return True


def _plain(image: Image.Image) -> Image.Image:
    """The picture in a mode that can be made smaller."""
    if image.mode in {"I", "F"} or image.mode.startswith("I;"):
        return _stretched(image)
    if image.mode == "LAB":
        return image.getchannel(0)
    if image.mode == "1":
        return image.convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _stretched(image: Image.Image) -> Image.Image:
    """Numbers of more than 8 bits as greys: the smallest that occurs is black, the greatest white."""
    if image.mode.startswith("I;"):
        image = image.convert("I")
    low, high = (float(value) for value in image.getextrema())  # type: ignore[arg-type]
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        low, high = 0.0, 65535.0
    scale = 255 / (high - low)
    return image.point(lambda value: value * scale - low * scale).convert("L")


def _flat(image: Image.Image) -> Image.Image:
    """The picture in RGB; what shines through is white."""
    if image.mode not in {"RGBA", "LA"}:
        return image.convert("RGB")
    flat = Image.new("RGB", image.size, "white")
    flat.paste(image.convert("RGB"), mask=image.getchannel("A"))
    return flat
