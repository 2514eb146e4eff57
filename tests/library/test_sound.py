"""Recordings: tags, chapters, pictures in every format, as real programs write them; and what is damaged."""

from __future__ import annotations

import shutil
import struct
import subprocess
import wave
from pathlib import Path

import pytest

from box.errors import Unprocessable
from box.library import sound_chapters
from box.library.hearing import RATE, Hearing
from box.library.reading import Reading
from box.library.recognising import media_type, recognise
from box.watching import media_type as of_drop
from tests.library.test_items import drop, note, once
from tests.reading_files import read_file

TAGS = {
    "title": "The end of the game", "artist": "Ada Example; Bob Beispiel", "album": "Talks", "date": "2024-05-04",
    "genre": "Speech", "comment": "A short talk about waiting.", "language": "eng",
}  # fmt: skip
CHAPTERS = ((0, "Opening"), (1250, "Über Stille"))
FORMATS = {
    "mp3": ("libmp3lame", "audio/mpeg"), "m4a": ("aac", "audio/mp4"), "m4b": ("aac", "audio/mp4"),
    "ogg": ("libvorbis", "audio/ogg"), "opus": ("libopus", "audio/ogg"), "flac": ("flac", "audio/flac"),
    "wav": ("pcm_s16le", "audio/wav"),
}  # fmt: skip
WITH_CHAPTERS = ("mp3", "m4a", "m4b", "opus")
WITH_PICTURE = ("mp3", "m4a", "flac")


