"""Links that are dropped (`.url`, `.webloc`). The rule: one that names a feed is subscribed to.

Whether it does, its address says, as well as it can: pages are another matter.
"""

from __future__ import annotations

import plistlib
import re
from typing import Final
from urllib.parse import urlsplit
from xml.parsers.expat import ExpatError

from box.errors import Unprocessable
from box.library.decoding import text_of
from box.library.feeds import url_of
from box.library.markdown import Markdown
from box.library.reading import CORRUPT, NO_READER, Context, Reading, Subscription

BYTES_MAX: Final = 64 * 1024
_URL: Final = re.compile(r"^\s*URL\s*=\s*(\S+)", re.MULTILINE | re.IGNORECASE)
_FEED: Final = re.compile(
    r"(?:^|[/._=-])(?:feeds?|rss2?|atom|podcasts?)(?:[/._=-]|$)|\.(?:xml|rss|atom|rdf)$", re.IGNORECASE
)


def read(path: str, out: Markdown, context: Context) -> Reading:
    """Its address."""
    with open(path, "rb") as file:
        data = file.read(BYTES_MAX)
    said = _of_plist(data) if data.lstrip()[:5] in {b"<?xml", b"<plis", b"bplis"} else _of_shortcut(data)
    is_said = said.startswith("feed:")
    url = url_of(re.sub(r"^feed:(?://)?(?=https?:)", "", said).replace("feed://", "http://"))
    if not url:
        raise Unprocessable(CORRUPT, f"{context.name} names no address of the web")
    if not is_said and not names_a_feed(url):
        raise Unprocessable(
            NO_READER,
            f"{context.name} names a page, not a feed: {url[:200]}; `box feeds add` subscribes to what a page offers",
        )
    out.paragraph(url)
    return Reading("feed", title=context.name.rpartition(".")[0], origin=url, feeds=(Subscription(url),))


def names_a_feed(url: str) -> bool:
    """Whether an address looks like that of a feed."""
    parts = urlsplit(url)
    return bool(
        _FEED.search(parts.path) or _FEED.search(parts.query) or (parts.hostname or "").startswith(("feed.", "feeds."))
    )


def _of_shortcut(data: bytes) -> str:
    found = _URL.search(text_of(data))
    return found[1] if found else ""


def _of_plist(data: bytes) -> str:
    try:
        found = plistlib.loads(data)
    except (plistlib.InvalidFileException, ExpatError, ValueError, LookupError, OverflowError, RecursionError):
        return ""
    url = found.get("URL") if isinstance(found, dict) else None
    return url if isinstance(url, str) else ""
