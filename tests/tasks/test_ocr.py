"""Pages that are pictures of text become text, page by page, in a job of their own that is heavy."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from box import beside, client, events
from box.config import Config
from box.library import scans
from box.tasks import by_kind
from box.tasks.handler import Handler
from box.tasks.ocr import KIND
from tests.helpers import library, start_box, until
from tests.library.building import scanned
from tests.library.test_items import drop, front, note, once

WORDS = ("The heron stood still", "Forty pairs of owls", "Rain on the river")


@pytest.fixture(autouse=True)
def _tesseract() -> None:
    if shutil.which("tesseract") is None:
        pytest.skip("needs the program `tesseract` (Debian: tesseract-ocr)")


@pytest.fixture
def without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """No programs, until it is undone."""
    (tmp_path / "empty").mkdir()
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path / "empty"))
        yield patch


def drop_scan(config: Config, tmp_path: Path, *texts: str) -> None:
    drop(config, "field/scan.pdf", scanned(tmp_path / "scan.pdf", *texts).read_bytes())


def jobs(config: Config) -> list[tuple[str, str]]:
    with beside.beside(config) as there:
        return there.store.rows("SELECT state, code FROM jobs WHERE kind = ?", (KIND,))


def test_scanned_pages_become_text_of_the_note_in_a_heavy_job(make_root, tmp_path):
    config = make_root()
    drop_scan(config, tmp_path, *WORDS[:2])
    drop(config, "field/scan.meta.toml", 'title = "Owls"\nauthors = ["Ada"]\n')
    (item,) = once(config)
    assert jobs(config) == [("completed", "")]
    handler = by_kind(KIND)
    assert isinstance(handler, Handler)
    assert handler.heavy
    text = note(config, item)
    for number, words in enumerate(WORDS[:2], 1):
        assert f"<!-- page {number} -->\n\n{words}" in text
    assert (item["reader"], item["marks"], item["title"]) == ("ocr", "ocr", "Owls")
    facts = front(text)
    assert facts["counts"] == {"pages": 2, "pages_by_ocr": 2, "words": item["words"]}
    assert json.loads(str(item["counts"])) == {"pages": 2, "pages_by_ocr": 2}
    assert (facts["authors"], facts["tags"], facts["source"]) == (["Ada"], ["field"], "field/scan.pdf")
    assert list(library(config, "notes")) == ["owls.md"]
    assert item["chunks"]
    assert item["indexed_digest"] == item["note_digest"]


def test_scans_that_were_there_before_tesseract_are_read_when_somebody_asks_once(make_root, tmp_path, without):
    config = make_root()
    drop_scan(config, tmp_path, WORDS[0])
    (item,) = once(config)
    assert (item["marks"], jobs(config)) == ("needs-ocr", [])
    assert json.loads(str(item["counts"])) == {"pages": 1, "pages_without_text": 1}
    without.undo()
    for expected in (1, 0):
        with beside.beside(config) as there:
            there.engine.request(events.JobRequested(user="", kind="scans"))
        (item,) = once(config)
        assert WORDS[0] in note(config, item)
        with beside.beside(config) as there:
            results = there.store.rows("SELECT result FROM jobs WHERE kind = 'scans' ORDER BY id")
        assert json.loads(results[-1][0]) == {"asked": expected}


def test_without_one_of_the_languages_the_item_stays_and_the_job_says_what_is_missing(make_root, tmp_path):
    config = make_root(library__ocr_languages="eng+tlh")
    drop_scan(config, tmp_path, WORDS[0])
    (item,) = once(config)
    assert (item["marks"], jobs(config)) == ("needs-ocr", [("failed", "no-ocr")])
    with beside.beside(config) as there:
        ((message,),) = there.store.rows("SELECT message FROM jobs WHERE kind = ?", (KIND,))
    assert "eng+tlh" in message
    assert "apt-get install" in message


def test_no_language_is_no_ocr(make_root, tmp_path):
    config = make_root(library__ocr_languages="")
    drop_scan(config, tmp_path, WORDS[0])
    (item,) = once(config)
    assert (item["marks"], jobs(config)) == ("needs-ocr", [])


def test_killed_it_goes_on_with_the_page_where_it_was_and_a_changed_note_stays(make_root, tmp_path):
    """What is in the way of the second page is a tesseract that never ends."""
    slow = tmp_path / "bin"
    slow.mkdir()
    tesseract = shutil.which("tesseract")
    program = slow / "tesseract"
    program.write_text(f'#!/bin/sh\nmkdir "{slow}/begun" 2>/dev/null || exec sleep 1000\nexec {tesseract} "$@"\n')
    program.chmod(0o755)
    config = make_root(jobs__retry_base_seconds=0)
    drop_scan(config, tmp_path, *WORDS)
    process = start_box(config, PATH=f"{slow}:{os.environ['PATH']}")
    kept = Path(config.box.root, scans.FOLDER)
    try:
        until(lambda: any(path.read_bytes().endswith(b"]\n") for path in kept.glob("*")), "a page was seen")
    finally:
        process.kill()
        process.wait()
    (path,) = kept.iterdir()
    before = path.read_bytes()
    assert before.count(b"\n") == 1
    path.write_bytes(before + b'[1, "Forty pa')
    own = Path(config.box.root, "users/me/notes/scan.md")
    own.write_text(own.read_text() + "\nMy own words.\n")
    (item,) = once(config)
    assert path.read_bytes().startswith(before)
    assert path.read_bytes().count(b"\n") == 3
    assert item["note"] == "users/me/notes/scan-2.md"
    assert all(words in note(config, item) for words in WORDS)
    assert own.read_text().endswith("My own words.\n")


def test_a_cancel_ends_it_and_its_tesseract(make_root, tmp_path):
    slow = tmp_path / "bin"
    slow.mkdir()
    program = slow / "tesseract"
    program.write_text(f'#!/bin/sh\necho $$ > "{slow}/pid"\nexec sleep 1000\n')
    program.chmod(0o755)
    config = make_root()
    drop_scan(config, tmp_path, WORDS[0])
    process = start_box(config, PATH=f"{slow}:{os.environ['PATH']}")
    try:
        until(lambda: (slow / "pid").exists() and (slow / "pid").read_text().strip(), "tesseract is at work")
        number = int((slow / "pid").read_text())
        with beside.beside(config) as there:
            ((job,),) = there.store.rows("SELECT id FROM jobs WHERE kind = ?", (KIND,))
        with client.Client(config) as asking:
            asking.cancel_job(job)
        until(lambda: jobs(config)[0][0] == "cancelled", "it is cancelled")
        until(lambda: not Path(f"/proc/{number}").exists(), "tesseract has ended")
    finally:
        process.terminate()
        process.wait()
