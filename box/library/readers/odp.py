"""ODP. The rule: slide by slide, in their order; only the one that is read is in memory."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from box.errors import Unprocessable
from box.library import opendocument, safe_xml, slides, tables
from box.library.markdown import COLUMNS_MAX, Markdown
from box.library.ooxml import value
from box.library.reading import EMPTY, Context, Reading
from box.library.safe_xml import local
from box.library.slides import Slide
from box.library.tables import Table


def read(path: str, out: Markdown, context: Context) -> Reading:
    """A heading for each slide, its text and tables, and its notes."""
    name = context.name
    count, title, whole, is_empty = 0, "", True, True
    with opendocument.open_document(path, name) as packed:
        said = opendocument.meta(packed, name)
        with packed.stream(opendocument.CONTENT) as stream:
            for kind, element in safe_xml.events(stream, name, keep={"page"}):
                if kind == "end" and local(element.tag) == "page":
                    count += 1
                    slide = _slide(element)
                    title = title or slide.title.strip()
                    is_empty = is_empty and not slides.has_text(slide)
                    whole = slides.write(out, count, slide) and whole
                    context.progress(message=f"{count:,} slides")
    if is_empty:
        raise Unprocessable(EMPTY, f"{name} holds no text")
    return Reading(
        "slides",
        title=said.title or title,
        authors=said.authors,
        date=said.date,
        language=said.language,
        counts={"slides": count},
        marks=() if whole else (tables.CUT,),
    )


def _slide(page: Element) -> Slide:
    slide = Slide()
    for shape in page:
        if local(shape.tag) == "notes":
            slide.notes += opendocument.paragraphs(shape)
        elif value(shape.attrib, "class") == "title" and not slide.title:
            slide.title = " ".join(opendocument.paragraphs(shape))
        else:
            _say(shape, slide, -1)
    return slide


def _say(element: Element, slide: Slide, depth: int) -> None:
    """Goes down by recursion: `safe_xml` lets no more than 256 levels through."""
    for each in element:
        tag = local(each.tag)
        if tag in {"p", "h"}:
            slide.say(opendocument.text_of(each).text, depth)
        elif tag == "table":
            slide.blocks.append(_table(each))
        else:
            _say(each, slide, depth + (tag == "list"))


def _table(element: Element) -> Table:
    table = Table()
    for row in element.iter():
        if local(row.tag) != "table-row":
            continue
        cells: list[str] = []
        for cell in row:
            repeated = min(opendocument.number(cell, "number-columns-repeated", 1), COLUMNS_MAX)
            cells += ["\n".join(opendocument.paragraphs(cell))] * repeated
        table.add(cells)
    return table
