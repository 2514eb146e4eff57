"""Numbers, times and names as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box.cli import words


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (99_949, "99.9 kB"), (99_950, "100 kB"), (999_499, "999 kB"),
        (999_500, "1.0 MB"), (1_234_567_890, "1.2 GB"), (10**15, "1.0 PB"), (10**18, "1000 PB"), (-1500, "-1.5 kB"),
    ],
)  # fmt: skip
def test_sizes(number: int, text: str):
    assert words.size(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"), (0.0421, "42 ms"), (0.9996, "1.0 s"), (1, "1 s"), (2.34, "2.3 s"), (9.96, "10 s"), (59.4, "59 s"),
        (59.6, "1 min"), (61, "1 min 1 s"), (3600, "1 h"), (3661, "1 h 1 min"), (3601, "1 h"), (90_000, "1 d 1 h"),
    ],
)  # fmt: skip
def test_durations(seconds: float, text: str):
    assert words.duration(seconds) == text


def test_a_clock_that_is_ahead_is_no_negative_age():
    assert words.ago(1005, 1000) == "0 s ago"
    assert words.ago(1000, 1064.9) == "1 min 4 s ago"


@given(st.text(), st.integers(1, 40))
def test_what_is_clipped_fits_and_what_fits_is_not_clipped(text: str, columns: int):
    text = words.printable(text)
    styled = f"\x1b[31m{text}\x1b[0m"
    for line in (text, styled):
        cut = words.clipped(line, columns)
        assert words.width(cut) <= columns
        if words.width(line) <= columns:
            assert cut == line
    assert words.clipped(styled, columns).count("\x1b[") == 2, "styles stay whole"


@given(st.text(alphabet=st.characters(codec=None, categories=None)))
def test_whatever_a_name_holds_it_is_one_line_without_commands(text: str):
    assert words.printable(text).isprintable()


def test_a_table_lines_up_with_wide_and_styled_cells():
    lines = words.table(
        ("name", "n"), [("\u6f22\u5b57", "1"), ("\x1b[31mred\x1b[0m", "100"), ("e\u0301", "22")], right=("n",)
    )
    assert {words.width(line) for line in lines} == {9}
