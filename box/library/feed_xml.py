"""RSS and Atom. The rule: one pass with the entries one by one; a name means what its namespace says.

The podcast namespace goes by two addresses and several spellings of them: any that holds its name is taken for it.
"""

from __future__ import annotations

import html
import io
from collections.abc import Callable
from typing import Final
from xml.etree.ElementTree import Element

from box.errors import Unprocessable
from box.library import safe_xml
from box.library.feeds import (
    ENTRIES_MAX,
    LINKS_MAX,
    TEXT_CHARS_MAX,
    Chapter,
    Entry,
    Feed,
    Link,
    Person,
    date_of,
    seconds_of,
    url_of,
    words,
)
from box.library.reading import CORRUPT

_ROOTS: Final = ("rss", "feed", "RDF")
_ENTRIES: Final = ("item", "entry")
_AUDIO: Final = ("audio/", "video/")
_FAMILIES: Final = (
    # part of a namespace, in small letters -> what it is called here
    ("podcastindex", "podcast:"), ("podcast-namespace", "podcast:"), ("itunes", "itunes:"), ("mrss", "media:"),
    ("purl.org/dc", "dc:"), ("modules/content", "content:"), ("podlove", "psc:"), ("atom", ""), ("purl.org/rss", ""),
    ("my.netscape.com", ""),
)  # fmt: skip


def parse(data: bytes, name: str) -> Feed:
    """What a feed holds. Raises Unprocessable."""
    feed, open_names, inside = Feed(), [], 0
    for kind, element in safe_xml.events(io.BytesIO(data), name, keep=_ENTRIES):
        if kind == "start":
            open_names.append(_name(element.tag))
            if len(open_names) == 1 and safe_xml.local(element.tag) not in _ROOTS:
                raise Unprocessable(CORRUPT, f"{name} is no feed: it begins with <{safe_xml.local(element.tag)[:50]}>")
            inside += open_names[-1] in _ENTRIES
            continue
        what = open_names.pop()
        inside -= what in _ENTRIES
        if what in _ENTRIES and not inside:
            feed.entries.append(_entry(element))
            if len(feed.entries) > 2 * ENTRIES_MAX:
                feed.entries.sort(key=lambda entry: entry.date, reverse=True)
                feed.entries, feed.is_cut = feed.entries[:ENTRIES_MAX], True
        elif not inside and open_names and open_names[-1] in {"channel", "feed"}:
            _about(feed, what, element)
        elif (
            not inside and open_names[-2:-1] in (["channel"], ["feed"]) and (what, open_names[-1]) == ("name", "author")
        ):
            feed.authors.append(words(element.text or ""))
    return feed


def _name(tag: str) -> str:
    """A tag with a short prefix of its namespace: `title`, `itunes:author`; `?:x` for one that is not known."""
    space, _, local = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
    if not space:
        return local
    small = space.lower()
    return next((prefix for part, prefix in _FAMILIES if part in small), "?:") + local


def _about(feed: Feed, what: str, element: Element) -> None:
    text = element.text or ""
    match what:
        case "title":
            feed.title = feed.title or words(text)
        case "description" | "subtitle" | "itunes:summary":
            feed.text = feed.text or text[:TEXT_CHARS_MAX]
        case "language" | "dc:language":
            feed.language = words(text)[:35]
        case "itunes:author" | "dc:creator":
            feed.authors += [words(text)] if text.strip() and not feed.authors else []
        case "itunes:new-feed-url":
            feed.moved_to = url_of(text)
        case "link":
            target = url_of(element.get("href", "") or text)
            if element.get("rel") == "self":
                feed.address = target
            elif element.get("rel", "alternate") == "alternate":
                feed.link = feed.link or target


def _entry(element: Element) -> Entry:
    entry = Entry()
    texts: dict[str, str] = {}
    for child in element:
        what = _name(child.tag)
        taken = _TAKEN.get(what)
        if taken is not None:
            taken(entry, child)
        elif what in _TEXTS:
            texts.setdefault(what, _html(child)[:TEXT_CHARS_MAX])
        elif what == "media:group":
            for inner in child:
                if _name(inner.tag) == "media:content":
                    _take_audio(entry, inner)
    entry.text = next((texts[what] for what in _TEXTS if texts.get(what, "").strip()), "")
    return entry


