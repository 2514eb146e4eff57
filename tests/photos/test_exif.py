"""The few EXIF fields that are wanted, from good blocks and bad ones."""

from __future__ import annotations

import struct
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational
from pillow_heif import register_heif_opener

from box.photos import exif
from box.photos.details import Details
from box.photos.formats import HEAD_BYTES, PICTURES, sniff
from box.photos.structure import examine, exif_block

register_heif_opener()

TEXTS = {0x010F: b"Maker\0", 0x0110: b"Model\0"}
TIME = b"2024:05:03 10:11:12\0"


def block(order: str = "<", time_at: int | None = None, time_kind: int = 2) -> bytes:
    """A block with make, model, orientation and (in the EXIF directory) a time; the values follow the directories."""
    outer, inner = 8 + 2 + 4 * 12 + 4, 8 + 2 + 4 * 12 + 4 + 2 + 12 + 4
    entries = [
        struct.pack(f"{order}HHII", 0x010F, 2, 6, inner),
        struct.pack(f"{order}HHII", 0x0110, 2, 6, inner + 6),
        struct.pack(f"{order}HHIHH", 0x0112, 3, 1, 6, 0),
        struct.pack(f"{order}HHII", 0x8769, 4, 1, outer),
    ]
    time = struct.pack(f"{order}HHII", 0x9003, time_kind, 20, inner + 12 if time_at is None else time_at)
    return b"".join(
        [
            b"II*\0" if order == "<" else b"MM\0*",
            struct.pack(f"{order}IH", 8, len(entries)),
            *entries,
            struct.pack(f"{order}IH", 0, 1),
            time,
            bytes(4),
            *TEXTS.values(),
            TIME,
        ]
    )


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0"])
def test_fields_are_read_in_both_byte_orders_with_and_without_the_prefix(order: str, prefix: bytes):
    assert exif.read(prefix + block(order)) == {**TEXTS, 0x0112: 6, 0x9003: TIME}


@pytest.mark.parametrize("time_at", [0xFFFFFFFF, 5000, 140])
def test_a_field_that_points_outside_is_left_out_and_the_others_are_not(time_at: int):
    assert exif.read(block(time_at=time_at)) == {**TEXTS, 0x0112: 6}


def test_a_directory_that_is_cut_off_gives_what_is_there():
    assert exif.read(block()[:40]) == {}
    assert exif.read(block()[:58] + bytes(40)).keys() == {0x010F, 0x0110, 0x0112}


@pytest.mark.parametrize("data", [b"", b"II", b"II*\0", b"Exif\0\0", b"II*\0\xff\xff\xff\xff", b"garbage" * 10])
def test_what_is_no_exif_has_no_fields(data: bytes):
    assert exif.read(data) == {}


def test_a_directory_that_points_to_itself_ends():
    looped = b"II*\0" + struct.pack("<IHHHII", 8, 1, 0x8769, 4, 1, 8)
    assert exif.read(looped) == {}


