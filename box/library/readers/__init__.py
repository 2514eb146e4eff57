"""Readers, one module each. The rule: `ALL` is the table of contents; a module is imported when a file needs it."""

from __future__ import annotations

from typing import Final

from box.library.reading import Reader

_HERE: Final = "box.library.readers."

ALL: Final[tuple[Reader, ...]] = (
    Reader("text", 1, ("text/plain", "text/x-tex"), _HERE + "plain"),
    Reader("feed", 1, ("application/rss+xml", "application/atom+xml", "application/feed+json"), _HERE + "feed"),
    Reader("opml", 1, ("text/x-opml",), _HERE + "opml"),
    Reader("wiki", 1, ("application/x-mediawiki+xml",), _HERE + "wiki"),
    Reader(
        "article", 1, ("application/docbook+xml", "application/tei+xml", "application/jats+xml"), _HERE + "xml_article"
    ),
    Reader("sitemap", 1, ("application/x-sitemap+xml",), _HERE + "sitemap"),
    Reader(
        "places",
        1,
        ("application/gpx+xml", "application/vnd.google-earth.kml+xml", "application/vnd.google-earth.kmz"),
        _HERE + "places",
    ),
    Reader("xml", 1, ("application/xml", "application/x-packed-xml"), _HERE + "xml_outline"),
    Reader("link", 1, ("application/x-mswinurl", "application/x-webloc"), _HERE + "link"),
)

MEDIA_TYPES: Final = tuple(media_type for reader in ALL for media_type in reader.media_types)
"""What can be read here, and so becomes an item."""


def by_media_type(media_type: str) -> Reader | None:
    """The reader of files of that type."""
    return next((reader for reader in ALL if media_type in reader.media_types), None)
