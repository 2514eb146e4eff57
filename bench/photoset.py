"""The photos. The rule: made once, the same each time, no two alike, and like a trail camera's: nights across midnight.

5 megapixels, 1.1 to 1.8 MB, EXIF times with offset and fractions: 40 a night from 20:00, every 9 minutes, so that the
later ones belong to the next day. Photo `i` is the same whatever number is asked for.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from multiprocessing import get_context

from PIL import Image, ImageChops, ImageDraw, __version__

VERSION = 1
"""Another one makes another set."""
SIZE = (2592, 1944)
A_NIGHT = 40
FIRST = datetime(2024, 1, 1, 20, 0, 7)  # noqa: DTZ001  a camera's own time
STEP = timedelta(minutes=9)
_BYTES_EACH = 1_500_000


def taken_at(number: int) -> datetime:
    """When photo `number` was taken, by the camera's clock."""
    night, place = divmod(number, A_NIGHT)
    return FIRST + timedelta(days=night) + place * STEP


def name_of(number: int) -> str:
    """As cameras name them."""
    return f"IMG_{number + 1:05d}.JPG"


def days(count: int) -> int:
    """How many folders by day the first `count` photos make."""
    return len({taken_at(number).date() for number in range(count)})


def make(folder: str, count: int) -> list[str]:
    """The first `count` photos; the paths. Those that are there already stay as they are."""
    made_by = {"version": VERSION, "pillow": __version__}
    mark = os.path.join(folder, "set.json")
    if _read(mark) != made_by:
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        with open(mark, "w", encoding="utf-8") as out:
            json.dump(made_by, out)
    paths = [os.path.join(folder, name_of(number)) for number in range(count)]
    missing = [number for number, path in enumerate(paths) if not os.path.exists(path)]
    if missing:
        print(
            f"making {len(missing):,} photos in {folder}, once: about {len(missing) * _BYTES_EACH / 1e6:,.0f} MB",
            flush=True,
        )
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
            list(pool.map(_make_one, missing, [folder] * len(missing), chunksize=20))
    return paths


def _read(path: str) -> object:
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def _make_one(number: int, folder: str) -> None:
    chance = random.Random(number)
    image = ImageChops.offset(_ground(), chance.randrange(SIZE[0]), chance.randrange(SIZE[1]))
    draw = ImageDraw.Draw(image)
    for _ in range(60):
        x, y, r = chance.randrange(SIZE[0]), chance.randrange(SIZE[1]), chance.randrange(10, 200)
        draw.ellipse((x, y, x + r, y + r), fill=tuple(chance.randrange(256) for _ in range(3)))
    path = os.path.join(folder, name_of(number))
    image.save(path + ".part", "JPEG", quality=chance.randrange(83, 89), exif=_exif(number))
    os.replace(path + ".part", path)


class _Ground:
    image: Image.Image | None = None


def _ground() -> Image.Image:
    """Fine and coarse noise, once a process: what makes a night picture as large as it is."""
    if _Ground.image is None:
        chance = random.Random("ground")
        noise = Image.new("RGB", SIZE)
        for width, share in ((16, 1.0), (160, 0.5), (SIZE[0] // 2, 0.28)):
            height = width * SIZE[1] // SIZE[0]
            layer = Image.frombytes("RGB", (width, height), chance.randbytes(width * height * 3))
            noise = Image.blend(noise, layer.resize(SIZE, Image.Resampling.BICUBIC), share)
        _Ground.image = noise
    return _Ground.image


def _exif(number: int) -> Image.Exif:
    at = taken_at(number)
    text = at.strftime("%Y:%m:%d %H:%M:%S")
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112], exif[0x0132] = "Box", "Trail camera", 1, text
    inner = exif.get_ifd(0x8769)
    inner[0x9003] = inner[0x9004] = text  # taken, digitised
    inner[0x9010] = inner[0x9011] = inner[0x9012] = "+02:00"
    inner[0x9290] = inner[0x9291] = f"{number % 1000:03d}"
    inner[0x829A], inner[0x829D], inner[0x8827] = 1 / 30, 2.8, 400
    return exif
