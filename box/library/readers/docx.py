"""DOCX. The rule: one pass over the document with flat memory; notes and comments follow at the end."""

from __future__ import annotations

from typing import BinaryIO, Final
from xml.etree.ElementTree import Element

from box.library import ooxml, safe_xml, tables, wordprocessing
from box.library.markdown import COLUMNS_MAX, Markdown, line
from box.library.packed import Packed, open_zip
from box.library.properties import TITLE_CHARS_MAX
from box.library.reading import Context, Reading
from box.library.safe_xml import local
from box.library.tables import Tables
from box.library.wordprocessing import Lists, Paragraph, Style

_PART_BYTES_MAX: Final = 32 * 1024 * 1024
_NOTES: Final = (
    # (relation, element, what its labels begin with)
    ("footnotes", "footnote", ""),
    ("endnotes", "endnote", "e"),
    ("comments", "comment", "c"),
)
_SEPARATORS: Final = {"separator", "continuationSeparator", "continuationNotice"}


def read(path: str, out: Markdown, context: Context) -> Reading:
    """Headings, paragraphs, lists, tables, text boxes; then footnotes, endnotes and comments."""
    name = context.name
    with open_zip(path, name) as packed:
        main = ooxml.main_part(packed, "word/document.xml", name)
        body = _Body(out, context, _styles(packed, main, name), _lists(packed, main, name))
        with packed.stream(main) as stream:
            body.read(stream)
        notes = _notes(packed, main, body, out, name)
        core = ooxml.core(packed, name)
    counts = {"tables": body.tables.count, "notes": notes}
    return Reading(
        "document",
        title=core.title or body.title,
        authors=core.authors,
        date=core.date,
        language=core.language,
        counts={key: count for key, count in counts.items() if count},
        marks=() if body.tables.whole else (tables.CUT,),
    )


def _styles(packed: Packed, main: str, name: str) -> dict[str, Style]:
    part = ooxml.related(packed, main, "styles", name)
    return wordprocessing.styles(safe_xml.tree(packed.read(part, _PART_BYTES_MAX), name)) if part else {}


def _lists(packed: Packed, main: str, name: str) -> Lists:
    part = ooxml.related(packed, main, "numbering", name)
    return wordprocessing.lists(safe_xml.tree(packed.read(part, _PART_BYTES_MAX), name)) if part else Lists()


class _Body:
    """The document while it is read."""

    def __init__(self, out: Markdown, context: Context, styles: dict[str, Style], lists: Lists) -> None:
        self._out = out
        self._context = context
        self.styles = styles
        self._lists = lists
        self.tables = Tables(out)
        self._span = 1
        self._paragraphs_open = 0
        self._paragraphs = 0
        self.title = ""

    def read(self, stream: BinaryIO) -> None:
        """All of it."""
        for kind, element in safe_xml.events(stream, self._context.name, keep={"p"}):
            tag = local(element.tag)
            if tag == "p":
                self._paragraphs_open += 1 if kind == "start" else -1
                if not self._paragraphs_open:
                    self._paragraph(wordprocessing.paragraph(element, self.styles))
            elif self._paragraphs_open:
                continue  # text boxes come with the paragraph that they hang on
            elif tag == "tbl":
                self.tables.of_table(begins=kind == "start")
            elif self.tables.depth == 1:
                self._of_row(tag, element, begins=kind == "start")

    def _of_row(self, tag: str, element: Element, *, begins: bool) -> None:
        if tag == "tr":
            self.tables.of_row(begins=begins)
        elif tag == "tc" and begins:
            self.tables.row.append("")
            self._span = 1
        elif tag == "tc":
            self.tables.row.extend([""] * (self._span - 1))
        elif tag == "gridSpan" and not begins:
            said = ooxml.value(element.attrib, "val")
            self._span = min(int(said), COLUMNS_MAX) if said.isdecimal() and len(said) < 9 else 1

    def _paragraph(self, paragraph: Paragraph) -> None:
        self._paragraphs += 1
        if self._paragraphs % 100 == 0:
            self._context.progress(message=f"{self._paragraphs:,} paragraphs")
        if self.tables.depth:
            self.tables.add_text(plain(paragraph))
            return
        self._write(paragraph)
        for box in paragraph.boxes:
            self._paragraph(box)

    def _write(self, paragraph: Paragraph) -> None:
        text, style = paragraph.text.strip(), paragraph.style
        if not text:
            return
        if style.is_title or style.level:
            if not self.title or (style.is_title and not self._out.chars):
                self.title = line(text)[:TITLE_CHARS_MAX]
            self._out.heading(style.level or 1, text)
        elif style.list_id not in {"", "0"} and self._lists.is_list(style.list_id, style.depth):
            self._out.item(text, style.depth, self._lists.number(style.list_id, style.depth))
        else:
            self._out.paragraph(text)


def plain(paragraph: Paragraph) -> str:
    """The text of a paragraph and of what hangs on it."""
    return "\n\n".join(filter(None, [paragraph.text.strip(), *map(plain, paragraph.boxes)]))


def _notes(packed: Packed, main: str, body: _Body, out: Markdown, name: str) -> int:
    """Writes what stands in the margin and at the foot of pages; gives how much there is."""
    count = 0
    for kind, element_name, label in _NOTES:
        part = ooxml.related(packed, main, kind, name)
        if not part:
            continue
        for note in safe_xml.tree(packed.read(part, _PART_BYTES_MAX), name):
            if local(note.tag) != element_name or ooxml.value(note.attrib, "type") in _SEPARATORS:
                continue
            paragraphs = [wordprocessing.paragraph(each, body.styles) for each in note if local(each.tag) == "p"]
            text = " ".join(filter(None, map(plain, paragraphs)))
            said = f"{label}{ooxml.value(note.attrib, 'id')}"
            who = ooxml.value(note.attrib, "author")
            if text:
                out.paragraph(line(f"[^{said}]: {who}: {text}" if who else f"[^{said}]: {text}"))
                count += 1
    return count
