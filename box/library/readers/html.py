"""Web pages. The rule: their main text; where that cannot be told, all of their text, with a mark that says so."""

from __future__ import annotations

import os
import re
from typing import Final

from box.errors import Unprocessable
from box.library import articles, markup, page_head
from box.library.markdown import Markdown
from box.library.reading import EMPTY, OVERSIZED, Context, Reading

PAGE_BYTES_MAX: Final = 64 * 1024 * 1024
"""A page that was saved with its pictures in it takes some megabytes."""

_INLINE_DATA: Final = re.compile(r"data:[\w/+.;=-]{1,100},[A-Za-z0-9+/=%_-]*+")


def read(path: str, out: Markdown, context: Context) -> Reading:
    """A page that was saved as HTML."""
    if os.path.getsize(path) > PAGE_BYTES_MAX:
        raise Unprocessable(OVERSIZED, f"{context.name} is a page of more than {PAGE_BYTES_MAX:,} bytes")
    with open(path, "rb") as file:
        return read_page(page_head.text_of(file.read()), out, context)


def read_page(page: str, out: Markdown, context: Context, origin: str = "", title: str = "") -> Reading:
    """A page that is text already; origin and title are for a page that does not tell them."""
    page = _INLINE_DATA.sub("", page)
    head = page_head.head_of(page)
    origin = head.origin or origin
    marks: tuple[str, ...] = ()
    article = None
    if not articles.available():
        marks = ("plain",)
    elif articles.is_bearable(page):
        article = articles.article_of(page, origin)
    context.progress(50)
    if article is not None:
        out.markdown(article.text)
    else:
        marks = marks or ("fallback",)
        marks += () if markup.write(page, out) else ("tables-cut",)
    if not out.words:
        raise Unprocessable(EMPTY, f"{context.name} is a page without text")
    return Reading(
        "page",
        title=(article.title if article else "") or head.title or title,
        authors=(article.authors if article else ()) or head.authors,
        date=(article.date if article else "") or head.date,
        language=head.language,
        origin=origin or (article.origin if article else ""),
        marks=marks,
        tags=head.keywords,
    )
