"""FictionBook. The rule: one file of XML, read whole within a limit; in a ZIP of its own it is the same book."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from box.errors import Unprocessable
from box.library import covers, fiction_book, safe_xml
from box.library.dates import date_of
from box.library.markdown import Markdown, line
from box.library.page_head import language_of
from box.library.reading import CORRUPT, EMPTY, OVERSIZED, Context, Reading
from box.library.safe_xml import local

FILE_BYTES_MAX: Final = 64 * 1024 * 1024


def read(path: str, out: Markdown, context: Context) -> Reading:
    """The book in the file."""
    if os.path.getsize(path) > FILE_BYTES_MAX:
        raise Unprocessable(OVERSIZED, f"{context.name} is a FictionBook of more than {FILE_BYTES_MAX:,} bytes")
    with open(path, "rb") as file:
        root = safe_xml.tree(file.read(), context.name)
    if local(root.tag) != "FictionBook":
        raise Unprocessable(CORRUPT, f"{context.name} is no FictionBook")
    words = out.words
    notes = fiction_book.notes_of(root)
    chapters = sum(fiction_book.write(body, notes, out) for body in fiction_book.bodies_of(root))
    if out.words == words:
        raise Unprocessable(EMPTY, f"{context.name} is a book without text")
    about = _first(root, "title-info")
    published = _first(root, "publish-info")
    isbn = _text(published, "isbn")
    return Reading(
        "book",
        title=_text(about, "book-title"),
        authors=tuple(_authors(about)),
        date=_date(about) or date_of(_text(published, "year")),
        language=language_of(_text(about, "lang")),
        origin=f"urn:isbn:{isbn.replace('-', '').replace(' ', '')}"
        if isbn
        else _text(_first(root, "document-info"), "id"),
        counts={"chapters": chapters},
        cover=_cover(root, about, context.scratch),
        tags=_keywords(about),
    )


def _first(root: Element, name: str) -> Element | None:
    description = next((each for each in root if local(each.tag) == "description"), None)
    return next((each for each in description if local(each.tag) == name), None) if description is not None else None


def _text(element: Element | None, name: str) -> str:
    children = element if element is not None else ()
    return next((line("".join(each.itertext()))[:500] for each in children if local(each.tag) == name), "")


def _authors(about: Element | None) -> Iterator[str]:
    for each in list(about if about is not None else ())[:1000]:
        if local(each.tag) == "author":
            names = [_text(each, part) for part in ("first-name", "middle-name", "last-name")]
            name = " ".join(part for part in names if part) or _text(each, "nickname")
            if name:
                yield name


def _date(about: Element | None) -> str:
    for each in about if about is not None else ():
        if local(each.tag) == "date":
            return date_of(each.get("value", "")) or date_of(line("".join(each.itertext())))
    return ""


def _keywords(about: Element | None) -> tuple[str, ...]:
    return tuple(word.strip()[:100] for word in _text(about, "keywords").split(",") if word.strip())[:50]


def _cover(root: Element, about: Element | None, scratch: str) -> str:
    page = next((each for each in (about if about is not None else ()) if local(each.tag) == "coverpage"), None)
    for image in page if page is not None else ():
        target = next((value for key, value in image.attrib.items() if local(key) == "href"), "")
        return covers.put(fiction_book.picture(root, target.lstrip("#")), scratch)
    return ""
