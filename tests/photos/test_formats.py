"""What a file is, by its first bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box.photos.formats import HEAD_BYTES, MEDIA_TYPES, sniff


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
        (b"RIFF\x42\x02\0\0AVI LIST", ""),
        (b"BM is how this text begins, and it is no picture", ""),
        (b"GIF90a", ""),
        (b"II*\0\x10\0\0\0CR\x02\0", ""),  # Canon CR2
        (b"II*\0\x08\x0a\0\0IIII", ""),  # Phase One IIQ
        (b"IIRO\x08\0\0\0", ""),  # Olympus ORF
        (b"IIU\0\x18\0\0\0", ""),  # Panasonic RW2
        (b"\0\0\0\x18ftypheic", ""),
        (b"%PDF-1.7", ""),
    ],
)
def test_the_first_bytes_tell_the_type(head: bytes, media_type: str):
    assert sniff(head) == media_type


@given(st.binary(max_size=HEAD_BYTES))
def test_any_bytes_have_an_answer(head: bytes):
    assert sniff(head) in {"", *MEDIA_TYPES}


def test_real_files_are_what_their_makers_say(corpora):
    tiffs = {"DNG.dng", "Nikon.nef", "ExifTool.tif", "GeoTiff.tif", "BigTIFF.btf"}
    for path in (corpora / "makers").iterdir():
        head = path.read_bytes()[:HEAD_BYTES]
        expected = {
            ".jpg": "image/jpeg", ".jps": "image/jpeg", ".png": "image/png", ".gif": "image/gif",
            ".bmp": "image/bmp", ".webp": "image/webp",
        }.get(path.suffix, "image/tiff" if path.name in tiffs else "")  # fmt: skip
        assert sniff(head) == expected, path.name
