"""What an EPUB says about itself. The rule: the package file tells what is in the book and in which order.

What is front matter is told by the landmarks, the guide and the types of elements, never by the name of a file.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from box.errors import Unprocessable
from box.library.dates import date_of
from box.library.markdown import line
from box.library.packed import Packed
from box.library.page_head import language_of
from box.library.reading import CORRUPT, ENCRYPTED
from box.library.safe_xml import local, tree

SPINE_MAX: Final = 10_000
PART_BYTES_MAX: Final = 16 * 1024 * 1024

FRONT_MATTER: Final = frozenset((
    "cover", "titlepage", "title-page", "halftitlepage", "copyright-page", "toc", "landmarks", "page-list", "loi",
    "lot",
))  # fmt: skip
"""What no one reads a book for."""
_FONTS: Final = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
"""Fonts may be scrambled; the book can be read all the same."""
_ISBN: Final = re.compile(r"(?:urn:)?isbn:?\s*([\dX -]{10,20})", re.IGNORECASE)
_ISBN_ALONE: Final = re.compile(r"((?:97[89][- ]?)?(?:\d[- ]?){9}[\dX])", re.IGNORECASE)
"""Nearly any number looks like one of ten digits: these have to be called so."""


@dataclass(frozen=True, slots=True)
class Item:
    """A file of the book."""

    path: str
    """Within the ZIP."""
    kind: str
    """Its media type."""
    properties: frozenset[str]


@dataclass(frozen=True, slots=True)
class Package:
    """The package file, read."""

    title: str
    authors: tuple[str, ...]
    date: str
    language: str
    identifier: str
    subjects: tuple[str, ...]
    spine: tuple[Item, ...]
    """In the order of reading; what is not part of it (`linear="no"`) comes last."""
    navigation: Item | None
    """The table of contents of EPUB 3."""
    ncx: Item | None
    """And of EPUB 2."""
    cover: Item | None
    front_matter: frozenset[str]
    """Paths of what the guide calls so."""


def read(book: Packed, name: str) -> Package:
    """Find and read the package file; Unprocessable (encrypted, corrupt, hostile-xml)."""
    check_encryption(book, name)
    path = _package_path(book, name)
    root = tree(book.read(path, PART_BYTES_MAX), f"{name}: {path}")
    folder = posixpath.dirname(path)
    parts = {local(each.tag): each for each in root}
    manifest, spine = parts.get("manifest"), parts.get("spine")
    if manifest is None or spine is None:
        raise Unprocessable(CORRUPT, f"{name} does not say what is in it")
    items = {
        each.get("id", ""): Item(
            resolved(folder, each.get("href", "")),
            each.get("media-type", ""),
            frozenset(each.get("properties", "").split()),
        )
        for each in manifest
        if local(each.tag) == "item"
    }
    metadata = parts.get("metadata")
    said = list(metadata.iter()) if metadata is not None else []
    values = [(local(each.tag).lower(), line(each.text or ""), each) for each in said]
    guide = parts.get("guide")
    return Package(
        title=next((text for tag, text, _ in values if tag == "title" and text), ""),
        authors=_authors(values),
        date=_date(values),
        language=next((found for tag, text, _ in values if tag == "language" and (found := language_of(text))), ""),
        identifier=_identifier(values, root.get("unique-identifier", "")),
        subjects=tuple(dict.fromkeys(text[:100] for tag, text, _ in values if tag == "subject" and text))[:50],
        spine=tuple(_spine(spine, items)),
        navigation=next((item for item in items.values() if "nav" in item.properties), None),
        ncx=items.get(spine.get("toc", "")) or _of_kind(items, "application/x-dtbncx+xml"),
        cover=_cover(items, values),
        front_matter=frozenset(_front_matter(guide, folder)) if guide is not None else frozenset(),
    )


def resolved(folder: str, reference: str) -> str:
    """Where a reference from within that folder leads, as a name in the ZIP; its fragment stays behind."""
    return posixpath.normpath(posixpath.join(folder, unquote(reference.partition("#")[0]))).lstrip("/")


def check_encryption(book: Packed, name: str) -> None:
    """Raise Unprocessable if more than fonts is encrypted."""
    if "META-INF/encryption.xml" not in book.names:
        return
    root = tree(book.read("META-INF/encryption.xml", PART_BYTES_MAX), f"{name}: encryption.xml")
    for data in root.iter():
        if local(data.tag) != "EncryptedData":
            continue
        methods = [each.get("Algorithm", "") for each in data if local(each.tag) == "EncryptionMethod"]
        if not methods or any(method not in _FONTS for method in methods):
            raise Unprocessable(ENCRYPTED, f"{name} is protected against being read (DRM)")


def _package_path(book: Packed, name: str) -> str:
    if "META-INF/container.xml" in book.names:
        root = tree(book.read("META-INF/container.xml", PART_BYTES_MAX), f"{name}: container.xml")
        for each in root.iter():
            path = resolved("", each.get("full-path", ""))
            if local(each.tag) == "rootfile" and path in book.names:
                return path
    found = next((each for each in book.names if each.lower().endswith(".opf")), "")
    if not found:
        raise Unprocessable(CORRUPT, f"{name} has no package file")
    return found


def _spine(spine: Element, items: dict[str, Item]) -> Iterator[Item]:
    references = [each for each in spine if local(each.tag) == "itemref"][:SPINE_MAX]
    seen: set[str] = set()
    for linear in (True, False):
        for each in references:
            item = items.get(each.get("idref", ""))
            if item is not None and (each.get("linear") != "no") == linear and item.path not in seen:
                seen.add(item.path)
                yield item


def _of_kind(items: dict[str, Item], kind: str) -> Item | None:
    return next((item for item in items.values() if item.kind == kind), None)


def _cover(items: dict[str, Item], values: list[tuple[str, str, Element]]) -> Item | None:
    named = next(
        (each.get("content", "") for tag, _, each in values if tag == "meta" and each.get("name") == "cover"), ""
    )
    found = next((item for item in items.values() if "cover-image" in item.properties), None) or items.get(named)
    return found if found is not None and found.kind.startswith("image/") else None


def _front_matter(guide: Element, folder: str) -> Iterator[str]:
    """What the guide calls front matter, unless it calls the same file something else too."""
    kinds: dict[str, set[str]] = {}
    for each in guide:
        reference = each.get("href", "")
        kinds.setdefault(resolved(folder, reference), set()).add(
            "" if "#" in reference else each.get("type", "").lower()
        )
    yield from (path for path, said in kinds.items() if said <= FRONT_MATTER)


def _authors(values: list[tuple[str, str, Element]]) -> tuple[str, ...]:
    """Who wrote it; translators and the like only if nobody did."""
    roles = {
        each.get("refines", "").lstrip("#"): text
        for tag, text, each in values
        if tag == "meta" and each.get("property") == "role"
    }
    creators = []
    for tag, text, each in values:
        if tag == "creator" and text:
            role = next((value for key, value in each.attrib.items() if local(key) == "role"), "")
            creators.append((text[:300], role or roles.get(each.get("id", "-"), "aut")))
    authors = [name for name, role in creators if role == "aut"] or [name for name, _ in creators]
    return tuple(dict.fromkeys(authors))[:100]


def _date(values: list[tuple[str, str, Element]]) -> str:
    """Of publication where it says so, else the first."""
    dates: list[tuple[bool, int, str]] = []
    for tag, text, each in values:
        if tag == "date" and (found := date_of(text)):
            event = next((value for key, value in each.attrib.items() if local(key) == "event"), "")
            dates.append((event != "publication", len(dates), found))
    return min(dates)[2] if dates else ""


def _identifier(values: list[tuple[str, str, Element]], unique: str) -> str:
    """Its ISBN, else what makes it unique."""
    identifiers = [(text, each) for tag, text, each in values if tag == "identifier" and text]
    for text, each in identifiers:
        scheme = next((value for key, value in each.attrib.items() if local(key) == "scheme"), "")
        if found := _isbn(text, is_called_so=scheme.lower() == "isbn"):
            return f"urn:isbn:{found}"
    named = (text for text, each in identifiers if each.get("id", "") == unique)
    return next(named, identifiers[0][0] if identifiers else "")[:500]


def _isbn(text: str, *, is_called_so: bool) -> str:
    """The digits of an ISBN, empty for another number."""
    called = _ISBN.search(text)
    match = called or _ISBN_ALONE.fullmatch(text)
    found = re.sub(r"[ -]", "", match[1]).upper() if match else ""
    return found if called or is_called_so or _is_checked(found) else ""


def _is_checked(digits: str) -> bool:
    """Whether it is an ISBN of thirteen digits whose last one fits the others."""
    return len(digits) == 13 and digits.isdigit() and sum(map(int, digits[::2] + digits[1::2] * 3)) % 10 == 0
