"""Chapters of recordings. The rule: a small reader for each way to write them down, bounded, and silent where it fails.

ID3 has `CHAP` frames, MP4 the list `chpl` or a track of texts, Vorbis comments have `CHAPTER001` and
`CHAPTER001NAME`. What is no list of chapters is no error: the sound is what matters.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Final

CHAPTERS_MAX: Final = 5_000
TITLE_CHARS_MAX: Final = 500
_ID3_BYTES_MAX: Final = 64 * 1024 * 1024
_MOOV_BYTES_MAX: Final = 64 * 1024 * 1024
_BOXES_MAX: Final = 10_000

_ENCODINGS: Final = ("latin-1", "utf-16", "utf-16-be", "utf-8")
_NUMBERED: Final = re.compile(r"chapter(\d{1,4})")
_CLOCK: Final = re.compile(r"(\d{1,3}):(\d\d):(\d\d(?:\.\d{1,9})?)")


@dataclass(frozen=True, slots=True)
class Chapter:
    """Where a chapter begins, and what it is called."""

    seconds: float
    title: str


def ordered(found: Iterator[Chapter]) -> tuple[Chapter, ...]:
    """By time, each beginning once, not more than `CHAPTERS_MAX`."""
    by_time: dict[float, Chapter] = {}
    try:
        for each in found:
            by_time.setdefault(each.seconds, each)
            if len(by_time) >= CHAPTERS_MAX:
                break
    except (struct.error, ValueError, IndexError, OverflowError):
        pass  # what was read before stands
    return tuple(sorted(by_time.values(), key=lambda each: each.seconds))


def of_comments(comments: Mapping[str, Sequence[str]]) -> Iterator[Chapter]:
    """Of Vorbis comments, by their names in small letters."""
    for name, values in comments.items():
        number = _NUMBERED.fullmatch(name)
        clock = _CLOCK.fullmatch(values[0].strip()) if number and values else None
        if clock:
            seconds = int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3])
            yield Chapter(seconds, next(iter(comments.get(f"{name}name", ())), "")[:TITLE_CHARS_MAX])


# --- ID3 ----------------------------------------------------------------------------------------------------------


def of_id3(file: IO[bytes]) -> Iterator[Chapter]:
    """Of the tag at the beginning of an MP3, in version 2.3 or 2.4."""
    file.seek(0)
    head = file.read(10)
    if len(head) < 10 or head[:3] != b"ID3" or head[3] not in {3, 4}:
        return
    body = file.read(min(_syncsafe(head[6:10]), _ID3_BYTES_MAX))
    if head[5] & 0x80 and head[3] == 3:
        body = body.replace(b"\xff\x00", b"\xff")
    start = 0
    if head[5] & 0x40:  # an extended header, which says how long it is: in 2.4 with itself
        start = _syncsafe(body[:4]) if head[3] == 4 else 4 + int.from_bytes(body[:4], "big")
    for name, frame in _frames(body, start, head[3]):
        if name == b"CHAP":
            identifier, _, rest = frame.partition(b"\0")
            (milliseconds,) = struct.unpack_from(">I", rest)
            titles = (_text(inner) for kind, inner in _frames(rest, 16, head[3]) if kind == b"TIT2")
            yield Chapter(milliseconds / 1000, next(titles, "") or identifier.decode("latin-1")[:TITLE_CHARS_MAX])


def _frames(body: bytes, start: int, version: int) -> Iterator[tuple[bytes, bytes]]:
    """(name, content) of the frames from there on."""
    while start + 10 <= len(body) and body[start : start + 4].strip(b"\0"):
        sized = body[start + 4 : start + 8]
        size = _syncsafe(sized) if version == 4 else int.from_bytes(sized, "big")
        yield body[start : start + 4], body[start + 10 : start + 10 + size]
        start += 10 + size


def _syncsafe(four: bytes) -> int:
    return sum((byte & 0x7F) << (7 * (3 - place)) for place, byte in enumerate(four))


def _text(frame: bytes) -> str:
    encoding = _ENCODINGS[frame[0]] if frame and frame[0] < len(_ENCODINGS) else "latin-1"
    return frame[1:].decode(encoding, "replace").partition("\0")[0][:TITLE_CHARS_MAX]


# --- MP4 ----------------------------------------------------------------------------------------------------------


def of_mp4(file: IO[bytes], size: int) -> Iterator[Chapter]:
    """Of an MP4: its list if there is one, which holds 255 at most, else or beyond that the track of texts."""
    moov = _moov(file, size)
    listed = tuple(_of_list(_find(moov, b"udta", b"chpl")))
    if listed and len(listed) < 255:
        yield from listed
        return
    tracked = tuple(_of_track(file, moov))
    yield from tracked if len(tracked) > len(listed) else listed


def _moov(file: IO[bytes], size: int) -> bytes:
    """The box that says what is in the others."""
    start = 0
    for _ in range(_BOXES_MAX):
        file.seek(start)
        head = file.read(16)
        if len(head) < 8:
            break
        length, inside = int.from_bytes(head[:4], "big"), 8
        if length == 1:
            length, inside = int.from_bytes(head[8:16], "big"), 16
        length = length or size - start
        if length < inside:
            break
        if head[4:8] == b"moov":
            file.seek(start + inside)
            return file.read(min(length - inside, _MOOV_BYTES_MAX))
        start += length
    return b""


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(kind, content) of the boxes, one after the other."""
    start = 0
    while start + 8 <= len(data):
        length = int.from_bytes(data[start : start + 4], "big")
        if length < 8:
            return
        yield data[start + 4 : start + 8], data[start + 8 : start + length]
        start += length


