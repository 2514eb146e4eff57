"""Plain text, Markdown, reStructuredText, subtitles, JSON, code and notebooks: what is written, and what is refused."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from box.errors import Unprocessable
from box.library import front_matter, markdown, outline, readers, restructured, subtitles
from box.library.markdown import Markdown
from tests.reading_files import code, read, read_file

RUSSIAN = (
    "Широкая электрификация южных губерний даст мощный толчок подъёму сельского хозяйства.\n"
    "\u0412 чащах юга жил бы цитрус?\n"
)
FRENCH = (
    "Dès Noël où un zéphyr haï me vêt de glaçons, je dîne d\u2019exquis rôtis de bœuf à l\u2019aÿ d\u2019âge mûr.\n"
)
JAPANESE = (
    "吾輩は猫である。名前はまだ無い。\nどこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所で泣いていた。\n"
)
CHINESE = "道可道。非常道。名可名。非常名。\n无名天地之始。有名万物之母。今天的天气很好。我们去公园散步吧。\n"
TAIWANESE = "道可道。非常道。名可名。非常名。\n無名天地之始。有名萬物之母。今天的天氣很好。我們去公園散步吧。\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(RUSSIAN, each) for each in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le",
        "utf-32-be", "cp1251", "koi8-r", "cp866")]
    + [(FRENCH, "cp1252"), (JAPANESE, "cp932"), (JAPANESE, "euc-jp"), (JAPANESE, "iso2022_jp"), (CHINESE, "gb18030"),
        (TAIWANESE, "big5")],
)  # fmt: skip
def test_text_is_text_in_whatever_encoding(text: str, encoding: str, tmp_path: Path):
    reading, written = read(tmp_path, "a.txt", text.encode(encoding), "text/plain")
    assert written == text.strip()
    assert reading.title == text.partition("\n")[0].strip()


def test_a_text_longer_than_any_note_is_refused_before_it_is_read(tmp_path: Path):
    path = tmp_path / "large.txt"
    with open(path, "wb") as file:
        file.write(b"words and words\n\n" * 10_000)
        file.truncate(2 * 1024**3)
    with pytest.raises(Unprocessable, match="more than") as refused:
        read_file(path, kind="text/plain")
    assert refused.value.code == "oversized"


def test_a_long_text_is_refused_with_flat_memory(tmp_path: Path):
    path = tmp_path / "long.txt"
    with open(path, "wb") as file:
        file.writelines(
            b"All work and no play makes a long text of few words. " * 2000 for _ in range(35)
        )  # without an end of a line
    tracemalloc.start()
    try:
        assert code_of(path, chars_max=1_000_000) == "oversized"
        # The note itself is held by the test; what it takes to make it is little.
        assert tracemalloc.get_traced_memory()[1] < 4 * 1_000_000 + 20_000_000
    finally:
        tracemalloc.stop()


def code_of(path: Path, chars_max: int) -> str:
    try:
        read_file(path, kind="text/plain", chars_max=chars_max)
    except Unprocessable as error:
        return error.code
    return ""


def test_what_no_encoding_explains_is_no_text(tmp_path: Path):
    assert code(tmp_path, "a.txt", b"plain\n" + b"\xff\xfe\xfd\x81\x8d\x8f\x90" * 5000, "text/plain") == "corrupt"
    assert code(tmp_path, "e.txt", b"", "text/plain") == "empty"
    assert code(tmp_path, "e.txt", b" \n\n", "text/plain") == "empty"


def test_tex_is_text_with_a_title(tmp_path: Path):
    source = "\\title{On \\emph{Rivers}}\n\\author{Ann Example \\and Bob}\n\\begin{document}\nHello"
    reading, text = read(tmp_path, "a.tex", source)
    assert (reading.title, text) == ("On Rivers", source)


MARKDOWN = """---
title: "The Notes: Part 1"
authors: [Ann Example, 'Bob']
date: 2024-05-04
tags:
  - one
  - two
lang: en
---

Main heading
============

Text with *emphasis*.

Below
-----

```python
Not a heading
=============
```

| a | b |
|---|---|
| 1 | 2 |

