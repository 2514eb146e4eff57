"""Books: what is written of them, in which order, under which headings, and what is refused with which code."""

from __future__ import annotations

import base64
import os
import shutil
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from box.errors import Unprocessable
from tests.reading_files import PNG, code, epub, page, read, read_file, zipped

METADATA = (
    '<dc:title>The Whale</dc:title><dc:creator id="a">Ann Example</dc:creator>'
    '<dc:creator id="t">Tom Translator</dc:creator><meta refines="#t" property="role">trl</meta>'
    '<dc:language>en-GB</dc:language><dc:identifier id="uid">urn:uuid:1</dc:identifier>'
    "<dc:identifier>urn:isbn:978-0-306-40615-7</dc:identifier><dc:date>1851-10-18</dc:date><dc:subject>Sea</dc:subject>"
)
NAV = (
    '<nav epub:type="toc"><ol><li><a href="ch1.xhtml">1. Loomings</a>'
    '<ol><li><a href="ch1.xhtml#s">The inn</a></li></ol></li>'
    '<li><a href="ch2.xhtml">The Street</a></li></ol></nav>'
    '<nav epub:type="landmarks"><ol><li><a epub:type="titlepage" href="a.xhtml">Title</a></li></ol></nav>'
)
CHAPTERS = {
    "a.xhtml": "<p>The Whale, printed in London</p>",
    "extra.xhtml": "<h1>Notes on the text</h1><p>An aside.</p>",
    "copyright-of-nature.xhtml": "<h1>Foreword</h1><p>No file name decides.</p>",
    "ch1.xhtml": '<h1>Loomings</h1><p>Call me Ishmael.<a epub:type="noteref" href="#n1">1</a></p>'
    '<aside epub:type="footnote" id="n1">1 A name.</aside><p id="s">It was dark.</p>',
    "ch2.xhtml": '<section epub:type="copyright-page"><p>All rights reserved</p></section><p>I stuffed a shirt.</p>',
}


def test_an_epub_is_its_chapters_in_the_order_of_the_spine(tmp_path: Path):
    cover = '<item id="cov" href="c.png" media-type="image/png" properties="cover-image"/>'
    book = epub(CHAPTERS, METADATA, NAV, manifest=cover, linear_no=("extra.xhtml",), **{"OEBPS/c.png": PNG})
    reading, text = read(tmp_path, "whale.epub", book)
    assert text == (
        "# Foreword\n\nNo file name decides.\n\n# 1. Loomings\n\nCall me Ishmael.[1]\n\n## The inn\n\nIt was dark.\n"
        "- 1 A name.\n\n# The Street\n\nI stuffed a shirt.\n\n# Notes on the text\n\nAn aside."
    )
    assert (reading.kind, reading.title, reading.authors) == ("book", "The Whale", ("Ann Example",))
    assert (reading.date, reading.language, reading.origin) == ("1851-10-18", "en-GB", "urn:isbn:9780306406157")
    assert (reading.counts, reading.tags, reading.marks) == ({"chapters": 4}, ("Sea",), ())
    assert (tmp_path / "scratch" / reading.cover).read_bytes() == PNG


NCX = (
    '<?xml version="1.0"?><!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN"'
    ' "http://www.daisy.org/z3986/2005/ncx-2005-1.dtd">'
    '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1"><navMap>'
    "<navPoint><navLabel><text>Part One</text>"
    '</navLabel><content src="p.xhtml"/><navPoint><navLabel><text>Chapter I</text>'
    '</navLabel><content src="p.xhtml#c1"/>'
    "</navPoint></navPoint></navMap></ncx>"
)


def test_an_epub_of_the_older_kind_has_its_titles_from_the_ncx_and_its_front_matter_from_the_guide(tmp_path: Path):
    chapters = {
        "t.xhtml": "<p>Contents</p>",
        "p.xhtml": '<p class="title" id="c1"><b>CHAPTER I</b></p><p>It begins.</p>',
    }
    metadata = (
        '<dc:title>Old</dc:title><dc:creator opf:role="aut">Ann</dc:creator><dc:creator opf:role="ill">Bo</dc:creator>'
        '<dc:date opf:event="modification">2020</dc:date><dc:date opf:event="publication">1999</dc:date>'
        '<meta name="cover" content="pic"/>'
    )
    guide = '<guide><reference type="toc" href="t.xhtml"/><reference type="text" href="p.xhtml"/></guide>'
    item = '<item id="pic" href="../c.png" media-type="image/png"/>'
    book = epub(chapters, metadata, ncx=NCX, guide=guide, manifest=item, **{"c.png": PNG})
    reading, text = read(tmp_path, "old.epub", book)
    assert text == "# Part One\n\n## Chapter I\n\nIt begins."
    assert (reading.authors, reading.date, reading.cover) == (("Ann",), "1999", "cover.png")


