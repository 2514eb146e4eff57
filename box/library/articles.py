"""The main text of a page. The rule: trafilatura says what it is, of pages that it can take; it gets no others.

It is an extra (`web`), builds a tree and asks many questions of each node: a page of unheard-of size, or nested without
end, would keep it busy for minutes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from box.library.dates import date_of

PAGE_CHARS_MAX: Final = 8_000_000
TAGS_MAX: Final = 60_000
DEPTH_MAX: Final = 200
"""Its parser gives up at 256."""
ENOUGH_CHARS: Final = 200
"""An article that is shorter is probably not all of it."""

_NESTING: Final = re.compile(
    r"<(/?)(?:div|section|article|main|span|font|table|blockquote|ul|ol|b|i|em|strong|center)\b", re.IGNORECASE
)
_HEADER_END: Final = "\n---\n"


@dataclass(frozen=True, slots=True)
class Article:
    """What trafilatura found."""

    text: str
    """Markdown."""
    title: str
    authors: tuple[str, ...]
    date: str
    origin: str


def available() -> bool:
    """Whether the extra is installed."""
    try:
        import trafilatura  # noqa: F401, PLC0415 - an extra, and slow to import
    except ImportError:
        return False
    return True


def is_bearable(page: str) -> bool:
    """Whether the page is of a size and depth that it can take."""
    if len(page) > PAGE_CHARS_MAX or page.count("<") > TAGS_MAX:
        return False
    depth = 0
    for match in _NESTING.finditer(page):
        depth = max(0, depth - 1) if match[1] else depth + 1
        if depth > DEPTH_MAX:
            return False
    return True


def article_of(page: str, url: str) -> Article | None:
    """The main text of a page; None if there is none, or too little."""
    for favor_recall in (False, True):
        found = _extract(page, url, favor_recall=favor_recall)
        if found is not None and len(found.text) >= ENOUGH_CHARS:
            return found
    return None


def _extract(page: str, url: str, *, favor_recall: bool) -> Article | None:
    import lxml.etree  # noqa: PLC0415
    import trafilatura  # noqa: PLC0415

    try:
        found = trafilatura.extract_with_metadata(
            page,
            url=url or None,
            fast=True,
            favor_recall=favor_recall,
            include_comments=False,
            output_format="markdown",
            date_extraction_params={"original_date": True, "extensive_search": False},
        )
    except (
        ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError,
        lxml.etree.LxmlError,
    ):  # fmt: skip
        return None  # whatever it stumbled over, the walk over the tags does not
    if found is None:
        return None
    _, header, text = (found.text or "").partition(_HEADER_END)
    authors = tuple(name.strip() for name in (found.author or "").split(";") if name.strip())
    return Article(text if header else "", found.title or "", authors, date_of(found.date or ""), found.url or "")
