"""Whether a file is whole, without decoding it: on real and generated pictures, and on what nobody meant to be one."""

from __future__ import annotations

import io
import random
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pillow_heif import register_heif_opener

from box.errors import Unprocessable
from box.photos import formats
from box.photos.formats import HEAD_BYTES, sniff
from box.photos.structure import Structure, examine, exif_block, refuse_too_many

register_heif_opener()

WRITERS: dict[str, tuple[str, dict[str, Any]]] = {
    "jpeg": ("JPEG", {}),
    "jpeg-progressive": ("JPEG", {"progressive": True}),
    "png": ("PNG", {}),
    "gif": ("GIF", {}),
    "bmp": ("BMP", {}),
    "webp": ("WEBP", {}),
    "webp-lossless": ("WEBP", {"lossless": True}),
    "webp-exif": ("WEBP", {"exif": b"II*\0\x08\0\0\0\0\0\0\0\0\0"}),
    "tiff": ("TIFF", {}),
    "tiff-lzw": ("TIFF", {"compression": "tiff_lzw"}),
    "tiff-big": ("TIFF", {"big_tiff": True}),
    "heic": ("HEIF", {}),
    "avif": ("AVIF", {}),
}
MAGIC = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"GIF89a", b"BM"]


def picture(name: str) -> bytes:
    kind, options = WRITERS[name]
    noise = Image.frombytes("RGB", (61, 47), random.Random(1).randbytes(61 * 47 * 3))
    out = io.BytesIO()
    (noise.quantize() if kind == "GIF" else noise).save(out, kind, **options)
    return out.getvalue()


PICTURES = {name: picture(name) for name in WRITERS}


def flaw(data: bytes) -> str:
    return examine(data, sniff(data[:HEAD_BYTES])).flaw


@pytest.mark.parametrize("name", WRITERS)
def test_a_whole_picture_has_its_size_and_no_flaw(name: str):
    found = examine(PICTURES[name], sniff(PICTURES[name][:HEAD_BYTES]))
    assert (found.width, found.height, found.flaw) == (61, 47, "")


@pytest.mark.parametrize("name", sorted(set(WRITERS) - {"gif"}))
@given(data=st.data())
def test_a_picture_that_is_cut_anywhere_is_flawed(name: str, data: st.DataObject):
    whole = PICTURES[name]
    # What may be missing: the last padding byte of a WebP, and of a TIFF the "no more directories" after the last one.
    spare = 1 if "webp" in name else 8 if "tiff" in name else 0
    length = data.draw(st.integers(HEAD_BYTES, len(whole) - spare - 1))
    assert flaw(whole[:length])


@given(st.integers(HEAD_BYTES, len(PICTURES["gif"]) - 1))
def test_a_gif_that_is_cut_is_flawed_unless_the_cut_looks_like_an_end(length: int):
    cut = PICTURES["gif"][:length]
    assert flaw(cut) or cut.endswith(b"\0;")


@pytest.mark.parametrize("name", sorted(set(WRITERS) - {"gif"}))
def test_what_follows_a_picture_does_not_matter(name: str):
    assert flaw(PICTURES[name] + b"SEFT trailer of a phone" * 100) == ""


def test_a_gif_may_be_followed_by_something_too():
    assert flaw(PICTURES["gif"] + b"\0" * 100) == ""


def test_the_end_of_a_jpeg_is_sought_after_its_scan_begins():
    """A thumbnail in the EXIF has an end marker of its own."""
    whole = PICTURES["jpeg"]
    inner = b"Exif\0\0" + b"\xff\xd8\xff\xd9"
    with_inner = whole[:2] + b"\xff\xe1" + struct.pack(">H", len(inner) + 2) + inner + whole[2:]
    assert flaw(with_inner) == ""
    assert flaw(with_inner[:-2]) == "truncated"


