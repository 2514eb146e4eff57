"""Plain text, in whatever encoding it is. The rule: bytes that no encoding explains are no text."""

from __future__ import annotations

import os
import re
from typing import Final

from box.errors import Unprocessable
from box.library import decoding
from box.library.dates import date_of
from box.library.markdown import Markdown, line
from box.library.reading import CORRUPT, OVERSIZED, Context, Reading

CHARACTER_BYTES_MAX: Final = 4
"""In any encoding: a file with more bytes than that for each character that a note may have need not be read."""
UNKNOWN_PARTS: Final = 10
"""If one character in so many is unknown to the likeliest encoding, it is no text."""

_TEX: Final = re.compile(r"\\(title|author|date)\s*(?:\[[^\]]*\]\s*)?\{((?:[^{}]|\{[^{}]*\})*)\}")
_TEX_COMMAND: Final = re.compile(r"\\[A-Za-z]+\*?|[{}]")


def read(path: str, out: Markdown, context: Context) -> Reading:
    """Its paragraphs; the first line is the title."""
    check_size(path, out, context)
    beginning, done, unknown = "", 0, 0
    for block in decoding.blocks(path):
        beginning = beginning or block
        out.paragraph(block)
        done += len(block)
        unknown += block.count("\ufffd")
        context.progress(message=f"{done:,} characters")
    if unknown * UNKNOWN_PARTS > done:
        raise Unprocessable(CORRUPT, f"{context.name} is no text in any encoding")
    if context.name.lower().endswith((".tex", ".ltx")):
        return _of_tex(beginning)
    title = next((line(each) for each in beginning.split("\n") if each.strip()), "")[:200]
    return Reading("document", title=title)


def check_size(path: str, out: Markdown, context: Context) -> None:
    """Refuse, before it is read, a text that no note can hold."""
    bytes_max = CHARACTER_BYTES_MAX * out.chars_max
    if os.path.getsize(path) > bytes_max:
        raise Unprocessable(OVERSIZED, f"{context.name} is a text of more than {bytes_max:,} bytes")


def _of_tex(beginning: str) -> Reading:
    said = {match[1]: line(_TEX_COMMAND.sub(" ", match[2])) for match in reversed(list(_TEX.finditer(beginning)))}
    authors = tuple(name.strip() for name in re.split(r"\s+and\s+", said.get("author", "")) if name.strip())
    return Reading("document", title=said.get("title", ""), authors=authors, date=date_of(said.get("date", "")))
