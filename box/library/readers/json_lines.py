"""JSON, one value a line. The rule: a table, read line by line; a line that is no JSON spoils the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from box.errors import Unprocessable
from box.library import decoding, json_text, outline
from box.library.markdown import ROWS_MAX, Markdown
from box.library.readers.plain import check_size
from box.library.reading import CORRUPT, OVERSIZED, Context, Reading

LINE_BYTES_MAX: Final = 4 * 1024 * 1024


def read(path: str, out: Markdown, context: Context) -> Reading:
    """Its values as rows; the keys of the first hundred are the columns."""
    check_size(path, out, context)
    count = 0

    def counted() -> Iterator[Any]:
        nonlocal count
        for value in _values(path, context.name):
            count += 1
            context.progress(message=f"{count:,} lines")
            yield value

    rows = counted()
    whole = out.table(outline.rows(rows), ROWS_MAX)
    for _ in rows:  # those that the table no longer takes are counted, and must be JSON too
        pass
    if not count:
        raise Unprocessable(CORRUPT, f"{context.name} holds no JSON")
    return Reading("data", counts={"rows": count}, marks=() if whole else ("tables-cut",))


def _values(path: str, name: str) -> Iterator[Any]:
    with open(path, "rb") as file:
        number = 0
        while data := file.readline(LINE_BYTES_MAX + 1):
            number += 1
            if len(data) > LINE_BYTES_MAX:
                raise Unprocessable(OVERSIZED, f"{name}: line {number} is longer than {LINE_BYTES_MAX:,} bytes")
            if data.strip():
                yield json_text.parse(decoding.text_of(data), f"{name}, line {number},")
