"""`box claims`, from a dropped text to what is shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FOUNDED = "The company was founded in 1976 by Steve Jobs and Steve Wozniak."
REPORT = f"Report\n\nI think that this is a lovely river. {FOUNDED}\n\nUnemployment fell to 4.1 percent in Málaga.\n"


@pytest.fixture
def begun(box):
    """Two texts of one user and one of another, filed, indexed and examined."""
    (box.inbox / "report.txt").write_text(REPORT)
    (box.inbox / "other.txt").write_text(f"It is said that people like rivers.\n\n{FOUNDED.upper()[:3]}{FOUNDED[3:]}\n")
    done = box("once")
    assert done.returncode == 0, done.stderr
    return box


def test_what_is_dropped_is_examined_and_what_it_states_is_listed_with_its_place(begun):
    found = begun.json("claims")
    by_text = {(each["title"], each["text"]): each for each in found}
    claim = next(each for (_, text), each in by_text.items() if text == FOUNDED)
    note = (begun.root / claim["note"]).read_text()
    assert note[claim["start"] : claim["end"]] == FOUNDED
    assert claim["score"] >= 0.5
    assert {"number", "date", "named"} <= set(claim["reasons"])
    assert (claim["extractor"], claim["user"]) == ("heuristic", "me")
    assert len(claim["alike"]) == 1
    shown = begun("claims").stdout
    assert FOUNDED in shown
    assert "also in" in shown
    assert begun("verify").returncode == 0
    before = begun.json("claims")
    assert begun("do", "claims", "policy=all").returncode == 0
    assert begun("once").returncode == 0
    assert begun.json("claims") == before
    wrong = begun("do", "claims", "policy=some")
    assert wrong.returncode == 2
    assert '"missing", "all", "stale"' in wrong.stderr


def test_a_text_is_named_by_its_number_note_or_original_and_claims_by_words_whatever_their_accents(begun):
    (claim, *_) = [each for each in begun.json("claims") if each["normalised"].startswith("unemployment")]
    media = next((begun.root / "users/me/media").rglob("report.txt"))
    for name in (str(claim["item"]), claim["note"], str(begun.root / claim["note"]), str(media)):
        found = begun.json("claims", name)
        assert {each["item"] for each in found} == {claim["item"]}
        assert len(found) == 2
    wrong = begun("claims", "999999")
    assert (wrong.returncode, wrong.stderr) == (1, "box: there is no item 999999\n")
    assert begun("claims", "users/me/notes/none.md").returncode == 1
    assert begun("claims", os.fspath(Path("/etc/passwd"))).returncode == 1
    assert [each["text"] for each in begun.json("claims", "--search", "MALAGA unemploy")] == [
        "Unemployment fell to 4.1 percent in Málaga."
    ]
    assert begun.json("claims", "--search", "100%_") == []
    assert len(begun.json("claims", "--search", "1976", "--limit", "1")) == 1
    assert "--limit" in begun("claims", "--limit", "1").stdout
    assert begun.json("claims", "--min-score", "1") == [each for each in begun.json("claims") if each["score"] == 1.0]
    assert begun("claims", "--min-score", "2").returncode == 2
    assert begun("claims", "--user", "nobody").returncode != 0
    assert begun("claims", "--search", "unicorn").stdout == "no claims\n"