_TEXTS: Final = ("content:encoded", "content", "description", "summary", "itunes:summary", "itunes:subtitle")
"""The fullest first."""


def _html(element: Element) -> str:
    """What an element says, as HTML."""
    if element.get("type") == "xhtml":
        return "".join(f"<p>{html.escape(each.strip())}</p>" for each in element.itertext() if each.strip())
    text = element.text or ""
    return html.escape(text) if element.get("type") == "text" else text


def _take_link(entry: Entry, child: Element) -> None:
    target = url_of(child.get("href", "") or child.text or "")
    rel = child.get("rel", "alternate")
    if rel == "enclosure":
        _take_audio(entry, child)
    elif rel == "alternate":
        entry.link = entry.link or target


def _take_audio(entry: Entry, child: Element) -> None:
    url = url_of(child.get("url", "") or child.get("href", ""))
    size = child.get("length", "") or child.get("fileSize", "")
    media_type = child.get("type", "").lower()[:100]
    if url and (not entry.audio or (media_type.startswith("audio/") and not entry.audio.media_type.startswith(_AUDIO))):
        entry.audio = Link(
            url, media_type, size=int(size) if size.isascii() and size.isdigit() and len(size) < 16 else 0
        )


def _take_transcript(entry: Entry, child: Element) -> None:
    url = url_of(child.get("url", ""))
    if url and len(entry.transcripts) < LINKS_MAX:
        entry.transcripts.append(Link(url, child.get("type", "").lower()[:100], child.get("language", "")[:35]))


def _take_person(entry: Entry, child: Element) -> None:
    name = words(child.text or "")
    if name and len(entry.persons) < LINKS_MAX:
        entry.persons.append(Person(name, words(child.get("role", "")) or "host"))


def _take_chapters(entry: Entry, child: Element) -> None:
    """Chapters that stand in the feed itself (Podlove Simple Chapters)."""
    for chapter in list(child)[: LINKS_MAX * 10]:
        title = words(chapter.get("title", ""))
        if title:
            entry.chapters.append(Chapter(seconds_of(chapter.get("start", "")), title))


def _take_author(entry: Entry, child: Element) -> None:
    named = next((each.text for each in child if safe_xml.local(each.tag) == "name"), child.text)
    name = words(named or "")
    if name and name not in entry.authors and len(entry.authors) < LINKS_MAX:
        entry.authors.append(name)


def _take_number(entry: Entry, child: Element) -> None:
    letter = "S" if safe_xml.local(child.tag) == "season" else "E"
    number = (child.text or "").strip()
    if number.isascii() and number.isdigit() and len(number) < 7 and letter not in entry.number:
        entry.number = " ".join(sorted([*entry.number.split(), letter + number], reverse=True))


def _set(name: str, read: Callable[[str], object]) -> Callable[[Entry, Element], None]:
    """The first that can be read counts."""

    def take(entry: Entry, child: Element) -> None:
        if not getattr(entry, name):
            setattr(entry, name, read(child.text or ""))

    return take


def _take_tag(entry: Entry, child: Element) -> None:
    tag = words(child.get("term", "") or child.text or "")[:100]
    if tag and tag not in entry.tags and len(entry.tags) < LINKS_MAX:
        entry.tags.append(tag)


def _take_chapters_url(entry: Entry, child: Element) -> None:
    entry.chapters_url = entry.chapters_url or url_of(child.get("url", ""))


_TAKEN: Final[dict[str, Callable[[Entry, Element], None]]] = {
    "title": _set("title", words), "itunes:title": _set("title", words), "guid": _set("guid", words),
    "id": _set("guid", words), "link": _take_link, "enclosure": _take_audio, "media:content": _take_audio,
    "pubDate": _set("date", date_of), "published": _set("date", date_of), "dc:date": _set("date", date_of),
    "issued": _set("date", date_of), "updated": _set("date", date_of),
    "author": _take_author, "itunes:author": _take_author, "dc:creator": _take_author,
    "itunes:duration": _set("seconds", seconds_of), "itunes:season": _take_number, "itunes:episode": _take_number,
    "podcast:season": _take_number, "podcast:episode": _take_number, "podcast:transcript": _take_transcript,
    "podcast:person": _take_person, "podcast:chapters": _take_chapters_url, "psc:chapters": _take_chapters,
    "category": _take_tag,
}  # fmt: skip
