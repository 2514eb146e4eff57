"""FictionBook 2. The rule: sections are chapters, notes stand at the end of the chapter that refers to them.

The tree is walked with a list of what is still to do, never by functions that call themselves.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from box.library.markdown import Markdown, line
from box.library.safe_xml import local

NOTES_MAX: Final = 20_000
_PARAGRAPHS: Final = frozenset(("p", "v", "subtitle", "text-author", "date"))
_QUOTES: Final = frozenset(("cite", "epigraph", "annotation"))


def notes_of(root: Element) -> dict[str, str]:
    """The notes of a book by their ids, from the bodies that hold them."""
    found: dict[str, str] = {}
    for body in root:
        if local(body.tag) == "body" and body.get("name") in {"notes", "comments", "footnotes"}:
            for section in body.iter():
                if local(section.tag) == "section" and section.get("id") and len(found) < NOTES_MAX:
                    found[section.get("id", "")] = line(" ".join(_texts(section)))
    return found


def bodies_of(root: Element) -> list[Element]:
    """The bodies that hold the book itself."""
    bodies = [each for each in root if local(each.tag) == "body"]
    return [each for each in bodies if each.get("name") not in {"notes", "comments", "footnotes"}] or bodies


def write(body: Element, notes: dict[str, str], out: Markdown) -> int:
    """Write a body; how many chapters it has."""
    chapters = 0
    due: list[str] = []
    waiting: list[tuple[Element | None, int, bool]] = [(each, 0, False) for each in reversed(body)]
    while waiting:
        element, level, quoted = waiting.pop()
        if element is None:  # a chapter ends
            for note in due:
                out.item(notes.pop(note, ""))
            due.clear()
            continue
        name = local(element.tag)
        if name == "title":
            out.heading(level or 1, " ".join(text for each in element if (text := line("".join(each.itertext())))))
        elif name in _PARAGRAPHS:
            _write_paragraph(element, out, quoted=quoted)
        elif name == "table":
            out.table([line("".join(cell.itertext())) for cell in row] for row in element if local(row.tag) == "tr")
        else:
            if name == "section":
                chapters += level == 0
                waiting.extend([(None, 0, False)] if level == 0 else [])
            deeper = level + (name == "section")
            waiting.extend((each, deeper, quoted or name in _QUOTES) for each in reversed(element))
        due.extend(_referred(element, notes) if name in _PARAGRAPHS else ())
    return chapters


def _write_paragraph(element: Element, out: Markdown, *, quoted: bool) -> None:
    text = line("".join(element.itertext()))
    if quoted:
        out.quote(text)
    else:
        out.paragraph(text)


def _referred(element: Element, notes: dict[str, str]) -> Iterator[str]:
    for link in element.iter():
        if local(link.tag) == "a":
            target = next((value for key, value in link.attrib.items() if local(key) == "href"), "").lstrip("#")
            if target in notes:
                yield target


def _texts(section: Element) -> Iterator[str]:
    for each in section:
        yield line("".join(each.itertext()))


def picture(root: Element, identity: str) -> bytes:
    """A picture that the book holds; empty if there is none of that id."""
    for each in root:
        if local(each.tag) == "binary" and each.get("id") == identity:
            try:
                return base64.b64decode(each.text or "")
            except (binascii.Error, ValueError):
                return b""
    return b""
