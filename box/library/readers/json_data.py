"""JSON. The rule: an outline that a person can read and search, bounded."""

from __future__ import annotations

from typing import Any

from box.library import json_text, outline
from box.library.dates import date_of
from box.library.markdown import Markdown, line
from box.library.reading import Context, Reading


def read(path: str, out: Markdown, context: Context) -> Reading:
    """What it holds, as an outline; lists of equal objects as tables."""
    data = json_text.load(path, context.name)
    context.progress(50)
    whole = outline.write(data, out)
    said = data if isinstance(data, dict) else {}
    title = next((line(said[key])[:200] for key in ("title", "name") if isinstance(said.get(key), str)), "")
    counts = {"entries": len(data)} if isinstance(data, dict | list) else {}
    return Reading("data", title=title, date=_date(said), counts=counts, marks=() if whole else ("outline-cut",))


def _date(said: dict[str, Any]) -> str:
    return next((date_of(said[key]) for key in ("date", "published", "created") if isinstance(said.get(key), str)), "")
