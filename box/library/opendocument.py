"""OpenDocument, what its three formats share. The rule: what a reader sees, once: not deleted, not encrypted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import Element

from box.errors import Unprocessable
from box.library import properties, safe_xml
from box.library.ooxml import value
from box.library.packed import Packed, open_zip
from box.library.properties import Properties
from box.library.reading import CORRUPT, ENCRYPTED
from box.library.safe_xml import local

CONTENT: Final = "content.xml"
_PART_BYTES_MAX: Final = 32 * 1024 * 1024
_SPACES_MAX: Final = 100
_BASES_MAX: Final = 20
_SVG: Final = "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}"
_SKIPPED: Final = {"tracked-changes", "script", "forms", "ruby-text"}


@contextmanager
def open_document(path: str, name: str) -> Iterator[Packed]:
    """The package at `path`; raises Unprocessable if it needs a password."""
    with open_zip(path, name) as packed:
        manifest = "META-INF/manifest.xml"
        if manifest in packed.names:
            root = safe_xml.tree(packed.read(manifest, _PART_BYTES_MAX), name)
            if any(local(each.tag) == "encryption-data" for each in root.iter()):
                raise Unprocessable(ENCRYPTED, f"{name} is protected by a password")
        if CONTENT not in packed.names:
            raise Unprocessable(CORRUPT, f"{name}: {CONTENT} is missing in it")
        yield packed


def meta(packed: Packed, name: str) -> Properties:
    """What the document says about itself."""
    part = "meta.xml"
    if part not in packed.names:
        return Properties()
    return properties.of_tree(safe_xml.tree(packed.read(part, 1024 * 1024), name))


@dataclass(slots=True)
class Text:
    """A paragraph or cell as text, and what hangs on it."""

    text: str
    boxes: list[str] = field(default_factory=list)
    """Of text boxes."""
    notes: list[str] = field(default_factory=list)
    """At the foot of the page, at the end, and comments."""


def text_of(element: Element, notes_before: int = 0) -> Text:
    """The text of an element; `notes_before` is how many notes the document had so far."""
    found = Text("")
    pieces: list[str] = [element.text or ""]
    _collect(element, pieces, found, notes_before)
    found.text = "".join(pieces)
    return found


def _collect(element: Element, pieces: list[str], found: Text, notes_before: int) -> None:
    """Goes down by recursion: `safe_xml` lets no more than 256 levels through."""
    for each in element:
        tag = local(each.tag)
        if tag == "s":
            pieces.append(" " * min(number(each, "c", 1), _SPACES_MAX))
        elif tag in {"tab", "line-break"}:
            pieces.append("\t" if tag == "tab" else "\n")
        elif tag in {"note", "annotation"}:
            found.notes.append(_note(each))
            pieces.append(f"[^{notes_before + len(found.notes)}]")
        elif each.tag.startswith(_SVG):
            pieces.append(f"[{(each.text or '').strip()}]" if tag == "desc" and (each.text or "").strip() else "")
        elif tag == "text-box":
            found.boxes.append("\n\n".join(paragraphs(each)))
        elif tag not in _SKIPPED:
            if tag in {"p", "h"} and pieces and pieces[-1]:
                pieces.append("\n")
            pieces.append(each.text or "")
            _collect(each, pieces, found, notes_before)
        pieces.append(each.tail or "")


def _note(element: Element) -> str:
    said = {local(each.tag): each for each in element}
    who = said["creator"].text if "creator" in said else ""
    text = " ".join(paragraphs(said.get("note-body", element)))
    return f"{who}: {text}" if who else text


def paragraphs(element: Element) -> list[str]:
    """The paragraphs below an element, each as text; notes in notes are left where they stand."""
    found: list[str] = []
    below = list(reversed(element))
    while below:
        each = below.pop()
        if local(each.tag) in {"p", "h"}:
            text = text_of(each)
            found += filter(None, [text.text.strip(), *text.boxes, *text.notes])
        elif local(each.tag) not in _SKIPPED:
            below += reversed(each)
    return found


@dataclass(slots=True)
class Looks:
    """What of the styles of a document matters for text."""

    titles: set[str]
    """The styles of paragraphs that are titles of the document."""
    numbered: set[tuple[str, int]]
    """(style, depth) of the lists that have numbers."""


def looks(packed: Packed, name: str) -> Looks:
    """From both places that hold styles."""
    parents = {"Title": ""}
    numbered: set[tuple[str, int]] = set()
    list_style = ""
    for part in ("styles.xml", CONTENT):
        if part not in packed.names:
            continue
        with packed.stream(part) as stream:
            for kind, element in safe_xml.events(stream, name):
                tag = local(element.tag)
                if tag == "body":
                    break
                if kind == "end":
                    continue
                if tag == "style":
                    parents[value(element.attrib, "name")] = value(element.attrib, "parent-style-name")
                elif tag == "list-style":
                    list_style = value(element.attrib, "name")
                elif tag == "list-level-style-number" and value(element.attrib, "num-format"):
                    numbered.add((list_style, number(element, "level", 1) - 1))
    return Looks({style for style in parents if _is_below(style, "Title", parents)}, numbered)


def _is_below(style: str, base: str, parents: dict[str, str]) -> bool:
    for _ in range(_BASES_MAX):
        if style == base:
            return True
        style = parents.get(style, "")
    return False


def number(element: Element, key: str, otherwise: int) -> int:
    """A number of at most eight digits in an attribute."""
    said = value(element.attrib, key)
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 9 else otherwise
