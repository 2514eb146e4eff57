"""A table while a page is walked. The rule: it is bounded, and a cell is one line.

Whether it holds data or only arranges what is in it is for the walk to say (box/library/markup.py).
"""

from __future__ import annotations

from box.library.markdown import COLUMNS_MAX, ROWS_MAX, line


class Table:
    """A table that is being read."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self.cut = False
        self._in_cell = False

    def begin(self, name: str) -> None:
        """A row or a cell begins."""
        if name == "tr" or not self.rows:
            if len(self.rows) <= ROWS_MAX:
                self.rows.append([])
            else:
                self.cut = True
        self._in_cell = name != "tr"

    def add(self, text: str) -> None:
        """What stood in the cell, or between cells."""
        if not (text.strip() or self._in_cell):
            return
        if not self.rows:
            self.rows.append([])
        if self.cut or len(self.rows[-1]) >= COLUMNS_MAX:
            self.cut = True
        else:
            self.rows[-1].append(line(text))
        self._in_cell = False