- item
---
<!-- page 4 -->
"""


def test_markdown_stays_as_it_is_without_what_stands_above_it(tmp_path: Path):
    reading, text = read(tmp_path, "a.md", MARKDOWN)
    assert (reading.title, reading.authors, reading.date) == ("The Notes: Part 1", ("Ann Example", "Bob"), "2024-05-04")
    assert (reading.tags, reading.language) == (("one", "two"), "en")
    assert text.startswith("# Main heading\n\nText with *emphasis*.\n\n## Below\n\n```python\nNot a heading\n====")
    assert text.endswith("| 1 | 2 |\n\n- item\n---\n\\<!-- page 4 -->")
    reading, _ = read(tmp_path, "b.md", "Intro\n\n# The title #\n\n# Another\n")
    assert reading.title == "The title"


@pytest.mark.parametrize("top", ["---\ntitle: x\n", "---\n\nA line across, and text\n", "+++\ntitle = \n"])
def test_what_only_looks_like_front_matter_is_text(top: str, tmp_path: Path):
    _, text = read(tmp_path, "a.md", top + "\nbody")
    assert text.endswith("body")
    assert front_matter.split(top)[1] == top


@given(st.text(alphabet=st.sampled_from("ab:-+[]'\"\n #>|,.=~`"), max_size=200))
def test_any_top_is_front_matter_or_text(text: str):
    for top in ("---\n", "+++\n"):
        said, rest = front_matter.split(top + text)
        assert (top + text).endswith(rest)
        assert all(isinstance(value, tuple) for value in said.values())


RST = """
=====
Rivers
=====

:Author: Ann Example
:Date: 2024-05-04

First
=====

See :doc:`the other <other>` and ``code_here`` and `a link <https://example.org>`_ of Someone_.

Deeper
------

Code follows::

    x = 1

    y = 2

.. note:: Mind the gap.

.. code-block:: python

   print("hi")

.. image:: a.png
   :alt: x

.. a comment

.. _target: https://example.org

- one
- two
  more
1. three

=====  =====
A      B
=====  =====
1      2
=====  =====

.. [1] The note.
"""


def test_restructured_text_is_read_by_its_underlines(tmp_path: Path):
    reading, text = read(tmp_path, "a.rst", RST)
    assert (reading.title, reading.authors, reading.date) == ("Rivers", ("Ann Example",), "2024-05-04")
    assert text == (
        "# Rivers\n- Author: Ann Example\n- Date: 2024-05-04\n\n## First\n\n"
        "See the other and `code_here` and a link of Someone.\n\n### Deeper\n\nCode follows:\n\n"
        '```\nx = 1\n\ny = 2\n```\n\nMind the gap.\n\n```python\nprint("hi")\n```\n\n'
        "```rst\n.. image:: a.png\n   :alt: x\n```\n- one\n- two more\n1. three\n\n"
        "```\n=====  =====\nA      B\n=====  =====\n1      2\n=====  =====\n```\n- [1] The note."
    )  # fmt: skip


RST_LINES = [
    "text",
    "====",
    "----",
    "",
    "  in",
    ".. note::",
    ".. x",
    "::",
    ":a: b",
    "- i",
    "1. j",
    "+--+",
    "`a`_",
    "|s|",
]


@given(st.lists(st.sampled_from(RST_LINES), max_size=30))
def test_any_lines_are_restructured_text(lines: list[str]):
    restructured.write("\n".join(lines), Markdown(io.StringIO(), 1_000_000))


SRT = """1
00:00:01,000 --> 00:00:03,500
<i>Hello</i> there.

2
00:00:03,600 --> 00:00:05,000
{\\an8}How are you?

3
00:01:00,000 --> 00:01:02,000
Later.
"""
VTT = """WEBVTT - Title

NOTE a comment
over lines

STYLE
::cue { color: red }

intro
00:01.000 --> 00:04.000 align:start
<v Ann Example>So it <c.red>begins</c> &amp; ends.

00:04.000 --> 00:06.000
<v Bob>Yes.