def test_fill_bytes_between_segments_are_allowed():
    whole = PICTURES["jpeg"]
    assert flaw(whole[:2] + b"\xff" * 5 + whole[2:]) == ""


@pytest.mark.parametrize("name", WRITERS)
def test_a_picture_whose_second_half_was_never_written_is_flawed_or_as_long_as_it_says(name: str):
    """An interrupted copy often leaves zeros; where only lengths are stored, the decoder has to find out."""
    whole = PICTURES[name]
    half = len(whole) // 2
    zeros = whole[:half] + bytes(len(whole) - half)
    assert flaw(zeros) or name.startswith(("bmp", "webp", "tiff", "heic", "avif"))


def test_a_jpeg_without_picture_is_corrupt():
    assert flaw(b"\xff\xd8\xff\xd9" + bytes(HEAD_BYTES)) == "corrupt"


def test_a_tiff_without_picture_is_corrupt():
    assert flaw(b"II*\0\x08\0\0\0\0\0\0\0\0\0" + bytes(HEAD_BYTES)) == "corrupt"


@pytest.mark.parametrize("big", [False, True])
def test_a_tiff_that_is_cut_in_a_later_page_is_flawed(big: bool):
    pages = [Image.frombytes("L", (61, 47), random.Random(page).randbytes(61 * 47)) for page in range(3)]
    out = io.BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:], big_tiff=big)
    whole = out.getvalue()
    assert flaw(whole) == ""
    for length in (len(whole) - 100, len(whole) - 3000, len(whole) // 2):  # the last bytes only fill up
        assert flaw(whole[:length]) == "truncated"


def test_pages_of_a_tiff_that_lead_in_a_circle_come_to_an_end():
    whole = bytearray(PICTURES["tiff"])
    (first,) = struct.unpack_from("<I", whole, 4)
    (count,) = struct.unpack_from("<H", whole, first)
    struct.pack_into("<I", whole, first + 2 + 12 * count, first)
    assert flaw(bytes(whole)) == ""


def test_a_heic_picture_counts_all_the_pixels_that_are_unpacked_and_not_only_those_it_shows():
    whole = bytearray(PICTURES["heic"])
    assert b"clap" in whole, "61 x 47 is no whole number of blocks"
    struct.pack_into(">II", whole, whole.index(b"ispe") + 8, 60_000, 60_000)
    found = examine(bytes(whole), "image/heic")
    assert (found.width, found.height, found.pixels) == (61, 47, 60_000 * 60_000)


def test_a_top_down_bitmap_is_whole():
    bottom_up = PICTURES["bmp"]
    assert flaw(bottom_up[:22] + struct.pack("<i", -47) + bottom_up[26:]) == ""


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "tiff", "heic", "avif"])
def test_exif_is_found_where_the_format_keeps_it(name: str):
    exif = Image.Exif()
    exif[0x010F] = "A maker"
    out = io.BytesIO()
    kind, options = WRITERS[name]
    Image.new("RGB", (8, 8)).save(out, kind, exif=exif, **options)
    data = out.getvalue()
    media_type = sniff(data[:HEAD_BYTES])
    assert b"A maker" in bytes(exif_block(data, media_type, examine(data, media_type)))


def with_text(png: bytes, name: bytes, text: bytes) -> bytes:
    chunk = struct.pack(">I", len(text)) + name + text + struct.pack(">I", zlib.crc32(name + text))
    return png[:33] + chunk + png[33:]


@pytest.mark.parametrize("kind", [b"exif", b"APP1"])
@pytest.mark.parametrize("packed", [False, True])
def test_exif_is_found_in_a_png_where_imagemagick_keeps_it(kind: bytes, packed: bool):
    exif = b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0" + bytes(40)
    digits = b"\n%b\n%8d\n%b\n" % (kind, len(exif), exif.hex("\n", 36).encode())
    body = b"\0" + zlib.compress(digits) if packed else digits
    text = b"Raw profile type " + kind + b"\0" + body
    data = with_text(PICTURES["png"], b"zTXt" if packed else b"tEXt", text)
    assert exif_block(data, "image/png", examine(data, "image/png")) == exif
    for broken in (text[:24], text[:40], text[:30] + b"!" * 20):
        data = with_text(PICTURES["png"], b"zTXt" if packed else b"tEXt", broken)
        assert exif_block(data, "image/png", examine(data, "image/png")) == b""


