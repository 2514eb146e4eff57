"""XLSX. The rule: sheet by sheet, row by row, with flat memory; what does not fit into a note is told by a mark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final
from xml.etree.ElementTree import Element

from box.errors import Unprocessable
from box.library import cells, ooxml, safe_xml, tables
from box.library.markdown import COLUMNS_MAX, Markdown
from box.library.ooxml import value
from box.library.packed import Packed, open_zip
from box.library.reading import EMPTY, OVERSIZED, Context, Reading
from box.library.safe_xml import local

STRINGS_CHARS_MAX: Final = 50_000_000
_PART_BYTES_MAX: Final = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Book:
    """What the cells of all sheets refer to."""

    strings: list[str]
    shown: list[str]
    """For each style of cells: what it shows."""
    since_1904: bool


def read(path: str, out: Markdown, context: Context) -> Reading:
    """A heading and a table for each sheet with something in it."""
    name = context.name
    whole, count = True, 0
    with open_zip(path, name) as packed:
        core = ooxml.core(packed, name)
        main = ooxml.main_part(packed, "xl/workbook.xml", name)
        workbook = safe_xml.tree(packed.read(main, _PART_BYTES_MAX), name)
        book = _book(packed, main, workbook, name)
        sheets = _sheets(packed, main, workbook, name)
        for number, (title, part) in enumerate(sheets, 1):
            context.progress(done=number, total=len(sheets), message=title)
            with packed.stream(part) as stream:
                is_whole = tables.sheet(out, title, _rows(stream, book, name))
                count += is_whole is not None
                whole = whole and is_whole is not False
    if not count:
        raise Unprocessable(EMPTY, f"{name} holds no text")
    return Reading(
        "table",
        title=core.title,
        authors=core.authors,
        date=core.date,
        language=core.language,
        counts={"sheets": count},
        marks=() if whole else (tables.CUT,),
    )


def _sheets(packed: Packed, main: str, workbook: Element, name: str) -> list[tuple[str, str]]:
    """(title, part) of each, in the order of their tabs; charts are none."""
    known = ooxml.relations(packed, main, name)
    found: dict[str, str] = {}
    for each in workbook.iter():
        if local(each.tag) == "sheet":
            kind, part = known.get(
                value({key: said for key, said in each.attrib.items() if key != "id"}, "id"), ("", "")
            )
            if kind == "worksheet" and part in packed.names:
                found.setdefault(part, each.get("name", ""))
    return [(title, part) for part, title in found.items()]


def _book(packed: Packed, main: str, workbook: Element, name: str) -> _Book:
    said = next((value(each.attrib, "date1904") for each in workbook if local(each.tag) == "workbookPr"), "")
    strings_part = ooxml.related(packed, main, "sharedStrings", name)
    styles_part = ooxml.related(packed, main, "styles", name)
    strings: list[str] = []
    if strings_part:
        with packed.stream(strings_part) as stream:
            strings = _strings(stream, name)
    shown = _shown(safe_xml.tree(packed.read(styles_part, _PART_BYTES_MAX), name)) if styles_part else []
    return _Book(strings, shown, said in {"1", "true"})


def _strings(stream: BinaryIO, name: str) -> list[str]:
    strings: list[str] = []
    chars = 0
    for kind, element in safe_xml.events(stream, name, keep={"si"}):
        if kind == "end" and local(element.tag) == "si":
            strings.append(_text(element))
            chars += len(strings[-1]) + 50  # what an empty one takes
            if chars > STRINGS_CHARS_MAX:
                raise Unprocessable(OVERSIZED, f"{name}: its cells hold more than {STRINGS_CHARS_MAX:,} characters")
    return strings


def _text(element: Element) -> str:
    """Plain or in pieces that look different; without what tells how to pronounce it."""
    pieces = []
    for each in element:
        tag = local(each.tag)
        if tag == "t":
            pieces.append(each.text or "")
        elif tag == "r":
            pieces += [piece.text or "" for piece in each if local(piece.tag) == "t"]
    return "".join(pieces)


def _shown(styles: Element) -> list[str]:
    codes: dict[int, str] = {}
    shown: list[str] = []
    for part in styles:
        if local(part.tag) == "numFmts":
            for each in part:
                codes[_number(each.get("numFmtId", ""))] = each.get("formatCode", "")
        elif local(part.tag) == "cellXfs":
            formats = [_number(each.get("numFmtId", "")) for each in part]
            shown = [cells.shows(each, codes.get(each, "")) for each in formats]
    return shown


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


def _rows(stream: BinaryIO, book: _Book, name: str) -> Iterator[list[str]]:
    row: list[str] = []
    for kind, element in safe_xml.events(stream, name, keep={"c"}):
        if kind == "start":
            continue
        tag = local(element.tag)
        if tag == "c":
            text = _cell(element, book)
            # What is too far to the right is put just there, so that it is seen that something does not fit.
            at = min(max(cells.column(element.get("r", "")), len(row)), COLUMNS_MAX)
            if text and at >= len(row):
                row += [*[""] * (at - len(row)), text]
        elif tag == "row":
            yield row
            row = []
        elif tag == "sheetData":
            return


def _cell(element: Element, book: _Book) -> str:
    kind = element.get("t", "n")
    stored = ""
    for each in element:
        tag = local(each.tag)
        if tag == "v":
            stored = each.text or ""
        elif tag == "is":
            return _text(each)
    if kind == "s":
        return book.strings[_number(stored)] if _number(stored) < len(book.strings) else ""
    if kind == "b":
        return "TRUE" if stored == "1" else "FALSE" if stored else ""
    if kind != "n" or not stored:
        return stored
    style = _number(element.get("s", ""))
    return cells.number(stored, book.shown[style] if style < len(book.shown) else "", since_1904=book.since_1904)