@pytest.mark.parametrize(
    ("said", "origin"),
    [
        ("<dc:identifier>9780306406157</dc:identifier>", "urn:isbn:9780306406157"),
        ("<dc:identifier>9780306406158</dc:identifier>", "9780306406158"),
        ("<dc:identifier>0306406152</dc:identifier>", "0306406152"),
        ('<dc:identifier opf:scheme="ISBN">0-306-40615-2</dc:identifier>', "urn:isbn:0306406152"),
    ],
)
def test_a_number_is_an_isbn_if_it_is_called_so_or_its_last_digit_fits(tmp_path: Path, said: str, origin: str):
    assert read(tmp_path, "a.epub", epub({"a.xhtml": "<p>Text</p>"}, said))[0].origin == origin


def test_a_file_that_is_front_matter_and_text_too_is_read(tmp_path: Path):
    guide = '<guide><reference type="toc" href="b.xhtml#toc"/><reference type="cover" href="c.xhtml"/></guide>'
    _, text = read(tmp_path, "b.epub", epub({"c.xhtml": "<p>Cover</p>", "b.xhtml": "<p>Everything</p>"}, guide=guide))
    assert text == "Everything"
    guide = '<guide><reference type="cover" href="b.xhtml"/></guide>'
    _, text = read(tmp_path, "c.epub", epub({"b.xhtml": "<p>Everything</p>"}, guide=guide))
    assert text == "Everything"


def test_a_missing_chapter_is_told_and_a_book_of_none_refused(tmp_path: Path):
    reading, _ = read(tmp_path, "a.epub", epub({"a.xhtml": "<p>Here</p>", "b.xhtml": ""}))
    assert reading.marks == ("chapters-missing",)
    assert code(tmp_path, "b.epub", epub({"a.xhtml": "", "b.xhtml": ""})) == "corrupt"
    assert code(tmp_path, "c.epub", epub({"a.xhtml": '<img src="x.png"/>'})) == "empty"


ENCRYPTION = (
    '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><EncryptedData'
    ' xmlns="http://www.w3.org/2001/04/xmlenc#"><EncryptionMethod Algorithm="{}"/><CipherData><CipherReference'
    ' URI="OEBPS/x"/></CipherData></EncryptedData></encryption>'
)


def test_a_protected_book_is_encrypted_and_one_with_scrambled_fonts_is_not(tmp_path: Path):
    book = {"a.xhtml": "<p>Readable</p>"}
    fonts = ENCRYPTION.format("http://www.idpf.org/2008/embedding")
    assert read(tmp_path, "a.epub", epub(book, **{"META-INF/encryption.xml": fonts}))[1] == "Readable"
    drm = ENCRYPTION.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc")
    assert code(tmp_path, "b.epub", epub(book, **{"META-INF/encryption.xml": drm})) == "encrypted"


