"""`box search`: what was dropped is found, page by page, as people and programs read it."""

# ruff: noqa: RUF001 - letters of other scripts are what this is about

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box import config as configuration
from box import search, snippets, verify
from box.beside import beside
from box.config import Config
from box.errors import UsageError
from box.library import folding
from box.models import chunks, finding
from box.service import build
from tests.helpers import inbox, jpeg, running, until

LONG = "Tides are told here, one after the other. " * 60


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Config:
    root = tmp_path_factory.mktemp("search")
    (root / "config.toml").write_text(
        '[box]\nroot = "."\n[users]\nnames = ["me", "ann"]\n[watch]\nsettle_seconds = 0.05\n'
        "[storage]\nfree_bytes_min = 0\n"
    )
    config = configuration.load(str(root / "config.toml"), {})
    box = build(config)
    mine = inbox(config)
    (mine / "Norway").mkdir()
    (mine / "Norway/herons.txt").write_text(
        f"Herons of the fjord\n\n{LONG}\n\nThe grey heron nests at Bergen.\n\n{LONG}"
    )
    (mine / "heron cafe.txt").write_text("The Heron is a café in Oslo, and herons are not served there.")
    (mine / "tower.txt").write_text("東京タワーは1958年に完成した。高さは333メートルである。")
    (mine / "Norway/IMG_0001.jpg").write_bytes(jpeg(1, "2024:05:04 10:11:12"))
    (mine / "IMG_0002.jpg").write_bytes(jpeg(2, "2023:07:04 10:11:12"))
    (inbox(config, "ann") / "letter.txt").write_text("Ann has seen no heron, but an egret.")
    done = box.once()
    assert done.filed == 6, done
    return config


def titles(config: Config, text: str, **options: Any) -> list[str]:
    with beside(config) as box:
        return [
            result.title if result.kind != "photo" else result.path.rpartition("/")[2]
            for result in search.search(text, box=box, **options).results
        ]


ASKED = [
    ("grey heron", {}, {"Herons of the fjord"}),
    ('"grey heron"', {}, {"Herons of the fjord"}),
    ("cafe", {}, {"The Heron is a café in Oslo, and herons are not served there."}),
    ("egret", {"user": "me"}, set()),
    ("egret", {"user": "ann"}, {"Ann has seen no heron, but an egret."}),
    ("heron -egret -café", {"kind": "document"}, {"Herons of the fjord"}),
    ("東京", {}, {"東京タワーは1958年に完成した。高さは333メートルである。"}),
    ("norway", {}, {"Herons of the fjord", "IMG_0001.jpg"}),
    ("heron", {"tag": "Norway"}, {"Herons of the fjord"}),
    ("2024-05", {}, {"IMG_0001.jpg"}),
    ("july 2023", {"kind": "photo"}, {"IMG_0002.jpg"}),
    ("box test", {"kind": "photo", "since": "2024"}, {"IMG_0001.jpg"}),
    ("IMG_0002", {}, {"IMG_0002.jpg"}),
    ("box test", {"kind": "photo", "tag": "Norway"}, {"IMG_0001.jpg"}),
    ("ords", {"kind": "document"}, set()),
    ("jord", {"kind": "document"}, {"Herons of the fjord"}),
    ("nothing of that sort", {}, set()),
    ("the grey", {}, {"Herons of the fjord"}),
    ("the other tides", {"tag": "Norway"}, {"Herons of the fjord"}),
    ("the café", {"user": "me"}, {"The Heron is a café in Oslo, and herons are not served there."}),
    ("the café", {"user": "ann"}, set()),
    ("the served -egret", {}, {"The Heron is a café in Oslo, and herons are not served there."}),
    ("the grey OR tides", {"kind": "document"}, {"Herons of the fjord"}),
    ("the café -東京", {}, {"The Heron is a café in Oslo, and herons are not served there."}),
]


@pytest.mark.parametrize(("asked", "options", "found"), ASKED)
def test_what_was_dropped_is_found(filled: Config, asked: str, options: dict[str, Any], found: set[str]):
    assert set(titles(filled, asked, **options)) == found


