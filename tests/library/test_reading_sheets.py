"""XLSX, ODS and CSV to Markdown."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box.library import cells
from tests.library.building import REL, code_of, lines, make_odf, make_ooxml, read

NAMES = f'xmlns="urn:x" xmlns:r="{REL}"'
STYLES = (
    f'<styleSheet {NAMES}><numFmts><numFmt numFmtId="164" formatCode="d. mmm yyyy"/>'
    '<numFmt numFmtId="165" formatCode="[h]:mm:ss"/><numFmt numFmtId="166" formatCode="0.0&quot; days&quot;"/>'
    "</numFmts>"
    '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/>'
    '<xf numFmtId="22"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="166"/></cellXfs></styleSheet>'
)
STRINGS = (
    f"<sst {NAMES}><si><t>bird</t></si><si><r><t>gr</t></r><r><t>ey</t></r><rPh><t>GURE</t></rPh></si>"
    "<si><t>a|b</t></si></sst>"
)


def make_xlsx(path: Path, *sheets: str, names: tuple[str, ...] = ("One", "Two", "Three"), since: str = "0") -> Path:
    listed = "".join(f'<sheet name="{names[at]}" sheetId="{at + 1}" r:id="r{at + 3}"/>' for at in range(len(sheets)))
    properties = f'<workbookPr date1904="{since}"/>'
    return make_ooxml(
        path,
        "xl/workbook.xml",
        {
            "xl/workbook.xml": f"<workbook {NAMES}>{properties}<sheets>{listed}</sheets></workbook>",
            "xl/styles.xml": STYLES,
            "xl/sharedStrings.xml": STRINGS,
            **{f"xl/worksheets/sheet{at}.xml": sheet for at, sheet in enumerate(sheets)},
        },
        ("styles", "styles.xml"),
        ("sharedStrings", "sharedStrings.xml"),
        *(("worksheet", f"worksheets/sheet{at}.xml") for at in range(len(sheets))),
    )


def sheet(*rows: str) -> str:
    return f"<worksheet {NAMES}><sheetData>{''.join(f'<row>{row}</row>' for row in rows)}</sheetData></worksheet>"


def test_sheets_of_xlsx_are_tables_with_what_their_cells_show(tmp_path: Path):
    path = make_xlsx(
        tmp_path / "a.xlsx",
        sheet(
            '<c r="A1" t="s"><v>0</v></c><c r="C1" t="inlineStr"><is><t>seen</t></is></c>'
            '<c r="D1" t="str"><v>when</v></c>',
            "",
            '<c r="A2" t="s"><v>1</v></c><c r="B2" t="s"><v>2</v></c><c r="C2"><f>1+2</f><v>3</v></c>'
            '<c r="D2" s="1"><v>45416</v></c>',
            '<c r="A3" t="b"><v>1</v></c><c r="B3" t="e"><v>#DIV/0!</v></c><c r="C3"><v>0.30000000000000004</v></c>'
            '<c r="D3" s="2"><v>45416.5</v></c>',
            '<c r="A4" s="3"><v>59</v></c><c r="B4" s="4"><v>1.5</v></c><c r="C4" s="5"><v>2</v></c>'
            '<c r="D4" t="d"><v>2024-05-04</v></c>',
        ),
        sheet(),
        sheet('<c r="B2"><v>7</v></c>'),
    )
    assert lines(path) == [
        "## One",
        "| bird |  | seen | when |",
        "| --- | --- | --- | --- |",
        "| grey | a\\|b | 3 | 2024-05-04 |",
        "| TRUE | #DIV/0! | 0.3 | 2024-05-04T12:00:00 |",
        "| 1900-02-28 | 36:00:00 | 2 | 2024-05-04 |",
        "## Three",
        "|  | 7 |",
        "| --- | --- |",
    ]
    reading, _ = read(path)
    assert (reading.kind, reading.title, reading.counts, reading.marks) == ("table", "Of herons", {"sheets": 2}, ())


def test_days_are_counted_from_1904_where_a_workbook_says_so(tmp_path: Path):
    path = make_xlsx(tmp_path / "a.xlsx", sheet('<c r="A1" s="1"><v>0</v></c><c r="B1"><v>0</v></c>'), since="1")
    assert lines(path)[1] == "| 1904-01-01 | 0 |"


@pytest.mark.parametrize("row", [101, 10_002])
def test_what_does_not_fit_is_cut_and_marked(tmp_path: Path, row: int):
    wide = '<c r="A1"><v>1</v></c><c r="ZZ1"><v>2</v></c>'
    long = ["<c><v>1</v></c>"] * 10_002
    rows = [wide] if row == 101 else long
    assert read(make_xlsx(tmp_path / "a.xlsx", sheet(*rows)))[0].marks == ("tables-cut",)
    cell = f'<c t="inlineStr"><is><t>{"x" * 2001}</t></is></c>'
    assert read(make_xlsx(tmp_path / "b.xlsx", sheet(cell)))[0].marks == ("tables-cut",)


def ods_cell(kind: str, stored: str, text: str, more: str = "") -> str:
    name = {"date": "date-value", "string": "string-value", "time": "time-value"}.get(kind, "value")
    said = f' office:{name}="{stored}"' if stored else ""
    return f'<table:table-cell office:value-type="{kind}"{said}{more}><text:p>{text}</text:p></table:table-cell>'


def test_sheets_of_ods_are_tables_with_what_their_cells_hold(tmp_path: Path):
    empty = '<table:table-cell table:number-columns-repeated="16000"/>'
    blank = f'<table:table-row table:number-rows-repeated="1000000">{empty}</table:table-row>'
    twice = ' table:number-columns-repeated="2"'
    body = (
        f'<table:table table:name="One"><table:table-row>{ods_cell("string", "", "bird")}'
        f"{ods_cell('string', '', 'seen', twice)}{empty}</table:table-row>{blank}"
        f"<table:table-row table:number-rows-repeated='2'>{ods_cell('date', '2024-05-04T00:00:00', '4 May')}"
        f"{ods_cell('float', '1234.5', '1.234,50')}<table:covered-table-cell/></table:table-row>{blank}</table:table>"
        f'<table:table table:name="Two">{blank}</table:table>'
    )
    path = make_odf(tmp_path / "a.ods", "spreadsheet", body)
    assert lines(path) == [
        "## One",
        "| bird | seen | seen |",
        "| --- | --- | --- |",
        "| 2024-05-04 | 1234.5 |  |",
        "| 2024-05-04 | 1234.5 |  |",
    ]
    assert read(path)[0].counts == {"sheets": 1}


def test_a_row_that_is_repeated_a_million_times_is_cut(tmp_path: Path):
    row = f"<table:table-row table:number-rows-repeated='99999999'>{ods_cell('float', '1', '1')}</table:table-row>"
    path = make_odf(tmp_path / "a.ods", "spreadsheet", f"<table:table>{row}</table:table>")
    assert read(path)[0].marks == ("tables-cut",)


def test_sheets_without_words_are_empty(tmp_path: Path):
    assert code_of(make_xlsx(tmp_path / "a.xlsx", sheet())) == "empty"
    assert code_of(make_odf(tmp_path / "a.ods", "spreadsheet", "<table:table/>")) == "empty"


def test_damage_is_told(tmp_path: Path):
    for path in (
        make_xlsx(tmp_path / "a.xlsx", sheet('<c r="A1"><v>1</v></c>')),
        make_odf(tmp_path / "a.ods", "spreadsheet", "<table:table/>"),
    ):
        data = path.read_bytes()
        path.write_bytes(data[: len(data) * 2 // 3])
        assert code_of(path) == "corrupt"
    assert code_of(make_xlsx(tmp_path / "b.xlsx", f"<worksheet {NAMES}><sheetData><row>")) == "corrupt"


def test_what_is_made_to_do_harm_is_refused(tmp_path: Path):
    assert code_of(make_xlsx(tmp_path / "a.xlsx", sheet(" " * 20_000_000))) == "bomb"
    assert code_of(make_xlsx(tmp_path / "b.xlsx", "<a>" * 1000)) == "hostile-xml"
    manifest = "<manifest:encryption-data/>"
    assert code_of(make_odf(tmp_path / "c.ods", "spreadsheet", "<table:table/>", manifest=manifest)) == "encrypted"


@pytest.mark.parametrize(
    ("number_format", "code", "shows"),
    [
        (0, "", ""), (1, "", ""), (14, "", "date"), (20, "", "time"), (22, "", "both"), (164, "General", ""),
        (164, "yyyy-mm-dd", "date"), (164, "h:mm", "time"), (164, "d/m/yy h:mm", "both"), (164, "mmm", "date"),
        (164, "#,##0.00 [$USD]", ""), (164, '0.0" hours"', ""), (164, "[Red]0;[Blue]d", ""), (164, "[mm]:ss", "time"),
    ],
)  # fmt: skip
def test_a_format_tells_dates_from_numbers(number_format: int, code: str, shows: str):
    assert cells.shows(number_format, code) == shows


@given(st.text(), st.sampled_from(["", "date", "time", "both"]), st.booleans())
def test_any_stored_text_is_shown(stored: str, shown_as: str, since_1904: bool):
    assert isinstance(cells.number(stored, shown_as, since_1904=since_1904), str)


@given(st.floats(0, 3_000_000), st.sampled_from(["date", "time", "both"]), st.booleans())
def test_any_number_has_a_date(stored: float, shown_as: str, since_1904: bool):
    assert cells.number(repr(stored), shown_as, since_1904=since_1904)


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.csv", b'bird,seen\nheron,"3, or 4"\nkite,\n', ["| bird | seen |", "| heron | 3, or 4 |", "| kite |  |"]),
        ("b.csv", "bird;größe\nheron;1,5\nkite;2,5\n".encode("cp1252"), ["| bird | größe |", "| heron | 1,5 |"]),
        ("c.tsv", b"bird\tseen\nheron\t3\n", ["| bird | seen |", "| heron | 3 |"]),
        ("d.csv", "sep=;\nbird;seen\nheron;3\n".encode("utf-16"), ["| bird | seen |", "| heron | 3 |"]),
        ("e.csv", b'a,b\n1,"two\nlines"\n', ["| a | b |", "| 1 | two lines |"]),
        ("f.csv", b"one\ntwo\n", ["| one |", "| two |"]),
        ("g.csv", b'size,bird\n5" 2,heron\n"3,kite\n4,gull\n', ["| size | bird |"]),
    ],
)
def test_csv_is_a_table_however_it_is_written(tmp_path: Path, name: str, data: bytes, expected: list[str]):
    path = tmp_path / name
    path.write_bytes(data)
    written = [line for line in lines(path) if not line.startswith("| ---")]
    assert written[: len(expected)] == expected


def test_csv_that_does_not_fit_is_cut_and_marked(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "1,2\n" * 10_002)
    reading, text = read(path)
    assert reading.marks == ("tables-cut",)
    assert reading.counts["columns"] == 2
    assert text.count("\n") == 10_001
    path.write_text("a,b\n" + "x" * 2_000_000)
    assert code_of(path) == "oversized"
    path.write_text(" \n\n")
    assert code_of(path) == "empty"
