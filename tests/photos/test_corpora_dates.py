"""Real photos: the day is that which exiftool finds. It is asked once for all files."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from box.photos import evidence, exif
from box.photos.capture import Capture, Clock, decide
from box.photos.formats import HEAD_BYTES, PICTURES, sniff
from box.photos.structure import examine, exif_block


@pytest.fixture(scope="module")
def told(corpora) -> dict[Path, str]:
    """What exiftool says about DateTimeOriginal, for each picture that Box can read itself."""
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed, and it is what the days are compared with")
    folders = [corpora / "camera-trap", corpora / "exif-samples"]
    command = ["exiftool", "-json", "-q", "-G1", "-r", "-DateTimeOriginal", *folders]
    out = subprocess.run(command, capture_output=True, check=False).stdout
    said = {Path(each.pop("SourceFile")): str(next(iter(each.values()), "")) for each in json.loads(out)}
    return {path: text for path, text in said.items() if sniff(path.read_bytes()[:HEAD_BYTES]) in PICTURES}


def captured(path: Path, name: str = "", clock: Clock | None = None) -> Capture:
    data = path.read_bytes()
    media_type = sniff(data[:HEAD_BYTES])
    tags = exif.read(exif_block(data, media_type, examine(data, media_type)))
    # A year ahead: one of the samples was taken in the year in which it was published.
    now = time.time() + 365 * 86_400
    return decide(evidence.gather(data, media_type, tags), name, 0, clock or Clock(), now)


def test_every_camera_trap_picture_gets_the_day_of_exiftool(told):
    pictures = {path: text for path, text in told.items() if "camera-trap" in path.parts}
    assert len(pictures) == 169
    assert sum(bool(text) for text in pictures.values()) == 168
    for path, text in pictures.items():
        assert captured(path).day == text[:10].replace(":", "-"), path


def test_every_sample_with_a_date_gets_the_day_of_exiftool(told):
    dated = {path: text for path, text in told.items() if "exif-samples" in path.parts and text}
    assert len(dated) > 55
    for path, text in dated.items():
        found = captured(path)
        assert (found.at[:10], found.day) == (text[:10].replace(":", "-"),) * 2, path


def test_the_name_that_camtrapr_gave_says_the_same_as_the_picture(told):
    renamed = [path for path in told if "__" in path.name]
    assert len(renamed) > 100
    for path in renamed:
        by_name = decide({}, path.name, 0, Clock(), time.time())
        assert (by_name.source, by_name.at) == ("name", captured(path).at), path


def test_a_sample_without_a_date_is_undated_or_bears_that_of_its_xmp_or_gps(told):
    for path, text in told.items():
        if not text:
            found = captured(path)
            assert not found.at or found.source.startswith(("XMP:", "GPS:")), path
