"""DocBook, TEI and JATS: what their elements are. The rule: a role for each that has one; what has none is its text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Final
from xml.etree.ElementTree import Element

from box.library.markdown import line
from box.library.safe_xml import local

_TEXT_CHARS_MAX: Final = 20_000
_LIST_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Head:
    """What is said of a document before it begins."""

    title: str = ""
    authors: tuple[str, ...] = ()
    date: str = ""
    language: str = ""
    origin: str = ""
    tags: tuple[str, ...] = ()
    abstract: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dialect:
    """How articles and books are written."""

    roles: Mapping[str, str]
    """Local name -> "section", "title", "block", "list", "numbered", "item", "code", "quote", "table", "row", "cell",
    "note", "break", "reference", "skip"; what has none is part of the text around it."""
    heads: frozenset[str]
    """Elements that hold what is said of the document, or of a section."""
    head: Callable[[Element], Head]
    headings: Mapping[str, str]
    """Sections that bear no title of their own."""
    level: int
    """Of the headings of the outermost sections."""


def _roles(**names: str) -> dict[str, str]:
    return {name: role.rstrip("_") for role, listed in names.items() for name in listed.split()}


def _all(element: Element, *names: str) -> list[Element]:
    return [each for each in element.iter() if local(each.tag) in names]


def _text(element: Element | None) -> str:
    return "" if element is None else line("".join(element.itertext()))[:_TEXT_CHARS_MAX]


def _first(element: Element, *names: str) -> str:
    """The text of the first that has one, in the order of the names."""
    return next((text for name in names for each in _all(element, name) if (text := _text(each))), "")


def _inside(element: Element, outer: str, *names: str) -> list[Element]:
    return [each for parent in _all(element, outer)[:1] for each in _all(parent, *names)]


def _person(element: Element, *parts: str) -> str:
    """A name from its parts, in their usual order; else what stands there."""
    named = [text for part in parts for each in _all(element, part)[:3] if (text := _text(each))]
    return " ".join(named) if named else _text(element)


def _several(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, texts)))[:_LIST_MAX]


def _abstract(element: Element, *paragraphs: str) -> tuple[str, ...]:
    first = _all(element, "abstract")[:1]
    found = [text for each in first for part in _all(each, *paragraphs) if (text := _text(part))]
    return tuple(found) or _several(map(_text, first))


def _of_docbook(head: Element) -> Head:
    titles = [each for each in head if local(each.tag) == "title"] or _all(head, "title")
    return Head(
        title=_text(titles[0] if titles else None),
        authors=_several(_person(each, "firstname", "othername", "surname") for each in _all(head, "author")),
        date=_first(head, "pubdate", "date"), origin=_first(head, "isbn"),
        tags=_several(map(_text, _all(head, "keyword"))), abstract=_abstract(head, "para", "simpara"),
    )  # fmt: skip


def _of_tei(head: Element) -> Head:
    dates = _inside(head, "publicationStmt", "date")
    languages = _all(head, "language")
    return Head(
        title=next((text for each in _inside(head, "titleStmt", "title") if (text := _text(each))), ""),
        authors=_several(_person(each, "forename", "surname") for each in _inside(head, "titleStmt", "author")),
        date=next((each.get("when", "") or _text(each) for each in dates), ""),
        language=languages[0].get("ident", "") if languages else "",
        origin=next((_text(each) for each in _inside(head, "publicationStmt", "idno")), ""),
        tags=_several(map(_text, _all(head, "term"))), abstract=_abstract(head, "p"),
    )  # fmt: skip


def _of_jats(head: Element) -> Head:
    contributors = [each for each in _all(head, "contrib") if each.get("contrib-type", "author") == "author"]
    people = [(_all(each, "name", "string-name", "collab") or [each])[0] for each in contributors]
    ids = {each.get("pub-id-type", ""): _text(each) for each in _all(head, "article-id")}
    return Head(
        title=_first(head, "article-title"),
        authors=_several(_person(each, "given-names", "surname") for each in people),
        date=next((date for each in _all(head, "pub-date") if (date := _date(each))), ""),
        origin=f"doi:{ids['doi']}" if ids.get("doi") else next(iter(ids.values()), ""),
        tags=_several(map(_text, _all(head, "kwd"))), abstract=_abstract(head, "p"),
    )  # fmt: skip


def _date(element: Element) -> str:
    """Year, month and day, as far as they are numbers."""
    said = [_first(element, part) for part in ("year", "month", "day")]
    numbers = list(takewhile(lambda text: text.isascii() and text.isdigit() and len(text) <= 4, said))
    return "-".join(number.zfill(2) for number in numbers)


DOCBOOK: Final = Dialect(
    _roles(
        section="part chapter article book section sect1 sect2 sect3 sect4 sect5 simplesect appendix preface refentry"
        " refsect1 refsect2 refsection glossary bibliography dedication colophon topic set",
        title="title", skip="subtitle titleabbrev indexterm remark index toc",
        block="para simpara formalpara bridgehead term glossterm caption textobject attribution refpurpose line"
        " answer question glossdef",
        list="itemizedlist variablelist simplelist glosslist", numbered="orderedlist procedure",
        item="listitem member step", code="programlisting screen literallayout synopsis",
        quote="blockquote epigraph", table="table informaltable", row="row tr", cell="entry td th",
        note="footnote", reference="biblioentry bibliomixed",
    ),
    frozenset((
        "info", "articleinfo", "bookinfo", "chapterinfo", "sectioninfo", "setinfo", "partinfo", "refentryinfo",
        "sect1info", "appendixinfo", "prefaceinfo",
    )),
    _of_docbook, {"bibliography": "References", "glossary": "Glossary"}, 1,
)  # fmt: skip
TEI: Final = Dialect(
    _roles(
        section="div div1 div2 div3 div4 div5 div6 div7 listBibl", title="head",
        block="p ab lg sp stage figDesc byline docTitle docAuthor docDate titlePart opener closer salute signed"
        " dateline speaker trailer argument imprimatur",
        list="list", item="item", quote="quote epigraph", table="table", row="row", cell="cell", note="note",
        reference="bibl biblStruct", skip="fw", code="eg", break_="lb l",
    ),
    frozenset(("teiHeader",)), _of_tei, {"listBibl": "References"}, 2,
)  # fmt: skip
JATS: Final = Dialect(
    _roles(
        section="sec app ack ref-list glossary fn-group app-group boxed-text", title="title",
        block="p disp-formula caption fn attrib verse-line def term", list="list def-list",
        item="list-item def-item", code="preformat code", quote="disp-quote verse-group", table="table", row="tr",
        cell="td th", reference="ref", skip="label object-id",
    ),
    frozenset(("front", "front-stub")), _of_jats,
    {"ref-list": "References", "ack": "Acknowledgements", "fn-group": "Notes"}, 2,
)  # fmt: skip
BY_MEDIA_TYPE: Final = {
    "application/docbook+xml": DOCBOOK, "application/tei+xml": TEI, "application/jats+xml": JATS,
}  # fmt: skip
