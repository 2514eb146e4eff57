"""Queries: what somebody types never breaks the index."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from box import text_search
from box.engine import create
from box.library import query
from box.models import chunks, finding
from box.models.base import Store

PIECES = st.one_of(
    st.sampled_from(
        [
            '"', "'", "(", ")", "*", "-", "+", "^", ":", "{", "}", "OR", "AND", "NOT", "NEAR", "NEAR(", "NEAR/3", ",",
            "a", "heron", "title:heron", "\x00", "\ud800", "\ufeff", "東京", "京", "ไทย", "\u0301", "c++", "don't", " ",
            "chunk_words", "*", "--", "😀", "x" * 300,
        ]
    ),
    st.text(max_size=8),
)  # fmt: skip
TYPED = (
    st.lists(PIECES, max_size=50).map(" ".join) | st.lists(PIECES, max_size=50).map("".join) | st.text(max_size=1200)
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(str(tmp_path_factory.mktemp("query") / "box.db"))
    create(store)
    rows = ["The grey heron nests by the water", "A white egret, no nest", "東京タワーは高い。京都は古い。"]
    with store.transaction():
        for number, text in enumerate(rows, 1):
            edition = chunks.begin(store, number)
            chunks.add(store, [(number, edition, (0, 0, len(text), "", "Birds", text, "", not text.isascii()))])
            chunks.show(store, number, edition)
    return store


def found(store: Store, text: str) -> list[int]:
    asked = query.parse(text)
    return (
        []
        if asked.is_empty
        else sorted(each.item for each in text_search.ranked(store, asked, None, finding.Filter()).texts)
    )


@settings(deadline=None, max_examples=150)
@given(text=TYPED)
def test_whatever_is_typed_is_a_valid_question_or_none(filled: Store, text: str):
    asked = query.parse(text)
    for index in (chunks.WORDS, chunks.RUNS, chunks.TITLES):
        expand = partial(finding.runs_that_begin, filled, chunks.RUNS)
        for match in (query.words_match(asked), query.runs_match(asked, expand)):
            assert bool(match) is not asked.is_empty
            if match:
                filled.rows(f"SELECT rowid, bm25({index}) FROM {index} WHERE {index} MATCH ?", (match,))


@pytest.mark.parametrize(
    ("typed", "rows"),
    [
        ("heron", [1]),
        ("heron nest", []),
        ("HERON nests", [1]),
        ("nest*", [1, 2]),
        ("ne*", []),
        ('"grey heron"', [1]),
        ('"heron grey"', []),
        ("heron OR egret", [1, 2]),
        ("nest* -egret", [1]),
        ('nest* -"white egret"', [1]),
        ("NEAR(grey water, 5)", [1]),
        ("NEAR(grey water, 2)", []),
        ("grey NEAR/5 water", [1]),
        ("birds", [1, 2, 3]),
        ("-heron", []),
        ("", []),
        ("??? ---", []),
        ("東京", [3]),
        ("京都", [3]),
        ("京", [3]),
        ("タワー", [3]),
        ("東京 -タワー", []),
        ("大阪", []),
    ],
)
def test_what_the_words_of_the_language_mean(filled: Store, typed: str, rows: list[int]):
    assert found(filled, typed) == rows
