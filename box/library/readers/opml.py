"""OPML: outlines, most of them lists of feeds. The rule: the outline is the text, and each feed is subscribed to."""

from __future__ import annotations

from typing import Final

from box.library import safe_xml
from box.library.feeds import url_of, words
from box.library.markdown import Markdown
from box.library.reading import Context, Reading, Subscription

FEEDS_MAX: Final = 1_000


def read(path: str, out: Markdown, context: Context) -> Reading:
    """Its outline."""
    title, depth, outlines = "", 0, 0
    feeds: dict[str, str] = {}
    authors: list[str] = []
    with open(path, "rb") as file:
        for kind, element in safe_xml.events(file, context.name):
            what = safe_xml.local(element.tag).lower()
            if what == "outline" and kind == "start":
                said = {name.lower(): value for name, value in element.attrib.items()}
                url = url_of(said.get("xmlurl", ""))
                text = words(said.get("text", "") or said.get("title", "") or url)
                out.item(f"{text} {url}" if url and url != text else text, depth)
                if url:
                    feeds.setdefault(url, text)
                depth += 1
                outlines += 1
                context.progress(message=f"{outlines:,} outlines")
            elif what == "outline":
                depth -= 1
            elif kind == "end" and what == "title" and not title:
                title = words(element.text or "")
            elif kind == "end" and what == "ownername":
                authors.append(words(element.text or ""))
    found = tuple(Subscription(*each) for each in list(feeds.items())[:FEEDS_MAX])
    return Reading(
        "feed", title=title, authors=tuple(filter(None, authors)), counts={"outlines": outlines, "feeds": len(feeds)},
        feeds=found, marks=("feeds-cut",) if len(feeds) > FEEDS_MAX else (),
    )  # fmt: skip
