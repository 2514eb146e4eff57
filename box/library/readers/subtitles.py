"""Subtitles (SRT, WebVTT). The rule: what is said, in paragraphs that begin with their time."""

from __future__ import annotations

from collections.abc import Iterator

from box.errors import Unprocessable
from box.library import decoding, subtitles
from box.library.markdown import Markdown
from box.library.readers.plain import check_size
from box.library.reading import CORRUPT, Context, Reading


def read(path: str, out: Markdown, context: Context) -> Reading:
    """The cues of the file."""
    check_size(path, out, context)
    count = 0

    def counted() -> Iterator[subtitles.Cue]:
        nonlocal count
        for cue in subtitles.cues(_lines(path)):
            count += 1
            context.progress(message=f"{count:,} cues")
            yield cue

    for paragraph in subtitles.paragraphs(counted()):
        out.spoken(paragraph.start_seconds, paragraph.text, paragraph.speaker)
    if not count:
        raise Unprocessable(CORRUPT, f"{context.name} holds no subtitles")
    return Reading("document", counts={"cues": count})


def _lines(path: str) -> Iterator[str]:
    for block in decoding.blocks(path):
        yield from block.split("\n")
        yield ""
