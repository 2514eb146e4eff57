"""put-back of an import: what still waits in the inbox goes, what was filed or changed since stays, and is said."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from box import beside
from box import events as e
from box.config import Config
from tests.helpers import PATIENCE_SECONDS, inbox, jpeg, library, running, start_box, until
from tests.tasks.shelves import Photos, ask, assert_right, once, row_of, told

CARD: Photos = {"DCIM/100A/IMG_0001.JPG": "", "DCIM/101A/IMG_0001.JPG": "", "DCIM/100A/IMG_0002.JPG": ""}
FILES = {path: jpeg(number) for number, path in enumerate(CARD)}


def on_card(top: Path) -> dict[str, bytes]:
    return {str(path.relative_to(top)): path.read_bytes() for path in sorted(top.rglob("*")) if path.is_file()}


def in_inbox(config: Config) -> dict[str, Path]:
    """What waits, by its place on the card."""
    found = [path for path in inbox(config).rglob("*") if path.is_file() and path.name != ".box"]
    return {str(path)[str(path).index("DCIM/") :]: path for path in found}


def done(config: Config, job: int) -> dict[str, Any]:
    """The job's row when a service that runs has done it."""
    until(lambda: row_of(config, job)["state"] in {"completed", "failed"}, "it is done")
    return row_of(config, job)


def hold(config: Config, kind: str, *, is_held: bool) -> None:
    """Pause a kind of job, or let it go on."""
    event = e.KindHeld(kind=kind) if is_held else e.KindResumed(kind=kind)
    with beside.beside(config) as box:
        box.engine.record(event)


@pytest.fixture(params=["copy", "move"])
def mode(request) -> str:
    return str(request.param)


@pytest.fixture
def card(tmp_path: Path) -> Path:
    return tmp_path / "card"


@pytest.fixture
def imported(make_root, card: Path, mode: str) -> Config:
    """Three photos of a card wait in the inbox: no photo is filed for now."""
    config = make_root(
        watch__imports=[{"name": "card", "path": str(card), "mode": mode}], photos__duplicates="keep",
        photos__thumbnail_pixels=0, watch__sweep_seconds=3600,
    )  # fmt: skip
    once(config)
    hold(config, "photo", is_held=True)
    for path, data in FILES.items():
        (card / path).parent.mkdir(parents=True, exist_ok=True)
        (card / path).write_bytes(data)
    once(config)
    assert in_inbox(config).keys() == FILES.keys()
    return config


def job_of(config: Config) -> int:
    with beside.beside(config) as box:
        return int(box.store.value("SELECT id FROM jobs WHERE kind = 'import'"))


def test_what_waits_goes_back_and_nothing_is_left_of_it(imported: Config, card: Path, run_box, mode: str):
    job = job_of(imported)
    before = on_card(card)
    with running(imported):
        dry = run_box("--config", imported.path, "undo", str(job), "--dry-run")
        assert dry.returncode == 0
        copied = "is removed: it is a copy, and the original is kept"
        assert sorted(dry.stdout.splitlines()) == sorted(
            ["3 files would be moved"]
            + [
                f"{path.relative_to(imported.box.root)} " + (copied if mode == "copy" else f"-> {card / place}")
                for place, path in in_inbox(imported).items()
            ]
        )
        assert in_inbox(imported).keys() == FILES.keys()
        assert on_card(card) == before
        undone = run_box("--config", imported.path, "undo", str(job))
        assert (undone.returncode, undone.stdout) == (0, f"job {job}: 3 files put back\n")
        assert on_card(card) == FILES
        assert [path.name for path in inbox(imported).iterdir()] == [".box"], "no empty folder either"
        again = run_box("--config", imported.path, "undo", str(job))
        assert (again.returncode, again.stdout) == (0, f"job {job}: 0 files put back\n")
    assert Counter(event.place for event in told(imported, e.ImportUndone)) == Counter(
        event.place for event in told(imported, e.FileImported)
    )
    assert_right(imported)
    hold(imported, "photo", is_held=False)
    once(imported)
    assert Counter(library(imported).values()) == Counter(FILES.values()), "it can be imported again, once"
    assert_right(imported)


def test_what_was_filed_or_changed_or_cannot_go_back_stays_and_is_said(imported: Config, card: Path, mode: str):
    job = job_of(imported)
    places = in_inbox(imported)
    filed, changed, other = FILES
    with running(imported):
        with places[changed].open("ab") as file:
            file.write(b"edited")
        places[filed].rename(inbox(imported) / ".elsewhere")
        if mode == "move":
            (card / other).write_bytes(b"another")
        result = json.loads(done(imported, ask(imported, "put-back", job=job))["result"])
    reasons = {str(each["path"])[str(each["path"]).index("DCIM/") :]: each["why"] for each in result["reasons"]}
    expected = {filed: "it was filed, moved on or taken away since", changed: "it was changed since"}
    if mode == "move":
        expected[other] = "it cannot go back: its card is away, or something stands in its place"
        assert (card / other).read_bytes() == b"another"
    assert reasons == expected
    assert (result["moved"], result["left"]) == (3 - len(expected), len(expected))
    assert {event.place for event in told(imported, e.ImportUndone)} == FILES.keys() - expected.keys()


def test_an_import_that_has_not_ended_is_not_undone(imported: Config):
    hold(imported, "import", is_held=True)
    waits = ask(imported, "import", name="card")
    back = ask(imported, "put-back", job=waits)
    assert start_box(imported, "once").wait(PATIENCE_SECONDS) == 1
    row = row_of(imported, back)
    assert (row["state"], row["code"], row["message"]) == (
        "failed", "cannot-be-undone", f"job {waits} is queued: cancel it first",
    )  # fmt: skip
    assert in_inbox(imported).keys() == FILES.keys()