def test_damaged_and_hostile_books_are_refused(tmp_path: Path):
    book = epub(CHAPTERS, METADATA, NAV)
    assert code(tmp_path, "a.epub", book[: len(book) // 2], "application/epub+zip") == "corrupt"
    assert code(tmp_path, "b.epub", zipped({"META-INF/container.xml": "<container/>"})) == "corrupt"
    laughs = (
        '<?xml version="1.0"?><!DOCTYPE html [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><html><body>&b;</body></html>'
    )
    assert code(tmp_path, "c.epub", epub({"a.xhtml": laughs})) == "hostile-xml"
    parts = {"META-INF/container.xml": laughs.replace("html", "container")}
    assert code(tmp_path, "d.epub", epub({"a.xhtml": "<p>x</p>"}, **parts), "application/epub+zip") in {
        "hostile-xml",
        "corrupt",
    }
    bomb = epub({"a.xhtml": "<p>" + " " * 20_000_000 + "</p>"})
    assert code(tmp_path, "e.epub", bomb) == "bomb"


FB2 = f"""<?xml version="1.0" encoding="utf-8"?>
<FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0" xmlns:l="http://www.w3.org/1999/xlink">
<description><title-info><genre>prose</genre><author><first-name>Анна</first-name><last-name>Пример</last-name>
</author><book-title>Река</book-title><date value="1999-01-02">1999</date><lang>ru</lang><keywords>sea, river</keywords>
<coverpage><image l:href="#c.png"/></coverpage></title-info><publish-info><isbn>978-0-306-40615-7</isbn></publish-info>
</description><body><title><p>Река</p></title><section><title><p>Часть 1</p></title><section><title>
<p>Глава</p></title><epigraph><p>Слово.</p></epigraph>
<p>Первый <emphasis>абзац</emphasis>.<a l:href="#n1" type="note">[1]</a></p></section>
<section><p>Второй.</p><table><tr><td>a</td><td>b</td></tr></table></section></section>
<section><p>Конец.</p></section></body>
<body name="notes"><section id="n1"><title><p>1</p></title><p>Сноска.</p></section></body>
<binary id="c.png" content-type="image/png">{base64.b64encode(PNG).decode()}</binary></FictionBook>"""
FB2_TEXT = (
    "# Река\n\n# Часть 1\n\n## Глава\n\n> Слово.\n\nПервый абзац.[1]\n\n"  # noqa: RUF001
    "Второй.\n\n| a | b |\n| --- | --- |\n- 1 Сноска.\n\nКонец."  # noqa: RUF001
)


def test_a_fictionbook_is_its_sections_with_its_notes(tmp_path: Path):
    reading, text = read(tmp_path, "river.fb2", FB2)
    assert text == FB2_TEXT
    assert (reading.title, reading.authors, reading.date) == ("Река", ("Анна Пример",), "1999-01-02")
    assert (reading.language, reading.origin, reading.tags) == ("ru", "urn:isbn:9780306406157", ("sea", "river"))
    assert (tmp_path / "scratch" / reading.cover).read_bytes() == PNG
    reading, text = read(tmp_path, "river.fb2.zip", zipped({"river.fb2": FB2}))
    assert text == FB2_TEXT
    assert reading.title == "Река"
    assert (tmp_path / "scratch" / reading.cover).read_bytes() == PNG


def test_damaged_and_hostile_fictionbooks_are_refused(tmp_path: Path):
    assert code(tmp_path, "a.fb2", FB2[:-200]) == "corrupt"
    assert code(tmp_path, "b.fb2", "<FictionBook/>") == "empty"
    bomb = FB2.replace("<FictionBook", '<!DOCTYPE x [<!ENTITY a "b">]><FictionBook')
    assert code(tmp_path, "c.fb2", bomb, "application/x-fictionbook+xml") == "hostile-xml"
    deep = "<FictionBook><body>" + "<section>" * 5000 + "</section>" * 5000 + "</body></FictionBook>"
    assert code(tmp_path, "d.fb2", deep) == "hostile-xml"


def mobi(encryption: int = 0, longer: int = 0) -> bytes:
    """A book of the old kind: one record of text, without compression; it says that it is so much longer."""
    text = b"<html><head><guide></guide></head><body><h1>Chapter</h1><p>The mobi text.</p></body></html>"
    title = b"The Mobi"
    header = struct.pack(">HHIHHHH", 1, 0, len(text) + longer, 1, 4096, encryption, 0)
    fields = bytearray(232)
    struct.pack_into(">4sIIII", fields, 0, b"MOBI", 232, 2, 65001, 1)
    struct.pack_into(">I", fields, 20, 6)
    for at in range(24, 64, 4):
        struct.pack_into(">I", fields, at, 0xFFFFFFFF)
    struct.pack_into(">III", fields, 64, 2, 16 + 232, len(title))
    struct.pack_into(">I", fields, 76, 9)
    struct.pack_into(">I", fields, 92, 2)
    struct.pack_into(">I", fields, 228, 0xFFFFFFFF)
    record = header + bytes(fields) + title + b"\0" * 8
    records = [record, text, b"\xe9\x8e\x0d\x0a"]
    head = struct.pack(">32sHHIIIIII4s4sIIH", b"The_Mobi", 0, 0, 0, 0, 0, 0, 0, 0, b"BOOK", b"MOBI", 0, 0, len(records))
    at = len(head) + 8 * len(records) + 2
    table = b""
    for number, each in enumerate(records):
        table += struct.pack(">II", at, number)
        at += len(each)
    return head + table + b"\0\0" + b"".join(records)


@pytest.fixture
def mobitool() -> str:
    found = shutil.which("mobitool")
    if not found:
        pytest.skip("mobitool is not installed; `apt-get install libmobi-tools` brings it")
    return found


def test_a_mobi_is_read_by_way_of_an_epub(mobitool: str, tmp_path: Path):
    reading, text = read(tmp_path, "book.mobi", mobi())
    assert "# Chapter\n\nThe mobi text." in text
    assert (reading.title, reading.origin) == ("The Mobi", "")
    assert not [name for name in os.listdir(tmp_path / "scratch") if name == "mobi"]
    assert code(tmp_path, "bad.mobi", mobi()[:400]) == "corrupt"
    assert code(tmp_path, "short.mobi", mobi(longer=1)) == "corrupt"


def test_a_mobi_that_is_protected_or_has_no_program_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert code(tmp_path, "drm.mobi", mobi(encryption=2)) == "encrypted"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unprocessable, match="libmobi-tools") as refused:
        read(tmp_path, "book.mobi", mobi())
    assert refused.value.code == "no-reader"


INFO = (
    "<ComicInfo><Title>The Storm</Title><Series>Rivers</Series><Number>3</Number><Writer>Ann, Bo</Writer>"
    "<Year>2020</Year>"
    "<Month>5</Month><LanguageISO>en</LanguageISO><Summary>It rains.</Summary></ComicInfo>"
)


def test_a_comic_is_what_is_known_about_it(tmp_path: Path):
    pages = {"p/10.png": b"ten", "p/9.png": PNG, "__MACOSX/p/1.png": b"no", "ComicInfo.xml": INFO}
    reading, text = read(tmp_path, "c.cbz", zipped(pages))
    assert text == "# The Storm\n- Series: Rivers\n- Number: 3\n- Summary: It rains."
    assert (reading.kind, reading.authors, reading.date) == ("comic", ("Ann", "Bo"), "2020-05")
    assert reading.counts == {"pages": 2}
    assert (tmp_path / "scratch" / reading.cover).read_bytes() == PNG
    reading, _ = read(tmp_path, "Rivers_03 (2020) [scan].cbz", zipped({"1.jpg": b"x"}))
    assert (reading.title, reading.cover) == ("Rivers 03", "")


def test_a_comic_that_cannot_be_opened_is_known_by_its_name_or_refused(tmp_path: Path):
    reading, _ = read(tmp_path, "Rivers 03 (2020).cbr", b"Rar!\x1a\x07\x01\x00rest")
    assert (reading.title, reading.marks) == ("Rivers 03", ("contents-unread",))
    with tarfile.open(tmp_path / "Rivers 04.cbt", "w", format=tarfile.GNU_FORMAT) as archive:
        archive.add(__file__, "1.jpg")
    assert read_file(tmp_path / "Rivers 04.cbt")[0].title == "Rivers 04"
    assert read(tmp_path, "Rivers 05.cbr", zipped({"1.png": PNG}))[0].counts == {"pages": 1}
    assert read(tmp_path, "Rivers 06.cbz", b"Rar!\x1a\x07\x01\x00rest")[0].title == "Rivers 06"
    assert code(tmp_path, "a.cbr", b"no rar at all", "application/vnd.comicbook-rar") == "corrupt"
    assert code(tmp_path, "a.cbz", zipped({"readme.txt": "no pages"})) == "empty"
    assert code(tmp_path, "b.cbz", zipped({"1.png": PNG})[:-30], "application/vnd.comicbook+zip") == "corrupt"


def test_a_zip_of_books_is_one_note_with_a_heading_for_each(tmp_path: Path):
    inner = epub({"a.xhtml": "<h1>Chapter</h1><p>In a book.</p>"}, METADATA)
    parts = {
        "b/whale.epub": inner,
        "a.txt": "Just text.",
        "broken.fb2": FB2[:300],
        "cover.jpg": b"x",
        "more.zip": zipped({"a": "b"}),
    }
    reading, text = read(tmp_path, "books.zip", zipped(parts))
    assert text.startswith(
        "# a.txt\n\nJust text.\n\n# b/whale.epub\n\n## Chapter\n\nIn a book.\n\n# broken.fb2\n\nIt could not be read:"
    )
    assert "# Other files\n- cover.jpg (1 bytes)\n- more.zip" in text
    assert (reading.kind, reading.authors, reading.counts) == ("book", ("Ann Example",), {"members": 2})
    assert reading.marks == ("members-unread",)


def test_a_zip_without_books_or_with_too_much_is_refused(tmp_path: Path):
    assert code(tmp_path, "a.zip", zipped({"photo.jpg": b"x", "program.exe": b"MZ"})) == "no-reader"
    assert code(tmp_path, "b.zip", zipped({"a.fb2": FB2[:300], "b.epub": b"x"})) in {"corrupt", "no-reader"}
    assert code(tmp_path, "c.zip", zipped({f"{n}.txt": "x" for n in range(300)})) == "oversized"
    assert code(tmp_path, "d.zip", zipped({"a.txt": "x"})[:-20], "application/zip") == "corrupt"
    assert code(tmp_path, "e.zip", zipped({"a.txt": "word " * 1000, "b.txt": "x"}), chars_max=2000) == "oversized"


def test_what_epub_files_are_made_of_here_is_real(tmp_path: Path):
    (tmp_path / "a.epub").write_bytes(
        epub({"a.xhtml": page("<body epub:type='cover'><p>Cover</p></body>"), "b.xhtml": "<p>b</p>"})
    )
    with zipfile.ZipFile(tmp_path / "a.epub") as archive:
        assert archive.namelist()[0] == "mimetype"
    assert read_file(tmp_path / "a.epub")[1] == "b"
