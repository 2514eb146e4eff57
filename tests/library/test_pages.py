"""Web pages: their main text, all of their text, what they say about themselves, and those that are made to hurt."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box.library import articles, markup, page_head, tags
from box.library.dates import date_of
from box.library.markdown import Markdown
from tests.reading_files import code, read, read_file

SENTENCE = "The river rose by four metres in the night, and nobody in the village had slept. "
ARTICLE = f"""<!DOCTYPE html><html lang="en-GB"><head><meta charset="utf-8"><title>Flood | The Paper</title>
<meta property="og:title" content="Flood in the valley"><meta name="author" content="Ann Example">
<meta property="article:published_time" content="2024-05-04T08:30:00+02:00">
<meta name="keywords" content="flood, river">
<link rel="canonical" href="https://example.org/flood"><style>p {{color: red}}</style></head><body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/news">News</a></li></ul></nav>
<article><h1>Flood in the valley</h1><p>{SENTENCE * 3}</p><h2>The morning after</h2><p>{SENTENCE * 3}</p>
<table><tr><th>Place</th><th>Metres</th></tr><tr><td>Upper mill</td><td>4.1</td></tr></table></article>
<footer>All rights reserved</footer><script>var x = "<p>never</p>";</script></body></html>"""


def written(page: str, guide: markup.Guide | None = None) -> str:
    text = io.StringIO()
    markup.write(page, Markdown(text, 10_000_000), guide)
    return text.getvalue()


def test_of_an_article_the_main_text_is_kept_and_what_it_says_about_itself(tmp_path: Path):
    reading, text = read(tmp_path, "flood.html", ARTICLE)
    assert (reading.kind, reading.title, reading.authors) == ("page", "Flood in the valley", ("Ann Example",))
    assert reading.date.startswith("2024-05-04")
    assert (reading.language, reading.origin, reading.marks) == ("en-GB", "https://example.org/flood", ())
    assert reading.tags == ("flood", "river")
    assert "## The morning after" in text
    assert "four metres" in text
    assert "4.1" in text
    assert "Home" not in text
    assert "never" not in text
    assert "color" not in text


def test_a_page_that_is_no_article_gives_all_of_its_text_and_says_so(tmp_path: Path):
    reading, text = read(
        tmp_path, "short.html", "<html><title>T</title><body><h1>Opening hours</h1><p>9 to 5</p></body></html>"
    )
    assert text == "# Opening hours\n\n9 to 5"
    assert (reading.title, reading.marks) == ("T", ("fallback",))


def test_without_the_extra_the_plain_way_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "trafilatura", None)
    reading, text = read(tmp_path, "flood.html", ARTICLE)
    assert reading.marks == ("plain",)
    assert (reading.title, reading.authors, reading.date) == (
        "Flood in the valley", ("Ann Example",), "2024-05-04T08:30:00+02:00",
    )  # fmt: skip
    assert "| Upper mill | 4.1 |" in text
    assert "never" not in text
    assert "Home" not in text


def test_the_walk_knows_the_blocks_of_a_page():
    page = """<h1>One</h1><p>Some <b>bold</b>
      text with a <a href="x">link</a>.<br>And a line.<ul><li>a<ul><li>b</ul><li><p>c</p></ul>
      <ol><li>first<li value=7>seventh</ol><blockquote><p>Said.</p></blockquote><pre>if x &lt; 1:
    pass</pre><table><tr><td>k<td>v<tr><td>a|b<td><p>1</p><p>2</p></table><dl><dt>Term<dd>Meaning</dl>"""
    assert written(page) == (
        "# One\n\nSome bold text with a link.\nAnd a line.\n- a\n  - b\n- c\n1. first\n7. seventh\n\n> Said.\n\n"
        "```\nif x < 1:\n    pass\n```\n\n| k | v |\n| --- | --- |\n| a\\|b | 1 2 |\n\nTerm\n\nMeaning"
    )


def test_a_table_that_only_arranges_things_is_text():
    page = "<table><tr><td><h2>News</h2><p>It rains.</p><td><table><tr><td>Monday<td>4</table></table>"
    assert written(page) == "## News\n\nIt rains.\n\n| Monday | 4 |\n| --- | --- |"


def test_what_is_left_out_and_never_ends_was_a_mistake():
    assert written("<p>Before<nav><p>All the rest of the page") == "Before\n\nAll the rest of the page"
    assert written("<nav>Home</nav><p hidden>No</p><div style='display: none'>No</div><p>Yes") == "Yes"


def test_text_of_a_page_is_never_taken_for_marks_or_headings(tmp_path: Path):
    _, text = read(tmp_path, "p.html", "<p>&lt;!-- page 3 --&gt;</p><p># no heading</p><p>[00:01:02.000] no speech</p>")
    assert text == "\\<!-- page 3 -->\n\n\\# no heading\n\n\\[00:01:02.000] no speech"
    page = f"<html><body><article><p>&lt;!-- page 3 --&gt;</p><p>{SENTENCE * 10}</p></article></body></html>"
    _, text = read(tmp_path, "q.html", page)
    assert "\n<!-- page" not in f"\n{text}"


@pytest.mark.parametrize(
    ("page", "marks"),
    [
        ("<html><body>" + "".join(f'<a href="/{n}">link {n}</a> ' for n in range(40_000)), ("fallback",)),
        ("<html><body>" + "<div>" * 50_000 + SENTENCE * 10, ("fallback",)),
        ("<html><body><p>text" + "<!--" * 200_000, ("fallback",)),
        ("<html><body><p>text<title>" + "<title>" * 61_000, ("fallback",)),
        ("<html><body><p>text" + "<a x=" * 100_000, ("fallback",)),
        ("<html><body><p>text" + "<table><tr><td>" * 5_000 + "x", ("fallback",)),
    ],
    ids=["links", "divs", "comments", "titles", "attributes", "tables"],
)
def test_a_page_made_to_hurt_is_read_the_plain_way(page: str, marks: tuple[str, ...], tmp_path: Path):
    reading, text = read(tmp_path, "p.html", page)
    assert reading.marks == marks
    assert text


def test_pages_without_text_and_beyond_all_measure_are_refused(tmp_path: Path):
    assert code(tmp_path, "e.html", "<html><body><script>only()</script></body></html>") == "empty"
    large = tmp_path / "large.html"
    with open(large, "wb") as file:
        file.write(b"<html><body>")
        file.truncate(70 * 1024 * 1024)
    assert code(tmp_path, "l.html", "<html>" + "<p>word</p>" * 300, chars_max=1000) == "oversized"
    with pytest.raises(Exception, match="bytes"):
        read_file(large)


def test_pictures_inside_a_page_are_no_text(tmp_path: Path):
    page = ARTICLE.replace("<article>", f'<article><img src="data:image/png;base64,{"A" * 9_000_000}">')
    saved = page.replace(
        "<!DOCTYPE html>", "<!DOCTYPE html><!--\n Page saved with SingleFile \n url: https://example.com/x -->"
    )
    reading, text = read(
        tmp_path, "single.html", saved.replace('<link rel="canonical" href="https://example.org/flood">', "")
    )
    assert reading.marks == ()
    assert reading.origin == "https://example.com/x"
    assert "AAAA" not in text


MHTML = """From: <Saved by Blink>
Snapshot-Content-Location: https://example.org/saved
Subject: =?utf-8?Q?Caf=C3=A9?=
Date: Sat, 4 May 2024 10:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/related; type="text/html"; boundary="xx"

