"""Dumps of MediaWiki, plain or packed. The rule: a page at a time: memory is that of the longest page, not of the dump.

Of each page its newest text is read. Redirects, and pages that are about the wiki and not of it, are counted only.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import Element

from box.library import safe_xml, wikitext, xml_flow
from box.library.markdown import Markdown
from box.library.reading import Context, Reading

_ARTICLES: Final = ("", "0")
_DROPPED: Final = ("6", "14")
"""Keys of the namespaces of pictures and categories, whose names each wiki has in its language."""
_OF_PAGE: Final = ("title", "ns", "text", "timestamp")


@dataclass(slots=True)
class _Dump:
    """What was found so far."""

    out: Markdown
    counts: Counter[str] = field(default_factory=lambda: Counter(pages=0))
    dropped: set[str] = field(default_factory=lambda: set(wikitext.DEFAULT_DROPPED))
    site: str = ""
    language: str = ""
    date: str = ""
    page: dict[str, str] = field(default_factory=dict)

    def start(self, what: str, element: Element) -> None:
        """An element begins."""
        if what == "page":
            self.page.clear()
        elif what == "redirect":
            self.page["redirect"] = "yes"
        elif what == "mediawiki":
            self.language = element.get("{http://www.w3.org/XML/1998/namespace}lang", "")

    def end(self, what: str, element: Element) -> None:
        """An element has ended; of several revisions the last one stays."""
        if what in _OF_PAGE:
            self.page[what] = element.text or ""
        elif what == "page":
            self._write()
        elif what == "sitename":
            self.site = element.text or ""
        elif what == "namespace" and element.get("key") in _DROPPED and element.text:
            self.dropped.add(element.text.lower())

    def _write(self) -> None:
        page = self.page
        is_article = page.get("ns", "") in _ARTICLES
        if "redirect" in page or not is_article:
            self.counts["redirects" if "redirect" in page else "others"] += 1
            return
        self.counts["pages"] += 1
        self.date = max(self.date, page.get("timestamp", "")[:20])
        self.out.heading(2, page.get("title", ""))
        wikitext.write(page.get("text", ""), self.out, self.dropped, level=2)


def read(path: str, out: Markdown, context: Context) -> Reading:
    """Its pages."""
    dump = _Dump(out)
    with xml_flow.opened(path, context.name) as stream:
        for kind, element in safe_xml.events(stream, context.name):
            what = safe_xml.local(element.tag)
            if kind == "start":
                dump.start(what, element)
            else:
                dump.end(what, element)
                if what == "page":
                    context.progress(message=f"{dump.counts.total():,} pages")
    return Reading("wiki", title=dump.site, language=dump.language, date=dump.date, counts=dict(dump.counts))
