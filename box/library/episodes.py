"""An episode as text. The rule: what its feed says about it, then what is said in it; the same for every feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from box.library import markup, transcripts
from box.library.feeds import Chapter, Entry, Feed
from box.library.markdown import Markdown, moment

EPISODE: Final = "episode"
ARTICLE: Final = "article"


@dataclass(frozen=True, slots=True)
class Transcript:
    """A transcript that was fetched."""

    data: bytes
    form: str
    url: str
    language: str = ""


def kind_of(entry: Entry) -> str:
    """What an entry becomes: something to hear or see, or something to read."""
    return EPISODE if entry.audio or entry.transcripts else ARTICLE


def title_of(entry: Entry) -> str:
    """What an entry is called."""
    return entry.title or entry.date[:10] or "Untitled"


def write(feed: Feed, entry: Entry, chapters: Sequence[Chapter], out: Markdown) -> None:
    """What is known of an entry without what is said in it."""
    out.heading(1, title_of(entry))
    about = [
        part
        for part in (feed.title, entry.number, entry.date[:10], moment(entry.seconds)[:8] if entry.seconds else "")
        if part
    ]
    out.paragraph(" · ".join(about))
    out.deeper = 1
    markup.write(entry.text, out)
    out.deeper = 0
    if chapters:
        out.heading(2, "Chapters")
        for chapter in chapters:
            out.item(f"{moment(chapter.seconds)[:8]} {chapter.title}")
    if entry.persons:
        out.heading(2, "People")
        for person in entry.persons:
            out.item(f"{person.name} ({person.role})")
    if entry.audio:
        out.heading(2, "Sound")
        out.paragraph(entry.audio.url)


def write_transcript(found: Transcript, out: Markdown) -> None:
    """What is said in it. Raises Unprocessable; then the heading alone stands."""
    out.heading(2, f"Transcript ({found.language})" if found.language else "Transcript")
    out.deeper = 2
    try:
        transcripts.write(found.data, found.form, found.url, out)
    finally:
        out.deeper = 0