@pytest.mark.parametrize(("asked", "options", "found"), ASKED)
def test_the_same_is_found_where_very_many_passages_have_the_words(
    filled: Config, asked: str, options: dict[str, Any], found: set[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(finding, "COMMON_ROWS", 3)
    monkeypatch.setattr(finding, "_SAMPLE_ROWS", 4)
    with beside(filled) as box:
        assert finding.is_common(box.store, chunks.WORDS, "the"), box.store.rows("SELECT count(*) FROM chunks")
        assert not finding.is_common(box.store, chunks.WORDS, "café")
    assert set(titles(filled, asked, **options)) == found


SAID = {
    "heron": "The Straße to the harbour is closed; Grüße from Zürich, with ﬁnal words about a Łódź and smørrebrød.",
    "猫": "東京タワーは高い。私は猫",
    "แมว": "ประเทศไทยมีเมืองหลวงคือกรุงเทพมหานคร แมวกินปลา",
    "كتاب": "هٰذَا كِتَابٌ جَمِيلٌ عَنِ الطُّيُورِ.",
    "שלום": "שָׁלוֹם עוֹלָם",
    "पक्षी": "मैंने पक्षी और किताब देखी।",
    "ёлка": "Зелёная ёлка стоит в Йошкар-Оле.",
    "서울": "서울은 수도이고 고양이가 산다.",
    "đường": "Tiếng Việt: phở bò, Đường phố Hà Nội.",
    "αθήνα": "Η Αθήνα είναι μεγάλη.",
    "lamp": "Two lanterns burn all night.",
    "灯": "Here lanterns burn beside the 鷺 of the temple.",
}


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Config:
    root = tmp_path_factory.mktemp("scripts")
    (root / "config.toml").write_text('[box]\nroot = "."\n[watch]\nsettle_seconds = 0.05\n[claims]\nmode = "off"\n')
    config = configuration.load(str(root / "config.toml"), {})
    box = build(config)
    for name, text in SAID.items():
        (inbox(config) / f"{name}.txt").write_text(f"{name}\n\n{text}\n")
    assert box.once().filed == len(SAID)
    with beside(config) as there:
        assert list(verify.differences(there.store, config, deep=True)) == []
    return config


@pytest.mark.parametrize(
    ("asked", "lit"),
    [
        ("strasse", "Straße"), ("STRASSE", "Straße"), ("Straße*", "Straße"), ("grusse", "Grüße"), ("zurich", "Zürich"),
        ("final", "ﬁnal"), ("lodz", "Łódź"), ("smorrebrod", "smørrebrød"), ("東京", "東京"), ("私", "私"),
        ("は猫", "は猫"), ("กรุงเทพ", "กรุงเทพ"), ("ปลา", "ปลา"), ("هذا", "هٰذَا"), ("الطيور", "الطُّيُورِ"),
        ("جَمِيل", "جَمِيلٌ"), ("עולם", "עוֹלָם"), ("किताब", "किताब"), ("зеленая", "Зелёная"), ("고양이", "고양이가"),
        ("duong pho", "Đường"), ("αθηνα", "Αθήνα"), ("ｈａｒｂｏｕｒ", "harbour"),
    ],
)  # fmt: skip
def test_words_are_found_as_people_write_them_in_their_script(scripts: Config, asked: str, lit: str):
    with beside(scripts) as box:
        (result,) = search.search(asked, box=box).results
    note = Path(scripts.box.root, result.note).read_bytes().decode()
    assert lit in [note[start:end] for passage in result.passages for start, end in passage.snippet.highlights]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("lanterns OR 東京", {"lamp", "灯", "猫"}), ("lanterns 鷺", {"灯"}), ("lanterns -鷺", {"lamp"}),
        ("鷺 -lanterns", set()), ("鷺 -猫", {"灯"}), ("lanterns -東京 -猫", {"lamp", "灯"}),
        ("lanterns -鷺 -burn", set()),
        ("harbour OR 鷺 OR 私 -東京", {"heron", "灯"}),
        ("harbour OR lanterns OR 私 -鷺 -serving", {"heron", "lamp", "猫"}),
    ],
)  # fmt: skip
def test_a_question_may_be_about_two_kinds_of_script(scripts: Config, asked: str, found: set[str]):
    assert sorted(titles(scripts, asked)) == sorted(found)


@pytest.mark.parametrize("asked", ["कताब", "कित", "йошкар-оль", "양이"])
def test_a_part_of_a_word_is_no_word(scripts: Config, asked: str):
    assert titles(scripts, asked) == []


def test_a_passage_tells_the_time_and_the_page_of_what_was_found_in_it(make_root: Callable[..., Config]):
    config = make_root(claims__mode="off")
    said = (f"{n}\n00:{n:02}:00,000 --> 00:{n:02}:05,000\nSentence {n} is about owls.\n\n" for n in range(1, 20))
    (inbox(config) / "talk.srt").write_text("".join(said).replace("7 is about owls", "7 is about a walrus", 1))
    build(config).once()
    with beside(config) as box:
        (talk,) = search.search("walrus", box=box).results
    assert talk.passages[0].place == "00:07:00"
    pages = "It is\n\n<!-- page 4 -->\n\nshort.\n\n<!-- page 5 -->\n\nAn egret."
    for word, place in (("is", ""), ("short", "p. 4"), ("egret", "p. 5")):
        assert snippets.cut(pages, pages.replace(word, f"\x02{word}\x03", 1), 0).place == place


