"""PDF to Markdown."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zlib
from pathlib import Path

import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from box.library import pdf_fallback, pdf_text, scans
from box.library.markdown import Markdown
from box.library.readers import pdf
from box.library.reading import Context
from tests.library.building import code_of, lines, make_pdf, pdf_of, read, scanned, shown, stream_of

PROSE = [
    "The heron stood in the shallow water at the bend, and did not move for the whole af-",
    "ternoon. When the light had gone from the trees it flew up, slowly, with the long beats",
    "that herons have.",
    "Another paragraph begins here, and runs on for as long as a line on this page is, and",
    "ends.",
    "\u2022 bread",
    "\u2022 cheese",
]
HERON = (
    "The heron stood in the shallow water at the bend, and did not move for the whole afternoon. When the light had"
    " gone from the trees it flew up, slowly, with the long beats that herons have."
)


def test_lines_become_paragraphs_and_the_outline_headings(tmp_path: Path):
    path = make_pdf(
        tmp_path / "a.pdf",
        [shown(["1 The heron", *PROSE, "A long title that", "takes two lines", "Last words."]), shown(["page two"])],
        [("The heron", 0), ("A long title that takes two lines", 0), ("Elsewhere", 1), ("Nowhere", -1)],
    )
    assert lines(path) == [
        "- Nowhere",
        "<!-- page 1 -->",
        "# The heron",
        HERON,
        "Another paragraph begins here, and runs on for as long as a line on this page is, and ends.",
        "\u2022 bread",
        "\u2022 cheese",
        "# A long title that takes two lines",
        "Last words.",
        "<!-- page 2 -->",
        "# Elsewhere",
        "page two",
    ]
    reading, _ = read(path)
    assert (reading.kind, reading.title, reading.authors) == ("document", "Of herons", ("Ada Moss",))
    assert (reading.date, reading.language) == ("2024-05-04T10:20:30+02:00", "en-GB")
    assert (reading.counts, reading.marks) == ({"pages": 2}, ())


def encrypted(path: Path, user: str) -> Path:
    make_pdf(path, [shown(["secret words"])])
    writer = PdfWriter(clone_from=PdfReader(path))
    writer.encrypt(user, "owner", algorithm="RC4-128")
    writer.write(path)
    return path


def test_a_password_is_told_and_one_that_only_forbids_printing_is_none(tmp_path: Path):
    assert code_of(encrypted(tmp_path / "a.pdf", "open sesame")) == "encrypted"
    assert lines(encrypted(tmp_path / "b.pdf", "")) == ["<!-- page 1 -->", "secret words"]


def test_damage_and_emptiness_are_told(tmp_path: Path):
    path = make_pdf(tmp_path / "a.pdf", [shown(PROSE)] * 20)
    data = path.read_bytes()
    for damaged in (data[: len(data) // 2], data[:-40], b"%PDF-1.7\n", b"%PDF-1.7\n" + os.urandom(3000) + b"%%EOF"):
        path.write_bytes(damaged)
        assert code_of(path) == "corrupt"
    path.write_bytes(data + b"<html>what a web server hung on</html>" * 100)
    assert "heron" in read(path)[1]
    assert code_of(make_pdf(tmp_path / "b.pdf", [b"", b""])) == "empty"


def test_what_pdfium_cannot_open_pypdf_reads(tmp_path: Path):
    """Its trailer does not say which of its objects is the catalog."""
    path = make_pdf(tmp_path / "a.pdf", [shown(["Found by the other"]), b""])
    path.write_bytes(path.read_bytes().replace(b"/Root 1 0 R", b""))
    reading, text = read(path)
    assert "Found by the other" in text
    assert (reading.marks, reading.counts) == (("fallback",), {"pages": 2})
    with open(path, "r+b") as file:
        file.truncate(pdf_fallback.BYTES_MAX)
        file.seek(0, os.SEEK_END)
        file.write(b"%%EOF")
    assert code_of(path) == "corrupt"


def packed(data: bytes, times: int, layers: int = 1) -> bytes:
    packer = zlib.compressobj(9)
    out = b"".join(packer.compress(data) for _ in range(times)) + packer.flush()
    return out if layers == 1 else packed(out, 1, layers - 1)


def one_page(content: bytes, tree: bytes = b"<</Type/Pages/Count 1/Kids[4 0 R]>>") -> bytes:
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>/Contents 5 0 R>>"
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    return pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", tree, font, page, content])


def test_bombs_are_refused_before_they_go_off(tmp_path: Path):
    path = tmp_path / "a.pdf"
    spaces = b" " * (1 << 20)
    path.write_bytes(one_page(stream_of(packed(spaces, 24), b"/Filter/FlateDecode")))
    assert code_of(path) == "bomb"
    path.write_bytes(one_page(stream_of(packed(spaces, 24, layers=2), b"/Filter[/FlateDecode/FlateDecode]")))
    assert code_of(path) == "bomb"
    path.write_bytes(one_page(stream_of(packed(shown(["words"]), 1000), b"/Filter/FlateDecode")))
    assert "words" in read(path)[1]


def test_a_tree_of_pages_without_an_end_does_no_harm(tmp_path: Path):
    path = tmp_path / "a.pdf"
    path.write_bytes(one_page(b"<<>>", b"<</Type/Pages/Count 1/Kids[2 0 R]/Parent 2 0 R>>"))
    assert code_of(path) == "corrupt"
    path.write_bytes(one_page(b"<<>>", b"<</Type/Pages/Count 100000000/Kids[4 0 R]>>"))
    assert code_of(path) in {"empty", "oversized"}


def test_a_scan_says_that_nobody_has_read_it_yet(tmp_path: Path):
    reading, text = read(scanned(tmp_path / "a.pdf", "The heron stood still"))
    assert (reading.marks, reading.counts) == (("needs-ocr",), {"pages": 1, "pages_without_text": 1})
    assert text == ""


def test_a_picture_on_which_nothing_stands_is_no_failure(tmp_path: Path):
    path = scanned(tmp_path / "a.pdf", "")
    context = Context("a.pdf", str(tmp_path), {}, lambda *_, **__: None)
    reading = pdf.read(str(path), Markdown(io.StringIO(), 1000), context, lambda _page, _number: "")
    assert (reading.marks, reading.counts) == (("ocr",), {"pages": 1, "pages_by_ocr": 1})


def test_a_picture_that_unpacks_to_too_much_is_not_rendered(tmp_path: Path):
    path = scanned(tmp_path / "a.pdf", "The heron stood still")
    path.write_bytes(path.read_bytes().replace(b"/Width 1190/Height 1684", b"/Width 60000/Height 60000"))
    with pypdfium2.PdfDocument(path) as document:
        assert not scans.is_small(document[0])


def test_five_hundred_pages_take_little_memory(tmp_path: Path):
    path = make_pdf(tmp_path / "a.pdf", [shown(PROSE * 7)] * 500)
    program = (
        "import sys; from tests.library.building import read; reading, text = read(sys.argv[1]);"
        "print(reading.counts['pages'], len(text), open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
    )
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    pages, chars, kilobytes = map(int, done.stdout.split())
    assert pages == 500
    assert chars > 500_000
    assert kilobytes < 200_000


@pytest.mark.parametrize(
    ("said", "date"),
    [
        ("D:20240504102030Z", "2024-05-04T10:20:30Z"),
        ("D:20240504102030-05'30'", "2024-05-04T10:20:30-05:30"),
        ("20240504", "2024-05-04"),
        ("D:2024", "2024"),
        ("yesterday", ""),
    ],
)
def test_dates_are_those_of_the_rest_of_the_world(said: str, date: str):
    assert pdf.date(said) == date


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (["well-", "known"], "wellknown"),
        (["Anglo-", "Saxon"], "Anglo-Saxon"),
        (["page 12 -", "13"], "page 12 - 13"),
        (["日本語のとても長い文章がここにあり", "ますので"], "日本語のとても長い文章がここにありますので"),
        (["Ada Moss", "12 Long Lane", "A much longer line that runs on and on"], None),
        (["", ""], ""),
    ],
)
def test_lines_are_joined_where_a_sentence_runs_on(before: list[str], expected: str | None):
    text = pdf_text.paragraphs(before)
    assert text == ("\n".join(before) if expected is None else expected)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=60).map(str.strip), max_size=40))
def test_no_letter_is_lost_but_hyphens(page: list[str]):
    def letters(text: str) -> str:
        return "".join(text.split()).replace("-", "")

    assert letters(pdf_text.paragraphs(page)) == letters("".join(page))
    joined = [line for _, _, part in pdf_text.sections(page, [(1, "nothing of it")]) for line in part]
    assert joined == page
