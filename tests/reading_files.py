"""Reads files as the child does, and makes books out of dicts. The rule: real files, the real readers."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from box.errors import Unprocessable
from box.library import readers
from box.library.markdown import Markdown
from box.library.reading import Context, Reading
from box.library.recognising import recognise

PNG = b"\x89PNG\r\n\x1a\n" + b"not a real one, but it begins like one"


def quiet(
    percent: float | None = None, message: str = "", *, done: int | None = None, total: int | None = None
) -> None:
    """Progress that nobody looks at."""


def read(
    folder: Path, name: str, data: bytes | str, kind: str = "", chars_max: int = 10_000_000
) -> tuple[Reading, str]:
    """What the reader of a file with that name and content finds, and the Markdown that it writes."""
    path = folder / Path(name).name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_file(path, name, kind, chars_max)


def read_file(path: Path, name: str = "", kind: str = "", chars_max: int = 10_000_000) -> tuple[Reading, str]:
    """The same for a file that is there."""
    found = kind or recognise(str(path), name or path.name)
    reader = readers.by_media_type(found)
    assert reader is not None, found
    scratch = path.parent / "scratch"
    scratch.mkdir(exist_ok=True)
    text = io.StringIO()
    reading = reader.read(
        str(path), Markdown(text, chars_max), Context(name or path.name, str(scratch), {"library": {}}, quiet)
    )
    return reading, text.getvalue()


def code(folder: Path, name: str, data: bytes | str, kind: str = "", chars_max: int = 10_000_000) -> str:
    """With which code a file is refused."""
    try:
        reading, text = read(folder, name, data, kind, chars_max)
    except Unprocessable as error:
        return error.code
    raise AssertionError(f"it was read: {reading} {text[:300]}")


def zipped(parts: Mapping[str, bytes | str]) -> bytes:
    """A ZIP of these files."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            stored = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(name, content, stored)
    return data.getvalue()


CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


def epub(
    chapters: Mapping[str, str],
    metadata: str = "<dc:title>A Book</dc:title>",
    nav: str = "",
    ncx: str = "",
    guide: str = "",
    manifest: str = "",
    linear_no: tuple[str, ...] = (),
    **others: bytes | str,
) -> bytes:
    """An EPUB of chapters (name -> body), with the rest of its package as it is written here."""
    items = [f'<item id="c{n}" href="{name}" media-type="application/xhtml+xml"/>' for n, name in enumerate(chapters)]
    items += ['<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'] if nav else []
    items += ['<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'] if ncx else []
    spine = "".join(
        f'<itemref idref="c{n}"{" linear=" + chr(34) + "no" + chr(34) if name in linear_no else ""}/>'
        for n, name in enumerate(chapters)
    )
    package = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="uid">'
        f'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf">{metadata}'
        f"</metadata><manifest>{''.join(items)}{manifest}</manifest>"
        f"<spine{' toc=' + chr(34) + 'ncx' + chr(34) if ncx else ''}>{spine}</spine>{guide}</package>"
    )
    parts: dict[str, bytes | str] = {"mimetype": "application/epub+zip", "META-INF/container.xml": CONTAINER}
    parts["OEBPS/content.opf"] = package
    for name, body in chapters.items():
        if body:
            parts[f"OEBPS/{name}"] = body if body.startswith("<?xml") else page(body)
    if nav:
        parts["OEBPS/nav.xhtml"] = page(nav)
    if ncx:
        parts["OEBPS/toc.ncx"] = ncx
    return zipped(parts | others)


def page(body: str) -> str:
    """A page of a book."""
    return (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"'
        f' xmlns:epub="http://www.idpf.org/2007/ops"><head><title>not this</title></head>{body}</html>'
        if body.startswith("<body")
        else '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"'
        f' xmlns:epub="http://www.idpf.org/2007/ops"><head><title>not this</title></head><body>{body}</body></html>'
    )