@given(st.sampled_from([b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0"]), st.binary())
def test_no_bytes_can_break_it(head: bytes, rest: bytes):
    tags = exif.read(head + rest)
    exif.evidence(tags), exif.details(tags)
    for value in tags.values():
        assert isinstance(value, bytes | int | tuple)


@given(st.lists(st.tuples(st.integers(0, 130), st.integers(0, 255)), max_size=10))
def test_no_change_can_break_it(changes: list[tuple[int, int]]):
    data = bytearray(block())
    for at, byte in changes:
        data[at % len(data)] = byte
    tags = exif.read(bytes(data))
    exif.evidence(tags), exif.details(tags)


# --- what the fields mean --------------------------------------------------------------------------------------------


def written(outer: dict[int, object], shot: dict[int, object], place: dict[int, object]) -> exif.Tags:
    """The tags of a block that Pillow wrote."""
    made = Image.Exif()
    made.update(outer)
    made.get_ifd(0x8769).update(shot)
    made.get_ifd(0x8825).update(place)
    return exif.read(made.tobytes())


FULL = (
    {0x010F: "  Maker\0\0", 0x0110: "Model  X\n", 0x0112: 6},
    {
        0x9003: "2024:05:03 10:11:12", 0x9291: "12", 0x9011: "+02:00",
        0x9004: "2024:05:04 10:11:12", 0x9292: "34", 0x9012: "+03:00", 0x9010: "+09:00",
        0xA431: "S/N 123", 0xA434: "50mm f/1.8",
        0x829A: IFDRational(1, 250), 0x829D: IFDRational(28, 10), 0x8827: 400,
    },
    {1: "S", 2: (33.0, 30.0, 36.0), 3: "E", 4: (151.0, 12.5, 0.0), 7: (7.0, 30.0, 14.5), 0x1D: "2024:05:03"},
)  # fmt: skip


def test_all_that_is_wanted_is_found_under_its_name():
    tags = written(*FULL)
    assert exif.evidence(tags) == {
        "EXIF:DateTimeOriginal": "2024:05:03 10:11:12",
        "EXIF:SubSecTimeOriginal": "12",
        "EXIF:OffsetTimeOriginal": "+02:00",
        "EXIF:DateTimeDigitized": "2024:05:04 10:11:12",
        "EXIF:SubSecTimeDigitized": "34",
        "EXIF:OffsetTimeDigitized": "+03:00",
        "GPS:GPSDateStamp": "2024:05:03",
        "GPS:GPSTimeStamp": "07:30:14.5",
    }
    assert exif.details(tags) == Details(
        make="Maker", model="Model X", serial="S/N 123", lens="50mm f/1.8", exposure="1/250", aperture=2.8, iso=400,
        latitude=-33.51, longitude=151.2083333, orientation=6,
    )  # fmt: skip


def test_nothing_says_nothing():
    assert exif.evidence({}) == {}
    assert exif.details({}) == Details()


@pytest.mark.parametrize(
    "place",
    [
        {}, {2: (33.0, 0.0, 0.0), 4: (151.0, 0.0, 0.0)}, {1: "N", 2: (33.0, 0.0, 0.0)},
        {1: "N", 2: (91.0, 0.0, 0.0), 3: "E", 4: (1.0, 0.0, 0.0)}, {1: "N", 2: (0.0,) * 3, 3: "E", 4: (0.0,) * 3},
        {1: "X", 2: (33.0, 0.0, 0.0), 3: "E", 4: (1.0, 0.0, 0.0)},
    ],
)  # fmt: skip
def test_a_place_is_both_degrees_on_a_known_side_or_none(place: dict[int, object]):
    found = exif.details(written({}, {}, place))
    assert (found.latitude, found.longitude) == (None, None)


@pytest.mark.parametrize("time", [(24.5, 0.0, 0.0), (1.0, 60.0, 0.0), (1.0, 2.0), "07:30:14", (-1.0, 0.0, 0.0)])
def test_a_time_of_gps_that_no_clock_shows_is_left_out(time: object):
    tags = {exif.GPS_TIME: time}
    assert exif.evidence(tags) == {}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1 / 250, "1/250"), (148 / 8160, "1/55"), (0.25, "1/4"), (0.3, "0.3"), (1.0, "1"), (2.5, "2.5"), (30.0, "30"),
        (0.0, ""), (-1.0, ""), (float("nan"), ""), (float("inf"), ""), (1e-300, ""), (1e9, ""),
    ],
)  # fmt: skip
def test_an_exposure_is_written_as_people_write_it(seconds: float, text: str):
    assert exif.details({exif.EXPOSURE: (seconds,)}).exposure == text


@pytest.mark.parametrize(
    ("value", "iso", "orientation"),
    [(100, 100, 1), (8, 8, 8), (0, 0, 1), (2**63, 0, 1), ((6.0,), 6, 6), ((), 0, 1), (b"6", 0, 1)],
)
def test_numbers_are_within_what_can_be(value: object, iso: int, orientation: int):
    found = exif.details({exif.ISO: value, exif.ORIENTATION: value, exif.APERTURE: value})
    assert (found.iso, found.orientation) == (iso, orientation)
    assert 0 <= found.aperture <= 1000


def test_texts_are_short_and_printable():
    found = exif.details({exif.MAKE: b"a\x07b\xff" + b"c" * 500, exif.LENS: "\u202e50 mm".encode()})
    assert (len(found.make), found.make[:4], found.lens) == (100, "a b\xff", "50 mm")


def test_it_reads_what_pillow_reads(corpora):
    compared = 0
    for path in sorted(corpora.rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        media_type = sniff(data[:HEAD_BYTES])
        if media_type not in PICTURES or path.name == "30-type_error.jpg":
            continue
        found = exif.read(exif_block(data, media_type, examine(data, media_type)))
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore")
            outer = image.getexif()
            inner = outer.get_ifd(0x8769)
        for tag in (0x010F, 0x0110, 0x9003, 0x9004, 0x9011, 0x9012, 0x9291, 0x9292):
            theirs = inner.get(tag, outer.get(tag)) if tag > 0x9000 else outer.get(tag)
            assert text(found.get(tag)) == text(theirs), (path, hex(tag))
            compared += bool(theirs)
    assert compared > 500


def text(value: object) -> str:
    raw = value.encode("latin-1") if isinstance(value, str) else value or b""
    return raw.split(b"\0")[0].decode("latin-1").strip()


def test_an_exif_directory_that_is_stored_as_a_value_is_read(corpora):
    """Photoshop Elements did so; Pillow does not find it."""
    data = (corpora / "exif-samples/jpg/tests/30-type_error.jpg").read_bytes()
    assert text(exif.read(exif_block(data, "image/jpeg", examine(data, "image/jpeg")))[0x9003]) == "2013:07:05 03:18:27"
