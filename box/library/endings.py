"""What names of files say. The rule: it counts only where the bytes leave it open."""

from __future__ import annotations

from typing import Final

BY_ENDING: Final = {
    # Texts, which have no magic number
    "txt": "text/plain", "text": "text/plain", "log": "text/plain", "md": "text/markdown", "markdown": "text/markdown",
    "rst": "text/x-rst", "csv": "text/csv", "tsv": "text/tab-separated-values", "tab": "text/tab-separated-values",
    "json": "application/json", "jsonl": "application/jsonl", "ndjson": "application/jsonl",
    "geojson": "application/json", "ipynb": "application/x-ipynb+json", "srt": "application/x-subrip",
    "vtt": "text/vtt", "html": "text/html", "htm": "text/html", "xhtml": "text/html", "mht": "multipart/related",
    "mhtml": "multipart/related", "eml": "message/rfc822", "mbox": "application/mbox", "org": "text/plain",
    "tex": "text/x-tex", "bib": "text/x-source", "ics": "text/plain", "vcf": "text/plain", "yaml": "text/x-source",
    "yml": "text/x-source", "toml": "text/x-source", "ini": "text/x-source", "cfg": "text/x-source",
    "conf": "text/x-source", "nfo": "text/plain", "diff": "text/x-source", "patch": "text/x-source",
    # Of the families that look alike inside
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "odt": "application/vnd.oasis.opendocument.text", "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation", "epub": "application/epub+zip",
    "fb2": "application/x-fictionbook+xml", "cbz": "application/vnd.comicbook+zip",
    "cbr": "application/vnd.comicbook-rar", "cb7": "application/x-cb7", "cbt": "application/x-cbt",
    "mobi": "application/x-mobipocket-ebook", "azw": "application/x-mobipocket-ebook",
    "azw3": "application/x-mobipocket-ebook", "prc": "application/x-mobipocket-ebook", "xml": "application/xml",
    "opml": "text/x-opml", "rss": "application/rss+xml", "atom": "application/atom+xml", "gpx": "application/gpx+xml",
    "kml": "application/vnd.google-earth.kml+xml", "pdf": "application/pdf", "rtf": "application/rtf",
    "kmz": "application/vnd.google-earth.kmz", "bz2": "application/x-bzip2", "gz": "application/gzip",
    "zip": "application/zip",
    "url": "application/x-mswinurl", "webloc": "application/x-webloc",
    "mp3": "audio/mpeg", "m4a": "audio/mp4", "m4b": "audio/mp4", "ogg": "audio/ogg", "oga": "audio/ogg",
    "opus": "audio/ogg", "flac": "audio/flac", "wav": "audio/wav",
}  # fmt: skip
SOURCE_ENDINGS: Final = (
    " awk bash bat c cc clj cpp cs css cxx dart el erl ex f f90 go gradle groovy h hpp hs java jl js jsx kt kts lisp"
    " lua m mk ml nim nix pas php pl pm proto ps1 py pyi r rb rs scala scm scss sh sql swift tcl ts tsx v vb vhd vue"
    " zig zsh "
)
