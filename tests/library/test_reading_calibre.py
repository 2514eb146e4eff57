"""One text as four kinds of books, as calibre makes them: read, and refused when they are damaged."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.helpers import jpeg
from tests.reading_files import code, read_file

PAGE = """<html><head><title>x</title></head><body>
<h1>Chapter 1. The river</h1><p>The heron stood <em>still</em>; it was <b>4 May</b>.</p>
<ul><li>bread</li><li>cheese</li></ul><ol><li>first</li><li>second</li></ol>
<h1>Chapter 2. Counts</h1><table><tr><th>bird</th><th>seen</th></tr><tr><td>heron</td><td>3</td></tr></table>
<h2>Between</h2><p>&ldquo;Quoted&rdquo; &amp; done.</p><blockquote><p>So it was said.</p></blockquote>
<h1>Chapter 3. Last</h1><p>Words: na&iuml;ve caf&eacute;, &#1055;&#1088;&#1080;&#1074;&#1077;&#1090;,
&#26085;&#26412;&#35486;.</p></body></html>"""
SAID = {
    "title": "A walk in May", "authors": "Ada Moss & Ben Reed", "language": "en", "isbn": "978-0-306-40615-7",
    "pubdate": "2024-05-04", "tags": "sea,river", "cover": "c.jpg",
}  # fmt: skip
TEXT = """# Chapter 1. The river

The heron stood still; it was 4 May.
- bread
- cheese
1. first
2. second

# Chapter 2. Counts

| bird | seen |
| --- | --- |
| heron | 3 |

## Between

“Quoted” & done.

> So it was said.

# Chapter 3. Last

Words: naïve café, Привет, 日本語."""
CONTENTS = "\n\nTable of Contents\n\nChapter 1. The river\n\nChapter 2. Counts\n\nChapter 3. Last"
"""What calibre adds to the old kind of MOBI."""
WRITTEN = {
    "epub": TEXT,
    "azw3": TEXT,
    "mobi": TEXT.replace("## ", "") + CONTENTS,  # only what is in its table of contents is a heading there
    # A FictionBook has no lists, and calibre writes no tables and makes one section of all.
    "fb2": "Chapter 1. The river\n\nThe heron stood still; it was 4 May.\n\nbread\n\ncheese\n\nfirst\n\nsecond\n\n"
    "Chapter 2. Counts\n\nbird\n\nseen\n\nheron\n\n3\n\nBetween\n\n“Quoted” & done.\n\nSo it was said.\n\n"
    "Chapter 3. Last\n\nWords: naïve café, Привет, 日本語.",
}


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the books."""
    for program in ("ebook-convert", "mobitool"):
        if shutil.which(program) is None:
            pytest.skip(f"needs the program `{program}`")
    folder = tmp_path_factory.mktemp("calibre")
    (folder / "a.html").write_text(PAGE)
    (folder / "c.jpg").write_bytes(jpeg(1, size=(60, 80)))
    options = [word for key, value in SAID.items() for word in (f"--{key}", value)]
    for ending in WRITTEN:
        command = ["ebook-convert", "a.html", f"a.{ending}", *options]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("ending", WRITTEN)
def test_what_calibre_writes_is_read(books: Path, ending: str):
    reading, text = read_file(books / f"a.{ending}")
    assert text == WRITTEN[ending]
    assert (reading.kind, reading.title, reading.authors) == ("book", "A walk in May", ("Ada Moss", "Ben Reed"))
    assert (reading.date[:4], reading.language, reading.marks) == ("2024", "en", ())
    assert (reading.origin, reading.tags) == ("urn:isbn:9780306406157", ("sea", "river"))
    assert (books / "scratch" / reading.cover).read_bytes().startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize("ending", WRITTEN)
def test_a_damaged_one_is_refused(books: Path, tmp_path: Path, ending: str):
    data = (books / f"a.{ending}").read_bytes()
    for part in (0.3, 0.6, 0.95, 0.999):
        assert code(tmp_path, f"a.{ending}", data[: int(len(data) * part)]) == "corrupt"
    text_at = data.rindex(b"heron") if ending != "epub" else data.index(b".html") + 10
    assert code(tmp_path, f"a.{ending}", data[:text_at] + b"\xff" * 40 + data[text_at + 40 :]) == "corrupt"