@given(st.text(max_size=60) | st.text(alphabet="aßﬁё\u064bＡ\u00ad ", max_size=60))
def test_of_each_folded_letter_it_is_known_where_it_stood(text: str):
    said, place = folding.folded(text), folding.places(text)
    assert len(place) == len(said) + 1
    assert place == sorted(place)
    assert said == "".join(folding.folded(char) for char in text)
    assert all(folding.folded(text[at])[:1] or at == len(text) for at in place[:-1])


def test_passages_say_where_in_the_note_they_are_and_what_was_found_in_them(filled: Config):
    with beside(filled) as box:
        (result,) = search.search("grey heron", box=box).results
    note = Path(filled.box.root, result.note).read_bytes().decode()
    (passage,) = result.passages
    snippet = passage.snippet
    assert note[snippet.start : snippet.start + len(snippet.text)] == snippet.text
    assert [note[start:end] for start, end in snippet.highlights] == ["grey", "heron"]
    assert passage.start <= snippet.start < passage.end
    assert len(snippet.text) < 300
    assert snippet.before
    assert result.tags == ("Norway",)


def test_pages_follow_each_other_without_a_gap(filled: Config):
    everything = titles(filled, "heron OR 2024 OR 2023", limit=100)
    assert len(everything) == 5
    paged: list[str] = []
    after = ""
    with beside(filled) as box:
        while True:
            page = search.search("heron OR 2024 OR 2023", limit=1, after=after, box=box)
            paged += [result.title if result.kind != "photo" else result.path[-12:] for result in page.results]
            after = page.next
            if not after:
                break
    assert paged == everything


@pytest.mark.parametrize("options", [{"after": "x"}, {"after": "WzEsMl0"}, {"limit": 0}, {"since": "yesterday"}])
def test_what_cannot_be_asked_is_told(filled: Config, options: dict[str, Any]):
    with beside(filled) as box, pytest.raises(UsageError):
        search.search("heron", box=box, **options)


def test_the_program_shows_results_and_their_json(filled: Config, run_box: Callable[..., Any]):
    shown = run_box("search", "grey", "heron", "--config", filled.path)
    assert shown.returncode == 0, shown.stderr
    assert "Herons of the fjord (document, item " in shown.stdout
    assert "The grey heron nests at Bergen." in shown.stdout
    told = json.loads(run_box("search", "heron", "--limit", "1", "--json", "--config", filled.path).stdout)
    assert told["next"]
    (result,) = told["results"]
    assert {"kind", "title", "note", "item", "passages"} <= set(result)
    assert run_box("search", "zzz", "--config", filled.path).stdout == "nothing found\n"
    assert run_box("search", "???", "--config", filled.path).returncode == 2


def test_what_is_changed_and_deleted_by_hand_is_found_as_it_is_then(make_root: Callable[..., Config]):
    config = make_root()
    (inbox(config) / "a.txt").write_text("A beach\n\nA walrus was here.")
    build(config).once()
    assert titles(config, "walrus") == ["A beach"]
    (note,) = Path(config.box.root, "users/me/notes").iterdir()
    note.write_text("# A beach\n\nAn otter was here.")
    build(config).once()
    assert (titles(config, "walrus"), titles(config, "otter")) == ([], ["A beach"])
    note.unlink()
    build(config).once()
    assert titles(config, "otter") == []
    with beside(config) as box:
        assert list(verify.differences(box.store, config, deep=True)) == []


def test_beside_the_service_what_was_dropped_is_found_at_once(make_root: Callable[..., Config]):
    config = make_root()
    with running(config):
        (inbox(config) / "a.txt").write_text("A beach\n\nA walrus was here.")
        until(lambda: titles(config, "walrus"), "it is found")


def test_verify_tells_of_an_index_that_is_not_that_of_the_texts(make_root: Callable[..., Config]):
    config = make_root()
    (inbox(config) / "a.txt").write_text("A walrus was here.")
    build(config).once()
    with closing(sqlite3.connect(Path(config.box.root, "box.db"))) as database, database:
        database.execute("UPDATE chunks SET text = replace(text, 'walrus', 'otters')")
    with beside(config) as box:
        found = {each.subject for each in verify.differences(box.store, config, deep=True) if each.where == "index"}
    assert "chunk_words" in found
    assert any("a-walrus" in subject for subject in found)
