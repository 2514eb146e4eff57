"""Notes of what came in feeds. The rule: what is too much for a note is left out of it, and its marks say so."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from box.errors import Unprocessable
from box.library import episodes, feeds
from box.library.episodes import Transcript
from box.library.feeds import Chapter, Entry, Feed
from box.library.front import front_matter
from box.library.markdown import Markdown
from box.tasks import notes

READER: Final = "feed"
READER_VERSION: Final = 1
NO_TRANSCRIPT: Final = "no-transcript"
"""The mark of an episode whose transcript is more than a note may hold."""
NO_TEXT: Final = "no-text"
"""The mark of an entry of which not even what it says of itself fits."""
_BODY: Final = "body.md"


def write(
    path: str, source: str, feed: Feed, entry: Entry, chapters: Sequence[Chapter], said: Sequence[Transcript],
    marks: tuple[str, ...], chars_max: int,
) -> dict[str, Any]:  # fmt: skip
    """Make the note of an entry at a path in the scratch folder; the fields of its item. `source`: of the feed.

    Raises Unprocessable if nothing of it fits.
    """
    body = os.path.join(os.path.dirname(path), _BODY)
    words, transcripts, lacking = _fitting(body, feed, entry, chapters, said, chars_max)
    marks = (*marks, *lacking)
    counts = {
        "transcripts": transcripts, "chapters": len(chapters), "seconds": round(entry.seconds),
        "persons": len(entry.persons),
    }  # fmt: skip
    item = {
        "item_kind": episodes.kind_of(entry), "title": episodes.title_of(entry), "date": entry.date,
        "language": feed.language, "authors": "\n".join(entry.authors or feed.authors), "tags": "\n".join(entry.tags),
        "origin": entry.link or (entry.audio.url if entry.audio else ""), "media_type": "text/markdown",
        "reader": READER, "reader_version": READER_VERSION, "words": words, "marks": "\n".join(marks),
        "counts": json.dumps({name: count for name, count in counts.items() if count}),
    }  # fmt: skip
    front = front_matter(
        {
            "id": feeds.key_of(entry), "title": item["title"], "authors": entry.authors or feed.authors,
            "date": entry.date, "language": feed.language, "source": source, "origin": item["origin"],
            "kind": item["item_kind"], "counts": {**json.loads(str(item["counts"])), "words": words},
            "tags": entry.tags, "reader": READER, "marks": marks,
        }
    )  # fmt: skip
    note = notes.compose(path, f"{front}\n", body)
    return {**item, "digest": note.digest, "note_digest": note.digest, "chars": note.chars}


def _fitting(
    path: str, feed: Feed, entry: Entry, chapters: Sequence[Chapter], said: Sequence[Transcript], chars_max: int
) -> tuple[int, int, tuple[str, ...]]:  # fmt: skip
    """Write as much as a note may hold: how many words, how many transcripts, and what is left out."""
    for count in range(len(said), -1, -1):
        with suppress(Unprocessable):
            words = _body(path, feed, entry, chapters, said[:count], chars_max)
            return words, count, (NO_TRANSCRIPT,) if count < len(said) else ()
    return _body(path, feed, replace(entry, text=""), chapters, (), chars_max), 0, (NO_TEXT,)


def _body(
    path: str, feed: Feed, entry: Entry, chapters: Sequence[Chapter], said: Sequence[Transcript], chars_max: int
) -> int:  # fmt: skip
    """Write the text; how many words it has."""
    with open(path, "w", encoding="utf-8", newline="\n", buffering=notes.BLOCK_BYTES) as file:
        out = Markdown(file, chars_max)
        episodes.write(feed, entry, chapters, out)
        for each in said:
            episodes.write_transcript(each, out)
    return out.words
