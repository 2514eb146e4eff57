"""PDF. The rule: page by page, each closed before the next; what PDFium cannot open, pypdf tries.

A page without text is a scan. The note says how many there are; what reads them comes later (`box.tasks.ocr`).
"""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import pypdfium2
import pypdfium2.raw as pdfium

from box.errors import Unprocessable
from box.library import pdf_bombs, pdf_text, properties
from box.library.markdown import Markdown
from box.library.reading import CORRUPT, EMPTY, ENCRYPTED, OVERSIZED, Context, Reading

PAGES_MAX: Final = 20_000
OUTLINE_MAX: Final = 5_000
NEEDS_OCR: Final = "needs-ocr"
"""The mark of a note of whose pages some are pictures that nobody has read."""

type_see = Callable[[pypdfium2.PdfPage, int], str | None]
"""Reads a page that has no text; None where that did not work."""

_TAIL_BYTES: Final = 2_048
_JUNK_BYTES_MAX: Final = 1024 * 1024
_LANGUAGE_CHARS_MAX: Final = 40
_DATE: Final = re.compile(r"D?:?(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)(\d\d)?(Z|[+-]\d\d'?\d\d)?)?")


@dataclass(slots=True)
class _Found:
    """What the pages were like."""

    pages: int = 0
    by_ocr: int = 0
    without_text: int = 0
    unread: int = 0
    headings: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    """Page -> (level, title) in the outline."""


def read(path: str, out: Markdown, context: Context, see: type_see | None = None) -> Reading:
    """The text of each page, under the headings of the outline; `see` reads those that have none."""
    name = context.name
    _check_end(path, name)
    pdf_bombs.check(path, name)
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if error.err_code == pdfium.FPDF_ERR_PASSWORD:
            raise Unprocessable(ENCRYPTED, f"{name} is protected by a password") from None
        from box.library import pdf_fallback  # noqa: PLC0415 - slow to import, and seldom wanted

        return pdf_fallback.read(path, out, context)
    with document:
        if len(document) > PAGES_MAX:
            raise Unprocessable(OVERSIZED, f"{name} has {len(document):,} pages, more than {PAGES_MAX:,}")
        said = document.get_metadata_dict()
        found = _Found(pages=len(document))
        _outline(document, found, out)
        for number in range(len(document)):
            _page(document, number, found, out, see)
            context.progress(done=number + 1, total=found.pages, message=f"page {number + 1:,}")
        language = _language(document)
    if found.unread == found.pages:
        raise Unprocessable(CORRUPT, f"{name} is damaged: none of its pages can be read")
    if not out.words and not found.without_text and not found.by_ocr:
        raise Unprocessable(EMPTY, f"{name} holds no text")
    return _reading(said, language, found)


def _reading(said: Mapping[str, str], language: str, found: _Found) -> Reading:
    counts = {
        "pages": found.pages,
        "pages_by_ocr": found.by_ocr,
        "pages_without_text": found.without_text,
        "pages_unread": found.unread,
    }
    marks = (("ocr", found.by_ocr), (NEEDS_OCR, found.without_text), ("pages-missing", found.unread))
    return Reading(
        "document",
        title=properties.title(said.get("Title", "")),
        authors=properties.authors(said.get("Author", "")),
        date=date(said.get("CreationDate", "")),
        language=language,
        counts={key: count for key, count in counts.items() if count},
        marks=tuple(mark for mark, count in marks if count),
    )


def date(text: str) -> str:
    """A date as PDF has it, as RFC 3339."""
    found = _DATE.match(text.strip())
    if not found:
        return ""
    year, month, day, hour, minute, second, zone = found.groups()
    zone = (zone or "").replace("'", "")
    zone = f"{zone[:3]}:{zone[3:]}" if len(zone) == 5 else zone
    said = "-".join(part for part in (year, month, day) if part)
    return properties.date(f"{said}T{hour}:{minute}:{second or '00'}{zone}" if day and hour else said)


def _check_end(path: str, name: str) -> None:
    """Raises Unprocessable if the file stops in its middle: PDFium would make do with the pages that are there."""
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL_BYTES))
        if b"%%EOF" in file.read():
            return
        file.seek(max(0, size - _JUNK_BYTES_MAX))
        _, end, junk = file.read().rpartition(b"%%EOF")
        if not end or b" obj" in junk or b"stream" in junk:  # else something else hangs on a whole file
            raise Unprocessable(CORRUPT, f"{name} is damaged: its end is missing")


def _outline(document: pypdfium2.PdfDocument, found: _Found, out: Markdown) -> None:
    """Sorts the outline by page; what leads nowhere is listed at the beginning of the note."""
    for count, entry in enumerate(document.get_toc()):
        if count >= OUTLINE_MAX:
            break
        title = entry.get_title().strip()
        target = entry.get_dest()
        page = target.get_index() if target is not None else None
        if page is None or not 0 <= page < found.pages:
            out.item(title, entry.level)
        elif title:
            found.headings.setdefault(page, []).append((entry.level + 1, title))


def _language(document: pypdfium2.PdfDocument) -> str:
    buffer = (ctypes.c_ushort * _LANGUAGE_CHARS_MAX)()
    written = pdfium.FPDFCatalog_GetLanguage(document, buffer, ctypes.sizeof(buffer))
    text = bytes(buffer)[: max(0, written - 2)].decode("utf-16-le", "replace") if written <= len(buffer) * 2 else ""
    return properties.language(text)


def _page(document: pypdfium2.PdfDocument, number: int, found: _Found, out: Markdown, see: type_see | None) -> None:
    try:
        page = document[number]
    except pypdfium2.PdfiumError:
        found.unread += 1
        return
    try:
        text_page = page.get_textpage()
        text = text_page.get_text_range()
        text_page.close()
        if not text.strip() and pdfium.FPDFPage_CountObjects(page):
            seen = see(page, number) if see else None
            found.without_text += seen is None
            found.by_ocr += seen is not None
            text = seen or ""
    except pypdfium2.PdfiumError:
        found.unread += 1
        return
    finally:
        page.close()
    headings = found.headings.get(number, ())
    if not text.strip() and not headings:
        return
    out.page(number + 1)
    for level, title, lines in pdf_text.sections(pdf_text.lines_of(text), headings):
        if level:
            out.heading(level, title)
        out.paragraph(pdf_text.paragraphs(lines))
