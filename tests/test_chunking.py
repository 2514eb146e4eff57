"""Chunks and sentences: what is cut where."""

# ruff: noqa: RUF001 - letters of other scripts are what this is about

from __future__ import annotations

import io
import itertools
import re
import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from box.library import sentences
from box.library.chunking import chunks, chunks_of
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
@example("000000⺀" + "x" * 2000 + SCRIPTS["english"])
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


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Dr. Müller kam am 3. Mai zurück! Wer hätte das gedacht? Niemand.", 3),
        ('The pump failed at 4.5 bar, e.g. in winter. "Stop!" she said. J. R. Smith wrote it.', 3),
        ("1. First things. 2 of them.", 2),
        ("В 1999 г. его купил Ю. Смирнов! Что было дальше?", 2),
        ("كان البيت فارغا. من كان يظن ذلك؟ ثم جاء الربيع!", 3),
        ("घर खाली था। किसने सोचा होगा? फिर वसंत आया।", 3),
        ("房子是空的。谁会想到呢？春天来了！", 3),
        ("家は空っぽだった。「誰が思っただろう？」春が来た。", 3),
        (SCRIPTS["thai"], 2),
        ("No full stop\n\nand a blank line", 2),
        ("Prices rose by 3.7 % ... then fell. Why?!", 2),
        ("It is sold by Smith Inc. in Rome. It is sold by Smith Inc. The rest is not.", 3),
    ],
)
def test_sentences_end_where_people_would_say(text: str, count: int):
    assert len(list(sentences.spans(text))) == count, [text[a:b] for a, b in sentences.spans(text)]


ENDS = st.sampled_from(
    ["Dr", "etc", "fig", "J", "Ю", "3", "1999", "word", "Wörter", "STRASSE", "u.a", "a\nb", "(so", "кв"]
)


@settings(deadline=None)
@given(st.lists(st.tuples(st.text("ab Z\n", max_size=30), ENDS, st.sampled_from(".!?…"), st.text(" \nA", max_size=3))))
def test_what_is_taken_for_an_end_at_once_is_one_by_the_rule(parts: list[tuple[str, str, str, str]]):
    text = "".join(map("".join, parts)) + " End"
    for match in sentences._BORDER.finditer(text):
        if sentences._is_plain_end(text, 0, *match.span()):
            assert sentences._is_border(text, 0, match), text


@pytest.mark.parametrize("piece", [". ", "...", "((((", '."', "\n ", "a.", "1. ", "ก ", "。", "?!", "Dr. "])
def test_sentences_are_found_in_one_pass(piece: str):
    text = piece * (200_000 // len(piece))
    assert sum(end - start for start, end in sentences.spans(text)) <= len(text)


def test_headings_pages_and_times_are_known_of_each_chunk():
    said = "This is said here, and it is long enough to be a passage of its own, is it not. " * 5
    note = (
        f"---\nid: 1\n---\n\n# Title\n\n## One\n\n<!-- page 3 -->\n\n{said}\n\n## Two ##\n\n### Deep\n\n{said}\n\n"
        f"<!-- page 4 -->\n\n{said}\n\nThree\n=====\n\n[00:01:23.450] {said}\n\n```\n# no heading\n```\n"
    )
    found = [(chunk.heading, chunk.place) for chunk in chunks_of(note, "Title")]
    assert found == [
        ("Title > One", "p. 3"),
        ("Title > Two > Deep", "p. 3"),
        ("Title > Two > Deep", "p. 4"),
        ("Title > Three", "00:01:23"),
    ]
    assert all("page 4" not in chunk.text and "id: 1" not in chunk.text for chunk in chunks_of(note))


def test_a_chunk_begins_with_the_last_sentence_of_the_one_before():
    note = " ".join(f"Sentence number {number} says very little about it." for number in range(200))
    found = list(chunks_of(note))
    assert len(found) > 4
    for one, other in itertools.pairwise(found):
        assert one.start < other.start < one.end
        assert note[other.start : one.end].count(".") == 1


@pytest.mark.parametrize(
    "line",
    [
        "So it goes, on and on, and it will not come to an end soon.\n",
        "On and on it went, as it ever did, and will. " * 2000,
    ],
)
def test_a_long_note_is_read_in_little_memory(line: str):
    class Endless(io.StringIO):
        def readline(self, size: int | None = -1, /) -> str:
            return line[:size]

    tracemalloc.start()
    count = sum(1 for _ in itertools.islice(chunks(Endless()), 250))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 250
    assert peak < 8_000_000
