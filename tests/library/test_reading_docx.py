"""DOCX to Markdown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.library.building import REL, W, code_of, lines, make_ooxml, read

NAMES = (
    f'xmlns:w="{W}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    ' xmlns:wp="urn:wp" xmlns:a="urn:a" xmlns:v="urn:v"'
)
STYLES = (
    '<w:style w:styleId="Titel"><w:name w:val="Title"/></w:style>'
    '<w:style w:styleId="berschrift2"><w:name w:val="heading 2"/></w:style>'
    '<w:style w:styleId="Mine"><w:name w:val="Mine"/><w:basedOn w:val="berschrift2"/></w:style>'
    '<w:style w:styleId="Out"><w:name w:val="Out"/><w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style>'
    '<w:style w:styleId="Loop"><w:name w:val="Loop"/><w:basedOn w:val="Loop"/></w:style>'
)
NUMBERING = (
    '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl>'
    '<w:lvl w:ilvl="1"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum>'
    '<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="decimal"/></w:lvl>'
    "</w:abstractNum>"
    '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>'
)


def p(inside: str, style: str = "", more: str = "") -> str:
    said = f'<w:pStyle w:val="{style}"/>' if style else ""
    body = inside if inside.startswith("<") else f"<w:r><w:t>{inside}</w:t></w:r>"
    return f"<w:p><w:pPr>{said}{more}</w:pPr>{body}</w:p>"


def item(text: str, number: int, depth: int = 0) -> str:
    return p(text, more=f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>')


def make(path: Path, body: str) -> Path:
    notes = (
        f'<w:footnotes {NAMES}><w:footnote w:type="separator" w:id="-1">{p("---")}</w:footnote>'
        f'<w:footnote w:id="1">{p("A note at the foot.")}</w:footnote></w:footnotes>'
    )
    ends = f'<w:endnotes {NAMES}><w:endnote w:id="2">{p("A note at the end.")}</w:endnote></w:endnotes>'
    comments = f'<w:comments {NAMES}><w:comment w:id="0" w:author="Ben">{p("Is it?")}</w:comment></w:comments>'
    return make_ooxml(
        path,
        "word/document.xml",
        {
            "word/document.xml": f"<w:document {NAMES}><w:body>{body}</w:body></w:document>",
            "word/styles.xml": f"<w:styles {NAMES}>{STYLES}</w:styles>",
            "word/numbering.xml": f"<w:numbering {NAMES}>{NUMBERING}</w:numbering>",
            "word/footnotes.xml": notes,
            "word/endnotes.xml": ends,
            "word/comments.xml": comments,
        },
        ("styles", "styles.xml"),
        ("numbering", "numbering.xml"),
        ("footnotes", "footnotes.xml"),
        ("endnotes", "/word/endnotes.xml"),
        ("comments", "comments.xml"),
    )


def cell(*inside: str, span: int = 1) -> str:
    said = f'<w:tcPr><w:gridSpan w:val="{span}"/></w:tcPr>' if span > 1 else ""
    return f"<w:tc>{said}{''.join(inside)}</w:tc>"


def table(*rows: str) -> str:
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"


def test_headings_lists_tables_and_notes_are_written_in_their_order(tmp_path: Path):
    body = (
        p("On herons", "Titel")
        + p("Where", "berschrift2")
        + p("<w:r><w:t>At the </w:t></w:r><w:hyperlink><w:r><w:t>river</w:t></w:r></w:hyperlink><w:r><w:tab/>"
            '<w:t>.</w:t><w:footnoteReference w:id="1"/><w:endnoteReference w:id="2"/></w:r>')
        + item("bread", 1) + item("old", 1, 1) + item("third", 2) + item("fourth", 2)
        + p("How many", "Mine")
        + table(cell(p("bird")) + cell(p("seen")), cell(p("heron"), p("grey")) + cell(p("3 | 4")),
                cell(p("none of them"), span=2))
        + p("Deeper", "Out") + p("Round", "Loop")
    )  # fmt: skip
    reading, _ = read(make(tmp_path / "a.docx", body))
    assert lines(tmp_path / "a.docx") == [
        "# On herons",
        "## Where",
        "At the river .[^1][^e2]",
        "- bread",
        "  - old",
        "3. third",
        "4. fourth",
        "## How many",
        "| bird | seen |",
        "| --- | --- |",
        "| heron grey | 3 \\| 4 |",
        "| none of them |  |",
        "### Deeper",
        "Round",
        "[^1]: A note at the foot.",
        "[^e2]: A note at the end.",
        "[^c0]: Ben: Is it?",
    ]
    assert (reading.kind, reading.title, reading.authors) == ("document", "Of herons", ("Ada Moss", "Ben Reed"))
    assert (reading.date, reading.language) == ("2024-05-04T10:20:30Z", "en-GB")
    assert reading.counts == {"tables": 1, "notes": 3}
    assert reading.marks == ()


def test_a_text_box_is_read_once_and_what_was_deleted_is_not_read(tmp_path: Path):
    box = f"<w:txbxContent>{p('In a box')}{table(cell(p('of a table')))}</w:txbxContent>"
    body = p(
        "<w:r><w:t>Kept</w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
        "<w:moveFrom><w:r><w:t>moved</w:t></w:r></w:moveFrom><w:ins><w:r><w:t> and new</w:t></w:r></w:ins>"
        "<w:r><w:instrText>PAGE</w:instrText></w:r>"
        f'<w:r><mc:AlternateContent><mc:Choice><wp:docPr descr=" A heron "/>{box}</mc:Choice>'
        f"<mc:Fallback><v:textbox>{box}</v:textbox></mc:Fallback></mc:AlternateContent></w:r>"
    )
    assert lines(make(tmp_path / "a.docx", body))[:3] == ["Kept and new[A heron]", "In a box", "of a table"]


def test_a_table_that_only_makes_columns_is_written_as_paragraphs(tmp_path: Path):
    long = "word " * 300
    inner = table(cell(p("inner one")) + cell(p("inner two")))
    body = table(cell(p(long)) + cell(p("short"), inner)) + table(cell(p("alone")))
    assert lines(make(tmp_path / "a.docx", body))[:5] == [long.strip(), "short", "inner one", "inner two", "alone"]


def test_a_table_longer_than_fits_is_cut_and_marked(tmp_path: Path):
    row = cell(p("one")) + cell(p("two"))
    reading, text = read(make(tmp_path / "a.docx", table(*[row] * 10_010)))
    assert reading.marks == ("tables-cut",)
    assert text.count("| one | two |") == 10_001


@pytest.mark.parametrize("damage", ["cut", "noise", "no document", "cut xml"])
def test_damage_is_told(tmp_path: Path, damage: str):
    path = make(tmp_path / "a.docx", p("words " * 1000))
    data = path.read_bytes()
    if damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "noise":
        path.write_bytes(data[:900] + b"\xff" * 200 + data[1100:])
    elif damage == "no document":
        make_ooxml(path, "word/document.xml", {"word/other.xml": "<a/>"})
    else:
        make_ooxml(path, "word/document.xml", {"word/document.xml": f"<w:document {NAMES}><w:body>{p('words')}"})
    assert code_of(path) == "corrupt"


def test_a_document_without_words_is_empty(tmp_path: Path):
    path = make_ooxml(
        tmp_path / "a.docx", "word/document.xml", {"word/document.xml": f"<w:document {NAMES}><w:body/></w:document>"}
    )
    assert code_of(path) == "empty"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (f"<w:document {NAMES}>" + " " * 20_000_000 + "</w:document>", "bomb"),
        ("<a>" * 100_000, "hostile-xml"),
        (f"<w:document {NAMES}><w:body>" + "<w:p>" * 300, "hostile-xml"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "hostile-xml"),
        ("<a " + " ".join(f"a{number}='1'" for number in range(1001)) + "/>", "hostile-xml"),
    ],
    ids=["bomb", "deep", "paragraphs", "entity", "attributes"],
)
def test_what_is_made_to_do_harm_is_refused(tmp_path: Path, body: str, code: str):
    assert code_of(make_ooxml(tmp_path / "a.docx", "word/document.xml", {"word/document.xml": body})) == code


def test_relations_lead_to_the_document_wherever_it_is(tmp_path: Path):
    text = f'<w:document xmlns:w="{W}" xmlns:r="{REL}"><w:body>{p("Elsewhere")}</w:body></w:document>'
    path = make_ooxml(tmp_path / "a.docx", "word/odd name.xml", {"word/odd name.xml": text})
    assert lines(path) == ["Elsewhere"]
