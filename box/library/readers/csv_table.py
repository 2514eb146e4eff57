"""CSV and its kin. The rule: one table, as far as it fits into a note; a mark tells when it does not."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any, Final, TextIO

from box.errors import Unprocessable
from box.library import decoding, tables
from box.library.markdown import Markdown
from box.library.reading import CORRUPT, EMPTY, OVERSIZED, Context, Reading
from box.library.tables import Table

_PROBE_BYTES: Final = 256 * 1024
_PROBE_CHARS: Final = 16 * 1024
_LINE_CHARS_MAX: Final = 1024 * 1024
_DELIMITERS: Final = ",;\t|"


def read(path: str, out: Markdown, context: Context) -> Reading:
    """Its rows; the first is the head."""
    with open(path, "rb") as file:
        probe = file.read(_PROBE_BYTES)
    encoding = decoding.encoding_of(probe)
    with open(path, encoding=encoding, errors="replace", newline="") as text:
        start = text.read(_PROBE_CHARS)
    dialect = _dialect(start)
    try:
        table = _table(path, encoding, context, **dialect)
    except csv.Error:  # a quote that is none
        try:
            table = _table(path, encoding, context, **{**dialect, "quoting": csv.QUOTE_NONE})
        except csv.Error as error:
            raise Unprocessable(CORRUPT, f"{context.name} is no table: {error}") from None
    if not table.rows:
        raise Unprocessable(EMPTY, f"{context.name} holds no text")
    fits = out.table(table.rows) and all(tables.fits(row) for row in table.rows)
    counts = {"columns": max(map(len, table.rows)), "rows": len(table.rows)}
    return Reading("table", counts=counts, marks=() if fits and table.whole else (tables.CUT,))


def _dialect(start: str) -> dict[str, Any]:
    """How the cells are told apart: as Excel was told, or as the first lines look."""
    first = start.split("\n", maxsplit=1)[0].strip()
    if first.lower().startswith("sep=") and len(first) == 5:
        return {"delimiter": first[4]}
    lines = start.rpartition("\n")[0] or start
    try:
        found = csv.Sniffer().sniff(lines, _DELIMITERS)
    except csv.Error:
        counts = {each: first.count(each) for each in _DELIMITERS}
        return {"delimiter": max(counts, key=counts.__getitem__)}
    return {
        "delimiter": found.delimiter,
        "quotechar": found.quotechar or '"',
        "skipinitialspace": found.skipinitialspace,
    }


def _table(path: str, encoding: str, context: Context, **dialect: Any) -> Table:
    table = Table()
    with open(path, encoding=encoding, errors="replace", newline="") as text:
        for row in csv.reader(_lines(text, context.name), **dialect):
            if not table.rows and len(row) == 2 and row[0].lower() == "sep=":
                continue
            table.add(row)
            if not table.whole:
                break
            if len(table.rows) % 1_000 == 0:
                context.progress(message=f"{len(table.rows):,} rows")
    return table


def _lines(text: TextIO, name: str) -> Iterator[str]:
    while line := text.readline(_LINE_CHARS_MAX):
        if len(line) == _LINE_CHARS_MAX:
            raise Unprocessable(OVERSIZED, f"{name} has a line of more than {_LINE_CHARS_MAX:,} characters")
        yield line
