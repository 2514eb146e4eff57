"""What a web page says about itself. The rule: only its head is read, and of several answers the most exact counts."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final

from box.library import decoding, tags
from box.library.dates import date_of
from box.library.markdown import line

HEAD_CHARS_MAX: Final = 2_000_000
_VALUES_MAX: Final = 50
_VALUE_CHARS_MAX: Final = 1_000

_TITLE: Final = ("citation_title", "dc.title", "dcterms.title", "og:title", "twitter:title")
_AUTHOR: Final = ("citation_author", "dc.creator", "dcterms.creator", "author", "article:author", "byl")
_DATE: Final = (
    "citation_publication_date", "article:published_time", "datepublished", "dc.date", "dcterms.date",
    "dc.date.issued", "dcterms.created", "date", "pubdate",
)  # fmt: skip
_KEYWORDS: Final = ("article:tag", "keywords", "news_keywords")
_SAVED: Final = re.compile(r"<!--\s*(?:Page saved with SingleFile\s+url:|saved from url=\(\d+\))\s*(https?://\S+)")
_CHARSET: Final = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9][\w.:-]{1,40})""")
_CHARSET_BYTES: Final = 4096
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")


@dataclass(frozen=True, slots=True)
class Head:
    """What stands in the head of a page."""

    title: str = ""
    authors: tuple[str, ...] = ()
    date: str = ""
    language: str = ""
    origin: str = ""
    keywords: tuple[str, ...] = ()


def language_of(text: str) -> str:
    """A tag of a language, as BCP 47 writes it; empty for what is none."""
    text = text.strip()
    return text.replace("_", "-") if _LANGUAGE.fullmatch(text) else ""


def head_of(page: str) -> Head:
    """Read the head of a page."""
    page = page[:HEAD_CHARS_MAX]
    said: dict[str, list[str]] = {}
    language = title = canonical = ""
    in_title = False
    for token in tags.tokens(page):
        if isinstance(token, str):
            title = title or (line(token) if in_title else "")
        elif isinstance(token, tags.End):
            in_title = False
            if token.name == "head":
                break
        elif token.name == "body":
            break
        elif token.name == "html":
            language = token.attributes.get("lang") or token.attributes.get("xml:lang", "")
        elif token.name == "title":
            in_title = not token.closed
        elif token.name == "link" and "canonical" in token.attributes.get("rel", "").lower().split():
            canonical = canonical or token.attributes.get("href", "")
        elif token.name == "meta":
            _remember(token, said)
    saved = _SAVED.search(page[:4096])
    first = _first(said, _TITLE)
    return Head(
        title=first or title[:_VALUE_CHARS_MAX],
        authors=_authors(said),
        date=next((found for name in _DATE for value in said.get(name, ()) if (found := date_of(value))), ""),
        language=language_of(language) or language_of(_first(said, ("content-language", "dc.language", "og:locale"))),
        origin=_url(canonical) or _url(_first(said, ("og:url",))) or (saved[1] if saved else ""),
        keywords=tuple(
            dict.fromkeys(word for name in _KEYWORDS for each in said.get(name, ()) for word in _words(each))
        ),
    )


def _remember(meta: tags.Start, said: dict[str, list[str]]) -> None:
    attributes = meta.attributes
    name = (attributes.get("name") or attributes.get("property") or attributes.get("itemprop") or "").lower()
    name = (name or attributes.get("http-equiv", "").lower())[:100]
    value = line(attributes.get("content", "")[: 4 * _VALUE_CHARS_MAX])[:_VALUE_CHARS_MAX]
    if name and value and len(said) < 500:
        values = said.setdefault(name, [])
        if len(values) < _VALUES_MAX:
            values.append(value)


def _first(said: dict[str, list[str]], names: tuple[str, ...]) -> str:
    return next((said[name][0] for name in names if name in said), "")


def _authors(said: dict[str, list[str]]) -> tuple[str, ...]:
    for name in _AUTHOR:
        found = tuple(dict.fromkeys(value for value in said.get(name, ()) if not _url(value)))
        if found:
            return found
    return ()


def _url(text: str) -> str:
    text = text.strip()
    return text if text.lower().startswith(("http://", "https://")) and len(text) < 2 * _VALUE_CHARS_MAX else ""


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if 0 < len(word.strip()) <= 100][:_VALUES_MAX]


def text_of(data: bytes) -> str:
    """A page as text: what it is by its bytes goes before what it says, and that before a guess."""
    if decoding.is_unicode(data):
        return decoding.text_of(data)
    said = _CHARSET.search(data[:_CHARSET_BYTES])
    if said:
        try:
            name = codecs.lookup(said[1].decode("ascii")).name
            name = {"iso8859-1": "cp1252", "gb2312": "gb18030", "shift_jis": "cp932"}.get(name, name)
            if not name.startswith("utf"):
                return data.decode(name, "replace")
        except (LookupError, UnicodeError, ValueError):  # no encoding, or none of text
            pass
    return decoding.text_of(data)
