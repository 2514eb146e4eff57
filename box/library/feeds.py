"""Feeds: what is in them, whatever they are written in. The rule: bounded, in one pass; a broken one is read as it can.

RSS and Atom are read here (`feed_xml`), JSON Feed in `feed_json`; what is no well-formed XML goes to feedparser
(`feed_broken`). What this module says of them is the same for all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from box.errors import Unprocessable
from box.library import tags
from box.library.markdown import line
from box.library.reading import CORRUPT

ENTRIES_MAX: Final = 10_000
"""The newest so many are kept."""
LINKS_MAX: Final = 50
"""Transcripts, persons or chapters of an entry, of each so many."""
TITLE_CHARS_MAX: Final = 500
URL_CHARS_MAX: Final = 2_000
TEXT_CHARS_MAX: Final = 500_000
"""Of what an entry says about itself."""


@dataclass(frozen=True, slots=True)
class Link:
    """Something about an entry that lies elsewhere."""

    url: str
    media_type: str = ""
    language: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is in an episode."""

    name: str
    role: str = ""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of an episode."""

    seconds: float
    title: str


@dataclass(slots=True)
class Entry:
    """An episode, or an article."""

    guid: str = ""
    title: str = ""
    date: str = ""
    """RFC 3339, UTC; empty if there is none that can be read."""
    link: str = ""
    text: str = ""
    """HTML."""
    authors: list[str] = field(default_factory=list)
    audio: Link | None = None
    seconds: float = 0.0
    number: str = ""
    """Season and episode, as `S2 E5`."""
    transcripts: list[Link] = field(default_factory=list)
    chapters_url: str = ""
    chapters: list[Chapter] = field(default_factory=list)
    persons: list[Person] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Feed:
    """A feed."""

    title: str = ""
    text: str = ""
    """HTML."""
    link: str = ""
    language: str = ""
    authors: list[str] = field(default_factory=list)
    address: str = ""
    """Where it says that it is itself; where it says that it is from now on goes before."""
    moved_to: str = ""
    entries: list[Entry] = field(default_factory=list)
    is_cut: bool = False
    is_broken: bool = False
    """It was no well-formed XML."""


def parse(data: bytes, name: str) -> Feed:
    """What a feed holds. Raises Unprocessable: hostile-xml, corrupt (also for what is no feed)."""
    found = _parsed(data, name)
    found.is_cut = found.is_cut or len(found.entries) > ENTRIES_MAX
    found.entries = newest(_known_apart(found.entries), ENTRIES_MAX)
    return found


def _parsed(data: bytes, name: str) -> Feed:
    from box.library import feed_json, feed_xml  # noqa: PLC0415 - they know this module

    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return feed_json.parse(data, name)
    try:
        return feed_xml.parse(data, name)
    except Unprocessable as error:
        if error.code != CORRUPT:
            raise
        from box.library import feed_broken  # noqa: PLC0415 - feedparser takes long to load

        found = feed_broken.parse(data)
        if not found.entries:
            raise
        return found


def _known_apart(entries: list[Entry]) -> list[Entry]:
    """The same entries; what several of them are known by tells nothing: all but one would never be seen."""
    guids = _shared(entries, lambda entry: entry.guid, _apart)
    for entry in entries:
        if entry.guid in guids:
            entry.guid = ""
    sounds = _shared(entries, lambda entry: "" if entry.guid else _sound(entry), _saying)
    for entry in entries:
        if not entry.guid and _sound(entry) in sounds:
            entry.guid = _saying(entry)
    return entries


def _shared(entries: Iterable[Entry], name: Callable[[Entry], str], other: Callable[[Entry], str]) -> set[str]:
    """The names that entries have in common which are others by that other name."""
    first: dict[str, str] = {}
    return {name(each) for each in entries if name(each) and first.setdefault(name(each), other(each)) != other(each)}


def newest(entries: Iterable[Entry], count: int) -> list[Entry]:
    """The newest of them, each once; those without a date are as new as they stand in the feed, and come last."""
    found: dict[str, Entry] = {}
    for entry in entries:
        found.setdefault(key_of(entry), entry)
    return sorted(found.values(), key=lambda entry: entry.date, reverse=True)[:count]


def key_of(entry: Entry) -> str:
    """What an entry is known by within its feed: its guid, else where its sound is, else what it says."""
    said = entry.guid or _apart(entry)
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _apart(entry: Entry) -> str:
    return _sound(entry) or _saying(entry)


def _sound(entry: Entry) -> str:
    return without_query(entry.audio.url) if entry.audio else ""


def _saying(entry: Entry) -> str:
    return "\n".join(filter(None, (entry.title, entry.date, entry.link))) or entry.text


def without_query(url: str) -> str:
    """The part of an address that stays when counters and tokens change."""
    try:
        return urlunsplit(urlsplit(url)._replace(query="", fragment=""))
    except ValueError:
        return url


def date_of(text: str) -> str:
    """A date of a feed as RFC 3339 in UTC, empty for one that cannot be read."""
    said = text.strip()[:100]
    moment: datetime | None = None
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        try:
            moment = parsedate_to_datetime(said)
        except (ValueError, OverflowError):
            return ""
    try:
        in_utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return ""
    return in_utc.isoformat(timespec="seconds").replace("+00:00", "Z")


def words(text: str) -> str:
    """A title or name on one line, without the tags that some put in."""
    plain = "".join(each for each in tags.tokens(text[:10_000]) if isinstance(each, str)) if "<" in text else text
    return line(plain)[:TITLE_CHARS_MAX]


def url_of(text: str) -> str:
    """An address of the web, empty for anything else."""
    url = text.strip()
    return url if url.startswith(("http://", "https://")) and len(url) <= URL_CHARS_MAX and url.isprintable() else ""


def seconds_of(text: str) -> float:
    """A length: seconds, `1:23:45`, `83:25` or `00:01:23.450`; 0 for what is none."""
    parts = text.strip().replace(",", ".").split(":")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        return 0.0
    total = 0.0
    for number in numbers[:3]:
        total = total * 60 + number
    return total if len(numbers) <= 3 and 0 <= total < 10_000_000 else 0.0
