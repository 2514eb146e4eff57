"""JSON Feed. The rule: as for the other feeds; what has another type than it should is as if it were not there."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any

from box.errors import Unprocessable
from box.library.feeds import (
    ENTRIES_MAX,
    LINKS_MAX,
    TEXT_CHARS_MAX,
    Entry,
    Feed,
    Link,
    date_of,
    url_of,
    words,
)
from box.library.reading import CORRUPT


def parse(data: bytes, name: str) -> Feed:
    """What a feed holds. Raises Unprocessable."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Unprocessable(CORRUPT, f"{name} is no JSON: {error}") from None
    if not isinstance(found, dict) or "jsonfeed.org" not in _text(found, "version"):
        raise Unprocessable(CORRUPT, f"{name} is no feed: it does not say that it is one")
    items = _tables(found, "items", len(data))
    if len(items) > ENTRIES_MAX:  # an entry takes much more memory than what is said of it
        items = sorted(items, key=lambda item: _text(item, "date_published")[:40], reverse=True)[: ENTRIES_MAX + 1]
    return Feed(
        title=words(_text(found, "title")), text=html.escape(_text(found, "description")),
        link=url_of(_text(found, "home_page_url")), language=words(_text(found, "language"))[:35],
        authors=_authors(found), address=url_of(_text(found, "feed_url")),
        entries=[_entry(item) for item in items],
    )  # fmt: skip


def _entry(item: Mapping[str, Any]) -> Entry:
    entry = Entry(
        guid=words(str(item.get("id", ""))), title=words(_text(item, "title")), link=url_of(_text(item, "url")),
        date=date_of(_text(item, "date_published") or _text(item, "date_modified")), authors=_authors(item),
        text=_text(item, "content_html")
        or html.escape(_text(item, "content_text") or _text(item, "summary")),
        tags=[words(tag)[:100] for tag in _list(item, "tags", LINKS_MAX) if isinstance(tag, str)],
    )  # fmt: skip
    for attachment in _tables(item, "attachments", LINKS_MAX):
        url, media_type = url_of(_text(attachment, "url")), _text(attachment, "mime_type").lower()[:100]
        if url and entry.audio is None and media_type.startswith(("audio/", "video/")):
            entry.audio = Link(url, media_type, size=int(_number(attachment, "size_in_bytes")))
            entry.seconds = _number(attachment, "duration_in_seconds")
    return entry


def _authors(table: Mapping[str, Any]) -> list[str]:
    one = table.get("author")
    several = [*_tables(table, "authors", LINKS_MAX), *([one] if isinstance(one, dict) else [])]
    return list(dict.fromkeys(filter(None, (words(_text(each, "name")) for each in several))))


def _text(table: Mapping[str, Any], key: str) -> str:
    value = table.get(key)
    return value[:TEXT_CHARS_MAX] if isinstance(value, str) else ""


def _number(table: Mapping[str, Any], key: str) -> float:
    value = table.get(key)
    return float(value) if isinstance(value, int | float) and 0 <= value < 10**15 else 0.0


def _list(table: Mapping[str, Any], key: str, count: int) -> list[Any]:
    value = table.get(key)
    return value[:count] if isinstance(value, list) else []


def _tables(table: Mapping[str, Any], key: str, count: int) -> list[dict[str, Any]]:
    return [each for each in _list(table, key, count) if isinstance(each, dict)]
