"""One text in four formats, as pandoc writes them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.library.building import lines, read

TEXT = """---
title: A walk in May
author: [Ada Moss, Ben Reed]
lang: en-GB
---

# The river

The heron stood *still*; see [the map](https://example.org/map).[^1] It was **4 May**.

- bread
- cheese
    - old

1. first
2. second

# Counts

| bird  | seen |
|-------|-----:|
| heron |    3 |
| kite  |   12 |

# Last

Words: naïve café, Привет, 日本語.

[^1]: A note at the foot.
"""
LISTS = ["- bread", "- cheese", "  - old", "1. first", "2. second"]
TABLE = ["| bird | seen |", "| --- | --- |", "| heron | 3 |", "| kite | 12 |"]
LAST = "Words: naïve café, Привет, 日本語."
TITLE = ["A walk in May", "Ada Moss", "Ben Reed"]


@pytest.fixture
def pandoc(tmp_path: Path) -> Path:
    """The folder with the text in the formats."""
    if shutil.which("pandoc") is None:
        pytest.skip("needs the program `pandoc`")
    (tmp_path / "a.md").write_text(TEXT)
    for ending in ("docx", "odt", "pptx", "rtf"):
        subprocess.run(["pandoc", "-s", "a.md", "-o", f"a.{ending}"], cwd=tmp_path, check=True)
    return tmp_path


def test_what_pandoc_writes_is_read(pandoc: Path):
    river = "The heron stood still; see the map.{} It was 4 May."
    note = lines(pandoc / "a.docx")[-1].partition(":")[0]
    parts = (["# The river"], LISTS, ["# Counts"], TABLE, ["# Last", LAST])
    head, lists, counts, table, last = parts
    assert lines(pandoc / "a.docx") == [
        f"# {TITLE[0]}", *TITLE[1:], *head, river.format(note), *lists, *counts, *table, *last,
        f"{note}: A note at the foot.",
    ]  # fmt: skip
    assert lines(pandoc / "a.odt") == [
        f"# {TITLE[0]}", *TITLE[1:], *head, river.format("[^1]"), *lists, *counts, *table, *last,
        "[^1]: A note at the foot.",
    ]  # fmt: skip
    assert lines(pandoc / "a.rtf") == [
        *TITLE, *head, "The heron stood still; see the map. (A note at the foot.) It was 4 May.",
        *[line.strip() for line in lists], *counts, *table, *last,
    ]  # fmt: skip
    for ending in ("docx", "odt", "pptx"):
        reading, _ = read(pandoc / f"a.{ending}")
        assert reading.title == TITLE[0]
        assert set(reading.authors) == {"Ada Moss", "Ben Reed"}


def test_the_slides_that_pandoc_writes_are_read(pandoc: Path):
    written = lines(pandoc / "a.pptx")
    headings = [line for line in written if line.startswith("## ")]
    assert headings[:2] == ["## Slide 1: A walk in May", "## Slide 2: The river"]
    for each in ("- bread", "  - old", *TABLE, LAST):
        assert each in written
