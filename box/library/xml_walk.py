"""Articles and books in XML as Markdown. The rule: a walk along the flow; each element does what its role says.

Nothing is kept but the block that is just being read, and the table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import Element

from box.library.markdown import COLUMNS_MAX, ROWS_MAX, Markdown, line
from box.library.safe_xml import local
from box.library.xml_articles import Dialect, Head
from box.library.xml_flow import type_token

LISTS_MAX: Final = 20
_SPACES: Final = re.compile(r"\s+")
_CELLS_MAX: Final = ROWS_MAX * 10


@dataclass(slots=True)
class Walk:
    """Where the walk is."""

    dialect: Dialect
    out: Markdown
    head: Head = field(default_factory=Head)
    """What was said of the document."""
    title: str = ""
    """The first heading."""
    sections: int = 0
    references: int = 0
    tables: int = 0
    whole: bool = True
    """No table was cut."""
    _open: list[str] = field(default_factory=list)
    """Roles of what is open; a section's own name, where it has a heading of its own, stands behind it."""
    _text: list[str] = field(default_factory=list)
    _skipped: int = 0
    _depth: int = 0
    _inline: int = 0
    """In how many notes or references, in which a block begins no paragraph."""
    _quotes: int = 0
    _lists: list[int | None] = field(default_factory=list)
    _item: tuple[int, int | None] | None = None
    _rows: list[list[str]] | None = None
    _cells: int = 0
    _has_head: bool = False
    _pending: str = ""
    """The heading of a section that has just begun, unless it bears one of its own."""

    def take(self, token: type_token) -> None:
        """The next of the document."""
        kind, what = token
        if self._pending and not self._is_title(token):
            self.out.heading(self._level(), self._pending)
            self._pending = ""
        if isinstance(what, str):
            if not self._skipped:
                self._text.append(what if "code" in self._open else _SPACES.sub(" ", what))
        elif kind == "start":
            self._start(what)
        else:
            self._end(what)

    def _is_title(self, token: type_token) -> bool:
        """Whether what comes is a section's own title, or only the space before it."""
        kind, what = token
        if isinstance(what, str):
            return not what.strip()
        name = local(what.tag)
        if kind == "start" and (name in self.dialect.heads or self.dialect.roles.get(name) == "title"):
            self._pending = ""
        return not self._pending

    def finish(self) -> None:
        """The document has ended."""
        self._flush()

    # --- beginnings ---------------------------------------------------------------------------------------------------

    def _start(self, element: Element) -> None:
        name = local(element.tag)
        role = "head" if name in self.dialect.heads else self.dialect.roles.get(name, "")
        if role == "title" and (not self._open or self._open[-1] != "section"):
            role = "block"  # of a figure or a table
        if self._skipped or role in {"head", "skip"}:
            self._skipped += 1
            self._open.append(role)
            return
        self._open.append(role)
        if role in {"note", "reference"}:
            if role == "reference" and not self._inline:
                self._flush()
            self._text.append(" [" if role == "note" else "")
            self._inline += 1
        elif role and not self._inline and role not in {"break", "cell", "row"}:
            self._flush(keep_item=role == "block")
            self._begin(role, name)

    def _begin(self, role: str, name: str) -> None:
        if role == "section":
            self._depth += 1
            self.sections += 1
            self._pending = self.dialect.headings.get(name, "")
        elif role in {"list", "numbered"} and len(self._lists) < LISTS_MAX:
            self._lists.append(0 if role == "numbered" else None)
        elif role == "item":
            number = self._lists[-1] if self._lists else None
            if number is not None:
                number += 1
                self._lists[-1] = number
            self._item = (max(0, len(self._lists) - 1), number)
        elif role == "quote":
            self._quotes += 1
        elif role == "table" and self._rows is None:
            self._rows, self._cells = [], 0

    def _level(self) -> int:
        return self.dialect.level + self._depth - 1

    # --- ends ---------------------------------------------------------------------------------------------------------

    def _end(self, element: Element) -> None:
        role = self._open.pop()
        if self._skipped:
            self._skipped -= 1
            if role == "head" and not self._skipped:
                self._take_head(element)
            return
        if role == "note":
            self._text = ["".join(self._text).rstrip(), "]"]
            self._inline -= 1
        elif role == "reference":
            self._inline -= 1
            if not self._inline:
                self._reference()
        elif self._inline:
            self._text.append(" ")
        elif role == "break":
            self._text.append("\n")
        elif role:
            self._close(role)

    def _close(self, role: str) -> None:
        match role:
            case "title":
                text = line("".join(self._text))
                self.title = self.title or text
                self.out.heading(self._level(), text)
                self._text.clear()
            case "code" if self._rows is None:
                self.out.code("".join(self._text))
                self._text.clear()
            case "row" if self._rows is not None:
                self._rows.append([])
            case "cell" if self._rows is not None:
                self._cell()
            case "table":
                self._flush()
                self._table()
            case _:
                self._flush(keep_item=role == "block")
        if role == "section":
            self._depth -= 1
        elif role in {"list", "numbered"} and self._lists:
            self._lists.pop()
        elif role == "quote":
            self._quotes -= 1

    def _take_head(self, element: Element) -> None:
        """What is said of the document; of a section its title."""
        found = self.dialect.head(element)
        if self._has_head:
            self.out.heading(self._level(), found.title)
            return
        self._has_head, self.head = True, found
        self.out.heading(1, found.title)
        if found.abstract:
            self.out.heading(2, "Abstract")
            for paragraph in found.abstract:
                self.out.paragraph(paragraph)

    def _reference(self) -> None:
        text = line("".join(self._text))
        self._text.clear()
        if text:
            self.references += 1
            self.out.item(text)

    def _cell(self) -> None:
        assert self._rows is not None  # noqa: S101 - asked by the caller
        text = "".join(self._text)
        self._text.clear()
        if not self._rows:
            self._rows.append([])
        if len(self._rows) > ROWS_MAX or len(self._rows[-1]) >= COLUMNS_MAX or self._cells >= _CELLS_MAX:
            self.whole = False
            return
        self._cells += 1
        self._rows[-1].append(text)

    def _table(self) -> None:
        rows, self._rows = self._rows or [], None
        self.tables += 1
        self.whole = self.out.table(row for row in rows if any(cell.strip() for cell in row)) and self.whole

    def _flush(self, *, keep_item: bool = False) -> None:
        """Write the block that has ended."""
        text = "".join(self._text)
        if self._rows is not None and self._open and "cell" in self._open:
            self._text.append(" ")  # a block in a cell
            return
        self._text.clear()
        item = self._item
        self._item = item if keep_item and not text.strip() else None
        if not text.strip():
            return
        if item is not None:
            self.out.item(text, *item)
        elif self._quotes:
            self.out.quote(text)
        else:
            self.out.paragraph(text)
