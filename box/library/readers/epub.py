"""EPUB 2 and 3. The rule: chapters in the order of the spine, under the titles of the table of contents.

Covers, title pages and tables of contents are left out, if the book itself says that they are such.
"""

from __future__ import annotations

import posixpath
from typing import Final

from box.errors import Unprocessable
from box.library import covers, epub_contents, epub_package, markup, page_head, safe_xml
from box.library.epub_package import FRONT_MATTER, Package
from box.library.markdown import Markdown
from box.library.packed import Packed, open_zip
from box.library.reading import CORRUPT, EMPTY, HOSTILE_XML, Context, Reading

CHAPTER_BYTES_MAX: Final = 32 * 1024 * 1024

_TEXTS: Final = ("application/xhtml+xml", "text/html", "application/html+xml", "text/x-oeb1-document")


def read(path: str, out: Markdown, context: Context) -> Reading:
    """The book, from the first chapter to the last."""
    with open_zip(path, context.name) as book:
        package = epub_package.read(book, context.name)
        contents = _contents(book, package, context.name)
        words = out.words
        left_out = package.front_matter | contents.front_matter
        chapters, marks = _write(book, package, contents.titles, left_out, out, context)
        if out.words == words and left_out:  # it calls all that it has front matter
            chapters, marks = _write(book, package, contents.titles, frozenset(), out, context)
        if out.words == words:
            raise Unprocessable(EMPTY, f"{context.name} is a book without text")
        return Reading(
            "book",
            title=package.title,
            authors=package.authors,
            date=package.date,
            language=package.language,
            origin=package.identifier,
            counts={"chapters": chapters},
            cover=_cover(book, package, context.scratch),
            marks=marks,
            tags=package.subjects,
        )


def _contents(book: Packed, package: Package, name: str) -> epub_contents.Contents:
    """By the navigation document, else by the older one; a broken one costs the titles, not the book."""
    found = epub_contents.Contents()
    if package.navigation is not None and package.navigation.path in book.names:
        path = package.navigation.path
        found = epub_contents.of_navigation(_page(book, path, name), posixpath.dirname(path))
    if not found.titles and package.ncx is not None and package.ncx.path in book.names:
        path = package.ncx.path
        try:
            root = safe_xml.tree(book.read(path, epub_package.PART_BYTES_MAX), f"{name}: {path}")
        except Unprocessable as error:
            if error.code != CORRUPT:
                raise
        else:
            found.titles = epub_contents.of_ncx(root, posixpath.dirname(path)).titles
    return found


def _write(
    book: Packed,
    package: Package,
    titles: epub_contents.type_titles,
    left_out: frozenset[str],
    out: Markdown,
    context: Context,
) -> tuple[int, tuple[str, ...]]:
    """Write all chapters: how many, and what is to be known about them."""
    if package.navigation is not None:
        left_out |= {package.navigation.path}
    chapters = missing = 0
    whole = True
    for number, item in enumerate(package.spine):
        context.progress(done=number, total=len(package.spine))
        if item.kind not in _TEXTS or item.path in left_out:
            continue
        if item.path not in book.names:
            missing += 1
            continue
        words = out.words
        guide = markup.Guide(titles.get(item.path, {}), FRONT_MATTER)
        whole = markup.write(_page(book, item.path, context.name), out, guide) and whole
        chapters += out.words > words
    if missing and not chapters:
        raise Unprocessable(CORRUPT, f"{context.name}: its chapters are missing")
    marks = (("chapters-missing",) if missing else ()) + (() if whole else ("tables-cut",))
    return chapters, marks


def _page(book: Packed, path: str, name: str) -> str:
    page = page_head.text_of(book.read(path, CHAPTER_BYTES_MAX))
    begin = page.find("<!DOCTYPE", 0, 4096)
    if begin >= 0 and "<!ENTITY" in page[begin : begin + 65_536].partition("<html")[0]:
        raise Unprocessable(HOSTILE_XML, f"{name}: {path} declares entities")
    return page


def _cover(book: Packed, package: Package, scratch: str) -> str:
    cover = package.cover
    if cover is None or cover.path not in book.names or book.size(cover.path) > covers.COVER_BYTES_MAX:
        return ""
    try:
        return covers.put(book.read(cover.path, covers.COVER_BYTES_MAX), scratch)
    except Unprocessable:
        return ""  # the text is what matters
