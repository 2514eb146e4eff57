"""Small honest documents, and reading them. The rule: bytes as their programs write them, nothing of ours in them."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pypdfium2
import pytest

from box.errors import Unprocessable
from box.library import readers
from box.library.markdown import Markdown
from box.library.reading import Context, Reading
from box.library.recognising import recognise

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "urn:oasis:names:tc:opendocument:xmlns:"


def read(path: Path | str, **options: object) -> tuple[Reading, str]:
    """What the reader that Box would pick finds, and what it writes."""
    scratch = Path(path).parent / "scratch"
    scratch.mkdir(exist_ok=True)
    reader = readers.by_media_type(recognise(str(path), str(path)))
    assert reader is not None
    file = io.StringIO()
    context = Context(Path(path).name, str(scratch), options, lambda *_, **__: None)
    reading = reader.read(str(path), Markdown(file, 100_000_000), context)
    assert list(scratch.iterdir()) == []
    return reading, file.getvalue()


def lines(path: Path | str) -> list[str]:
    """What it writes, without blank lines."""
    return [line for line in read(path)[1].split("\n") if line]


def code_of(path: Path | str) -> str:
    """Why it cannot be read."""
    with pytest.raises(Unprocessable) as refused:
        read(path)
    assert Path(path).name in str(refused.value)
    return refused.value.code


def make_zip(path: Path, parts: Mapping[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data, zipfile.ZIP_STORED if name == "mimetype" else None)
    return path


def relations(*said: tuple[str, str]) -> str:
    """(type, target); ids are r1, r2, ..."""
    inside = "".join(
        f'<Relationship Id="r{count}" Type="{REL}/{kind}" Target="{target}"/>'
        for count, (kind, target) in enumerate(said, 1)
    )
    return f'<?xml version="1.0"?><Relationships xmlns="{PACKAGE}/relationships">{inside}</Relationships>'


def make_ooxml(path: Path, main: str, parts: Mapping[str, str | bytes], *said: tuple[str, str]) -> Path:
    """A package of Office Open XML; `said`: the relations of its main part."""
    folder, _, file = main.rpartition("/")
    core = (
        f'<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:t="http://purl.org/dc/terms/"><dc:title>Of herons</dc:title><dc:creator>Ada Moss;Ben Reed</dc:creator>'
        "<t:created>2024-05-04T10:20:30Z</t:created><dc:language>en-GB</dc:language></cp:coreProperties>"
    )
    return make_zip(
        path,
        {
            "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
            "_rels/.rels": relations(("officeDocument", main), ("metadata/core-properties", "docProps/core.xml")),
            "docProps/core.xml": core,
            f"{folder}/_rels/{file}.rels": relations(*said),
            **parts,
        },
    )


def make_odf(path: Path, kind: str, body: str, styles: str = "", **parts: str) -> Path:
    """A package of OpenDocument; `kind`: "text", "spreadsheet" or "presentation"."""
    names = " ".join(
        f'xmlns:{name}="{OFFICE}{name}:1.0"'
        for name in ("office", "text", "table", "draw", "presentation", "style", "meta", "manifest")
    )
    names += ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
    names += f' xmlns:svg="{OFFICE}svg-compatible:1.0"'
    meta = (
        "<dc:title>Of herons</dc:title><meta:initial-creator>Ada Moss</meta:initial-creator>"
        "<meta:creation-date>2024-05-04T10:20:30.123</meta:creation-date><dc:language>en-GB</dc:language>"
    )
    wrapped = {
        "styles.xml": f"<office:document-styles {names}>{styles}</office:document-styles>",
        "content.xml": f"<office:document-content {names}><office:body><office:{kind}>{body}</office:{kind}>"
        "</office:body></office:document-content>",
        "meta.xml": f"<office:document-meta {names}><office:meta>{meta}</office:meta></office:document-meta>",
        "META-INF/manifest.xml": f"<manifest:manifest {names}>{parts.get('manifest', '')}</manifest:manifest>",
    }
    return make_zip(path, {"mimetype": f"application/vnd.oasis.opendocument.{kind}", **wrapped})


def pdf_of(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """A PDF of these objects; the first is its catalog."""
    out = b"%PDF-1.7\n"
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    end = b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n%s%s" % (size, table, end)


def stream_of(data: bytes, said: bytes = b"") -> bytes:
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(data), said, data)


def shown(lines: Iterable[str]) -> bytes:
    """What draws these lines on a page."""
    escaped = (re.sub(r"([\\()])", r"\\\1", line).encode("cp1252") for line in lines)
    return b"BT /F1 12 Tf 14 TL 72 760 Td\n%s\nET" % b"\n".join(b"(%s) Tj T*" % line for line in escaped)


def make_pdf(
    path: Path, pages: Sequence[bytes], outline: Sequence[tuple[str, int]] = (), resources: bytes = b""
) -> Path:
    """A PDF of what draws its pages; `outline`: (title, number of the page from 0)."""
    first = 6 + len(outline)
    at = [first + 2 * number for number in range(len(pages))]
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/Lang(en-GB)/Outlines 5 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(pages), b" ".join(b"%d 0 R" % number for number in at)),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        b"<</Title(Of herons)/Author(Ada Moss)/CreationDate(D:20240504102030+02'00')>>",
        b"<</Type/Outlines/First 6 0 R/Last %d 0 R/Count %d>>" % (5 + len(outline), len(outline)),
    ]
    for number, (title, page) in enumerate(outline):
        after = b"/Next %d 0 R" % (7 + number) if number + 1 < len(outline) else b""
        target = b"/Dest[%d 0 R/Fit]" % at[page] if page >= 0 else b""
        objects.append(b"<</Title(%s)/Parent 5 0 R%s%s>>" % (title.encode("cp1252"), target, after))
    for number, drawn in enumerate(pages):
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>%s>>/Contents %d 0 R>>"
            % (resources, at[number] + 1)
        )
        objects.append(stream_of(drawn))
    path.write_bytes(pdf_of(objects, b"/Info 4 0 R"))
    return path


def scanned(path: Path, *texts: str) -> Path:
    """A PDF whose pages are only pictures of a text."""
    source = make_pdf(
        path.with_name("source.pdf"),
        [b"1 0 0 1 0 -100 cm " + shown([each]).replace(b"12 Tf", b"28 Tf") for each in texts],
    )
    first = [3 + 3 * number for number in range(len(texts))]
    kids = b" ".join(b"%d 0 R" % at for at in first)
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(texts), kids)]
    with pypdfium2.PdfDocument(source) as document:
        for at, page in zip(first, document, strict=True):
            bitmap = page.render(scale=2, grayscale=True)
            rows = memoryview(bitmap.buffer).cast("B")
            pixels = b"".join(rows[row * bitmap.stride :][: bitmap.width] for row in range(bitmap.height))
            said = b"/Type/XObject/Subtype/Image/Width %d/Height %d" % (bitmap.width, bitmap.height)
            said += b"/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/FlateDecode"
            objects += [
                b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</XObject<</I %d 0 R>>>>/Contents %d 0 R>>"
                % (at + 2, at + 1),
                stream_of(b"595 0 0 842 0 0 cm /I Do"),
                stream_of(zlib.compress(pixels), said),
            ]
    source.unlink()
    path.write_bytes(pdf_of(objects))
    return path
