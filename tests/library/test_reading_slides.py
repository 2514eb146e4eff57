"""PPTX and ODP to Markdown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.library.building import REL, code_of, lines, make_odf, make_ooxml, read, relations

NAMES = f'xmlns:p="urn:p" xmlns:a="urn:a" xmlns:r="{REL}" xmlns:mc="urn:mc"'


def shape(kind: str | None, *paragraphs: str) -> str:
    holder = "" if kind is None else f'<p:nvSpPr><p:nvPr><p:ph type="{kind}"/></p:nvPr></p:nvSpPr>'
    return f"<p:sp>{holder}<p:txBody>{''.join(paragraphs)}</p:txBody></p:sp>"


def p(text: str, depth: int = 0) -> str:
    return f'<a:p><a:pPr lvl="{depth}"/><a:r><a:t>{text}</a:t></a:r></a:p>'


def slide(*inside: str) -> str:
    return f"<p:sld {NAMES}><p:cSld><p:spTree>{''.join(inside)}</p:spTree></p:cSld></p:sld>"


def make_pptx(path: Path, first: str, second: str = slide(), ids: str = "r2 r1") -> Path:
    listed = "".join(f'<p:sldId id="{250 + at}" r:id="{name}"/>' for at, name in enumerate(ids.split()))
    return make_ooxml(
        path,
        "ppt/presentation.xml",
        {
            "ppt/presentation.xml": f"<p:presentation {NAMES}><p:sldIdLst>{listed}</p:sldIdLst></p:presentation>",
            "ppt/slides/slide1.xml": first,
            "ppt/slides/slide2.xml": second,
            "ppt/slides/_rels/slide1.xml.rels": relations(
                ("notesSlide", "../notesSlides/notesSlide1.xml"), ("diagramData", "../diagrams/data1.xml")
            ),
            "ppt/notesSlides/notesSlide1.xml": slide(shape("sldImg"), shape("body", p("Speak slowly.")),
                                                     shape("sldNum", p("7"))),
            "ppt/diagrams/data1.xml": f"<x {NAMES}><a:t/>{p('In a diagram')}</x>",
        },
        ("slide", "slides/slide1.xml"),
        ("slide", "slides/slide2.xml"),
    )  # fmt: skip


def test_slides_of_pptx_come_in_the_order_in_which_they_are_shown(tmp_path: Path):
    row = "<a:tr>{}</a:tr>"
    cell = "<a:tc><a:txBody>{}</a:txBody></a:tc>"
    table = "<a:tbl>" + "".join(
        row.format("".join(cell.format(p(text)) for text in cells)) for cells in (("bird", "seen"), ("heron", "3"))
    )
    first = slide(
        shape("title", p("The"), p("heron")),
        shape("body", p("stands"), p("flies"), p("slowly", 1)),
        f"<p:graphicFrame>{table}</a:tbl></p:graphicFrame>",
        f"<mc:AlternateContent><mc:Choice>{shape(None, p('Once'))}</mc:Choice>"
        f"<mc:Fallback>{shape(None, p('Once'))}</mc:Fallback></mc:AlternateContent>",
        shape("ftr", p("footer")),
    )
    path = make_pptx(tmp_path / "a.pptx", first, slide(shape("ctrTitle", p("Birds")), shape("subTitle", p("By Ada"))))
    assert lines(path) == [
        "## Slide 1: Birds",
        "By Ada",
        "## Slide 2: The heron",
        "- stands",
        "- flies",
        "  - slowly",
        "| bird | seen |",
        "| --- | --- |",
        "| heron | 3 |",
        "Once",
        "In a diagram",
        "Notes: Speak slowly.",
    ]
    reading, _ = read(path)
    assert (reading.kind, reading.title, reading.counts) == ("slides", "Of herons", {"slides": 2})


def test_slides_of_odp_come_in_their_order(tmp_path: Path):
    frame = '<draw:frame presentation:class="{}"><draw:text-box>{}</draw:text-box></draw:frame>'
    body = (
        "<draw:page>" + frame.format("title", "<text:p>The heron</text:p>")
        + frame.format("outline", "<text:list><text:list-item><text:p>stands</text:p><text:list><text:list-item>"
                                  "<text:p>still</text:p></text:list-item></text:list></text:list-item></text:list>")
        + frame.format("", "<text:p>Beside</text:p>")
        + "<draw:frame><table:table><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell>"
        "<table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></table:table></draw:frame>"
        "<presentation:notes>" + frame.format("notes", "<text:p>Speak slowly.</text:p>") + "</presentation:notes>"
        "</draw:page><draw:page/>"
    )  # fmt: skip
    path = make_odf(tmp_path / "a.odp", "presentation", body)
    assert lines(path) == [
        "## Slide 1: The heron",
        "- stands",
        "  - still",
        "Beside",
        "| a | b |",
        "| --- | --- |",
        "Notes: Speak slowly.",
        "## Slide 2",
    ]
    assert read(path)[0].counts == {"slides": 2}


def test_slides_without_words_are_empty(tmp_path: Path):
    assert code_of(make_pptx(tmp_path / "a.pptx", slide(), ids="r2")) == "empty"
    assert code_of(make_odf(tmp_path / "a.odp", "presentation", "<draw:page/><draw:page/>")) == "empty"


@pytest.mark.parametrize("ending", ["pptx", "odp"])
def test_damage_is_told(tmp_path: Path, ending: str):
    path = tmp_path / f"a.{ending}"
    if ending == "pptx":
        make_pptx(path, slide(shape("title", p("words"))))
    else:
        make_odf(path, "presentation", "<draw:page><text:p>words</text:p></draw:page>")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    assert code_of(path) == "corrupt"
    name = b"ppt/slides/slide1.xml" if ending == "pptx" else b"content.xml"
    at = data.index(name) + len(name)
    path.write_bytes(data[:at] + b"\xff" * 30 + data[at + 30 :])
    assert code_of(path) == "corrupt"


def test_what_is_made_to_do_harm_is_refused(tmp_path: Path):
    assert code_of(make_pptx(tmp_path / "a.pptx", slide(" " * 20_000_000))) == "bomb"
    assert code_of(make_pptx(tmp_path / "b.pptx", "<a>" * 1000)) == "hostile-xml"
    manifest = "<manifest:encryption-data/>"
    assert code_of(make_odf(tmp_path / "c.odp", "presentation", "<draw:page/>", manifest=manifest)) == "encrypted"
