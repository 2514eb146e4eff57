"""What Box is just moving, or has moved since somebody looked, is no news, for the sweep or for the inboxes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from box import events as e
from box import rules, watching
from box.engine import Engine
from box.models import live, photos
from box.sweeps import LibrarySweep
from box.tasks import chore, landing, organize, put_back, redate
from box.tasks.landing import Move

OLD, NEW = "users/me/photos/2024/a.jpg", "users/me/photos/all/a.jpg"


@pytest.fixture
def engine(store, policy) -> Engine:
    root = Path(store.path).parent
    (root / "users/me/photos/2024").mkdir(parents=True)
    (root / OLD).write_bytes(b"photo")
    made = Engine(store, policy, commit_seconds=0)
    made.record(
        e.PhotoFiled(
            user="me", source="users/me/inbox/a.jpg", path=OLD, size=5, mtime_ns=os.stat(root / OLD).st_mtime_ns,
            digest="d", media_type="image/jpeg", width=1, height=1, taken_at="2024-05-04T00:00:00",
        )
    )  # fmt: skip
    return made


def move(engine: Engine) -> e.FileMoved:
    """On the disk only: what is recorded then."""
    root = Path(engine.store.path).parent
    (root / "users/me/photos/all").mkdir()
    (root / OLD).rename(root / NEW)
    return e.FileMoved(user="me", source=OLD, path=NEW, size=5, mtime_ns=os.stat(root / NEW).st_mtime_ns, job=9)


def journal(engine: Engine, source: str, target: str) -> None:
    moves = landing.dump([Move(source, target, 5, 1, 1)])
    engine.transact(lambda t: live.write_journal(t.store, live.Entry(9, "L", moves, "[]")))


def kinds(engine: Engine) -> list[str]:
    return [kind for (kind,) in engine.store.rows("SELECT kind FROM events ORDER BY position")]


def sweep(engine: Engine) -> None:
    LibrarySweep(str(Path(engine.store.path).parent), engine, lambda: ["me"], lambda _: None).sweep(full=True)


def test_a_sweep_leaves_alone_what_is_on_its_way(engine: Engine):
    journal(engine, OLD, NEW)
    moved = move(engine)
    sweep(engine)
    assert kinds(engine) == ["PhotoFiled"]
    engine.transact(lambda t: (t.record(moved), live.clear_journal(t.store, [9], "L")))
    sweep(engine)
    assert kinds(engine) == ["PhotoFiled", "FileMoved"]
    assert photos.with_digest(engine.store, "me", "d") == [NEW]


def test_a_sweep_that_looked_before_a_move_was_recorded_does_not_tell_it_as_news(engine: Engine):
    moved = move(engine)
    swept = LibrarySweep(str(Path(engine.store.path).parent), engine, lambda: ["me"], lambda _: None)
    engine.record(moved)
    looked = [
        e.FileVanished(user="me", path=OLD),
        e.FileNoticed(user="me", path=NEW, size=5, mtime_ns=moved.mtime_ns),
    ]
    swept._keep(looked, [])
    assert kinds(engine) == ["PhotoFiled", "FileMoved"]
    assert photos.with_digest(engine.store, "me", "d") == [NEW]


@pytest.mark.parametrize("when", ["on its way", "there already"])
def test_what_box_puts_into_an_inbox_does_not_settle_as_a_new_drop(engine: Engine, when: str):
    path = "users/me/inbox/a.jpg"
    if when == "on its way":
        journal(engine, OLD, path)
    else:
        engine.record(e.DropReturned(user="me", source=OLD, path=path, size=5, mtime_ns=1, inode=7, job=1))
    before = kinds(engine)
    settled = [
        e.FileSettled(user="me", path=each, size=5, mtime_ns=1, inode=7, media_type="image/jpeg")
        for each in (path, "users/me/inbox/b.jpg")
    ]
    engine.transact(lambda transaction: watching._record(settled, transaction))
    assert kinds(engine)[len(before) :] == ["FileSettled", "JobRequested"]


def test_a_newer_file_in_the_place_of_a_returned_drop_is_filed(engine: Engine):
    path = "users/me/inbox/a.jpg"
    engine.record(e.DropReturned(user="me", source=OLD, path=path, size=5, mtime_ns=1, inode=7, job=1))
    newer = [e.FileSettled(user="me", path=path, size=5, mtime_ns=2, inode=8, media_type="image/jpeg")]
    engine.transact(lambda transaction: watching._record(newer, transaction))
    assert kinds(engine)[-2:] == ["FileSettled", "JobRequested"]


def test_jobs_that_move_files_in_the_library_never_run_at_the_same_time():
    assert {each.HANDLER.exclusive_with for each in (organize, redate, put_back)} == {rules.SHELVING}
    assert chore.SHELVING == rules.SHELVING
    assert put_back.HANDLER.kind == rules.PUT_BACK
    assert {organize.HANDLER.kind, redate.HANDLER.kind} == set(rules.PUT_BACK_KINDS)
