"""Readers, one module each. The rule: `ALL` is the table of contents; a module is imported when a file needs it."""

from __future__ import annotations

from typing import Final

from box.library.reading import Reader

_HERE: Final = "box.library.readers."
_NAMED_COMICS: Final = ("application/vnd.comicbook-rar", "application/x-cb7", "application/x-cbt")

_OOXML: Final = "application/vnd.openxmlformats-officedocument."
_ODF: Final = "application/vnd.oasis.opendocument."

ALL: Final[tuple[Reader, ...]] = (
    Reader("text", 1, ("text/plain", "text/x-tex"), _HERE + "plain"),
    Reader("markdown", 1, ("text/markdown",), _HERE + "markdown"),
    Reader("restructured", 1, ("text/x-rst",), _HERE + "rst"),
    Reader("page", 1, ("text/html",), _HERE + "html"),
    Reader("mhtml", 1, ("multipart/related",), _HERE + "mhtml"),
    Reader("mail", 1, ("message/rfc822",), _HERE + "mail"),
    Reader("mailbox", 1, ("application/mbox",), _HERE + "mbox"),
    Reader("subtitles", 1, ("application/x-subrip", "text/vtt"), _HERE + "subtitles"),
    Reader("json", 1, ("application/json",), _HERE + "json_data"),
    Reader("json-lines", 1, ("application/jsonl",), _HERE + "json_lines"),
    Reader("code", 1, ("text/x-source",), _HERE + "source_code"),
    Reader("notebook", 1, ("application/x-ipynb+json",), _HERE + "notebook"),
    Reader("epub", 1, ("application/epub+zip",), _HERE + "epub"),
    Reader("fictionbook", 1, ("application/x-fictionbook+xml",), _HERE + "fb2"),
    Reader("mobi", 1, ("application/x-mobipocket-ebook",), _HERE + "mobi"),
    Reader("comic", 1, ("application/vnd.comicbook+zip",), _HERE + "comic"),
    Reader("comic-name", 1, _NAMED_COMICS, _HERE + "comic_name"),
    Reader("zip", 1, ("application/zip",), _HERE + "zipped"),
    Reader("pdf", 1, ("application/pdf",), _HERE + "pdf"),
    Reader("docx", 1, (_OOXML + "wordprocessingml.document",), _HERE + "docx"),
    Reader("pptx", 1, (_OOXML + "presentationml.presentation",), _HERE + "pptx"),
    Reader("xlsx", 1, (_OOXML + "spreadsheetml.sheet",), _HERE + "xlsx"),
    Reader("odt", 1, (_ODF + "text",), _HERE + "odt"),
    Reader("odp", 1, (_ODF + "presentation",), _HERE + "odp"),
    Reader("ods", 1, (_ODF + "spreadsheet",), _HERE + "ods"),
    Reader("rtf", 1, ("application/rtf",), _HERE + "rtf"),
    Reader("old-office", 1, ("application/x-ole-storage",), _HERE + "old_office"),
    Reader("csv", 1, ("text/csv", "text/tab-separated-values"), _HERE + "csv_table"),
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
    Reader("sound", 1, ("audio/mpeg", "audio/mp4", "audio/ogg", "audio/flac", "audio/wav"), _HERE + "sound"),
)  # fmt: skip

MEDIA_TYPES: Final = tuple(media_type for reader in ALL for media_type in reader.media_types)
"""What can be read here, and so becomes an item."""


def by_media_type(media_type: str) -> Reader | None:
    """The reader of files of that type."""
    return next((reader for reader in ALL if media_type in reader.media_types), None)
