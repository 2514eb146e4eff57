"""What people do in the library by hand, found by folder times and in full."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from box.events import FileNoticed, FileVanished
from box.paths import AREAS, area_folder
from box.watchers import Problem
from box.watchers.library import FolderSeen, library_changes
from box.watchers.tree import walk

LONG_AGO_NS = 1_700_000_000_000_000_000


@dataclass
class Library:
    """A user's folders, and what is known of them."""

    root: Path
    known: Any
    times: dict[str, int | None] = field(default_factory=dict)
    listed: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def top(self) -> Path:
        return self.root / "users/me"

    def put(self, *names: str, data: bytes = b"x") -> None:
        for name in names:
            (self.top / name).parent.mkdir(parents=True, exist_ok=True)
            (self.top / name).write_bytes(data)

    def age(self) -> None:
        """Everything was last changed long ago."""
        for folder, _, _ in os.walk(self.top, topdown=False):
            os.utime(folder, ns=(LONG_AGO_NS, LONG_AGO_NS))

    def sweep(self, *, full: bool = False) -> list[tuple[str, str]]:
        """What changed, as ("+" or "-", path below the user's folder)."""
        found = []
        self.listed, self.problems = [], []
        folders = {**dict.fromkeys(self.known.folders("users/me")), **self.times}
        for item in library_changes(str(self.root), "me", folders.items, self.known.folder, full=full):
            if isinstance(item, FolderSeen):
                self.listed.append(item.folder)
                if item.gone:
                    self.times.pop(item.folder, None)
                else:
                    self.times[item.folder] = item.mtime_ns
            elif isinstance(item, Problem):
                self.problems.append(item)
            else:
                assert isinstance(item, FileNoticed | FileVanished)
                assert item.user == "me"
                self.known.fold(item)
                found.append(("+" if isinstance(item, FileNoticed) else "-", item.path.removeprefix("users/me/")))
        return sorted(found)


@pytest.fixture
def library(tmp_path: Path, unwatched: Any) -> Library:
    """A library of three areas, swept once, all of it old."""
    library = Library(tmp_path / "lib", unwatched.known)
    library.put("photos/2026/2026-01-01/a.jpg", "photos/2026/2026-01-02/b.jpg", "media/c.pdf", "loose.txt")
    library.age()
    assert len(library.sweep()) == 4
    return library


def test_the_first_sweep_finds_everything_and_the_second_lists_nothing(library: Library) -> None:
    assert (library.sweep(), library.listed) == ([], [])


def test_a_quick_sweep_lists_only_folders_whose_time_changed(library: Library) -> None:
    library.put("photos/2026/2026-01-02/new.jpg", "photos/2026/2026-01-03/d/e.jpg")
    (library.top / "media/c.pdf").unlink()
    assert library.sweep() == [
        ("+", "photos/2026/2026-01-02/new.jpg"), ("+", "photos/2026/2026-01-03/d/e.jpg"), ("-", "media/c.pdf")
    ]  # fmt: skip
    assert "users/me/photos/2026/2026-01-01" not in library.listed
    assert "users/me/photos/2026/2026-01-02" in library.listed


def test_a_file_rewritten_in_place_is_found_by_a_full_sweep_only(library: Library) -> None:
    library.put("media/c.pdf", data=b"longer")
    assert library.sweep() == []
    assert library.sweep(full=True) == [("+", "media/c.pdf")]
    assert library.sweep(full=True) == []


def test_a_folder_that_changed_just_before_it_was_listed_is_listed_again(library: Library) -> None:
    library.put("media/d.pdf")
    assert library.sweep() == [("+", "media/d.pdf")]
    library.sweep()
    assert library.listed == ["users/me/media"]


def test_a_folder_time_that_lies_ahead_of_the_clock_is_not_relied_on(library: Library) -> None:
    ahead = 4_000_000_000_000_000_000
    os.utime(library.top / "media", ns=(ahead, ahead))
    library.sweep()
    library.sweep()
    assert library.listed == ["users/me/media"]
    os.utime(library.top / "media", ns=(ahead, ahead))
    (library.top / "media/c.pdf").unlink()  # by a clock that is right again
    assert library.sweep() == [("-", "media/c.pdf")]
    assert library.problems == []


def test_a_day_that_is_gone_is_gone(library: Library) -> None:
    shutil.rmtree(library.top / "photos/2026/2026-01-01")
    assert library.sweep() == [("-", "photos/2026/2026-01-01/a.jpg")]
    assert "users/me/photos/2026/2026-01-01" not in library.times
    assert (library.sweep(full=True), library.problems) == ([], [])


def test_all_days_removed_by_hand_are_gone(library: Library) -> None:
    shutil.rmtree(library.top / "photos/2026")
    assert len(library.sweep()) == 2
    assert library.problems == []


@pytest.mark.parametrize("full", [False, True])
def test_an_area_that_is_missing_is_a_problem_and_nothing_in_it_has_vanished(library: Library, full: bool) -> None:
    (library.top / "photos").rename(library.root / "away")
    library.put("media/d.pdf")
    assert library.sweep(full=full) == [("+", "media/d.pdf")]
    assert [(p.code, p.path) for p in library.problems] == [("library-missing", "users/me/photos")]
    (library.root / "away").rename(library.top / "photos")
    assert (library.sweep(full=full), library.problems) == ([], [])


