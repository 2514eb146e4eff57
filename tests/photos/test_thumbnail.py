"""Thumbnails: upright, RGB, small, whatever the picture is made of."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from box.photos.thumbnail import save, thumbnail

MODES = ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F"]
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def near(pixel: object, colour: tuple[int, int, int]) -> bool:
    return isinstance(pixel, tuple) and all(abs(a - b) < 30 for a, b in zip(pixel, colour, strict=True))


def through(image: Image.Image, kind: str, **options: object) -> Image.Image:
    """The image as it comes back from a file of that kind."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return Image.open(io.BytesIO(out.getvalue()))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF"])
def test_every_format_gives_a_small_rgb_picture(kind: str):
    small = thumbnail(through(Image.new("RGB", (1000, 500), RED), kind), 320, 1)
    assert (small.mode, small.size) == ("RGB", (320, 160))
    assert near(small.getpixel((160, 80)), RED)


@pytest.mark.parametrize("mode", [*MODES, "I;16"])
def test_every_mode_gives_an_rgb_picture(mode: str):
    image = Image.new("RGB", (400, 300), WHITE).convert("L" if mode in {"I;16", "LAB", "PA"} else mode)
    if mode == "I;16":
        image = Image.new("I;16", (400, 300), 40_000)
    elif mode == "LAB":
        image = Image.new("LAB", (400, 300), (255, 128, 128))
    elif mode == "PA":
        image = image.convert("P").convert("PA")
    assert image.mode == mode
    assert thumbnail(image, 100, 1).mode == "RGB"


def test_what_is_transparent_is_white():
    clear = Image.new("RGBA", (400, 400), (255, 0, 0, 0))
    clear.paste(RED, (0, 0, 200, 400))
    for kind in ("PNG", "WEBP", "TIFF"):
        small = thumbnail(through(clear, kind), 100, 1)
        assert near(small.getpixel((10, 50)), RED)
        assert near(small.getpixel((90, 50)), WHITE)


def test_a_transparent_palette_is_white_too():
    picture = Image.new("P", (40, 40), 0)
    picture.putpalette([*RED, *GREEN])
    picture.paste(1, (0, 0, 20, 40))
    small = thumbnail(through(picture, "GIF", transparency=0), 40, 1)
    assert near(small.getpixel((5, 20)), GREEN)
    assert near(small.getpixel((35, 20)), WHITE)


def test_sixteen_bits_are_spread_over_the_greys_that_there_are():
    dark = Image.new("I;16", (200, 100), 100)
    dark.paste(4000, (0, 0, 100, 100))
    for kind in ("PNG", "TIFF"):
        small = thumbnail(through(dark, kind), 100, 1)
        assert near(small.getpixel((10, 25)), WHITE)
        assert near(small.getpixel((90, 25)), (0, 0, 0))


def test_numbers_that_are_none_do_not_matter():
    odd = Image.new("F", (40, 40), float("nan"))
    assert thumbnail(odd, 10, 1).size == (10, 10)


@pytest.mark.parametrize(
    ("orientation", "size", "red_at"),
    [
        (1, (100, 50), (10, 10)),
        (2, (100, 50), (90, 10)),
        (3, (100, 50), (90, 40)),
        (4, (100, 50), (10, 40)),
        (5, (50, 100), (10, 10)),
        (6, (50, 100), (40, 10)),
        (7, (50, 100), (40, 90)),
        (8, (50, 100), (10, 90)),
        (0, (100, 50), (10, 10)),
        (9, (100, 50), (10, 10)),
    ],
)
def test_the_orientation_is_applied(orientation: int, size: tuple[int, int], red_at: tuple[int, int]):
    """The corner that was at the top left in the sensor stands where the camera says."""
    image = Image.new("RGB", (400, 200), BLUE)
    image.paste(RED, (0, 0, 100, 100))
    small = thumbnail(image, 100, orientation)
    assert small.size == size
    assert near(small.getpixel(red_at), RED)


def test_a_small_picture_is_not_made_larger():
    assert thumbnail(Image.new("RGB", (16, 9)), 320, 1).size == (16, 9)


@given(st.integers(1, 900), st.integers(1, 9), st.integers(1, 400))
def test_no_side_is_longer_than_wanted_and_none_vanishes(length: int, width: int, pixels: int):
    small = thumbnail(Image.new("L", (length, width)), pixels, 6)
    assert min(small.size) >= 1
    assert max(small.size) <= max(pixels, 1)


def test_nothing_of_the_metadata_is_in_the_file(tmp_path: Path):
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (1.0, 2.0, 3.0)}
    exif[0x010F] = "Maker"
    image = through(Image.new("RGB", (64, 48), RED), "JPEG", exif=exif, comment=b"a secret", icc_profile=b"a profile")
    path = tmp_path / "thumbnail.jpg"
    save(thumbnail(image, 32, 1), str(path))
    with Image.open(path) as made:
        assert (made.format, made.size) == ("JPEG", (32, 24))
        assert set(made.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    for secret in (b"Maker", b"a secret", b"a profile", b"Exif"):
        assert secret not in path.read_bytes()
