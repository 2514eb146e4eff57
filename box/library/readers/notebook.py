"""Jupyter notebooks. The rule: what was written in them is kept; of what their code put out, the text, bounded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from box.errors import Unprocessable
from box.library import json_text
from box.library.markdown import Markdown, line
from box.library.readers.markdown import Rewriter
from box.library.reading import CORRUPT, Context, Reading

CELLS_MAX: Final = 20_000
OUTPUT_CHARS_MAX: Final = 2_000
"""Of one cell."""

_ANSI: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def read(path: str, out: Markdown, context: Context) -> Reading:
    """Its cells in their order."""
    book = json_text.load(path, context.name)
    cells = _cells(book)
    if cells is None:
        raise Unprocessable(CORRUPT, f"{context.name} is no notebook")
    meta = _dict(book.get("metadata"))
    language = _text(_dict(meta.get("language_info")).get("name")) or _text(
        _dict(meta.get("kernelspec")).get("language")
    )
    rewriter = Rewriter()
    marks: tuple[str, ...] = ("cells-cut",) if len(cells) > CELLS_MAX else ()
    whole = True
    for number, cell in enumerate(cells[:CELLS_MAX]):
        kind, source = cell.get("cell_type"), _text(cell.get("source", cell.get("input")))
        if kind == "code":
            out.code(source, language or "python")
            whole = _write_outputs(cell.get("outputs"), out) and whole
        elif kind == "markdown":
            out.markdown("\n".join(rewriter.lines(source.split("\n"))))
        elif kind == "heading":
            level = _text(cell.get("level"))
            out.heading(int(level) if level in {"1", "2", "3", "4", "5", "6"} else 1, source)
        else:
            out.paragraph(source)
        context.progress(done=number, total=len(cells))
    authors = [_text(_dict(each).get("name")) for each in _list(meta.get("authors"))]
    return Reading(
        "notebook",
        title=line(_text(meta.get("title")))[:500] or rewriter.title,
        authors=tuple(line(name) for name in authors if name.strip()),
        counts={"cells": len(cells)},
        marks=marks if whole else (*marks, "outputs-cut"),
    )


def _cells(book: Any) -> list[dict[str, Any]] | None:
    """The cells of a notebook of version 4, or 3, which had them on worksheets."""
    if not isinstance(book, dict):
        return None
    found = book.get("cells")
    if found is None and isinstance(book.get("worksheets"), list):
        found = [cell for sheet in book["worksheets"] for cell in _list(_dict(sheet).get("cells"))]
    return [cell for cell in found if isinstance(cell, dict)] if isinstance(found, list) else None


def _write_outputs(outputs: Any, out: Markdown) -> bool:
    """What a cell put out, as far as it is text; False if it was cut."""
    text = "\n".join(each.rstrip("\n") for each in _outputs(_list(outputs)))
    out.code(text[:OUTPUT_CHARS_MAX], "text")
    return len(text) <= OUTPUT_CHARS_MAX


def _outputs(outputs: list[Any]) -> Iterator[str]:
    for output in map(_dict, outputs):
        if "traceback" in output:
            yield _ANSI.sub("", "\n".join(map(_text, _list(output["traceback"]))))
        else:
            data = _dict(output.get("data"))
            yield _ANSI.sub("", _text(output.get("text")) or _text(data.get("text/plain")))


def _text(value: Any) -> str:
    """Text, which notebooks keep as a list of lines."""
    if isinstance(value, list):
        return "".join(each for each in value if isinstance(each, str))
    return value if isinstance(value, str) else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
