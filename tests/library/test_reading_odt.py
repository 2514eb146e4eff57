"""ODT to Markdown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.library.building import code_of, lines, make_odf, read

STYLES = (
    '<office:styles><style:style style:name="Title"/></office:styles><office:automatic-styles>'
    '<style:style style:name="P1" style:parent-style-name="Title"/>'
    '<style:style style:name="Loop" style:parent-style-name="Loop"/>'
    '<text:list-style style:name="L1"><text:list-level-style-bullet text:level="1"/></text:list-style>'
    '<text:list-style style:name="L2"><text:list-level-style-number text:level="1" style:num-format="1"/>'
    "</text:list-style></office:automatic-styles>"
)


def listed(style: str, *items: str) -> str:
    inside = "".join(f"<text:list-item>{item}</text:list-item>" for item in items)
    return f'<text:list text:style-name="{style}">{inside}</text:list>'


def p(text: str) -> str:
    return f"<text:p>{text}</text:p>"


def make(path: Path, body: str, **parts: str) -> Path:
    return make_odf(path, "text", body, STYLES, **parts)


def test_headings_lists_tables_and_notes_are_written_in_their_order(tmp_path: Path):
    note = "<text:note><text:note-citation>1</text:note-citation><text:note-body>{}</text:note-body></text:note>"
    comment = f"<office:annotation><dc:creator>Ben</dc:creator>{p('Is it?')}</office:annotation>"
    body = (
        f"<text:tracked-changes><text:deletion>{p('gone')}</text:deletion></text:tracked-changes>"
        '<text:p text:style-name="P1">On herons</text:p><text:p text:style-name="Loop"/>'
        '<text:h text:outline-level="2">Where</text:h>'
        + p(f"At<text:s text:c='2'/>the <text:a>river</text:a><text:tab/>.{note.format(p('A note.'))}{comment}")
        + listed("L1", p("bread") + listed("L1", p("old"))) + listed("L2", p("first") + p("more"), p("second"))
        + "<table:table><table:table-row><table:table-cell>" + p("bird") + "</table:table-cell>"
        '<table:table-cell table:number-columns-repeated="2">' + p("seen") + "</table:table-cell></table:table-row>"
        "<table:table-row><table:table-cell>" + p("heron") + p("grey") + "</table:table-cell>"
        "<table:covered-table-cell/><table:table-cell>" + p("3") + "</table:table-cell></table:table-row></table:table>"
        + p(f"<draw:frame><draw:text-box>{p('In a box')}</draw:text-box><svg:desc>A heron</svg:desc></draw:frame>")
    )  # fmt: skip
    reading, _ = read(make(tmp_path / "a.odt", body))
    assert lines(tmp_path / "a.odt") == [
        "# On herons",
        "## Where",
        "At the river .[^1][^2]",
        "- bread",
        "  - old",
        "1. first",
        "more",
        "2. second",
        "| bird |  | seen |",
        "| --- | --- | --- |",
        "| heron grey |  | 3 |",
        "[A heron]",
        "In a box",
        "[^1]: A note.",
        "[^2]: Ben: Is it?",
    ]
    assert (reading.kind, reading.title, reading.authors) == ("document", "Of herons", ("Ada Moss",))
    assert (reading.date, reading.language) == ("2024-05-04T10:20:30", "en-GB")
    assert reading.counts == {"tables": 1, "notes": 2}


def test_a_password_is_told(tmp_path: Path):
    manifest = "<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>"
    assert code_of(make(tmp_path / "a.odt", p("words"), manifest=manifest)) == "encrypted"


@pytest.mark.parametrize("damage", ["cut", "noise", "no content"])
def test_damage_is_told(tmp_path: Path, damage: str):
    path = make(tmp_path / "a.odt", "".join(p(f"words {number}") for number in range(3000)))
    data = path.read_bytes()
    at = data.index(b"content.xml") + 200
    if damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "noise":
        path.write_bytes(data[:at] + b"\xff" * 200 + data[at + 200 :])
    else:
        path.write_bytes(data.replace(b"content.xml", b"kontent.xml"))
    assert code_of(path) == "corrupt"


def test_a_document_without_words_is_empty(tmp_path: Path):
    assert code_of(make(tmp_path / "a.odt", p(""))) == "empty"
    cells = "<table:table-row><table:table-cell/></table:table-row>"
    assert code_of(make(tmp_path / "a.odt", f"<table:table>{cells}</table:table>")) == "empty"


def test_what_is_made_to_do_harm_is_refused(tmp_path: Path):
    assert code_of(make(tmp_path / "a.odt", p(" " * 20_000_000))) == "bomb"
    assert code_of(make(tmp_path / "b.odt", "<text:p>" * 300)) == "hostile-xml"