def _find(data: bytes, *path: bytes) -> bytes:
    """The content of the first box down that path, empty for none."""
    for kind in path:
        data = next((inner for name, inner in _boxes(data) if name == kind), b"")
    return data


def _of_list(data: bytes) -> Iterator[Chapter]:
    if len(data) < 9:
        return
    start = 8 if data[0] else 4
    count, start = data[start], start + 1
    for _ in range(count):
        (ticks, length) = struct.unpack_from(">QB", data, start)
        yield Chapter(ticks / 1e7, data[start + 9 : start + 9 + length].decode("utf-8", "replace")[:TITLE_CHARS_MAX])
        start += 9 + length


def _of_track(file: IO[bytes], moov: bytes) -> Iterator[Chapter]:
    """Of the track that another one names as its chapters: each sample of it is a title and how long it holds."""
    tracks = [inner for kind, inner in _boxes(moov) if kind == b"trak"]
    named = {_find(track, b"tref", b"chap")[:4] for track in tracks} - {b""}
    for track in tracks:
        head = _find(track, b"tkhd")
        if head and head[(20 if head[0] else 12) :][:4] in named:
            yield from _of_samples(file, _find(track, b"mdia"))
            return


def _of_samples(file: IO[bytes], media: bytes) -> Iterator[Chapter]:
    head = _find(media, b"mdhd")
    (scale,) = struct.unpack_from(">I", head, 20 if head and head[0] else 12)
    table = _find(media, b"minf", b"stbl")
    durations = _durations(_find(table, b"stts"))
    ticks = 0
    for place, size in _places(table):
        file.seek(place)
        data = file.read(min(size, 2 + 4 * TITLE_CHARS_MAX))
        length = int.from_bytes(data[:2], "big")
        text = data[2 : 2 + length]
        encoding = "utf-16" if text[:2] in {b"\xfe\xff", b"\xff\xfe"} else "utf-8"
        yield Chapter(ticks / (scale or 1), text.decode(encoding, "replace")[:TITLE_CHARS_MAX])
        ticks += next(durations, 0)


def _durations(data: bytes) -> Iterator[int]:
    (entries,) = struct.unpack_from(">I", data, 4)
    for number in range(min(entries, CHAPTERS_MAX)):
        count, each = struct.unpack_from(">II", data, 8 + 8 * number)
        for _ in range(min(count, CHAPTERS_MAX)):
            yield each


def _places(table: bytes) -> Iterator[tuple[int, int]]:
    """(offset in the file, size) of each sample."""
    sizes, runs = _find(table, b"stsz"), _find(table, b"stsc")
    same, count = struct.unpack_from(">II", sizes, 4)
    wide = _find(table, b"co64")
    offsets, form, width = (wide, ">Q", 8) if wide else (_find(table, b"stco"), ">I", 4)
    chunks = min(struct.unpack_from(">I", offsets, 4)[0], CHAPTERS_MAX)
    entries = min(struct.unpack_from(">I", runs, 4)[0], CHAPTERS_MAX)
    starts = [struct.unpack_from(">II", runs, 8 + 12 * number) for number in range(entries)]
    sample, run = 0, 0
    for chunk in range(1, chunks + 1):
        if run + 1 < len(starts) and chunk >= starts[run + 1][0]:
            run += 1
        (place,) = struct.unpack_from(form, offsets, 8 + width * (chunk - 1))
        for _ in range(starts[run][1]):
            if sample >= min(count, CHAPTERS_MAX):
                return
            size = same or struct.unpack_from(">I", sizes, 12 + 4 * sample)[0]
            yield place, size
            place, sample = place + size, sample + 1
