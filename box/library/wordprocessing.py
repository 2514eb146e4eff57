"""Paragraphs of WordprocessingML as text. The rule: what a reader sees, once: not deleted, not hidden in a fallback."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import Element

from box.library.ooxml import value
from box.library.safe_xml import local

_SKIPPED: Final = {
    "del", "moveFrom", "delText", "instrText", "Fallback", "pPr", "rPr", "rt", "sdtPr", "sectPr", "tblPr", "trPr",
    "tcPr", "fldData",
}  # fmt: skip
_CHARACTERS: Final = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}
_HEADING: Final = re.compile(r"heading ([1-9])", re.IGNORECASE)
_BASES_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Style:
    """What of a style of paragraphs matters for text."""

    level: int = 0
    """Of a heading; 0 for none."""
    is_title: bool = False
    list_id: str = ""
    depth: int = 0


def styles(root: Element) -> dict[str, Style]:
    """By id, each with what it has from the one it is based on. Names of styles stay English in each language."""
    found = {value(each.attrib, "styleId"): each for each in root if local(each.tag) == "style"}
    return {name: _style(name, found) for name in found}


def _style(name: str, found: dict[str, Element]) -> Style:
    level, list_id, depth, is_title = 0, "", 0, False
    for _ in range(_BASES_MAX):
        style = found.get(name)
        if style is None:
            break
        said = child_value(style, "name")
        heading = _HEADING.fullmatch(said)
        is_title = is_title or said.lower() == "title"
        properties = child(style, "pPr")
        own = _of_properties(properties) if properties is not None else Style()
        level = level or (int(heading[1]) if heading else own.level)
        if not list_id:
            list_id, depth = own.list_id, own.depth
        name = child_value(style, "basedOn")
    return Style(level, is_title, list_id, depth)


def _of_properties(properties: Element) -> Style:
    outline = child_value(properties, "outlineLvl")
    level = int(outline) + 1 if outline.isdecimal() and int(outline) < 9 else 0
    numbering = child(properties, "numPr")
    if numbering is None:
        return Style(level)
    depth = child_value(numbering, "ilvl")
    return Style(level, list_id=child_value(numbering, "numId"), depth=int(depth) if depth.isdecimal() else 0)


@dataclass(slots=True)
class Lists:
    """Which numbers the items of lists have."""

    formats: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    """(list, depth) -> (format of its numbers, the first of them)"""
    _counts: dict[tuple[str, int], int] = field(default_factory=dict)

    def is_list(self, list_id: str, depth: int) -> bool:
        """Whether its items have numbers or bullets; some programs use lists for indents."""
        return self.formats.get((list_id, depth), ("bullet", 1))[0] != "none"

    def number(self, list_id: str, depth: int) -> int | None:
        """Of the next item; None if the list has no numbers."""
        kind, first = self.formats.get((list_id, depth), ("bullet", 1))
        if kind == "bullet":
            return None
        for deeper in [key for key in self._counts if key[0] == list_id and key[1] > depth]:
            del self._counts[deeper]
        self._counts[list_id, depth] = self._counts.get((list_id, depth), first - 1) + 1
        return self._counts[list_id, depth]


def lists(root: Element) -> Lists:
    """From `numbering.xml`."""
    kinds: dict[str, dict[int, tuple[str, int]]] = {}
    found: dict[tuple[str, int], tuple[str, int]] = {}
    for each in root:
        if local(each.tag) == "abstractNum":
            levels = kinds.setdefault(value(each.attrib, "abstractNumId"), {})
            for level in each:
                depth = value(level.attrib, "ilvl")
                if local(level.tag) == "lvl" and depth.isdecimal():
                    start = child_value(level, "start")
                    first = int(start) if start.isdecimal() and len(start) < 9 else 1
                    levels[int(depth)] = (child_value(level, "numFmt") or "bullet", first)
        elif local(each.tag) == "num":
            for depth_, kind in kinds.get(child_value(each, "abstractNumId"), {}).items():
                found[value(each.attrib, "numId"), depth_] = kind
    return Lists(found)


@dataclass(slots=True)
class Paragraph:
    """One paragraph, with the text boxes that hang on it."""

    text: str
    style: Style
    boxes: list[Paragraph]


def paragraph(element: Element, known: dict[str, Style]) -> Paragraph:
    """The paragraph of a `w:p`."""
    pieces: list[str] = []
    boxes: list[Paragraph] = []
    _collect(element, pieces, boxes, known)
    style = Style()
    properties = child(element, "pPr")
    if properties is not None:
        base = known.get(child_value(properties, "pStyle"), style)
        own = _of_properties(properties)
        style = Style(own.level or base.level, base.is_title, own.list_id or base.list_id, own.depth or base.depth)
    return Paragraph("".join(pieces), style, boxes)


def _collect(element: Element, pieces: list[str], boxes: list[Paragraph], known: dict[str, Style]) -> None:
    """Goes down by recursion: `safe_xml` lets no more than 256 levels through."""
    for each in element:
        tag = local(each.tag)
        if tag == "t":
            pieces.append(each.text or "")
        elif tag in _CHARACTERS:
            pieces.append(_CHARACTERS[tag])
        elif tag == "sym":
            pieces.append(_symbol(value(each.attrib, "char")))
        elif tag in {"footnoteReference", "endnoteReference"}:
            pieces.append(f"[^{'e' * (tag[0] == 'e')}{value(each.attrib, 'id')}]")
        elif tag == "docPr":
            said = each.get("descr", "").strip()
            pieces.append(f"[{said}]" if said else "")
        elif tag == "p":
            boxes.append(paragraph(each, known))
        elif tag not in _SKIPPED:
            _collect(each, pieces, boxes, known)


def _symbol(code: str) -> str:
    """A character of a symbol font; those in the private area mean something in that font only."""
    try:
        number = int(code, 16)
    except ValueError:
        return ""
    return chr(number) if 0x20 <= number < 0xD800 else ""


def child(element: Element, tag: str) -> Element | None:
    """The first child of that local name."""
    return next((each for each in element if local(each.tag) == tag), None)


def child_value(element: Element, tag: str) -> str:
    """What its attribute `val` says."""
    found = child(element, tag)
    return "" if found is None else value(found.attrib, "val")
