"""HTML as Markdown, all of it. The rule: a walk over the tags that needs no tree, so no page is too broken or too deep.

It knows headings, paragraphs, lists, quotes, tables, code and footnotes; links and emphasis become their text. What is
no text of the page (scripts, navigation, what is hidden) is left out, unless it never ends: then it was a mistake.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from box.library import tags
from box.library.markdown import Markdown, line
from box.library.markup_tables import Table
from box.library.titles import Titles

LISTS_MAX: Final = 20
"""Lists within lists; deeper ones count as this deep."""
TABLES_MAX: Final = 50

_LEFT_OUT: Final = frozenset((
    "nav", "template", "noscript", "svg", "button", "select", "datalist", "object", "audio", "video", "canvas",
    "annotation", "annotation-xml", "script", "style", "title", "textarea", "iframe", "rp", "dialog",
))  # fmt: skip
_VOID: Final = frozenset((
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
))  # fmt: skip
_BLOCKS: Final = frozenset((
    "address", "article", "aside", "body", "caption", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "head", "header", "hgroup", "hr", "html", "legend", "main", "option",
    "p", "section", "summary", "tbody", "tfoot", "thead",
))  # fmt: skip
_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_NOTES: Final = frozenset(("footnote", "rearnote", "endnote", "note", "doc-footnote", "doc-endnote"))
_HIDDEN: Final = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_SPACES: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Guide:
    """What is known about a page beforehand."""

    announced: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """Id of an element -> level and text of the heading that belongs there; the empty id is the beginning."""
    types_left_out: frozenset[str] = frozenset()
    """Values of `epub:type`: elements of these types are left out."""


def write(page: str, out: Markdown, guide: Guide | None = None) -> bool:
    """Write all text of a page; False if a table was cut."""
    walk = _Walk(out, guide or Guide())
    for token in tags.tokens(page):
        walk.take(token)
    walk.finish()
    return walk.whole


def types_of(start: tags.Start) -> frozenset[str]:
    """What an element is in a book, by `epub:type` and `role`."""
    attributes = start.attributes
    if "epub:type" not in attributes and "role" not in attributes:
        return frozenset()
    return frozenset(f"{attributes.get('epub:type', '')} {attributes.get('role', '')}".lower().split())


class _Walk:
    """Where the walk is."""

    def __init__(self, out: Markdown, guide: Guide) -> None:
        self._out = out
        self._guide = guide
        self.whole = True
        self._text: list[str] = []
        self._heading = 0
        self._item: tuple[int, int | None] | None = None
        self._quotes = self._pre = 0
        self._lists: list[int | None] = []
        """For each open list the number of its last item, None for one without numbers."""
        self._tables: list[Table | None] = []
        """None is a table that only arranges things."""
        self._noteref = False
        self._aside = ""
        self._aside_depth = 0
        self._held: list[tags.type_token] | None = None
        """What is inside an element that is not for here; None outside of one."""
        self._is_note = False
        self._trusting = True
        self._notes: list[str] = []
        self._titles = Titles(guide.announced)
        self._titles.announce("")

    def take(self, token: tags.type_token) -> None:
        """The next tag or text."""
        if self._held is not None:
            self._hold(token, self._held)
        elif isinstance(token, str):
            self._text.append(token if self._pre else _SPACES.sub(" ", token))
        elif isinstance(token, tags.Start):
            self._start(token)
        else:
            self._end(token.name)

    def finish(self) -> None:
        """The page has ended."""
        if self._held is not None:
            held, self._held, self._trusting = self._held, None, False
            for token in held:
                self.take(token)
        self._flush()
        while self._tables:
            self._close_table()
        for title in self._titles.rest():
            self._out.heading(*title)
        for note in self._notes:
            self._out.item(note)

    def _hold(self, token: tags.type_token, held: list[tags.type_token]) -> None:
        if isinstance(token, tags.Start) and token.name == self._aside and not token.closed:
            self._aside_depth += 1
        elif isinstance(token, tags.End) and token.name == self._aside:
            self._aside_depth -= 1
            if not self._aside_depth:
                self._held = None
                if self._is_note:
                    self._notes.append("".join(each if isinstance(each, str) else " " for each in held))
                return
        held.append(token)

    def _is_aside(self, start: tags.Start) -> bool:
        """Whether what is inside of this is not for here: left out, or a note for the end."""
        if start.closed or start.name in _VOID or not self._trusting:
            return False
        attributes = start.attributes
        if start.name in _LEFT_OUT or "hidden" in attributes or _HIDDEN.search(attributes.get("style", "")):
            self._is_note = False
            return True
        types = types_of(start)
        self._is_note = bool(types & _NOTES) and start.name not in {"a", "body", "section"}
        return self._is_note or bool(types & self._guide.types_left_out)

    def _start(self, start: tags.Start) -> None:
        name = start.name
        if self._titles.announce(start.attributes.get("id", "")) and name not in _HEADINGS and not self._heading:
            self._flush()
        if self._is_aside(start):
            self._held, self._aside, self._aside_depth = [], name, 1
        elif name in _HEADINGS:
            self._dissolve()
            self._flush()
            self._heading = _HEADINGS[name]
        elif name in {"li", "ul", "ol", "menu"}:
            self._flush()
            self._start_list(start)
        elif name in {"table", "tr", "td", "th"}:
            self._start_table(name)
        elif name == "pre":
            self._dissolve()
            self._flush()
            self._pre = 1
        elif name == "blockquote":
            self._flush()
            self._quotes += 1
        elif name in _BLOCKS:
            self._flush(keep_item=True)
        else:
            self._start_inline(start)

    def _start_inline(self, start: tags.Start) -> None:
        if start.name == "br":
            self._text.append("\n")
        elif start.name == "a" and types_of(start) & {"noteref", "doc-noteref"}:
            self._noteref = True
            self._text.append("[")
        elif start.name == "img" and self._heading:
            self._text.append(start.attributes.get("alt", ""))

    def _start_list(self, start: tags.Start) -> None:
        if start.name == "li":
            self._item = self._next_item(start)
        elif len(self._lists) < LISTS_MAX:
            self._lists.append(0 if start.name == "ol" else None)

    def _next_item(self, start: tags.Start) -> tuple[int, int | None]:
        number = self._lists[-1] if self._lists else None
        if number is not None:
            value = start.attributes.get("value", "")
            number = int(value) if value.isascii() and value.isdigit() and len(value) < 9 else number + 1
            self._lists[-1] = number
        return max(0, len(self._lists) - 1), number

    def _end(self, name: str) -> None:
        if name in _HEADINGS or name in {"li", "p", "pre"} or name in _BLOCKS:
            self._flush(keep_item=name != "li")
            self._pre = 0 if name == "pre" else self._pre
        elif name in {"ul", "ol", "menu"}:
            self._flush()
            if self._lists:
                self._lists.pop()
        elif name == "blockquote":
            self._flush()
            self._quotes = max(0, self._quotes - 1)
        elif name == "table":
            self._flush()
            self._close_table()
        elif name in {"td", "th", "tr"}:
            self._end_cell()
        elif name == "a" and self._noteref:
            self._noteref = False
            self._text.append("]")

    def _start_table(self, name: str) -> None:
        if name == "table":
            self._dissolve()
            self._flush()
            if len(self._tables) < TABLES_MAX:
                self._tables.append(Table())
            return
        self._end_cell()
        table = self._tables[-1] if self._tables else None
        if table is not None:
            table.begin(name)

    def _end_cell(self) -> None:
        table = self._tables[-1] if self._tables else None
        if table is None:
            self._flush()
        else:
            table.add("".join(self._text))
            self._text.clear()

    def _close_table(self) -> None:
        table = self._tables.pop() if self._tables else None
        if table is None:
            return
        table.add("".join(self._text))
        self._text.clear()
        self.whole = self.whole and not table.cut
        if max((len(row) for row in table.rows), default=0) > 1:
            self._before_block()
            self.whole = self._out.table(row for row in table.rows if any(row)) and self.whole
        else:
            self._write_cells(table)

    def _dissolve(self) -> None:
        """A table that holds headings, code or tables only arranges them: what it has so far is written as text."""
        if not self._tables or self._tables[-1] is None:
            return
        table, self._tables[-1] = self._tables[-1], None
        self._write_cells(table)

    def _write_cells(self, table: Table) -> None:
        rest, self._text = self._text, []
        for row in table.rows:
            for cell in row:
                self._text.append(cell)
                self._flush()
        self._text = rest

    def _flush(self, *, keep_item: bool = False) -> None:
        """Write the block that has ended."""
        if self._tables and self._tables[-1] is not None:
            self._text.append("\n")  # a block within a cell
            return
        text = "".join(self._text)
        self._text.clear()
        heading, self._heading = self._heading, 0
        item = self._item
        self._item = item if keep_item and not text.strip() else None
        if not text.strip():
            return
        if heading:
            for title in self._titles.at_heading(heading, text):
                self._out.heading(*title)
            return
        if line(text).casefold() == self._before_block().casefold():
            return  # books of old kinds say in a paragraph what their contents call a heading
        if self._pre:
            self._out.code(text)
        elif item is not None:
            self._out.item(text, *item)
        elif self._quotes:
            self._out.quote("\n".join(line(each) for each in text.split("\n")))
        else:
            self._out.paragraph(text)

    def _before_block(self) -> str:
        """Write the headings that belong here; what the last one says."""
        text = ""
        for level, text in self._titles.before_text():
            self._out.heading(level, text)
        return text