@pytest.mark.parametrize("full", [False, True])
def test_an_empty_mount_point_is_not_an_emptied_area(library: Library, full: bool) -> None:
    (library.top / "photos").rename(library.root / "away")
    (library.top / "photos").mkdir()
    os.utime(library.top / "photos", ns=(LONG_AGO_NS - 1, LONG_AGO_NS - 1))  # it was there before the disk was mounted
    assert library.sweep(full=full) == []
    assert [p.code for p in library.problems] == ["library-missing"]
    (library.top / "photos/.box").touch()  # as the message advises who removed them on purpose
    assert len(library.sweep(full=full)) == 2
    assert library.problems == []


@pytest.mark.parametrize("full", [False, True])
def test_nor_is_one_whose_disk_went_away_right_after_the_area_changed(library: Library, full: bool) -> None:
    library.put("photos/c.jpg")
    assert library.sweep() == [("+", "photos/c.jpg")]
    (library.top / "photos").rename(library.root / "away")
    (library.top / "photos").mkdir()
    os.utime(library.top / "photos", ns=(LONG_AGO_NS, LONG_AGO_NS))
    assert library.sweep(full=full) == []
    assert [p.code for p in library.problems] == ["library-missing"]


@pytest.mark.parametrize("full", [False, True])
def test_a_user_whose_folder_is_missing_has_lost_nothing(library: Library, full: bool) -> None:
    library.top.rename(library.root / "away")
    assert library.sweep(full=full) == []
    assert [(p.code, p.path) for p in library.problems] == [("library-missing", "users/me")]


def test_an_area_that_never_held_anything_may_be_missing(library: Library) -> None:
    (library.top / "exports").mkdir()
    library.age()
    library.sweep()
    (library.top / "exports").rmdir()
    assert (library.sweep(), library.problems) == ([], [])
    assert "users/me/exports" not in library.times


def test_the_inbox_the_scratch_of_jobs_and_markers_are_not_looked_at(library: Library) -> None:
    library.put("inbox/x.jpg", "inbox/a/x.jpg", "temp/job-7/half.jpg", "temp/kept.txt", "photos/.box", "inbox2/y.jpg")
    assert library.sweep(full=True) == [("+", "inbox2/y.jpg"), ("+", "temp/kept.txt")]
    assert not any("/inbox/" in folder or "job-7" in folder for folder in library.listed)


def test_hidden_files_links_and_odd_names(library: Library) -> None:
    library.put("media/.hidden", "media/new\nline 'x'.txt", "media/" + os.fsdecode(b"\xff.txt"))
    (library.top / "media/link").symlink_to(library.top / "photos")
    (library.top / "linked").symlink_to(library.top / "photos")
    assert library.sweep() == [
        ("+", "media/.hidden"), ("+", "media/\\xff.txt"), ("+", "media/new\nline 'x'.txt")
    ]  # fmt: skip


def test_an_unreadable_folder_is_a_problem_and_nothing_below_it_has_vanished(
    open_folder: Path, unwatched: Any, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    library = Library(open_folder, unwatched.known)
    library.put("photos/2026/2026-01-01/a.jpg", "photos/2026/b.jpg", "media/c.pdf")
    library.age()
    library.sweep()
    for mode in (0o000, 0o444):  # not listed; listed, but no file in it can be looked at
        (library.top / "photos/2026").chmod(mode)
        for full in (False, True):
            os.utime(library.top / "photos/2026")
            with as_nobody():
                assert library.sweep(full=full) == []
            assert {p.code for p in library.problems} == {"library-unreadable"}
            assert "give Box the right" in library.problems[0].message
    (library.top / "photos/2026").chmod(0o755)
    assert (library.sweep(full=True), library.problems) == ([], [])


def test_many_unreadable_folders_are_counted_not_listed(
    open_folder: Path, unwatched: Any, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    library = Library(open_folder, unwatched.known)
    for number in range(30):
        library.put(f"photos/{number}/a.jpg")
        (library.top / f"photos/{number}").chmod(0o000)
    with as_nobody():
        library.sweep()
    assert len(library.problems) == 21
    assert library.problems[-1].message.startswith("10 more folders")


def test_a_walk_goes_through_every_folder_and_says_what_it_could_not_read(
    open_folder: Path, unwatched: Any, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    library = Library(open_folder, unwatched.known)
    library.put("a.txt", "b/c.txt", "b/skip.txt", "skipped/d.txt", "closed/e.txt")
    (library.top / "link").symlink_to(library.top / "b")
    (library.top / "closed").chmod(0o000)
    with as_nobody():
        found = {f.path: f for f in walk(str(open_folder), "users/me", lambda path, _: "skip" in path)}
    (library.top / "closed").chmod(0o755)
    status = (library.top / "b/c.txt").stat()
    assert set(found) == {"users/me", "users/me/b", "users/me/closed"}
    assert found["users/me/b"].files == {"c.txt": (1, status.st_mtime_ns)}
    assert found["users/me/b"].mtime_ns == (library.top / "b").stat().st_mtime_ns
    assert {path: f.error for path, f in found.items() if f.error} == {"users/me/closed": "Permission denied"}
    assert list(walk(str(open_folder), "users/nobody", lambda *_: False)) == []


def test_every_area_but_the_inbox_is_covered(library: Library) -> None:
    for area in AREAS:
        (library.root / area_folder("me", area)).mkdir(exist_ok=True)
        library.put(f"{area}/x.bin")
    found = {path for _, path in library.sweep()}
    assert found == {f"{area}/x.bin" for area in AREAS if area != "inbox"}
