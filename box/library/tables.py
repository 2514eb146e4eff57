"""Tables that are collected before they are written. The rule: nothing is left out without `whole` becoming False."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from box.library.markdown import CELL_CHARS_MAX, COLUMNS_MAX, ROWS_MAX, Markdown

CUT: Final = "tables-cut"
"""The mark of a note whose tables are longer or wider in the file."""
CHARS_MAX: Final = 8_000_000
"""Of a table that is collected."""
_PROSE_CHARS: Final = 1_000
"""A cell with more is no cell of a table: somebody made columns of text."""


class Table:
    """Rows that are being collected."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self.whole = True
        self._chars = 0

    @property
    def is_full(self) -> bool:
        """Whether more rows would be left out."""
        return len(self.rows) > ROWS_MAX or self._chars > CHARS_MAX

    def add(self, row: Sequence[str]) -> None:
        """One more row; an empty one is nothing."""
        cells = trimmed(row)
        if not cells:
            return
        if self.is_full:
            self.whole = False
        else:
            self.rows.append(cells)
            self._chars += sum(map(len, cells))

    def write(self, out: Markdown) -> bool:
        """As a table, or, where it is none but for its looks, as paragraphs; False if something was left out."""
        width = max(map(len, self.rows), default=0)
        if width <= 1 or any(len(cell) > _PROSE_CHARS for row in self.rows for cell in row):
            for row in self.rows:
                for cell in row:
                    out.paragraph(cell)
            return self.whole
        return out.table(self.rows) and self.whole


class Tables:
    """The tables of a document while it is read. One within another becomes text of the cell it stands in."""

    def __init__(self, out: Markdown) -> None:
        self._out = out
        self._table = Table()
        self.row: list[str] = []
        """That to which cells come."""
        self.depth = 0
        """How many tables are open."""
        self.count = 0
        self.whole = True

    def of_table(self, *, begins: bool) -> None:
        """A table begins, or ends."""
        self.depth += 1 if begins else -1
        if begins and self.depth == 1:
            self._table = Table()
        elif not self.depth:
            self.count += 1
            self.whole = self._table.write(self._out) and self.whole

    def of_row(self, *, begins: bool) -> None:
        """A row of the outer table begins, or ends."""
        if begins:
            self.row = []
        else:
            self._table.add(self.row)

    def add_text(self, text: str) -> None:
        """A paragraph of a cell."""
        if self.row:
            self.row[-1] += f"\n\n{text}"


def sheet(out: Markdown, title: str, rows: Iterable[Sequence[str]]) -> bool | None:
    """A sheet of a spreadsheet, written while its rows come: whether it is whole, None if nothing is on it."""
    fit = True

    def checked() -> Iterator[list[str]]:
        nonlocal fit
        for row in rows:
            cells = trimmed(row)
            if cells:
                fit = fit and fits(cells)
                yield cells

    filled = checked()
    first = next(filled, None)
    if first is None:
        return None
    out.heading(2, title)
    is_whole = out.table(chain([first], filled))
    return is_whole and fit


def fits(row: Sequence[str]) -> bool:
    """Whether a row goes into a table of a note as it is."""
    return len(row) <= COLUMNS_MAX and max(map(len, row), default=0) <= CELL_CHARS_MAX


def trimmed(row: Sequence[str]) -> list[str]:
    """A row without the empty cells at its end."""
    end = len(row)
    while end and not row[end - 1].strip():
        end -= 1
    return list(row[:end])
