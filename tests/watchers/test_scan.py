"""The inboxes as sweeps and rings find them; no doorbell here: nothing may depend on it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from box.events import FileSettled, FileVanished
from box.paths import join

Make = Callable[..., Any]


def put(inbox: Path, *names: str, data: bytes = b"\xff\xd8 photo") -> None:
    for name in names:
        path = inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def test_a_sweep_finds_every_file_in_every_folder_once(unwatched: Any) -> None:
    put(unwatched.inbox, "a.jpg", "b/c.jpg", "b/d/e.jpg")
    unwatched.sweep()
    assert sorted(unwatched.settled()) == ["a.jpg", "b/c.jpg", "b/d/e.jpg"]
    unwatched.sweep()
    assert len(unwatched.events) == 3


def test_the_event_says_what_settled(unwatched: Any) -> None:
    put(unwatched.inbox, "a.jpg")
    unwatched.sweep()
    status = (unwatched.inbox / "a.jpg").stat()
    assert unwatched.events == [
        FileSettled(
            user="me", path="users/me/inbox/a.jpg", size=8, mtime_ns=status.st_mtime_ns, inode=status.st_ino,
            media_type="image/jpeg",
        )
    ]  # fmt: skip


def test_each_user_has_an_inbox(make: Make) -> None:
    box = make(watch=False, users=("ann", "bob"))
    for user in ("ann", "bob"):
        put(box.root / "users" / user / "inbox", "x.jpg")
    box.sweep()
    assert {(e.user, e.path) for e in box.events} == {
        ("ann", "users/ann/inbox/x.jpg"),
        ("bob", "users/bob/inbox/x.jpg"),
    }


def test_a_changed_file_settles_again_and_a_gone_one_vanishes(unwatched: Any) -> None:
    put(unwatched.inbox, "a.jpg", "b.jpg", "c/d.jpg")
    unwatched.sweep()
    put(unwatched.inbox, "a.jpg", data=b"another")
    (unwatched.inbox / "b.jpg").unlink()
    unwatched.sweep()
    assert [type(e) for e in unwatched.events[3:]] == [FileSettled, FileVanished] or [
        type(e) for e in unwatched.events[3:]
    ] == [FileVanished, FileSettled]
    assert unwatched.vanished() == ["b.jpg"]


def test_a_whole_folder_that_is_gone_takes_its_files_with_it(unwatched: Any) -> None:
    put(unwatched.inbox, "a.jpg", "b/c.jpg", "b/d/e.jpg", "bb/f.jpg")
    unwatched.sweep()
    shutil.rmtree(unwatched.inbox / "b")
    unwatched.sweep()
    assert sorted(unwatched.vanished()) == ["b/c.jpg", "b/d/e.jpg"]


def test_a_ring_for_a_folder_that_left_has_its_files_looked_for(unwatched: Any) -> None:
    put(unwatched.inbox, "a.jpg", "b/c.jpg", "b/d/e.jpg", "bb/f.jpg")
    unwatched.sweep()
    (unwatched.inbox / "b").rename(unwatched.root / "elsewhere")
    assert unwatched.inboxes.ring(str(unwatched.inbox / "b"), True)
    unwatched.run(lambda: len(unwatched.vanished()) == 2)
    assert sorted(unwatched.vanished()) == ["b/c.jpg", "b/d/e.jpg"]


def test_a_known_file_that_became_a_folder_vanishes_and_the_folder_is_walked(unwatched: Any) -> None:
    put(unwatched.inbox, "a")
    unwatched.sweep()
    (unwatched.inbox / "a").unlink()
    put(unwatched.inbox, "a/b.jpg")
    unwatched.inboxes.ring(str(unwatched.inbox / "a"), False)
    unwatched.run(lambda: len(unwatched.events) == 3)
    assert (unwatched.vanished(), unwatched.settled()) == (["a"], ["a", "a/b.jpg"])


def test_a_ring_for_a_known_file_that_did_not_change_says_nothing(unwatched: Any) -> None:
    put(unwatched.inbox, "a.jpg")
    unwatched.sweep()
    unwatched.inboxes.ring(str(unwatched.inbox / "a.jpg"), False)
    unwatched.run(lambda: unwatched.inboxes.waiting() == 1)
    unwatched.run(lambda: unwatched.inboxes.waiting() == 0)
    assert len(unwatched.events) == 1


def test_an_inbox_that_was_exchanged_unnoticed_is_walked(unwatched: Any) -> None:
    put(unwatched.inbox, "a.jpg")
    unwatched.sweep()
    away(unwatched)
    put(unwatched.inbox, ".box", "b.jpg")
    unwatched.run(lambda: len(unwatched.events) == 3)
    assert (unwatched.settled()[1:], unwatched.vanished()) == (["b.jpg"], ["a.jpg"])


def test_what_box_took_meanwhile_has_not_vanished(unwatched: Any) -> None:
    put(unwatched.inbox, "a.jpg")
    unwatched.sweep()
    (unwatched.inbox / "a.jpg").unlink()
    unwatched.inboxes.ring(str(unwatched.inbox / "a.jpg"), False)
    unwatched.run(lambda: unwatched.inboxes.waiting() == 1)
    unwatched.known.files.clear()  # the job's outcome is recorded after the file has left
    unwatched.run(lambda: unwatched.inboxes.undecided() == 0)
    assert unwatched.vanished() == []


NAMES = [
    "a 'quoted' \"name\".jpg", "new\nline.jpg", "tab\t.jpg", "emoji 🦋.jpg", "back\\slash.jpg", "back\\x41.jpg",
    "ü.jpg", "u\u0308.jpg", os.fsdecode(b"\xff\xfe invalid.jpg"), " lead.jpg", "trail .jpg", "-rf.jpg", "*?[a].jpg",
    "x" * 251 + ".jpg", "%s%d{}.jpg", "$(reboot).jpg", "\u202egpj.exe",
]  # fmt: skip


def test_any_name_is_taken_and_leads_back_to_its_file(unwatched: Any) -> None:
    put(unwatched.inbox, *NAMES, *(f"{name}.d/{name}" for name in NAMES if len(name) < 200))
    there = {os.path.join(folder, name) for folder, _, names in os.walk(unwatched.inbox) for name in names}
    unwatched.sweep()
    assert {join(str(unwatched.root), e.path) for e in unwatched.events} == {
        p for p in there if not p.endswith("/.box")
    }
    for event in unwatched.events:
        event.path.encode()
    for path in there:
        if not path.endswith("/.box"):
            os.unlink(path)
    unwatched.sweep()
    assert len(unwatched.vanished()) == len(there) - 1
    assert unwatched.known.files == {}


def test_ignored_names_links_pipes_and_empty_files_are_left_alone(make: Make) -> None:
    box = make(watch=False, ignore=["*.raw", "private/"])
    put(
        box.inbox,
        ".hidden",
        "x.part",
        "Thumbs.db",
        "@eaDir/x.jpg",
        ".d/x.jpg",
        "x.raw",
        "private/x.jpg",
        "~x",
        "good.jpg",
    )
    put(box.inbox, "empty.jpg", data=b"")
    (box.inbox / "link.jpg").symlink_to(box.inbox / "good.jpg")
    (box.root / "outside").mkdir()
    put(box.root / "outside", "x.jpg")
    (box.inbox / "linked").symlink_to(box.root / "outside")
    os.mkfifo(box.inbox / "pipe.jpg")
    box.sweep()
    assert box.settled() == ["good.jpg"]
    assert box.inboxes.waiting() == 1  # the empty one may still grow


def test_an_empty_file_is_taken_when_it_is_filled(unwatched: Any) -> None:
    put(unwatched.inbox, "x.jpg", data=b"")
    unwatched.sweep()
    assert unwatched.settled() == []
    put(unwatched.inbox, "x.jpg")
    unwatched.inboxes.ring(str(unwatched.inbox / "x.jpg"), False)
    unwatched.run(lambda: unwatched.settled() == ["x.jpg"])


def test_rings_for_ignored_names_and_for_other_folders_wake_nobody(unwatched: Any) -> None:
    unwatched.sweep()
    for path in ("x.part", ".d/x.jpg", "a/@eaDir/x.jpg"):
        assert not unwatched.inboxes.ring(str(unwatched.inbox / path), False)
    assert not unwatched.inboxes.ring(str(unwatched.root / "users/me/photos/x.jpg"), False)
    assert not unwatched.inboxes.ring(str(unwatched.root / "users/me/inbox2/x.jpg"), False)
    assert unwatched.inboxes.undecided() == 0
    assert unwatched.inboxes.ring(str(unwatched.inbox / "x.jpg"), False)
    assert not unwatched.inboxes.ring(str(unwatched.inbox / "y.jpg"), False)  # it is awake already


def away(box: Any) -> None:
    box.inbox.rename(box.root / "away")


def unmarked(box: Any) -> None:
    (box.inbox / ".box").unlink()


def empty_mount_point(box: Any) -> None:
    away(box)
    box.inbox.mkdir()


def no_folder(box: Any) -> None:
    away(box)
    box.inbox.write_text("a file")


@pytest.mark.parametrize(
    ("lose", "code"),
    [
        (away, "inbox-missing"),
        (unmarked, "inbox-unmarked"),
        (empty_mount_point, "inbox-unmarked"),
        (no_folder, "inbox-missing"),
    ],
)
def test_without_folder_or_marker_nothing_counts_as_deleted_and_nothing_is_taken(
    unwatched: Any, lose: Callable[[Any], None], code: str
) -> None:
    put(unwatched.inbox, "a.jpg", "b/c.jpg")
    unwatched.sweep()
    for path in ("a.jpg", "b/c.jpg"):
        unwatched.inboxes.ring(str(unwatched.inbox / path), False)
    unwatched.run(lambda: unwatched.inboxes.waiting() == 2)
    lose(unwatched)
    if unwatched.inbox.is_dir():
        put(unwatched.inbox, "new.jpg")
    unwatched.sweep()
    unwatched.inboxes.ring(str(unwatched.inbox), True)
    unwatched.inboxes.ring(str(unwatched.inbox / "b"), True)
    unwatched.inboxes.ring(str(unwatched.inbox / "a.jpg"), False)
    unwatched.run(lambda: unwatched.inboxes.undecided() == 0)
    assert len(unwatched.events) == 2
    (problem,) = unwatched.inboxes.problems()
    assert (problem.code, problem.path) == (code, "users/me/inbox")
    assert ".box" in problem.message
    assert not unwatched.inboxes.there(str(unwatched.inbox))


def test_an_inbox_that_comes_back_is_taken_up_where_it_was_without_a_sweep(unwatched: Any) -> None:
    put(unwatched.inbox, "a.jpg", "b.jpg")
    unwatched.sweep()
    away(unwatched)
    unwatched.sweep()
    put(unwatched.root / "away", "c.jpg")
    (unwatched.root / "away/b.jpg").unlink()
    (unwatched.root / "away").rename(unwatched.inbox)
    unwatched.run(lambda: len(unwatched.events) == 4)
    assert (unwatched.vanished(), unwatched.settled()[2:]) == (["b.jpg"], ["c.jpg"])
    assert unwatched.inboxes.problems() == []


def test_a_marker_that_is_made_again_ends_the_pause(unwatched: Any) -> None:
    unmarked(unwatched)
    put(unwatched.inbox, "a.jpg")
    unwatched.sweep()
    assert unwatched.settled() == []
    (unwatched.inbox / ".box").touch()
    unwatched.inboxes.ring(str(unwatched.inbox / ".box"), False)
    unwatched.run(lambda: unwatched.settled() == ["a.jpg"])


def test_an_inbox_that_goes_away_between_two_looks_takes_nothing_with_it(unwatched: Any) -> None:
    put(unwatched.inbox, "a.jpg")
    unwatched.sweep()
    (unwatched.inbox / "a.jpg").rename(unwatched.root / "a.jpg")
    unwatched.inboxes.ring(str(unwatched.inbox / "a.jpg"), False)
    unwatched.run(lambda: unwatched.inboxes.waiting() == 1)
    away(unwatched)
    unwatched.run(lambda: unwatched.inboxes.undecided() == 0)
    assert unwatched.vanished() == []


def test_a_listing_without_the_marker_is_not_believed_even_if_the_marker_answers(
    unwatched: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stick that was pulled out lists as empty while single names are still answered from memory (vfat)."""
    put(unwatched.inbox, "a.jpg")
    unwatched.sweep()

    @contextmanager
    def nothing(_path: str) -> Iterator[Iterator[os.DirEntry[str]]]:
        yield iter(())

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", nothing)
        unwatched.sweep()
        assert [p.code for p in unwatched.inboxes.problems()] == ["inbox-unmarked"]
        (unwatched.inbox / "a.jpg").unlink()
    assert unwatched.vanished() == []
    unwatched.run(lambda: unwatched.vanished() == ["a.jpg"])


