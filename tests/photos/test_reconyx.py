"""Dates that cameras wrote elsewhere than into EXIF: Reconyx' maker notes, and JPEGs from before EXIF."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box.photos import dates, early, exif, reconyx
from box.photos.structure import examine, exif_block

TIME = "2020:03:16 10:05:59"


def hyperfire(order: str = "<", *, year: int = 2020) -> bytes:
    notes = bytearray(200)
    notes[:4] = b"\x01\xf1\x03\x00"
    struct.pack_into(f"{order}6H", notes, 22, 59, 5, 10, 3, 16, year)
    notes[42:72] = "H500EE06130468".encode("utf-16-le").ljust(30, b"\0")
    return bytes(notes)


def hyperfire_2() -> bytes:
    notes = bytearray(200)
    notes[:10] = b"RECONYXH2\0"
    struct.pack_into("<6H", notes, 0x3E, 59, 5, 10, 3, 16, 2020)
    notes[0x7E : 0x7E + 20] = "H2X4567890".encode("utf-16-le")
    return bytes(notes)


def ultrafire() -> bytes:
    notes = bytearray(200)
    notes[:10] = b"RECONYXUF\0"
    struct.pack_into("<5BH", notes, 0x3B, 59, 5, 10, 16, 3, 2020)
    notes[0x4B:0x55] = b"U123456789"
    return bytes(notes)


@pytest.mark.parametrize(
    ("notes", "serial"),
    [
        (hyperfire(), "H500EE06130468"), (hyperfire(">"), "H500EE06130468"), (hyperfire_2(), "H2X4567890"),
        (ultrafire(), "U123456789"),
    ],
    ids=["HyperFire", "big-endian", "HyperFire 2", "UltraFire"],
)  # fmt: skip
def test_the_three_layouts_are_read(notes: bytes, serial: str):
    assert (reconyx.read(notes), reconyx.serial(notes)) == (TIME, serial)


@pytest.mark.parametrize("notes", [b"", b"\x01\xf1", hyperfire()[:30], b"Nikon\0" + bytes(100), b"RECONYXUF\0"])
def test_what_is_cut_off_or_of_somebody_else_has_no_date(notes: bytes):
    assert reconyx.read(notes) == ""


@given(st.sampled_from([b"\x01\xf1\x03\0", b"RECONYXUF\0", b"RECONYXH2\0", b""]), st.binary(max_size=300))
def test_no_notes_break_it(magic: bytes, rest: bytes):
    dates.parse(reconyx.read(magic + rest))
    reconyx.serial(magic + rest)


def test_the_hyperfire_of_the_samples_bears_its_date_and_number(corpora):
    data = (corpora / "exif-samples/jpg/Reconyx_HC500_Hyperfire.jpg").read_bytes()
    tags = exif.read(exif_block(data, "image/jpeg", examine(data, "image/jpeg")))
    assert exif.evidence(tags) == {"MakerNotes:DateTimeOriginal": "2020:03:16 10:00:00"}
    assert exif.details(tags).serial == "H500EE06130468"


def test_the_maker_notes_of_a_hyperfire_2_say_what_its_exif_says(corpora):
    """An older exiftool swaps day and month here."""
    media = sorted((corpora / "camtrap-dp/example/media").iterdir())
    assert len(media) == 10
    for path in media:
        data = path.read_bytes()
        said = exif.evidence(exif.read(exif_block(data, "image/jpeg", examine(data, "image/jpeg"))))
        assert said["MakerNotes:DateTimeOriginal"] == said["EXIF:DateTimeOriginal"], path


# --- before EXIF -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "taken"),
    [("olympus-d320l.jpg", "1998:10:29 22:06:59"), ("sony-powershota5.jpg", "2000:10:27 22:56:26")],
)
def test_old_cameras_without_exif_tell_their_time(corpora, name: str, taken: str):
    data = (corpora / "exif-samples/jpg/exif-org" / name).read_bytes()
    assert early.read(data) == taken
    for end in range(0, 6000, 7):
        early.read(data[:end])


@pytest.mark.parametrize(
    "data", [b"", b"HEAPJPGM", b"\xff\xd8\xff\xe0\0\x10II\x1a\0\0\0HEAPJPGM", b"[picture info]\r\nTimeDate=0\r\n",
             b"[picture info]\r\nTimeDate=99999999999999\r\n", b"TimeDate=909698819\r\n"],
)  # fmt: skip
def test_what_only_looks_like_theirs_tells_nothing(data: bytes):
    assert early.read(data) == ""


@given(st.lists(st.tuples(st.integers(0, 760), st.integers(0, 255)), min_size=1, max_size=8))
def test_no_change_to_a_file_breaks_the_reading(changes: list[tuple[int, int]]):
    heap = bytearray(b"\xff\xd8\xff\xe0\x02\xf2II\x1a\0\0\0HEAPJPGM" + bytes(700))
    for at, byte in changes:
        heap[at % len(heap)] = byte
    early.read(bytes(heap))