@pytest.fixture(scope="session")
def sounds(tmp_path_factory) -> Path:
    """Three seconds of a tone in all formats, with all that each can say about itself."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("ffmpeg is not installed")
    folder = tmp_path_factory.mktemp("sounds")
    meta = [";FFMETADATA1", *(f"{key}={value.replace(';', chr(92) + ';')}" for key, value in TAGS.items())]
    for start, title in CHAPTERS:
        meta += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={start}", f"END={start + 1250}", f"title={title}"]
    (folder / "meta.txt").write_text("\n".join(meta) + "\n", "utf-8")
    command = [ffmpeg, "-v", "error", "-f", "lavfi", "-i", "sine=duration=3", "-i", str(folder / "meta.txt")]
    command += ["-f", "lavfi", "-i", "color=size=32x32:duration=0.04:rate=25"]
    for ending, (codec, _) in FORMATS.items():
        command += ["-map", "0:a", "-map_metadata", "1", "-map_chapters", "1", "-c:a", codec]
        if ending in WITH_PICTURE:
            command += ["-map", "2:v", "-c:v", "png", "-frames:v", "1", "-disposition:v", "attached_pic"]
        command.append(str(folder / f"sound.{ending}"))
    subprocess.run(command, check=True)
    return folder


def read_sound(path: Path, tmp_path: Path) -> tuple[Reading, str]:
    return read_file(Path(shutil.copy(path, tmp_path / f"copy{path.suffix}")))


@pytest.mark.parametrize("ending", FORMATS)
def test_what_a_recording_says_about_itself_is_read_in_every_format(sounds: Path, tmp_path: Path, ending: str):
    path = sounds / f"sound.{ending}"
    assert recognise(str(path), path.name) == FORMATS[ending][1]
    assert media_type("no-ending", path.read_bytes()[:1000]) == FORMATS[ending][1]
    reading, text = read_sound(path, tmp_path)
    assert (reading.kind, reading.counts["seconds"]) == ("audio", 3)
    assert reading.title == TAGS["title"]
    assert "- Duration: 00:00:03." in text
    if ending != "wav":
        assert reading.authors == ("Ada Example", "Bob Beispiel")
        assert (reading.date, reading.tags) == ("2024-05-04", ("Speech",))
        assert "- Album: Talks" in text
        assert TAGS["comment"] in text
    if ending in ("mp3", "ogg", "opus", "flac"):
        assert reading.language == "en"
    if ending in WITH_CHAPTERS:
        assert text.endswith("## Chapters\n\n[00:00:00.000] Opening\n\n[00:00:01.250] Über Stille")
        assert reading.counts["chapters"] == 2
    if ending in WITH_PICTURE:
        assert (tmp_path / "scratch" / reading.cover).read_bytes().startswith(b"\x89PNG")


def seconds_heard(path: Path, media_type: str) -> tuple[float, int]:
    """How much of it can be decoded, and how many pieces cannot."""
    with open(path, "rb") as file:
        hearing = Hearing(file, media_type, path.name)
        return sum(len(sound) for _, sound in hearing.windows(0, 10)) / RATE, hearing.damaged


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_can_be_heard(sounds: Path, ending: str):
    seconds, damaged = seconds_heard(sounds / f"sound.{ending}", FORMATS[ending][1])
    assert seconds == pytest.approx(3, abs=0.1)
    assert damaged == 0


def test_what_is_damaged_in_the_middle_is_left_out_and_counted(sounds: Path, tmp_path: Path):
    data = bytearray((sounds / "sound.m4a").read_bytes())
    start = data.index(b"mdat") + 6000
    data[start : start + 3000] = b"\xff" * 3000
    (tmp_path / "damaged.m4a").write_bytes(data)
    seconds, damaged = seconds_heard(tmp_path / "damaged.m4a", "audio/mp4")
    assert 1 < seconds < 3.1
    assert damaged


def test_a_playlist_behind_a_tag_opens_no_other_file(sounds: Path, tmp_path: Path):
    tag = b"ID3\4\0\0\0\0\0\x0a" + bytes(10)
    (tmp_path / "list.mp3").write_bytes(tag + f"#EXTM3U\n#EXTINF:3,\n{sounds}/sound.mp3\n#EXT-X-ENDLIST\n".encode())
    with pytest.raises(Unprocessable):
        seconds_heard(tmp_path / "list.mp3", "audio/mpeg")


def test_a_recording_becomes_an_item_with_its_picture(make_root, sounds: Path):
    config = make_root()
    drop(config, "talks/sound.mp3", (sounds / "sound.mp3").read_bytes())
    (item,) = once(config)
    assert (item["item_kind"], item["path"]) == ("audio", "users/me/media/2024/sound.mp3")
    assert (item["authors"], item["tags"]) == ("Ada Example\nBob Beispiel", "talks\nSpeech")
    assert item["cover"] == "users/me/thumbnails/media/2024/sound.mp3.jpg"
    assert "[00:00:01.250] Über Stille" in note(config, item)


@pytest.mark.parametrize(
    ("ending", "damage"),
    [
        ("mp3", lambda data: data[:200]),
        ("mp3", lambda data: data[:10] + b"\0" * 2000),
        ("m4a", lambda data: data[: len(data) // 2]),
        ("m4a", lambda data: data.replace(b"moov", b"free")),
        ("ogg", lambda data: data[:40]),
        ("opus", lambda data: data[:30] + b"\0" * 3000),
        ("flac", lambda data: data[:20]),
        ("flac", lambda data: data[:4] + b"\xff" * 4000),
        ("wav", lambda data: data[:20]),
    ],
)
def test_a_damaged_recording_is_told_from_one_that_can_be_heard(sounds: Path, tmp_path: Path, ending: str, damage):
    path = tmp_path / f"damaged.{ending}"
    path.write_bytes(damage((sounds / f"sound.{ending}").read_bytes()))
    with pytest.raises(Unprocessable) as raised:
        read_sound(path, tmp_path)
    assert raised.value.code in {"corrupt", "empty"}


def test_a_recording_of_nothing_is_empty(tmp_path: Path):
    path = tmp_path / "silence.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
    with pytest.raises(Unprocessable, match="holds no sound") as raised:
        read_sound(path, tmp_path)
    assert raised.value.code == "empty"


def test_mp3_without_tags_is_known_and_utf16_is_not_taken_for_it(sounds: Path, tmp_path: Path):
    data = (sounds / "sound.mp3").read_bytes()
    size = sum((byte & 0x7F) << (7 * (3 - place)) for place, byte in enumerate(data[6:10]))
    bare = data[10 + size :]
    assert media_type("x", bare) == "audio/mpeg"
    assert media_type("x.txt", "\ufeffHello".encode("utf-16-le")) == "text/plain"


@pytest.mark.parametrize("brand", [b"isom", b"mp42", b"dash", b"M4A "])
def test_sound_in_the_container_of_films_is_known_by_its_name(brand: bytes):
    head = struct.pack(">I", 24) + b"ftyp" + brand + bytes(4) + brand + b"iso2"
    assert of_drop("a/talk.m4a", head) == "audio/mp4"
    assert of_drop("a/talk.mp4", head) == ("audio/mp4" if brand == b"M4A " else "video/mp4")


def chap(identifier: str, start: int, title: str, version: int) -> bytes:
    def frame(name: bytes, body: bytes) -> bytes:
        size = len(body)
        sized = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0)) if version == 4 else struct.pack(">I", size)
        return name + sized + b"\0\0" + body

    inner = frame(b"TIT2", b"\1" + title.encode("utf-16"))
    return frame(b"CHAP", identifier.encode() + b"\0" + struct.pack(">4I", start, start, 0, 0) + inner)


@pytest.mark.parametrize("version", [3, 4])
def test_chapters_of_id3_are_read_in_both_versions_and_put_in_order(tmp_path: Path, version: int):
    body = chap("b", 90_000, "Zweites " * 30, version) + chap("a", 0, "Erstes", version) + b"CHAPbroken"
    sized = bytes((len(body) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    path = tmp_path / "tag"
    path.write_bytes(b"ID3" + bytes((version, 0, 0)) + sized + body)
    with open(path, "rb") as file:
        found = sound_chapters.ordered(sound_chapters.of_id3(file))
    assert [(each.seconds, each.title[:8]) for each in found] == [(0.0, "Erstes"), (90.0, "Zweites ")]


def test_more_chapters_than_the_list_of_an_mp4_holds_are_read_from_its_track(sounds: Path, tmp_path: Path):
    meta = [";FFMETADATA1"]
    for number in range(300):
        meta += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={number * 10}", f"END={number * 10 + 10}", f"title=N{number}"]
    (tmp_path / "meta.txt").write_text("\n".join(meta) + "\n")
    path = tmp_path / "book.m4b"
    command = ["ffmpeg", "-v", "error", "-i", str(sounds / "sound.m4a"), "-i", str(tmp_path / "meta.txt")]
    subprocess.run([*command, "-map", "0:a", "-map_chapters", "1", "-c", "copy", str(path)], check=True)
    with open(path, "rb") as file:
        found = sound_chapters.ordered(sound_chapters.of_mp4(file, path.stat().st_size))
    assert [each.title for each in found] == [f"N{number}" for number in range(300)]
    assert found[299].seconds == pytest.approx(2.99)
