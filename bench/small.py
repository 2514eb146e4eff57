"""Small photos and files of many formats. The rule: made in no time, no two alike, each one is read.

What makes two of them different stands behind their end, where readers do not look; a date in EXIF is written anew.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from PIL import Image

_DATE: Final = b"2024:01:01 20:00:07"
_FIRST: Final = datetime(2024, 1, 1)  # noqa: DTZ001  a camera's own time
_STEP: Final = timedelta(minutes=7)
A_FOLDER: Final = 1000
"""As many as cameras put into one."""


def jpeg() -> bytes:
    """One small photo."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Box", "Trail camera"
    exif.get_ifd(0x8769)[0x9003] = _DATE.decode()
    out = io.BytesIO()
    Image.radial_gradient("L").resize((160, 120)).save(out, "JPEG", exif=exif, quality=70)
    return out.getvalue()


def drop(folder: str, count: int) -> int:
    """Put so many small photos there, as cameras do: 100MEDIA/IMG_0001.JPG; how many days they are of."""
    template = jpeg()
    at = template.index(_DATE)
    before, after = template[:at], template[at + len(_DATE) :]
    days = set()
    for number in range(count):
        place = os.path.join(folder, f"{100 + number // A_FOLDER}MEDIA")
        os.makedirs(place, exist_ok=True)
        taken = _FIRST + number * _STEP
        days.add(taken.date())
        text = taken.strftime("%Y:%m:%d %H:%M:%S").encode()
        with open(os.path.join(place, f"IMG_{number % A_FOLDER + 1:04}.JPG"), "wb") as out:
            out.write(before + text + after + struct.pack(">I", number))
    os.sync()
    return len(days)


def alike(data: bytes, ending: str, number: int) -> bytes:
    """The same file, with other bytes behind its end."""
    mark = struct.pack(">I", number)
    return data + (struct.pack(">I4s", 12, b"free") + mark if ending in _BOXES else mark)


_BOXES: Final = frozenset({"heic", "avif", "mov", "mp4", "cr3"})
"""ISO media files end with a box."""

_SIZE: Final = (1600, 1200)


def _picture(name: str, **options: object) -> Callable[[], bytes]:
    def make() -> bytes:
        if name == "HEIF":
            from pillow_heif import register_heif_opener  # noqa: PLC0415 - only where it is wanted

            register_heif_opener()
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9003] = _DATE.decode()
        out = io.BytesIO()
        picture = Image.radial_gradient("L").resize(_SIZE).convert("RGB")
        picture.save(out, name, exif=exif, **options)  # type: ignore[arg-type]  # what the writers take
        return out.getvalue()

    return make


PICTURES: Final[dict[str, Callable[[], bytes]]] = {
    "jpg": _picture("JPEG", quality=85),
    "png": _picture("PNG"),
    "tif": _picture("TIFF", compression="tiff_lzw"),
    "webp": _picture("WEBP"),
    "heic": _picture("HEIF"),
    "avif": _picture("AVIF"),
}
"""ending -> what makes one."""