def test_real_pictures_are_whole_and_have_the_size_that_pillow_sees(corpora):
    count = 0
    for path in sorted(corpora.rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        media_type = sniff(data[:HEAD_BYTES])
        if media_type in formats.PICTURES:
            found = examine(data, media_type)
            with Image.open(path) as image:
                # The decoder of HEIC turns a picture upright before it says how large it is.
                width, height = reversed(image.size) if found.orientation > 4 else image.size
                assert (found.width, found.height, found.flaw) == (width, height, ""), path
            count += 1
    assert count > 300


@given(st.sampled_from(MAGIC), st.binary(max_size=2000))
def test_no_bytes_can_break_it(magic: bytes, rest: bytes):
    for media_type in formats.PICTURES:
        assert isinstance(examine(magic + rest, media_type), Structure)


@given(
    st.sampled_from(sorted(WRITERS)),
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), max_size=8),
)
def test_no_change_of_a_picture_can_break_it(name: str, changes: list[tuple[float, bytes]]):
    data = bytearray(PICTURES[name])
    for where, what in changes:
        at = int(where * (len(data) - 1))
        data[at : at + len(what)] = what
    for media_type in formats.PICTURES:
        assert isinstance(examine(bytes(data), media_type), Structure)


def mutants(path: Path, seed: int) -> list[bytes]:
    """A real file cut, overwritten and overrun at random."""
    dice = random.Random(f"{path.name}{seed}")
    data = path.read_bytes()[:100_000]
    cut = data[: dice.randrange(len(data))]
    changed = bytearray(data)
    for _ in range(20):
        changed[dice.randrange(min(2000, len(data)))] = dice.choice([0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)])
    return [cut, bytes(changed), cut + dice.randbytes(1000), cut + bytes(1000)]


@pytest.mark.parametrize("seed", range(3))
def test_no_change_of_a_real_file_can_break_it(corpora, seed: int):
    for path in sorted(corpora.rglob("*")):
        media_type = sniff(path.read_bytes()[:HEAD_BYTES]) if path.is_file() else ""
        for data in mutants(path, seed) if media_type in formats.PICTURES else ():
            assert isinstance(examine(data, media_type), Structure)


@pytest.mark.parametrize(
    ("media_type", "data"),
    [
        ("image/jpeg", b"\xff\xd8" + b"\xff" * 3_000_000),
        ("image/jpeg", b"\xff\xd8" + b"\xff\xe0\0\x02" * 1_000_000),
        ("image/png", PICTURES["png"][:33] + b"\0\0\0\0tEXt\0\0\0\0" * 300_000),
        ("image/gif", PICTURES["gif"][:13] + b"\x21\xf9" + b"\x01x" * 2_000_000),
        ("image/webp", b"RIFF\xff\xff\xff\x7fWEBPVP8X\x0a\0\0\0\x08" + bytes(3_000_000)),
        ("image/tiff", b"II*\0\x08\0\0\0\xff\xff" + b"\x11\x01\x04\0\xff\xff\xff\xff\x08\0\0\0" * 100_000),
    ],
)
def test_endless_parts_come_to_an_end(media_type: str, data: bytes):
    assert examine(data, media_type).flaw


def test_too_many_pixels_are_refused():
    refuse_too_many(100, 100, 10_000)
    with pytest.raises(Unprocessable, match=r"100 x 101 pixels; photos\.pixels_max allows 10000") as refused:
        refuse_too_many(100, 101, 10_000)
    assert refused.value.code == "too-many-pixels"
