"""What kind of text a file holds. The rule: the bytes say it; the name decides only between what looks the same.

`media_type` sees the beginning of a file and is cheap: it is asked for each drop. `recognise` may look into the file;
it runs in the child that is going to read it.
"""

from __future__ import annotations

import codecs
import re
import zlib
from typing import Final

from box.library.endings import BY_ENDING, SOURCE_ENDINGS

HEAD_BYTES: Final = 64 * 1024
_MIMETYPE_CHARS_MAX = 100

_OFFICE: Final = (
    ("word/", BY_ENDING["docx"]),
    ("ppt/", BY_ENDING["pptx"]),
    ("xl/", BY_ENDING["xlsx"]),
)
_ROOTS: Final = (
    # (root element, part of its namespace or text near it, media type)
    ("mediawiki", b"", "application/x-mediawiki+xml"),
    ("FictionBook", b"", "application/x-fictionbook+xml"),
    ("opml", b"", "text/x-opml"),
    ("rss", b"", "application/rss+xml"),
    ("RDF", b"purl.org/rss", "application/rss+xml"),
    ("feed", b"atom", "application/atom+xml"),
    ("plist", b"<key>url</key>", "application/x-webloc"),
    ("gpx", b"", "application/gpx+xml"),
    ("kml", b"", "application/vnd.google-earth.kml+xml"),
    ("html", b"", "text/html"),
    ("urlset", b"sitemap", "application/x-sitemap+xml"),
    ("sitemapindex", b"sitemap", "application/x-sitemap+xml"),
    ("TEI", b"", "application/tei+xml"),
    ("teiCorpus", b"", "application/tei+xml"),
    ("TEI.2", b"", "application/tei+xml"),
    *(
        (root, b"docbook", "application/docbook+xml")
        for root in ("article", "book", "chapter", "section", "refentry", "set", "part", "appendix", "preface")
    ),
    ("article", b"jats", "application/jats+xml"),
    ("article", b"nlm//dtd", "application/jats+xml"),
    ("article", b"article-type=", "application/jats+xml"),
    ("svg", b"", "image/svg+xml"),
)  # fmt: skip
_ROOT: Final = re.compile(rb"<(?:[\w.-]{1,100}:)?([\w.-]{1,100})")
_PROLOGUE: Final = ((b"<!--", b"-->"), (b"<?", b"?>"))
_PACKED_ENDINGS: Final = ("gz", "bz2")
_IN_PACKED: Final = frozenset(
    (
        "application/x-mediawiki+xml",
        "application/docbook+xml",
        "application/tei+xml",
        "application/jats+xml",
        "application/x-sitemap+xml",
        "application/gpx+xml",
        "application/vnd.google-earth.kml+xml",
    )
)
"""What is read while it is unpacked; anything else is any XML there."""
_HTML: Final = re.compile(rb"<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE)
_HEADER: Final = re.compile(rb"(?:[A-Za-z][A-Za-z0-9-]{1,60}:[^\n]*\r?\n(?:[ \t][^\n]*\r?\n)*){2,}")
_MAIL_FIELDS: Final = re.compile(
    rb"^(?:from|received|message-id|return-path|date|delivered-to|mime-version):", re.IGNORECASE | re.MULTILINE
)
_SHEBANG: Final = re.compile(rb"#! ?/")
_CONTROL: Final = re.compile(rb"[\0-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_ODD: Final = bytes((*range(9), *range(14, 27)))
"""What no text has many of."""


def media_type(name: str, head: bytes) -> str:
    """The media type of a file of that name (or path) with that beginning, empty when it is none of a text or sound."""
    ending = name.rpartition(".")[2].lower() if "." in name.rpartition("/")[2] else ""
    if ending in _PACKED_ENDINGS:
        inner = BY_ENDING.get(name.rpartition(".")[0].rpartition(".")[2].lower(), "")
        return "application/x-packed-xml" if "xml" in inner and _by_magic(head, BY_ENDING[ending]) else ""
    by_name = BY_ENDING.get(ending, "text/x-source" if f" {ending} " in SOURCE_ENDINGS else "")
    found = _by_magic(head, by_name)
    if found is not None:
        return found
    if not _is_text(head) or not (by_name or _is_utf_8(head)):
        return ""
    return _of_text(head, by_name)


_MAGIC: Final = (
    (b"%PDF-", "application/pdf"),
    (b"{\\rtf", "application/rtf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
)
_COMICS: Final = frozenset(BY_ENDING[ending] for ending in ("cbz", "cbr", "cb7", "cbt"))
"""Many bear the ending of another kind of archive than they are."""
_ARCHIVES: Final = (
    # Where it says what it is, how, and what a comic in it is
    (0, b"PK\x03\x04", BY_ENDING["cbz"]),
    (0, b"PK\x05\x06", BY_ENDING["cbz"]),
    (0, b"Rar!\x1a\x07", BY_ENDING["cbr"]),
    (0, b"7z\xbc\xaf\x27\x1c", BY_ENDING["cb7"]),
    (257, b"ustar", BY_ENDING["cbt"]),
)
_PACKED: Final = (
    # What the name has to say besides
    (b"BZh", ("application/x-bzip2",)),
    (b"\x1f\x8b", ("application/gzip",)),
    (b"bplist00", ("application/x-webloc",)),
)


def _by_magic(head: bytes, by_name: str) -> str | None:
    """By its first bytes; empty for what is known and nothing of ours, None when they say nothing."""
    for magic, found in _MAGIC:
        if head.startswith(magic):
            return found
    for magic, names in _PACKED:
        if head.startswith(magic):
            return by_name if by_name in names else ""
    for at, magic, comic in _ARCHIVES:
        if head.startswith(magic, at):
            other = _of_zip_head(head, by_name) if magic.startswith(b"PK") else ""
            return comic if by_name in _COMICS else other
    if head[60:68] in {b"BOOKMOBI", b"TEXtREAd"}:
        return "application/x-mobipocket-ebook"
    return "application/pdf" if b"%PDF-" in head[:1024] else _of_sound(head, by_name)


def _of_sound(head: bytes, by_name: str) -> str | None:
    if head.startswith(b"ID3") or _is_mpeg(head):
        return "audio/mpeg"
    if head.startswith(b"OggS"):
        return "audio/ogg"
    if head.startswith(b"fLaC"):
        return "audio/flac"
    if head.startswith(b"RIFF") and head[8:12] == b"WAVE":
        return "audio/wav"
    # Recorders write the brands of films into what holds sound alone: then the name decides.
    if head[4:8] == b"ftyp" and (head[8:11] in {b"M4A", b"M4B", b"M4P"} or by_name == "audio/mp4"):
        return "audio/mp4"
    return None


def _is_mpeg(head: bytes) -> bool:
    """Whether it begins with a frame of layer II or III; layer I looks like the mark of UTF-16."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 not in {0xE2, 0xE4}:
        return False
    return head[1] & 0x18 != 0x08 and head[2] >> 4 not in {0, 15} and head[2] & 0x0C != 0x0C


def _of_zip_head(head: bytes, by_name: str) -> str:
    """By the first entry, where a format says what it is there; else by the name; else an archive."""
    if head[30:38] == b"mimetype":
        size = int.from_bytes(head[22:26], "little") or _MIMETYPE_CHARS_MAX
        said = head[38 + int.from_bytes(head[28:30], "little") :][: min(size, _MIMETYPE_CHARS_MAX)]
        text = re.split(rb"[^\x21-\x7e]|PK", said, maxsplit=1)[0].decode("ascii")
        if text in BY_ENDING.values():
            return text
    return by_name if by_name.startswith(("application/vnd", "application/epub")) else "application/zip"


def _is_utf_8(head: bytes) -> bool:
    """Whether that is how it begins: of what has no name for it, nothing else counts as text."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return not _CONTROL.search(head)


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return True
    if b"\0" in head:
        return head[1::2].count(0) > len(head) * 0.4 or head[::2].count(0) > len(head) * 0.4  # UTF-16 without a mark
    return len(head) - len(head.translate(None, _ODD)) <= len(head) // 100


_BEGINNINGS: Final = (
    # (how it begins, what stands near it, media type)
    (b"WEBVTT", b"", "text/vtt"),
    (b"[InternetShortcut]", b"", "application/x-mswinurl"),
    (b"{", b"jsonfeed.org/version/", "application/feed+json"),
)


def _of_text(head: bytes, by_name: str) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head.decode("utf-16", "ignore").encode()
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith((b"<?xml", b"<!")) or (start.startswith(b"<") and by_name != "text/x-source"):
        found = _of_markup(start, by_name)
        if found:
            return found
    if head.startswith(b"From ") and _MAIL_FIELDS.search(head):
        return "application/mbox"
    header = _HEADER.match(start)
    if header and by_name in {"", "message/rfc822", "multipart/related", "text/plain"}:
        fields = len(_MAIL_FIELDS.findall(header[0]))
        if fields >= 2:
            return (
                "multipart/related"
                if b"multipart/related" in head.lower() and by_name != "message/rfc822"
                else "message/rfc822"
            )
    for beginning, near, found in _BEGINNINGS:
        if start.startswith(beginning) and near in head:
            return found
    if by_name and not by_name.startswith(("audio/", "application/vnd", "application/pdf")):
        return by_name
    return "text/x-source" if _SHEBANG.match(start) else "text/plain"


def _of_markup(start: bytes, by_name: str) -> str:
    root = _root_of(start)
    local = root[1].decode("ascii", "replace") if root else ""
    near = (start[: root.end() + 1000] if root else start).lower()
    for name, hint, found in _ROOTS:
        if local == name and (not hint or hint in near):
            return found
    if _HTML.search(start[:4096]) and not start.startswith(b"<?xml"):
        return "text/html"
    if start.startswith(b"<?xml") or by_name in {"application/xml", "text/x-opml"} or by_name.endswith("+xml"):
        return "application/xml"
    return ""


def _root_of(start: bytes) -> re.Match[bytes] | None:
    """The tag of the root element: behind comments, instructions and a document type, which may hold such tags."""
    at = 0
    while (at := start.find(b"<", at)) >= 0:
        for begin, end in _PROLOGUE:
            if start.startswith(begin, at):
                at = start.find(end, at)
                break
        else:
            if not start.startswith(b"<!", at):
                return _ROOT.match(start, at)
            subset, close = start.find(b"[", at), start.find(b">", at)
            at = start.find(b"]", subset) if 0 <= subset < close else close
        if at < 0:
            return None
        at += 1
    return None


def recognise(path: str, name: str) -> str:
    """The media type of the file at `path`, by all that it says; raises OSError."""
    with open(path, "rb") as file:
        found = media_type(name, file.read(HEAD_BYTES))
    if found == "application/x-packed-xml":
        return _of_packed(path, name)
    return _of_zip(path, found) if found == "application/zip" or found.startswith("application/vnd") else found


def _of_packed(path: str, name: str) -> str:
    """What is packed in it, as far as it is read while it is unpacked."""
    import bz2  # noqa: PLC0415 - only the child looks into files

    with open(path, "rb") as file:
        packed = file.read(8 * HEAD_BYTES)
    try:
        if packed.startswith(b"BZh"):
            head = bz2.BZ2Decompressor().decompress(packed, HEAD_BYTES)
        else:
            head = zlib.decompressobj(47).decompress(packed, HEAD_BYTES)
    except (OSError, zlib.error):
        return "application/x-packed-xml"
    found = media_type(name.rpartition(".")[0], head)
    return found if found in _IN_PACKED else "application/x-packed-xml"


def _of_zip(path: str, found: str) -> str:
    """What a ZIP is by what lies in it; `found` when that does not say."""
    import zipfile  # noqa: PLC0415 - as above

    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:10_000]
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return found
    if "[Content_Types].xml" in names:
        return next((kind for folder, kind in _OFFICE if any(name.startswith(folder) for name in names)), found)
    if "META-INF/container.xml" in names:
        return "application/epub+zip"
    return found
