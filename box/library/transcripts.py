"""Transcripts of podcasts. The rule: whatever form they have, what is said becomes paragraphs with their times.

Forms that know the times go before those that do not: JSON, VTT, SRT, HTML, plain text. Many transcripts have a piece
for each word or line: pieces are joined to sentences, as long as nobody else begins to speak.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from box.errors import Unprocessable
from box.library import markup
from box.library.decoding import text_of
from box.library.feeds import Chapter, Link, seconds_of, words
from box.library.markdown import Markdown, line
from box.library.reading import CORRUPT, OVERSIZED

T = TypeVar("T")

LANGUAGES_MAX: Final = 4
PIECES_MAX: Final = 1_000_000
"""Nobody speaks so many, or fills so many lines; what has more is not read at all."""
HTML_CHARS_MAX: Final = 4_000_000
CHAPTERS_MAX: Final = 1_000
_PARAGRAPH_CHARS: Final = 400
"""A paragraph ends with the first sentence that ends behind this."""
_PARAGRAPH_CHARS_MAX: Final = 1_500
_PAUSE_SECONDS: Final = 4.0
_FORMS: Final = ("json", "vtt", "srt", "html", "plain")
_BY_TYPE: Final = {
    "application/json": "json", "application/x-json": "json", "text/vtt": "vtt", "application/vtt": "vtt",
    "application/x-subrip": "srt", "application/srt": "srt", "text/srt": "srt", "application/x-srt": "srt",
    "text/html": "html", "text/plain": "plain",
}  # fmt: skip
_BY_ENDING: Final = {"json": "json", "vtt": "vtt", "srt": "srt", "html": "html", "htm": "html", "txt": "plain"}
_CUE: Final = re.compile(
    r"((?:\d{1,4}:)?\d{1,2}:\d{2}[.,]\d{1,3})\s{0,9}-->\s{0,9}(?:\d{1,4}:)?\d{1,2}:\d{2}[.,]\d{1,3}"
)
_VOICE: Final = re.compile(r"<v(?:\.[^\s>]{0,100})?\s([^>]{1,200})>")
_TAG: Final = re.compile(r"<[^<>]{0,200}>")
_NAMED: Final = re.compile(r"([^\W\d_][\w .'-]{0,40}):\s+(?=\S)")
_ENDS: Final = tuple(".!?…。！？")  # noqa: RUF001 - as they are written


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of what is said."""

    seconds: float
    text: str
    speaker: str = ""


def form_of(link: Link) -> str:
    """In which form a transcript is, empty for none that can be read."""
    by_type = _BY_TYPE.get(link.media_type.partition(";")[0].strip(), "")
    ending = urlsplit(link.url).path.rpartition(".")[2].lower()
    return _BY_ENDING.get(ending, by_type) if by_type in {"", "plain"} else by_type


def choose(links: Iterable[Link], language: str) -> list[list[Link]]:
    """For each language those to try, the best first; the feed's own language is the first."""
    by_language: dict[str, list[Link]] = {}
    for link in links:
        if form_of(link):
            by_language.setdefault((link.language or language).lower(), []).append(link)
    own = language.lower()
    ordered = sorted(by_language, key=lambda each: each != own)[:LANGUAGES_MAX]
    return [sorted(by_language[each], key=lambda link: _FORMS.index(form_of(link))) for each in ordered]


def write(data: bytes, form: str, name: str, out: Markdown) -> None:
    """Write a transcript. Raises Unprocessable for one that holds nothing that is said."""
    before = out.words
    text = text_of(data)
    if form == "html":
        if len(text) > HTML_CHARS_MAX:
            raise Unprocessable(OVERSIZED, f"{name} has {len(text):,} characters of HTML")
        markup.write(text, out)
    elif form == "plain":
        out.paragraph(text)
    else:
        pieces = _of_json(text, name) if form == "json" else _of_cues(text, name)
        for said in joined(pieces):
            out.spoken(said.seconds, said.text, said.speaker)
    if out.words == before:
        raise Unprocessable(CORRUPT, f"{name}: nothing is said in it")


def joined(pieces: Iterable[Said]) -> Iterator[Said]:
    """Pieces as paragraphs: whole sentences of one speaker, without a long pause."""
    begun: Said | None = None
    parts: list[str] = []
    length, last = 0, 0.0
    for piece in pieces:
        text = line(piece.text)
        if not text:
            continue
        is_full = length >= _PARAGRAPH_CHARS_MAX or (length >= _PARAGRAPH_CHARS and parts[-1].endswith(_ENDS))
        is_other = begun is not None and piece.speaker not in {"", begun.speaker}
        if begun is not None and (is_full or is_other or piece.seconds - last > _PAUSE_SECONDS + len(parts[-1]) / 8):
            yield Said(begun.seconds, " ".join(parts), begun.speaker)
            begun = None
        if begun is None:
            begun, parts, length = piece, [], 0
        parts.append(text)
        length += len(text) + 1
        last = piece.seconds
    if begun is not None:
        yield Said(begun.seconds, " ".join(parts), begun.speaker)


def _of_json(text: str, name: str) -> Iterator[Said]:
    for each in _few(_segments(text, "segments", name), name):
        body = each.get("body", each.get("text"))
        if isinstance(body, str):
            yield Said(_seconds(each.get("startTime", each.get("start"))), body, words(str(each.get("speaker") or "")))


def _segments(text: str, key: str, name: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unprocessable(CORRUPT, f"{name} is no JSON: {error}") from None
    listed = found.get(key) if isinstance(found, dict) else found
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _seconds(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if 0 <= value < 10_000_000 else 0.0
    return seconds_of(value) if isinstance(value, str) else 0.0


def _few(pieces: Sequence[T], name: str) -> Sequence[T]:
    if len(pieces) > PIECES_MAX:
        raise Unprocessable(OVERSIZED, f"{name} has more than {PIECES_MAX:,} pieces")
    return pieces


def _of_cues(text: str, name: str) -> Iterator[Said]:
    """What stands under the times of VTT and SRT."""
    seconds: float | None = None
    speaker = ""
    for each in _few(text.split("\n"), name):
        cue = _CUE.search(each[:200])
        if cue:
            seconds, speaker = seconds_of(cue[1]), ""
        elif not each.strip():
            seconds = None
        elif seconds is not None:
            voice = _VOICE.search(each)
            plain = _TAG.sub("", each)
            named = None if voice else _NAMED.match(plain)
            speaker = words(voice[1]) if voice else named[1] if named else speaker
            yield Said(seconds, plain[named.end() :] if named else plain, speaker)


def chapters(data: bytes, name: str) -> list[Chapter]:
    """The chapters of a JSON file of the podcast namespace; those that are not to be shown are left out."""
    found = _segments(text_of(data), "chapters", name)
    return [
        Chapter(_seconds(each.get("startTime")), title)
        for each in found[:CHAPTERS_MAX]
        if (title := words(str(each.get("title") or ""))) and each.get("toc") is not False
    ]


def usable(found: Sequence[Sequence[Link]]) -> str:
    """The address of the transcript that would be tried first, empty without one."""
    return found[0][0].url if found else ""
