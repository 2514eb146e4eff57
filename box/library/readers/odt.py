"""ODT. The rule: one pass over the document with flat memory; notes and comments follow at the end."""

from __future__ import annotations

from typing import BinaryIO, Final
from xml.etree.ElementTree import Element

from box.errors import Unprocessable
from box.library import opendocument, safe_xml, tables
from box.library.markdown import COLUMNS_MAX, Markdown, line
from box.library.ooxml import value
from box.library.opendocument import Looks, Text
from box.library.properties import TITLE_CHARS_MAX
from box.library.reading import OVERSIZED, Context, Reading
from box.library.safe_xml import local
from box.library.tables import Tables

NOTES_CHARS_MAX: Final = 20_000_000


def read(path: str, out: Markdown, context: Context) -> Reading:
    """Headings, paragraphs, lists, tables, text boxes; then notes and comments."""
    name = context.name
    with opendocument.open_document(path, name) as packed:
        body = _Body(out, context, opendocument.looks(packed, name))
        with packed.stream(opendocument.CONTENT) as stream:
            body.read(stream)
        said = opendocument.meta(packed, name)
    for number, note in enumerate(body.notes, 1):
        out.paragraph(line(f"[^{number}]: {note}"))
    counts = {"tables": body.tables.count, "notes": len(body.notes)}
    return Reading(
        "document",
        title=said.title or body.title,
        authors=said.authors,
        date=said.date,
        language=said.language,
        counts={key: count for key, count in counts.items() if count},
        marks=() if body.tables.whole else (tables.CUT,),
    )


class _Body:
    """The document while it is read."""

    def __init__(self, out: Markdown, context: Context, looks: Looks) -> None:
        self._out = out
        self._context = context
        self._looks = looks
        self._lists: list[tuple[str, int]] = []
        """(style, number of the last item) of each list that is open."""
        self._is_first_of_item = False
        self.tables = Tables(out)
        self._kept_open = 0
        self._deleted_open = 0
        self._paragraphs = 0
        self._notes_chars = 0
        self.notes: list[str] = []
        self.title = ""

    def read(self, stream: BinaryIO) -> None:
        """All of it."""
        for kind, element in safe_xml.events(stream, self._context.name, keep={"p", "h"}):
            tag = local(element.tag)
            begins = kind == "start"
            if tag in {"p", "h"}:
                self._kept_open += 1 if begins else -1
                if not self._kept_open and not self._deleted_open:
                    self._paragraph(tag, element)
            elif self._kept_open:
                continue  # notes and text boxes come with the paragraph that they hang on
            elif tag == "tracked-changes":
                self._deleted_open += 1 if begins else -1
            elif tag == "table":
                self.tables.of_table(begins=begins)
            elif self.tables.depth:
                self._of_row(tag, element, begins=begins)
            else:
                self._of_list(tag, element, begins=begins)

    def _of_row(self, tag: str, element: Element, *, begins: bool) -> None:
        if self.tables.depth > 1:
            return
        if tag == "table-row":
            self.tables.of_row(begins=begins)
        elif tag in {"table-cell", "covered-table-cell"} and begins:
            repeated = min(opendocument.number(element, "number-columns-repeated", 1), COLUMNS_MAX)
            self.tables.row.extend([""] * repeated)

    def _of_list(self, tag: str, element: Element, *, begins: bool) -> None:
        if tag == "list" and begins:
            outer = self._lists[-1][0] if self._lists else ""
            self._lists.append((value(element.attrib, "style-name") or outer, 0))
        elif tag == "list":
            self._lists.pop()
        elif tag in {"list-item", "list-header"} and begins and self._lists:
            style, number = self._lists[-1]
            self._lists[-1] = (style, opendocument.number(element, "start-value", number + 1))
            self._is_first_of_item = tag == "list-item"

    def _paragraph(self, tag: str, element: Element) -> None:
        self._paragraphs += 1
        if self._paragraphs % 100 == 0:
            self._context.progress(message=f"{self._paragraphs:,} paragraphs")
        text = opendocument.text_of(element, len(self.notes))
        self.notes += text.notes
        self._notes_chars += sum(map(len, text.notes))
        if self._notes_chars > NOTES_CHARS_MAX:
            raise Unprocessable(OVERSIZED, f"{self._context.name}: its notes are longer than {NOTES_CHARS_MAX:,}")
        if self.tables.depth:
            self.tables.add_text("\n\n".join([text.text.strip(), *text.boxes]))
        else:
            self._write(tag, element, text)
            for box in text.boxes:
                self._out.paragraph(box)

    def _write(self, tag: str, element: Element, text: Text) -> None:
        words = text.text.strip()
        is_title = value(element.attrib, "style-name") in self._looks.titles
        if not words:
            return
        if tag == "h" or is_title:
            if not self.title or (is_title and not self._out.chars):
                self.title = line(words)[:TITLE_CHARS_MAX]
            self._out.heading(1 if is_title else opendocument.number(element, "outline-level", 1), words)
        elif self._lists and self._is_first_of_item:
            depth = len(self._lists) - 1
            style, number = self._lists[-1]
            self._out.item(words, depth, number if (style, depth) in self._looks.numbered else None)
            self._is_first_of_item = False
        else:
            self._out.paragraph(words)