def test_an_inbox_may_be_a_link_to_a_folder(unwatched: Any) -> None:
    away(unwatched)
    unwatched.inbox.symlink_to(unwatched.root / "away")
    put(unwatched.inbox, "a.jpg", "b/c.jpg")
    unwatched.sweep()
    assert sorted(unwatched.settled()) == ["a.jpg", "b/c.jpg"]


def test_an_unreadable_folder_is_a_problem_and_its_files_have_not_vanished(
    make: Make, open_folder: Path, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    box = make(watch=False, root=open_folder)
    put(box.inbox, "a/b.jpg", "c.jpg")
    box.sweep()
    (box.inbox / "a").chmod(0o000)
    put(box.inbox, "d.jpg")
    (box.inbox / "d.jpg").chmod(0o000)
    with as_nobody():
        box.sweep()
    assert box.vanished() == []
    (problem,) = box.inboxes.problems()
    assert problem.code == "drop-unreadable"
    assert "1 more cannot be read (Permission denied)" in problem.message
    (box.inbox / "a").chmod(0o755)
    (box.inbox / "d.jpg").chmod(0o644)
    with as_nobody():
        box.sweep()
    assert (box.vanished(), sorted(box.settled())) == ([], ["a/b.jpg", "c.jpg", "d.jpg"])
    assert box.inboxes.problems() == []


def test_an_unreadable_drop_that_is_removed_is_no_problem_any_more(
    make: Make, open_folder: Path, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    box = make(watch=False, root=open_folder)
    put(box.inbox, "a.jpg")
    (box.inbox / "a.jpg").chmod(0o000)
    with as_nobody():
        box.sweep()
    assert len(box.inboxes.problems()) == 1
    (box.inbox / "a.jpg").unlink()
    box.sweep()
    assert box.inboxes.problems() == []


def test_more_drops_than_fit_are_all_taken_in_the_end(make: Make) -> None:
    box = make(watch=False, settle_seconds=0.01, candidates_max=7)
    put(box.inbox, *(f"{folder}/{number}.jpg" for folder in range(5) for number in range(10)))
    box.inboxes.sweep(time.monotonic())
    box.step()
    assert [p.code for p in box.inboxes.problems()] == ["inbox-crowded"]
    box.run(lambda: len(box.events) == 50)
    assert len(set(box.settled())) == 50
    assert box.inboxes.problems() == []


def test_one_step_is_bounded_and_the_next_is_due_at_once(make: Make) -> None:
    box = make(watch=False, settle_seconds=0.0)
    put(box.inbox, *(f"{number}.jpg" for number in range(1200)))
    now = time.monotonic()
    box.inboxes.sweep(now)
    counts = []
    while box.inboxes.next_at() <= now:
        counts.append(len(box.inboxes.look(now)))
        assert len(counts) < 20
    assert sum(counts) == 1200
    assert max(counts) <= 500
