"""ODS. The rule: sheet by sheet, row by row, with flat memory; what does not fit into a note is told by a mark."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import BinaryIO, Final
from xml.etree.ElementTree import Element

from box.errors import Unprocessable
from box.library import opendocument, safe_xml, tables
from box.library.markdown import COLUMNS_MAX, ROWS_MAX, Markdown
from box.library.ooxml import value
from box.library.reading import EMPTY, Context, Reading
from box.library.safe_xml import local

_CELLS: Final = {"table-cell", "covered-table-cell"}
_STORED: Final = {"float": "value", "percentage": "value", "currency": "value", "date": "date-value"}
"""Type of a cell -> the attribute that has it as it is stored; of the others the text is taken."""


def read(path: str, out: Markdown, context: Context) -> Reading:
    """A heading and a table for each sheet with something in it."""
    name = context.name
    count, whole = 0, True
    with opendocument.open_document(path, name) as packed:
        said = opendocument.meta(packed, name)
        with packed.stream(opendocument.CONTENT) as stream:
            for (_, title), rows in groupby(_rows(stream, name), key=lambda each: each[0]):
                is_whole = tables.sheet(out, title, (row for _, row in rows))
                count += is_whole is not None
                whole = whole and is_whole is not False
                context.progress(message=title)
    if not count:
        raise Unprocessable(EMPTY, f"{name} holds no text")
    return Reading(
        "table",
        title=said.title,
        authors=said.authors,
        date=said.date,
        language=said.language,
        counts={"sheets": count},
        marks=() if whole else (tables.CUT,),
    )


def _rows(stream: BinaryIO, name: str) -> Iterator[tuple[tuple[int, str], list[str]]]:
    """((number of the sheet, its title), cells), one after the other."""
    sheet, title, inner = 0, "", 0
    row: list[str] = []
    for kind, element in safe_xml.events(stream, name, keep=_CELLS):
        tag = local(element.tag)
        if tag in _CELLS:  # those within a cell are of a table in a text box, and come with it
            inner += 1 if kind == "start" else -1
            if not inner:
                repeated = min(opendocument.number(element, "number-columns-repeated", 1), COLUMNS_MAX + 1)
                row += [_cell(element)] * (repeated if len(row) <= COLUMNS_MAX else 0)
        elif inner:
            continue
        elif tag == "table" and kind == "start":
            sheet, title = sheet + 1, value(element.attrib, "name")
        elif tag == "table-row" and kind == "start":
            row = []
        elif tag == "table-row":
            repeated = opendocument.number(element, "number-rows-repeated", 1) if any(row) else 1
            for _ in range(min(repeated, ROWS_MAX + 2)):  # past that it is cut anyway
                yield (sheet, title), row


def _cell(element: Element) -> str:
    kind = value(element.attrib, "value-type")
    stored = value(element.attrib, _STORED.get(kind, ""))
    if not stored and len(element):
        return "\n".join(opendocument.paragraphs(element))
    return stored.removesuffix("T00:00:00")
