"""What a file is, by its first bytes."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box.photos import formats
from box.photos.formats import HEAD_BYTES, MEDIA_TYPES, sniff
from box.watchers import look


def brands(major: bytes, *others: bytes) -> bytes:
    """The first box of an ISO base media file."""
    return struct.pack(">I", 16 + 4 * len(others)) + b"ftyp" + major + bytes(4) + b"".join(others) + bytes(8)


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"\xff\xd8\xff\xe1\x03PExif", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
        (b"II*\0\x08\0\0\0\x19\0\xfe\0", "image/tiff"),
        (b"MM\0*\0\0\0\x08", "image/tiff"),
        (b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0", "image/tiff"),
        (b"MM\0+\0\x08\0\0\0\0\0\0\0\0\0\x10", "image/tiff"),
        (b"RIFF\x42\x02\0\0WEBPVP8X", "image/webp"),
        (b"BM\x76\x04\0\0\0\0\0\0\x36\x04\0\0\x28\0\0\0", "image/bmp"),
        (b"GIF89a\x08\0", "image/gif"),
        (b"GIF87a\x08\0", "image/gif"),
        (b"", ""),
        (b"\xff\xd8", ""),
        (b"RIFF\x42\x02\0\0AVI LIST", "video/x-msvideo"),
        (b"RIFF\x42\x02\0\0WAVEfmt ", ""),
        (b"BM is how this text begins, and it is no picture", ""),
        (b"GIF90a", ""),
        (b"II*\0\x10\0\0\0CR\x02\0", "image/x-canon-cr2"),
        (b"II*\0\x08\x0a\0\0IIII", "image/x-phaseone-iiq"),
        (b"IIRO\x08\0\0\0", "image/x-olympus-orf"),
        (b"IIRS\x08\0\0\0", "image/x-olympus-orf"),
        (b"MMOR\0\0\0\x08", "image/x-olympus-orf"),
        (b"IIU\0\x18\0\0\0", "image/x-panasonic-rw2"),
        (b"FUJIFILMCCD-RAW 0200", "image/x-fuji-raf"),
        (b"FOVb\x02\0\x02\0", "image/x-sigma-x3f"),
        (b"\0MRM\0\0\x0a\x0c\0PRD", "image/x-minolta-mrw"),
        (b"II\x1a\0\0\0HEAPCCDR", "image/x-canon-crw"),
        (brands(b"crx ", b"isom"), "image/x-canon-cr3"),
        (brands(b"heic"), "image/heic"),
        (brands(b"mif1", b"mif1", b"heic"), "image/heic"),
        (brands(b"mif1", b"miaf"), "image/heif"),
        (brands(b"mif1", b"avif"), "image/avif"),
        (brands(b"avif", b"mif1"), "image/avif"),
        (brands(b"qt  "), "video/quicktime"),
        (brands(b"isom", b"iso2", b"avc1", b"mp41"), "video/mp4"),
        (brands(b"CAEP", b"CAEP", b"mp42"), "video/mp4"),
        (brands(b"3gp5", b"isom"), "video/3gpp"),
        (brands(b"3g2a"), "video/3gpp"),
        (brands(b"M4A ", b"mp42", b"isom"), ""),
        (brands(b"jp2 "), ""),
        (brands(b"none", b"nada"), ""),
        (b"\0\0\x0f\x17moov\0\0\0\x6cmvhd", "video/quicktime"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "video/quicktime"),
        (b"\0\0\0\x01mdat\0\0\0\x01\0\0\0\0", "video/quicktime"),
        (b"a text on free software", ""),
        ((b"G" + bytes(187)) * 3, "video/mp2t"),
        ((b"\0\0\0\0G" + bytes(187)) * 3, "video/mp2t"),
        (b"Good morning" + bytes(400), ""),
        (b"%PDF-1.7", ""),
    ],
)
def test_the_first_bytes_tell_the_type(head: bytes, media_type: str):
    assert sniff(head) == media_type


@given(st.binary(max_size=HEAD_BYTES))
def test_any_bytes_have_an_answer(head: bytes):
    assert sniff(head) in {"", *MEDIA_TYPES}


@pytest.mark.parametrize(
    ("name", "head", "media_type"),
    [
        ("DSC_0001.NEF", b"II*\0\x08\0\0\0", "image/x-nikon-nef"),
        ("a.b/DSC0001.arw", b"II*\0\x08\0\0\0", "image/x-sony-arw"),
        ("x.dng", b"MM\0*\0\0\0\x08", "image/x-adobe-dng"),
        ("IMGP0001.PEF", b"MM\0*\0\0\0\x08", "image/x-pentax-pef"),
        ("scan.tif", b"II*\0\x08\0\0\0", "image/tiff"),
        ("no ending", b"II*\0\x08\0\0\0", "image/tiff"),
        ("not really.nef", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("not at all.nef", b"a text", ""),
        ("IMG_0001.CR2", b"II*\0\x10\0\0\0CR\x02\0", "image/x-canon-cr2"),
        ("renamed.nef", b"II*\0\x10\0\0\0CR\x02\0", "image/x-canon-cr2"),
        ("Voice 001.m4a", brands(b"mp42", b"isom"), ""),
        ("VID_0001.mp4", brands(b"mp42", b"isom"), "video/mp4"),
    ],
)
def test_a_name_decides_only_between_what_the_bytes_allow(name: str, head: bytes, media_type: str):
    assert formats.media_type(name, head) == media_type


@given(st.text(max_size=20), st.binary(max_size=HEAD_BYTES))
def test_any_name_and_bytes_have_an_answer(name: str, head: bytes):
    assert formats.media_type(name, head) in {"", *MEDIA_TYPES}


def test_real_files_are_what_their_makers_say(corpora):
    named = {
        ".jpg": "image/jpeg", ".jps": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".bmp": "image/bmp",
        ".webp": "image/webp", ".tif": "image/tiff", ".btf": "image/tiff", ".heic": "image/heic",
        ".mov": "video/quicktime", ".avi": "video/x-msvideo", ".mts": "video/mp2t", ".cr2": "image/x-canon-cr2",
        ".cr3": "image/x-canon-cr3", ".crw": "image/x-canon-crw", ".nef": "image/x-nikon-nef",
        ".raf": "image/x-fuji-raf", ".rw2": "image/x-panasonic-rw2", ".mrw": "image/x-minolta-mrw",
        ".x3f": "image/x-sigma-x3f", ".dng": "image/x-adobe-dng", ".iiq": "image/x-phaseone-iiq",
        ".raw": "image/x-kyocera-raw",
    }  # fmt: skip
    for path in (corpora / "makers").iterdir():
        assert formats.media_type(path.name, path.read_bytes()[:HEAD_BYTES]) == named.get(path.suffix, ""), path.name


def test_the_watcher_reads_as_much_of_a_file_as_its_type_takes():
    assert look.HEAD_BYTES == HEAD_BYTES