00:06.000 --> 00:08.000
<v Bob>Yes.
It does.
"""


def test_subtitles_are_paragraphs_with_their_times(tmp_path: Path):
    reading, text = read(tmp_path, "a.srt", SRT)
    assert text == "[00:00:01.000] Hello there. How are you?\n\n[00:01:00.000] Later."
    assert reading.counts == {"cues": 3}
    _, text = read(tmp_path, "a.vtt", VTT)
    assert text == "[00:00:01.000] Ann Example: So it begins & ends.\n\n[00:00:04.000] Bob: Yes. It does."
    assert code(tmp_path, "b.srt", SRT.replace("-->", "->")) == "corrupt"


@given(
    st.lists(
        st.sampled_from(["1", "00:00:01,000 --> 00:00:02,000", "99:99 --> x", "text", "", "<v A>", "WEBVTT"]),
        max_size=30,
    )
)
def test_any_lines_are_subtitles_and_nothing_is_said_twice_in_a_row(lines: list[str]):
    for cue in subtitles.paragraphs(subtitles.cues(lines)):
        assert cue.text
        assert cue.start_seconds <= cue.end_seconds


def test_json_is_an_outline_and_equal_rows_are_a_table(tmp_path: Path):
    data = {"title": "Stock", "count": 1.50, "open": True, "none": None, "tags": ["a", "b"], "deep": {"er": {"est": 1}},
        "rows": [{"id": 1, "name": "x"}, {"id": 2, "name": "y|z"}]}  # fmt: skip
    reading, text = read(tmp_path, "a.json", json.dumps(data).replace("1.5", "1.50"))
    assert (reading.kind, reading.title, reading.counts) == ("data", "Stock", {"entries": 7})
    assert text == (
        "- title: Stock\n- count: 1.50\n- open: yes\n- none: -\n- tags:\n  - a\n  - b\n- deep:\n  - er:\n    - est: 1\n"
        "- rows:\n\n| id | name |\n| --- | --- |\n| 1 | x |\n| 2 | y\\|z |"
    )
    reading, text = read(tmp_path, "b.json", json.dumps([[1, [2]], 3] + [0] * (outline.ITEMS_MAX + 10)))
    assert reading.marks == ("outline-cut",)


def test_json_that_is_damaged_or_made_to_hurt_is_refused(tmp_path: Path):
    assert code(tmp_path, "a.json", '{"a": [1, 2') == "corrupt"
    assert code(tmp_path, "a.json", "[" * 200_000 + "]" * 200_000) == "corrupt"
    assert code(tmp_path, "a.json", "{}") == "empty"
    reading, _ = read(tmp_path, "a.json", '{"n": ' + "9" * 10_000 + "}")
    assert reading.counts == {"entries": 1}


def test_lines_of_json_are_a_table(tmp_path: Path):
    rows = "\n".join(json.dumps({"id": n, "say": "hi", "tags": ["x", "y"]}) for n in range(3))
    reading, text = read(tmp_path, "a.jsonl", rows + "\n")
    assert text.splitlines()[2:] == [f"| {n} | hi | x; y |" for n in range(3)]
    assert reading.counts == {"rows": 3}
    reading, text = read(tmp_path, "b.jsonl", "".join(f'{{"n": {n}}}\n' for n in range(10_005)))
    assert (reading.marks, reading.counts) == (("tables-cut",), {"rows": 10_005})
    assert code(tmp_path, "c.jsonl", rows[:-3]) == "corrupt"
    assert code(tmp_path, "d.jsonl", "\n") in {"corrupt", "empty"}


def test_code_is_kept_letter_by_letter(tmp_path: Path):
    source = 'def f(x):\n\treturn f"```{x}```"  # ünï\n\n\n\nf(1)\n'
    reading, text = read(tmp_path, "a.py", source)
    assert text == f"````python\n{source.rstrip()}\n````"
    assert (reading.kind, reading.title, reading.counts) == ("code", "a.py", {"lines": 6})
    assert code(tmp_path, "b.py", "") == "empty"


NOTEBOOK = {
    "nbformat": 4, "nbformat_minor": 5,
    "metadata": {"title": "", "authors": [{"name": "Ann"}], "language_info": {"name": "python"}},
    "cells": [
        {"cell_type": "markdown", "source": ["# Study\n", "Text."]},
        {"cell_type": "code", "source": "print(1)", "outputs": [
            {"output_type": "stream", "text": ["1\n"]},
            {"output_type": "display_data", "data": {"image/png": "AAAA", "text/plain": ["<Figure>"]}},
            {"output_type": "error", "traceback": ["\x1b[31mValueError\x1b[0m: no"]}]},
        {"cell_type": "raw", "source": "as it is"},
    ],
}  # fmt: skip


def test_a_notebook_of_empty_cells_is_empty(tmp_path: Path):
    assert code(tmp_path, "a.ipynb", json.dumps(NOTEBOOK | {"cells": [{"cell_type": "code", "source": []}]})) == "empty"


def test_a_notebook_is_its_cells(tmp_path: Path):
    reading, text = read(tmp_path, "a.ipynb", json.dumps(NOTEBOOK))
    assert text == (
        "# Study\nText.\n\n```python\nprint(1)\n```\n\n```text\n1\n<Figure>\nValueError: no\n```\n\nas it is"
    )
    assert (reading.kind, reading.title, reading.authors, reading.counts) == (
        "notebook",
        "Study",
        ("Ann",),
        {"cells": 3},
    )
    NOTEBOOK["cells"][1]["outputs"][0]["text"] = "x" * 5000
    reading, text = read(tmp_path, "b.ipynb", json.dumps(NOTEBOOK))
    assert reading.marks == ("outputs-cut",)
    assert len(text) < 3000


def test_a_damaged_notebook_is_refused(tmp_path: Path):
    assert code(tmp_path, "a.ipynb", json.dumps(NOTEBOOK)[:-20]) == "corrupt"
    assert code(tmp_path, "a.ipynb", '{"no": "cells"}') == "corrupt"
    assert code(tmp_path, "a.ipynb", "[1]") == "corrupt"
    assert code(tmp_path, "a.ipynb", '{"cells": []}') == "empty"


@pytest.fixture
def pandoc() -> str:
    found = shutil.which("pandoc")
    if not found:
        pytest.skip("pandoc is not installed; `apt-get install pandoc` brings it")
    return found


@pytest.mark.parametrize("kind", ["rst", "ipynb", "epub", "fb2", "html"])
def test_what_pandoc_makes_of_a_text_gives_the_text_back(kind: str, pandoc: str, tmp_path: Path):
    source = tmp_path / "source.md"
    source.write_text(
        "---\ntitle: The Rivers\nauthor: Ann Example\nlang: en\n---\n\n# Upper course\n\nThe river is young.[^1]\n\n"
        "## A bridge\n\nIt was built in 1907.\n\n- first\n- second\n\n# Lower course\n\n"
        "The river is old.\n\n[^1]: Some say old.\n"
    )
    made = tmp_path / f"made.{kind}"
    subprocess.run([pandoc, "-s", str(source), "-o", str(made)], check=True)
    reading, text = read_file(made)
    assert reading.title in {"The Rivers", "Upper course"}
    for part in (
        "# Upper course",
        "The river is young.",
        "# A bridge",
        "It was built in 1907.",
        "first",
        "# Lower course",
    ):
        assert part in text
    assert text.index("Upper course") < text.index("A bridge") < text.index("1907") < text.index("is old")
    assert "Some say old." in text
    if kind in {"epub", "fb2"}:
        assert reading.authors == ("Ann Example",)
        assert text.count("Upper course") == 1


KINDS = [kind for reader in readers.ALL for kind in reader.media_types if "mobi" not in kind and "pdf" not in kind]
STARTS = [
    b"", b"PK\x03\x04", b"<?xml version='1.0'?><FictionBook>", b"From a b\nSubject: x\n\n",
    b'{"cells": [',
    b"[", b"<html>", b"---\n", b"\xff\xfe",
    b"Subject: =?utf-8?b?!?=\nContent-Type: multipart/mixed; boundary=x\n\n--x\n",
    b"1\n00:00:01,000 --> 00:00:02,000\n", b"Rar!\x1a\x07", b"\xef\xbb\xbf",
]  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(kind=st.sampled_from(KINDS), start=st.sampled_from(STARTS), data=st.binary(max_size=300))
def test_whatever_bytes_come_a_reader_answers_or_refuses(kind: str, start: bytes, data: bytes, tmp_path: Path):
    refused = ""
    try:
        read(tmp_path, "any", start + data, kind)
    except Unprocessable as error:
        refused = error.code
    assert refused in {"", "encrypted", "corrupt", "empty", "oversized", "bomb", "hostile-xml", "no-reader"}


@given(st.text(st.one_of(st.characters(), st.sampled_from("a_1 -\n\t\r\x0c\x00\x85\ufeff\u202e\xa0é日ก"))))
def test_the_fast_ways_to_clean_and_to_count_find_what_the_slow_ones_do(text: str):
    assert markdown.words_in(text) == len(re.findall(r"\w+", text))
    cleaned = markdown.clean(text)
    assert not set("\r\x0c\x00\x0b\ufeff\u202e\ufffe\ud800\u2028") & set(cleaned)
    assert markdown.clean(cleaned) == cleaned
