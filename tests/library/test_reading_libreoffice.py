"""A text, a sheet and slides in the formats as LibreOffice writes them; and each of them damaged."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.library.building import OFFICE, code_of, lines, read

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<office:document {names} office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.{kind}">'
    "<office:meta><dc:title>Owls of the valley</dc:title><meta:initial-creator>Ada Moss</meta:initial-creator>"
    '</office:meta><office:master-styles><style:master-page style:name="m" style:page-layout-name="p"/>'
    "</office:master-styles><office:body><office:{kind}>{body}</office:{kind}></office:body></office:document>"
)
"""LibreOffice looks for these letters, quotes and all."""
TEXT = """
<text:h text:outline-level="1">Where owls breed</text:h>
<text:p>In 2023, forty-two pairs were counted in Grünau<text:note text:note-class="footnote">
<text:note-citation>1</text:note-citation><text:note-body><text:p>By night.</text:p></text:note-body>
</text:note>.</text:p>
<text:h text:outline-level="2">Places</text:h>
<text:list><text:list-item><text:p>old barns</text:p></text:list-item>
<text:list-item><text:p>church towers</text:p></text:list-item></text:list>
<table:table table:name="t"><table:table-column table:number-columns-repeated="2"/>
<table:table-row>{0}Place{1}{0}Pairs{1}</table:table-row><table:table-row>{0}Łódź{1}{0}30{1}</table:table-row></table:table>
<text:p>Αθήνα and Москва have none.</text:p>
"""
CELL = ('<table:table-cell office:value-type="string"><text:p>', "</text:p></table:table-cell>")
SHEET = """
<table:table table:name="Pairs"><table:table-row>{0}Place{1}{0}Pairs{1}</table:table-row>
<table:table-row>{0}Łódź{1}<table:table-cell office:value-type="float" office:value="30"/></table:table-row>
<table:table-row>{0}Grünau{1}<table:table-cell office:value-type="float" office:value="12"/></table:table-row>
<table:table-row>{0}all{1}<table:table-cell table:formula="of:=SUM([.B2:.B3])"/></table:table-row></table:table>
"""
BOX = '<draw:frame svg:x="1cm" svg:y="{0}cm" svg:width="20cm" svg:height="3cm"{1}><draw:text-box><text:p>'
END = "</text:p></draw:text-box></draw:frame>"
NOTES = ' presentation:class="notes"'
SLIDES = (
    f'<draw:page draw:master-page-name="m">{BOX.format(1, "")}Where owls breed{END}{BOX.format(5, "")}Old barns{END}'
    f"<presentation:notes>{BOX.format(1, NOTES)}Speak slowly.{END}</presentation:notes>"
    f'</draw:page><draw:page draw:master-page-name="m">{BOX.format(1, "")}Москва has none{END}</draw:page>'
)
NAMES = " ".join(
    f"xmlns:{name}='{OFFICE}{urn}:1.0'"
    for name, urn in (
        ("office", "office"), ("text", "text"), ("table", "table"), ("draw", "drawing"), ("style", "style"),
        ("presentation", "presentation"), ("svg", "svg-compatible"), ("meta", "meta"),
    )
)  # fmt: skip
WRITTEN = {"fodt": ("docx", "odt", "rtf", "pdf"), "fods": ("xlsx", "ods"), "fodp": ("pptx", "odp")}
TABLE = ["| Place | Pairs |", "| --- | --- |", "| Łódź | 30 |"]
LAST = "Αθήνα and Москва have none."
HEADS = ["# Where owls breed", "## Places"]
LISTED = [*HEADS[1:], "- old barns", "- church towers", *TABLE, LAST]
COUNTED = "In 2023, forty-two pairs were counted in Grünau"
SHEETS = ["## Pairs", *TABLE, "| Grünau | 12 |", "| all | 42 |"]
SHOWN = ["## Slide 1", "Where owls breed", "Old barns", "Notes: Speak slowly.", "## Slide 2", "Москва has none"]
READ = {
    "docx": [HEADS[0], f"{COUNTED}[^2].", *LISTED, "[^2]: By night."],
    "odt": [HEADS[0], f"{COUNTED}[^1].", *LISTED, "[^1]: By night."],
    "rtf": [HEADS[0], f"{COUNTED} (By night.).", *LISTED],
    "pdf": [
        "<!-- page 1 -->", HEADS[0], f"{COUNTED}1 .", HEADS[1], "• old barns", "• church towers", "Place Pairs",
        "Łódź 30", f"{LAST} 1 By night.",
    ],
    "xlsx": SHEETS, "ods": SHEETS, "pptx": SHOWN, "odp": SHOWN,
}  # fmt: skip


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the files, one call a format: a call takes seconds."""
    if shutil.which("soffice") is None:
        pytest.skip("needs the program `soffice` (Debian: libreoffice-writer-nogui, -calc-nogui and -impress-nogui)")
    folder = tmp_path_factory.mktemp("office")
    names = (
        NAMES + " xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:of='urn:oasis:names:tc:opendocument:xmlns:of:1.2'"
    )
    bodies = {"fodt": ("text", TEXT), "fods": ("spreadsheet", SHEET), "fodp": ("presentation", SLIDES)}
    for ending, (kind, body) in bodies.items():
        (folder / f"a.{ending}").write_text(HEAD.format(names=names, kind=kind, body=body.format(*CELL)))
        for wanted in WRITTEN[ending]:
            subprocess.run(
                [
                    "soffice", f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--convert-to",
                    wanted, f"a.{ending}",
                ],
                cwd=folder, env={**os.environ, "HOME": str(folder)}, check=True, capture_output=True,
            )  # fmt: skip
    return folder


def test_what_libreoffice_writes_is_read(office: Path):
    for ending, expected in READ.items():
        path = office / f"a.{ending}"
        assert lines(path) == expected, ending
        reading, _ = read(path)
        assert (reading.title, reading.authors) == ("Owls of the valley", ("Ada Moss",)), ending


def test_what_was_cut_off_or_flipped_in_the_middle_ends_in_a_code(office: Path, tmp_path: Path):
    for ending in READ:
        data = (office / f"a.{ending}").read_bytes()
        path = tmp_path / f"a.{ending}"
        for share in (3, 2, 1.5, 1.1):
            path.write_bytes(data[: int(len(data) / share)])
            assert code_of(path) == "corrupt", (ending, share)
        if ending == "rtf":  # another letter, where no sum tells
            continue
        path.write_bytes(flipped(data, middle_of_the_text(office / f"a.{ending}", ending)))
        assert code_of(path) == "corrupt", ending


def middle_of_the_text(path: Path, ending: str) -> int:
    """A place in the packed text: that of the fonts and pictures beside it is not read at all."""
    if ending == "pdf":
        data = path.read_bytes()
        return (data.index(b"stream") + data.index(b"endstream")) // 2
    part = {
        "docx": "word/document.xml", "xlsx": "xl/worksheets/sheet1.xml", "pptx": "ppt/slides/slide1.xml",
    }.get(ending, "content.xml")  # fmt: skip
    with zipfile.ZipFile(path) as archive:
        said = archive.getinfo(part)
    return said.header_offset + 30 + len(part) + said.compress_size // 2


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]
