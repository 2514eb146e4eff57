"""Chunks and sentences: what is cut where."""

# ruff: noqa: RUF001 - letters of other scripts are what this is about

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from box.library import sentences
from box.library.chunking import chunks_of
from box.library.tokens import SIZE_MAX, is_spaceless, size_of

SCRIPTS = {
    "latin": "Das Haus am Bach stand leer. Dr. Müller kam am 3. Mai zurück! Wer hätte das gedacht? ",
    "english": 'The pump failed at 4.5 bar, e.g. in winter. "Stop!" she said. We measured 3.7 °C. ',
    "cyrillic": "Дом стоял у реки. В 1999 г. его купил Ю. Смирнов! Что было дальше? ",
    "greek": "Το σπίτι ήταν άδειο. Ποιος θα το πίστευε! ",
    "arabic": "كان البيت فارغا. من كان يظن ذلك؟ ثم جاء الربيع! ",
    "hebrew": "הבית היה ריק. מי היה מאמין? ",
    "hindi": "घर खाली था। किसने सोचा होगा? फिर वसंत आया। ",
    "chinese": "房子是空的。谁会想到呢？春天来了！",
    "japanese": "家は空っぽだった。「誰が思っただろう？」春が来た。",
    "thai": "บ้านหลังนี้ว่างเปล่ามานานหลายปีแล้วครับ ไม่มีใครคิดว่าฤดูใบไม้ผลิจะมาถึงเร็วขนาดนี้ ",
    "korean": "집은 비어 있었다. 누가 생각이나 했을까? ",
}
WORD = st.one_of(
    st.sampled_from(sorted(SCRIPTS.values())),
    st.sampled_from(
        [
            "\n", "\n\n", "\r\n\r\n", "# One\n", "## Two ##\n", "\n### Three\n\n", "Four\n====\n", "---\n", "```\n",
            "~~~~py\n", "| a | b |\n", "|---|---|\n", "\n- item ", "\n1. item ", "\n<!-- page 7 -->\n",
            "\n[00:01:23.450] ", " ", "\t", "\n" * 300, "x" * 2000, "字" * 700, "\u0301" * 10, "\ufeff", "\u2028",
        ]
    ),
    st.text(max_size=30),
)  # fmt: skip
NOTES = st.lists(WORD, max_size=40).map("".join)


def bare(text: str) -> str:
    """Without what is in no chunk: spaces, marks of pages, and the front matter."""
    text = re.sub(r"\A---[^\n]*\n(?s:.*?\n)??---[^\n\S]*(\n|\Z)", "", text)
    return "".join(re.sub(r"(?m)^<!-- page \d+ -->\s*$", "", text).split())


@settings(deadline=None, max_examples=60)
@given(NOTES)
def test_a_chunk_is_what_the_note_says_between_its_offsets_and_none_is_too_long(note: str):
    found = list(chunks_of(note, "A title"))
    assert [chunk.number for chunk in found] == list(range(len(found)))
    for chunk in found:
        assert note[chunk.start : chunk.end] == chunk.text
        assert chunk.text.strip() == chunk.text
        assert chunk.text
        assert size_of(chunk.text) <= SIZE_MAX


@settings(deadline=None, max_examples=60)
@given(NOTES)
def test_every_character_of_the_text_is_in_some_chunk_and_they_come_in_order(note: str):
    covered = [False] * len(note)
    last = (-1, -1)
    for chunk in chunks_of(note):
        assert chunk.start > last[0]
        assert chunk.end > last[1]
        last = (chunk.start, chunk.end)
        covered[chunk.start : chunk.end] = [True] * (chunk.end - chunk.start)
    left = "".join(char for char, is_covered in zip(note, covered, strict=True) if not is_covered)
    assert not bare(left) or note.startswith("---")


@settings(deadline=None, max_examples=60)
@given(NOTES)
def test_no_word_is_cut_in_two(note: str):
    words = [match.span() for match in re.finditer(r"\S+", note)]
    within = {
        at
        for start, end in words
        if end - start <= 100 and not is_spaceless(note[start:end])
        for at in range(start + 1, end)
        if note[at - 1].isalnum() and note[at].isalnum()
    }
    for chunk in chunks_of(note):
        assert not within & {chunk.start, chunk.end}


@settings(deadline=None, max_examples=60)
@given(NOTES)
def test_sentences_hold_all_that_is_no_space(text: str):
    found = list(sentences.spans(text))
    assert "".join("".join(text[start:end].split()) for start, end in found) == "".join(text.split())
    assert all(text[start:end] == text[start:end].strip() for start, end in found)
