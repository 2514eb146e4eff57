"""RTF, and the containers of old office programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.library.building import code_of, lines, read

HEAD = (
    r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss Helvetica;}}{\info{\title Of \'e9gr\'e8tes}{\author Ada Moss}"
    r"{\creatim\yr2024\mo5\dy4\hr10\min20}}{\stylesheet{\s1\outlinelevel0 heading 1;}}"
)


def make(path: Path, body: str) -> Path:
    path.write_bytes((HEAD + body + "}").encode("cp1252"))
    return path


def test_headings_lists_tables_and_notes_are_written_in_their_order(tmp_path: Path):
    picture = r"{\*\shppict{\pict\pngblip\bin9 }}{{{\}\}}}" + r"{\pict\wmetafile8 0102{\*\blipuid 00}0304}"
    row = r"\trowd\cellx100\cellx200\intbl {}\cell {}\cell\trowd\cellx100\row "
    path = make(
        tmp_path / "a.rtf",
        r"\pard\outlinelevel0 Where\par \pard At the {\b river}.{\super\chftn}{\footnote\pard A note.} caf\'e9 \u1055?"
        r"\u-10179?\u-8704? \\cell\par "
        + picture
        + r"{\pntext\'B7\tab}{\listtext\bullet\tab}bread\par 3.\tab third\par "
        + row.replace("{}", "bird", 1).replace("{}", "seen", 1)
        + row.replace("{}", "heron", 1).replace("{}", "3", 1)
        + r"\pard After.\par",
    )
    assert lines(path) == [
        "# Where",
        "At the river. (A note.) café П😀 \\cell",
        "- bread",
        "3. third",
        "| bird | seen |",
        "| --- | --- |",
        "| heron | 3 |",
        "After.",
    ]
    reading, _ = read(path)
    assert (reading.title, reading.authors, reading.date) == ("Of égrètes", ("Ada Moss",), "2024-05-04")


def test_damage_and_emptiness_are_told(tmp_path: Path):
    path = make(tmp_path / "a.rtf", r"\pard words\par" * 100)
    path.write_bytes(path.read_bytes()[:-200])
    assert code_of(path) == "corrupt"
    path.write_bytes(rb"{\rtfnoise")
    assert code_of(path) == "corrupt"
    path.write_bytes(rb"{\rtf1 \u99999999999999? x}")
    assert code_of(path) == "corrupt"
    assert code_of(make(tmp_path / "b.rtf", r"\pard\par")) == "empty"


def old(*inside: str) -> bytes:
    names = b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in inside)
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + names


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        (("Root Entry", "EncryptionInfo", "EncryptedPackage"), "encrypted"),
        (("Root Entry", "WordDocument"), "no-reader"),
        (("Root Entry", "Workbook"), "no-reader"),
        (("Root Entry", "PowerPoint Document"), "no-reader"),
        (("Root Entry", "Something"), "corrupt"),
    ],
)
def test_old_office_files_say_what_they_are(tmp_path: Path, inside: tuple[str, ...], code: str):
    path = tmp_path / "a.doc"
    path.write_bytes(old(*inside))
    assert code_of(path) == code


def test_a_name_is_found_wherever_the_file_is_cut_for_reading(tmp_path: Path):
    path = tmp_path / "a.docx"
    path.write_bytes(old("Root Entry") + bytes(1024 * 1024 - 660) + old("EncryptedPackage")[512:])
    assert code_of(path) == "encrypted"
