"""Tables of contents of EPUBs. The rule: what they call a place becomes the heading there, however they are broken."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from box.library import tags
from box.library.epub_package import FRONT_MATTER, resolved
from box.library.markdown import line
from box.library.markup import types_of
from box.library.safe_xml import local

ENTRIES_MAX: Final = 20_000
LEVELS_MAX: Final = 6

type_titles = dict[str, dict[str, tuple[int, str]]]
"""Path -> id of an element, empty for the beginning -> level and text of the heading."""


@dataclass(slots=True)
class Contents:
    """What the navigation of a book tells."""

    titles: type_titles = field(default_factory=dict)
    front_matter: set[str] = field(default_factory=set)
    """Paths of what the landmarks call so."""


def add(titles: type_titles, path: str, fragment: str, level: int, text: str) -> None:
    """Remember an entry; the first for a place counts."""
    text = line(text)[:500]
    if text and sum(map(len, titles.values())) < ENTRIES_MAX:
        titles.setdefault(path, {}).setdefault(fragment, (min(level, LEVELS_MAX), text))


def of_ncx(root: Element, folder: str) -> Contents:
    """The contents of EPUB 2."""
    found = Contents()
    waiting = [(each, 0) for each in root if local(each.tag) == "navMap"]
    while waiting:
        element, level = waiting.pop()
        if level:
            text = " ".join(
                each.text or "" for part in element if local(part.tag) == "navLabel" for each in part.iter()
            )
            source = next((each.get("src", "") for each in element if local(each.tag) == "content"), "")
            _add(found.titles, source, folder, level, text)
        waiting.extend((each, level + 1) for each in reversed(element) if local(each.tag) == "navPoint")
    return found


def of_navigation(page: str, folder: str) -> Contents:
    """The contents and landmarks of EPUB 3."""
    found = Contents()
    landmarks: dict[str, set[str]] = {}
    for kind, level, start, text in _links(page):
        reference = start.attributes.get("href", "")
        if "toc" in kind:
            _add(found.titles, reference, folder, level, text)
        elif "landmarks" in kind:
            named = types_of(start) if "#" not in reference else frozenset({"part"})
            landmarks.setdefault(resolved(folder, reference), set()).update(named)
    found.front_matter = {path for path, kinds in landmarks.items() if kinds and kinds <= FRONT_MATTER}
    return found


def _links(page: str) -> Iterator[tuple[frozenset[str], int, tags.Start, str]]:
    """Each link: the types of the navigation that it is in, its level, its tag and its text."""
    kind: frozenset[str] = frozenset()
    level = 0
    link: tags.Start | None = None
    text: list[str] = []
    for token in tags.tokens(page):
        if isinstance(token, str):
            text.append(token)
        elif isinstance(token, tags.Start):
            if token.name == "nav":
                kind, level = types_of(token), 0
            level += token.name == "ol"
            if token.name == "a":
                link, text = token, []
        elif token.name == "a" and link is not None:
            yield kind, max(1, level), link, "".join(text)
            link = None
        elif token.name == "ol":
            level = max(0, level - 1)
        elif token.name == "nav":
            kind = frozenset()


def _add(titles: type_titles, reference: str, folder: str, level: int, text: str) -> None:
    path, _, fragment = reference.partition("#")
    if path:
        add(
            titles,
            posixpath.normpath(posixpath.join(folder, unquote(path))).lstrip("/"),
            unquote(fragment),
            level,
            text,
        )
