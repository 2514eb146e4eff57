"""Sound: what a recording says about itself. The rule: tags, chapters and a picture; nobody listens to it here.

What is said in it is for the job `transcribe`, which reads all this once more and adds the words.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Final

from box.errors import Unprocessable
from box.library import covers, sound_chapters
from box.library.dates import date_of
from box.library.markdown import Markdown, moment
from box.library.reading import CORRUPT, EMPTY, Context, Reading

if TYPE_CHECKING:
    from tinytag import TinyTag

TEXT_CHARS_MAX: Final = 1_000_000
"""Of what a tag holds as text: a description, the words of a song."""
_VALUE_CHARS_MAX: Final = 1_000
_SEVERAL: Final = re.compile(r"\s*[;\0]\s*|\s+/\s+")
_LANGUAGES: Final = {
    "ara": "ar", "chi": "zh", "deu": "de", "dut": "nl", "eng": "en", "fra": "fr", "fre": "fr", "ger": "de", "hin": "hi",
    "ita": "it", "jpn": "ja", "nld": "nl", "pol": "pl", "por": "pt", "rus": "ru", "spa": "es", "tha": "th", "zho": "zh",
}  # fmt: skip
_NO_LANGUAGES: Final = ("und", "xxx", "mul", "zxx", "mis")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


def read(path: str, out: Markdown, context: Context) -> Reading:
    """Tags, chapters and picture of a recording."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        tag = _tag(file, context.name)
        chapters = sound_chapters.ordered(_chapters(file, size, tag.other))
    seconds = tag.duration or 0.0
    authors = _people(tag)
    date = date_of(tag.year or "")
    out.heading(1, tag.title or "")
    for name, value in (
        ("Artist", ", ".join(authors)), ("Album", tag.album or ""), ("Date", date), ("Genre", tag.genre or ""),
        ("Duration", moment(seconds)),
    ):  # fmt: skip
        if value:
            out.item(f"{name}: {value[:_VALUE_CHARS_MAX]}")
    for text in _texts(tag):
        out.paragraph(text)
    if chapters:
        out.heading(2, "Chapters")
        for number, chapter in enumerate(chapters, 1):
            out.spoken(chapter.seconds, chapter.title or f"Chapter {number}")
    image = tag.images.any
    counts = {"seconds": max(1, round(seconds))} | ({"chapters": len(chapters)} if chapters else {})
    return Reading(
        "audio", title=(tag.title or "")[:_VALUE_CHARS_MAX], authors=authors, date=date, language=_language(tag.other),
        counts=counts, cover=covers.put(image.data, context.scratch) if image else "",
        tags=tuple(filter(None, (tag.genre or "").split("\0"))),
    )  # fmt: skip


def _tag(file: IO[bytes], name: str) -> TinyTag:
    """What the tags say. Raises Unprocessable for what is no sound."""
    from tinytag import TinyTag, TinyTagException  # noqa: PLC0415 - only who reads sound needs it

    try:
        tag = TinyTag.get(file_obj=file, image=True)  # type: ignore[arg-type]  # it reads and seeks, no more
    except TinyTagException as error:
        raise Unprocessable(CORRUPT, f"{name} cannot be read as sound: {str(error)[:200]}") from error
    if tag.duration is None or not tag.samplerate:
        raise Unprocessable(CORRUPT, f"{name} does not say how long it is: it is damaged, or no sound")
    if tag.duration <= 0:
        raise Unprocessable(EMPTY, f"{name} holds no sound")
    return tag


def _chapters(file: IO[bytes], size: int, comments: Mapping[str, Sequence[str]]) -> Iterator[sound_chapters.Chapter]:
    file.seek(0)
    head = file.read(8)
    if head[:3] == b"ID3":
        yield from sound_chapters.of_id3(file)
    elif head[4:8] == b"ftyp":
        yield from sound_chapters.of_mp4(file, size)
    else:
        yield from sound_chapters.of_comments(comments)


def _people(tag: TinyTag) -> tuple[str, ...]:
    """Who speaks or plays, each once."""
    said = [tag.artist or tag.albumartist or "", *tag.other.get("artist", ())]
    names = (name.strip()[:_VALUE_CHARS_MAX] for each in said for name in _SEVERAL.split(each))
    return tuple(dict.fromkeys(filter(None, names)))


def _texts(tag: TinyTag) -> Iterator[str]:
    """Descriptions and words, each once."""
    said = [tag.comment or ""]
    for name in ("comment", "_comment", "description", "synopsis", "summary", "lyrics"):
        said += tag.other.get(name, ())
    yield from dict.fromkeys(text[:TEXT_CHARS_MAX] for text in said if text.strip())


def _language(other: Mapping[str, Sequence[str]]) -> str:
    said = next(iter(other.get("language", ())), "").strip()
    code = said.lower() if len(said) <= 3 else said
    if code in _NO_LANGUAGES or not _LANGUAGE.fullmatch(code):
        return ""
    return _LANGUAGES.get(code, code)
