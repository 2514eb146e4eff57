"""Sitemaps. The rule: a list of what a site says it has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from box.library import safe_xml, xml_flow
from box.library.feeds import words
from box.library.markdown import ROWS_MAX, Markdown
from box.library.reading import Context, Reading

_ENTRIES: Final = ("url", "sitemap")


def read(path: str, out: Markdown, context: Context) -> Reading:
    """Its addresses."""
    count, first = 0, ""
    with xml_flow.opened(path, context.name) as stream:

        def rows() -> Iterator[tuple[str, str]]:
            nonlocal count, first
            yield "Address", "Changed"
            for row in _rows(safe_xml.events(stream, context.name, keep=_ENTRIES)):
                count += 1
                first = first or row[0]
                context.progress(message=f"{count:,} addresses")
                yield row

        source = rows()
        whole = out.table(source)
        for _ in source:  # the others are counted
            pass
    return Reading(
        "data", title=f"Sitemap of {first.split('/')[2]}" if first.count("/") >= 2 else "Sitemap", origin=first,
        counts={"addresses": count}, marks=() if whole and count <= ROWS_MAX else ("tables-cut",),
    )  # fmt: skip


def _rows(events: Iterator[tuple[str, Element]]) -> Iterator[tuple[str, str]]:
    for kind, element in events:
        if kind == "end" and safe_xml.local(element.tag) in _ENTRIES:
            said = {safe_xml.local(each.tag): words(each.text or "") for each in element}
            yield said.get("loc", ""), said.get("lastmod", "")