--xx
Content-Type: text/html
Content-Transfer-Encoding: quoted-printable
Content-Location: https://example.org/saved

<html><head><meta charset=3D"utf-8"></head><body><p>Caf=C3=A9 in the=
 valley</p></body></html>
--xx
Content-Type: image/png
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--xx--
""".replace("\n", "\r\n")


def test_a_page_saved_as_a_message_is_read_with_its_origin(tmp_path: Path):
    reading, text = read(tmp_path, "saved.mhtml", MHTML)
    assert text == "Café in the valley"
    assert (reading.kind, reading.title, reading.origin) == ("page", "Café", "https://example.org/saved")
    assert reading.date == "2024-05-04T10:00:00+00:00"


def test_a_message_that_holds_no_page_is_corrupt(tmp_path: Path):
    assert code(tmp_path, "saved.mhtml", MHTML.replace("text/html", "image/gif"), "multipart/related") == "corrupt"
    assert code(tmp_path, "saved.mhtml", b"\x00\x01\x02" * 100, "multipart/related") == "corrupt"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("<p>Привет".encode("cp1251") + b'<meta charset="windows-1251">', "Привет"),
        ('<?xml version="1.0" encoding="koi8-r"?><p>Привет'.encode("koi8-r"), "Привет"),
        (
            '<meta http-equiv=Content-Type content="text/html; charset=Shift_JIS"><p>猫である'.encode("cp932"),
            "猫である",
        ),
        ('<meta charset="latin1"><p>It\u2019s café'.encode(), "It\u2019s café"),
        ('<meta charset="no-such-thing"><p>caf\xe9'.encode("latin1"), "café"),
        ('<meta charset="base64"><p>caf\xe9'.encode("latin1"), "café"),
        ("<p>wide".encode("utf-16"), "wide"),
    ],
)
def test_a_page_is_decoded_as_its_bytes_say_then_as_it_says(data: bytes, text: str):
    assert text in page_head.text_of(data)


PIECES = [
    "<", ">", "/", "!--", "-->", "a ", "p", "x=", '"', "'", "<p>", "</p>", "<table>", "<td>", "<li>", "<ul>", "<h1>",
    "<pre>", "<nav>", "<![CDATA[", "]]>", "<title>", "<script>", "text", "\n", "&amp", "<?", "\x00",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES)))
def test_any_text_is_a_page_and_no_word_outside_of_tags_is_made_up(pieces: list[str]):
    page = "".join(pieces)
    for token in tags.tokens(page):
        assert isinstance(token, (str, tags.Start, tags.End))
    assert written(page) is not None
    assert page_head.head_of(page) is not None


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2024-05-04T08:30:00+02:00", "2024-05-04T08:30:00+02:00"), ("2024-05-04T08:30:00Z", "2024-05-04T08:30:00Z"),
        ("2024-05-04T08:30", "2024-05-04"), ("2024-05", "2024-05"), ("2024", "2024"), ("20240504", "2024-05-04"),
        ("Sat, 4 May 2024 10:00:00 +0000", "2024-05-04T10:00:00+00:00"), ("2024-13-01", ""), ("yesterday", ""),
        ("0000", ""), ("", ""), ("2024/05/04", "2024-05-04"),
    ],
)  # fmt: skip
def test_dates_are_read_or_left(text: str, date: str):
    assert date_of(text) == date


@given(st.text(max_size=60))
def test_any_text_is_a_date_or_none(text: str):
    date_of(text)


def test_what_is_bearable_is_told_before_a_tree_is_built():
    assert articles.is_bearable(ARTICLE)
    assert not articles.is_bearable("<div>" * 300)
    assert articles.is_bearable("<div></div>" * 3000)
