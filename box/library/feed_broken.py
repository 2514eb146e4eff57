"""Feeds that are no well-formed XML. The rule: feedparser reads what can be read, and of transcripts all are found.

Of several transcripts of an entry feedparser keeps the last, so they are looked for in the text.
"""

from __future__ import annotations

import calendar
import io
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import feedparser

from box.library.decoding import text_of
from box.library.feeds import LINKS_MAX, TEXT_CHARS_MAX, Entry, Feed, Link, seconds_of, url_of, words

BYTES_MAX: Final = 3_000_000
"""So much of it is read: feedparser takes a second and more for each million, and fifty times the memory."""
_ROOT: Final = re.compile(r"<(?:\w+:)?(?:rss|feed|rdf|channel|item|entry)[\s>]", re.IGNORECASE)
_ROOT_BYTES: Final = 64 * 1024
_BLOCK: Final = re.compile(r"<(?:item|entry)[\s>]")
_TRANSCRIPT: Final = re.compile(r"<[\w-]{1,40}:transcript\s([^>]{1,4000})>")
_ATTRIBUTE: Final = re.compile(r"""(\w{1,40})\s{0,5}=\s{0,5}(?:"([^"]*)"|'([^']*)')""")


def parse(data: bytes) -> Feed:
    """What can be read of a feed; without entries if it is none."""
    if not _ROOT.search(text_of(data[:_ROOT_BYTES])):  # a page of the web may keep feedparser busy for minutes
        return Feed()
    is_cut, data = len(data) > BYTES_MAX, data[:BYTES_MAX]
    found: Mapping[str, Any] = feedparser.parse(io.BytesIO(data), sanitize_html=False, resolve_relative_uris=False)
    about: Mapping[str, Any] = found.get("feed", {})
    entries = [_entry(each) for each in found.get("entries", ())]
    blocks = _BLOCK.split(text_of(data))[1:]
    if len(blocks) == len(entries):
        for entry, block in zip(entries, blocks, strict=True):
            entry.transcripts = _transcripts(block)
    author = words(str(about.get("author", "")))
    addresses = (str(each.get("href", "")) for each in about.get("links", ()) if each.get("rel") == "self")
    return Feed(
        title=words(str(about.get("title", ""))), text=str(about.get("subtitle", ""))[:TEXT_CHARS_MAX],
        link=url_of(str(about.get("link", ""))), language=words(str(about.get("language", "")))[:35],
        authors=[author] if author else [], entries=entries, is_broken=True, is_cut=is_cut,
        address=url_of(next(addresses, "")),
    )  # fmt: skip


def _entry(each: Mapping[str, Any]) -> Entry:
    content = next((str(part.get("value", "")) for part in each.get("content", ())), "") or str(each.get("summary", ""))
    author = words(str(each.get("author", "")))
    entry = Entry(
        guid=words(str(each.get("id", ""))), title=words(str(each.get("title", ""))), date=_date(each),
        link=url_of(str(each.get("link", ""))), text=content[:TEXT_CHARS_MAX], authors=[author] if author else [],
        seconds=seconds_of(str(each.get("itunes_duration", ""))),
    )  # fmt: skip
    for enclosure in each.get("enclosures", ())[:LINKS_MAX]:
        url = url_of(str(enclosure.get("href", "")))
        if url and entry.audio is None:
            entry.audio = Link(url, str(enclosure.get("type", "")).lower()[:100])
    return entry


def _date(each: Mapping[str, Any]) -> str:
    parsed = each.get("published_parsed") or each.get("updated_parsed")
    if not isinstance(parsed, time.struct_time):
        return ""
    try:
        moment = datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError):
        return ""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _transcripts(block: str) -> list[Link]:
    found: list[Link] = []
    for match in _TRANSCRIPT.finditer(block):
        said = {name.lower(): double or single for name, double, single in _ATTRIBUTE.findall(match[1])}
        url = url_of(said.get("url", "").replace("&amp;", "&"))
        if url and len(found) < LINKS_MAX:
            found.append(Link(url, said.get("type", "").lower()[:100], said.get("language", "")[:35]))
    return found
