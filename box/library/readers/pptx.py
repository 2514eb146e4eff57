"""PPTX. The rule: slide by slide, in the order in which they are shown; only the one that is read is in memory."""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element

from box.errors import Unprocessable
from box.library import ooxml, safe_xml, slides, tables
from box.library.markdown import Markdown
from box.library.ooxml import value
from box.library.packed import Packed
from box.library.packed import open_zip as open_package
from box.library.reading import EMPTY, Context, Reading
from box.library.safe_xml import local
from box.library.slides import Slide
from box.library.tables import Table

_PART_BYTES_MAX: Final = 32 * 1024 * 1024
_TITLES: Final = {"title", "ctrTitle"}
_FURNITURE: Final = {"sldNum", "dt", "ftr", "hdr", "sldImg"}
_BODIES: Final = {"body", "obj", ""}


def read(path: str, out: Markdown, context: Context) -> Reading:
    """A heading for each slide, its text and tables, and its notes."""
    name = context.name
    title, whole, is_empty = "", True, True
    with open_package(path, name) as packed:
        core = ooxml.core(packed, name)
        parts = _slides(packed, name)
        for number, part in enumerate(parts, 1):
            slide = _slide(packed, part, name)
            title = title or slide.title.strip()
            is_empty = is_empty and not slides.has_text(slide)
            whole = slides.write(out, number, slide) and whole
            context.progress(done=number, total=len(parts), message=f"{number:,} slides")
    if is_empty:
        raise Unprocessable(EMPTY, f"{name} holds no text")
    return Reading(
        "slides",
        title=core.title or title,
        authors=core.authors,
        date=core.date,
        language=core.language,
        counts={"slides": len(parts)},
        marks=() if whole else (tables.CUT,),
    )


def _slides(packed: Packed, name: str) -> list[str]:
    main = ooxml.main_part(packed, "ppt/presentation.xml", name)
    known = ooxml.relations(packed, main, name)
    parts = []
    for each in safe_xml.tree(packed.read(main, _PART_BYTES_MAX), name).iter():
        if local(each.tag) == "sldId":
            # It has two attributes that end with `id`: its own number, and, in a namespace, that of the relation.
            ids = (said for key, said in each.attrib.items() if local(key) == "id" and key != "id")
            parts += [known[said][1] for said in ids if said in known]
    return list(dict.fromkeys(parts))


def _slide(packed: Packed, part: str, name: str) -> Slide:
    slide = Slide()
    _say(safe_xml.tree(packed.read(part, _PART_BYTES_MAX), name), slide)
    for kind, target in ooxml.relations(packed, part, name).values():
        if target not in packed.names or kind not in {"notesSlide", "diagramData"}:
            continue
        root = safe_xml.tree(packed.read(target, _PART_BYTES_MAX), name)
        if kind == "notesSlide":
            notes = Slide()
            _say(root, notes)
            slide.notes += [block[0] for block in notes.blocks if isinstance(block, tuple)]
        else:
            for paragraph in _paragraphs(root):
                slide.say(paragraph[0])
    return slide


def _say(element: Element, slide: Slide) -> None:
    """Goes down by recursion: `safe_xml` lets no more than 256 levels through."""
    for each in element:
        tag = local(each.tag)
        if tag == "sp":
            _shape(each, slide)
        elif tag == "tbl":
            slide.blocks.append(_table(each))
        elif tag != "Fallback":
            _say(each, slide)


def _shape(shape: Element, slide: Slide) -> None:
    holder = next((each for each in shape.iter() if local(each.tag) == "ph"), None)
    kind = "" if holder is None else value(holder.attrib, "type")
    if kind in _FURNITURE:
        return
    said = _paragraphs(shape)
    if kind in _TITLES and not slide.title:
        slide.title = " ".join(text for text, _ in said)
        return
    is_list = holder is not None and kind in _BODIES and len(said) > 1
    for text, depth in said:
        slide.say(text, depth if is_list else -1)


def _paragraphs(element: Element) -> list[tuple[str, int]]:
    """(text, depth) of what is not empty."""
    found = []
    for paragraph in element.iter():
        if local(paragraph.tag) != "p":
            continue
        depth = next((value(each.attrib, "lvl") for each in paragraph if local(each.tag) == "pPr"), "")
        text = "".join(
            "\n" if local(each.tag) == "br" else each.text or ""
            for each in paragraph.iter()
            if local(each.tag) in {"t", "br"}
        )
        if text.strip():
            found.append((text.strip(), int(depth) if depth.isdecimal() and len(depth) < 3 else 0))
    return found


def _table(element: Element) -> Table:
    table = Table()
    for row in element:
        if local(row.tag) == "tr":
            table.add(["\n".join(text for text, _ in _paragraphs(cell)) for cell in row if local(cell.tag) == "tc"])
    return table
