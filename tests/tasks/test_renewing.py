"""A new text takes the place of the old one: only if nobody has changed that, whenever it is killed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from blake3 import blake3

from box.errors import SourceChanged
from box.tasks import landing, renewing
from box.tasks.handler import Found, Placement, Request
from box.tasks.landing import Plan

OLD, NEW, OWN = "old text", "new text, longer", "what somebody wrote"
FOUND = Found((Placement("notes", "", "talk.md", made="note.md", renews=True),))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("users/me/notes", "users/me/temp/job-1.1"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "users/me/notes/talk.md").write_text(OLD)
    (tmp_path / "users/me/temp/job-1.1/note.md").write_text(NEW)
    return tmp_path


def planned(root: Path, note: str = "users/me/notes/talk.md", user: str = "me") -> Plan:
    args = {"known": {"note": note, "note_digest": blake3(OLD.encode()).hexdigest()}}
    request = Request(1, user, "", 0, 0, 0, str(root / "users/me/temp/job-1.1"), args)
    return landing.plan(str(root), request, FOUND, set(), None, renewing.of(str(root), request, FOUND))


def notes(root: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted((root / "users/me/notes").iterdir())}


def write(path: Path) -> None:
    path.write_text(OWN)


def write_anew(path: Path) -> None:
    (path.parent / "other").write_text(OWN)
    (path.parent / "other").rename(path)


def test_what_nobody_has_changed_is_replaced(root: Path):
    plan = planned(root)
    assert plan.landed[0].path == "users/me/notes/talk.md"
    landing.carry_out(str(root), landing.load(landing.dump(plan.moves)), set())
    assert notes(root) == {"talk.md": NEW}


@pytest.mark.parametrize("change", [write, write_anew])
def test_what_somebody_has_changed_before_stays_and_the_new_text_gets_a_name_beside_it(root: Path, change: Callable):
    change(root / "users/me/notes/talk.md")
    landing.carry_out(str(root), planned(root).moves, set())
    assert notes(root) == {"talk-2.md": NEW, "talk.md": OWN}


@pytest.mark.parametrize("change", [write, write_anew])
def test_what_somebody_changes_at_the_last_moment_stays_and_names_are_chosen_again(root: Path, change: Callable):
    plan = planned(root)
    change(root / "users/me/notes/talk.md")
    with pytest.raises(FileExistsError):
        landing.carry_out(str(root), plan.moves, set())
    assert notes(root) == {"talk.md": OWN}
    landing.carry_out(str(root), planned(root).moves, set())
    assert notes(root) == {"talk-2.md": NEW, "talk.md": OWN}


def test_a_note_that_somebody_deletes_stays_deleted(root: Path):
    (root / "users/me/notes/talk.md").unlink()
    with pytest.raises(SourceChanged):
        planned(root)


@pytest.mark.parametrize(("note", "user"), [("users/ann/notes/talk.md", "me"), ("users/me/photos/talk.md", "me")])
def test_only_a_note_of_the_same_user_is_ever_replaced(root: Path, note: str, user: str):
    path = root / note
    path.parent.mkdir(parents=True)
    path.write_text(OLD)
    landing.carry_out(str(root), planned(root, note, user).moves, set())
    assert path.read_text() == OLD
    assert notes(root) == {"talk-2.md": NEW, "talk.md": OLD}


def aside(root: Path) -> None:
    """As a kill between the two moves leaves it."""
    os.rename(root / "users/me/notes/talk.md", root / "users/me/temp/job-1.1/note.md.old")


def test_killed_between_the_two_moves_the_recovery_makes_the_second(root: Path):
    plan = planned(root)
    aside(root)
    assert landing.finish(str(root), plan.moves)
    assert landing.finish(str(root), plan.moves), "twice is once"
    assert notes(root) == {"talk.md": NEW}


def test_killed_while_another_ones_text_was_aside_the_recovery_puts_that_back(root: Path):
    plan = planned(root)
    write_anew(root / "users/me/notes/talk.md")
    aside(root)
    assert not landing.finish(str(root), plan.moves)
    assert notes(root) == {"talk.md": OWN}


def test_what_somebody_writes_before_the_recovery_stays(root: Path):
    plan = planned(root)
    aside(root)
    write(root / "users/me/notes/talk.md")
    assert not landing.finish(str(root), plan.moves)
    assert notes(root) == {"talk.md": OWN}


def test_without_the_new_text_the_recovery_puts_the_old_one_back(root: Path):
    plan = planned(root)
    aside(root)
    (root / "users/me/temp/job-1.1/note.md").unlink()
    assert not landing.finish(str(root), plan.moves)
    assert notes(root) == {"talk.md": OLD}
