"""Markdown. The rule: it stays as it is, but for what stands above it about it, and headings that are underlined."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Final

from box.errors import Unprocessable
from box.library import decoding, front_matter
from box.library.dates import date_of
from box.library.markdown import Markdown, line
from box.library.page_head import language_of
from box.library.readers.plain import UNKNOWN_PARTS, check_size
from box.library.reading import CORRUPT, Context, Reading

_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
_UNDERLINE: Final = re.compile(r" {0,3}(=+|-{2,})[ \t]*")
_NO_TITLE: Final = re.compile(
    r" {0,3}(?:#|>|[-+*][ \t]|\d+[.)][ \t]|\|)|\s*$|(?: {4}|\t)| {0,3}([-*_])[ \t]*(?:\1[ \t]*)+$"
)
_HEADING: Final = re.compile(r" {0,3}#[ \t]+(.*?)[ \t]*#*[ \t]*")


def read(path: str, out: Markdown, context: Context) -> Reading:
    """Its text; title, authors, date and tags by its front matter."""
    check_size(path, out, context)
    blocks = decoding.blocks(path)
    beginning = next(blocks, "")
    if beginning.startswith(("---", "+++", "\ufeff---")) and len(beginning) < front_matter.CHARS_MAX:
        beginning = "\n\n".join((beginning, *(more for more in [next(blocks, "")] if more)))
    said, beginning = front_matter.split(beginning)
    rewriter = Rewriter()
    done = unknown = 0
    for block in chain([beginning], blocks):
        out.markdown("\n".join(rewriter.lines(block.split("\n"))))
        done += len(block)
        unknown += block.count("\ufffd")
        context.progress(message=f"{done:,} characters")
    if unknown * UNKNOWN_PARTS > done:
        raise Unprocessable(CORRUPT, f"{context.name} is no text in any encoding")
    return _reading(said, rewriter.title)


class Rewriter:
    """Makes headings that are underlined into ones with `#`, outside of code; notes the first of level 1."""

    def __init__(self) -> None:
        self.title = ""
        self._fence = ""

    def lines(self, lines: list[str]) -> Iterator[str]:
        """Lines of a block; a fence may stay open into the next."""
        before = ""
        held = False
        for each in lines:
            underline = _UNDERLINE.fullmatch(each) if held and not self._fence else None
            if underline and not _NO_TITLE.match(before):
                before = f"{'#' if underline[1][0] == '=' else '##'} {before.strip()}"
                self._note_title(before)
                yield before
                held = False
                continue
            if held:
                yield before
            self._look_at(each)
            before, held = each, True
        if held:
            yield before

    def _look_at(self, text: str) -> None:
        fence = _FENCE.match(text)
        if fence and not self._fence:
            self._fence = fence[1]
        elif fence and fence[1].startswith(self._fence) and not text[fence.end() :].strip():
            self._fence = ""
        elif not self._fence:
            self._note_title(text)

    def _note_title(self, text: str) -> None:
        match = None if self.title else _HEADING.fullmatch(text)
        self.title = line(match[1])[:500] if match else self.title


def _reading(said: Mapping[str, tuple[str, ...]], title: str) -> Reading:
    def first(*keys: str) -> str:
        return next((said[key][0] for key in keys if said.get(key)), "")

    return Reading(
        "document",
        title=first("title") or title,
        authors=said.get("authors") or said.get("author") or (),
        date=date_of(first("date", "published", "created")),
        language=language_of(first("lang", "language")),
        origin=first("source", "url", "origin"),
        tags=said.get("tags") or said.get("keywords") or (),
    )
