from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from box import disk
from box import events as e
from box.backup.destination import BackupAway
from box.backup.walking import UNREAD, Sources
from box.errors import BoxError, Stopped, UsageError
from box.models import backed, backups
from box.watchers import mounts
from tests import filesystems
from tests.backup.library import Library, assert_true, assert_whole, held, manifest_of, mark, marks, there, verify
from tests.helpers import files_below, jpeg
from tests.test_crash import fill


def states(library: Library) -> dict[str, backups.State]:
    return {state.path: state for state in backups.all_of(library.store)}


def with_backup(library: Library, **keys: object) -> None:
    library.config = replace(library.config, backup=replace(library.config.backup, **keys))


# --- what is copied --------------------------------------------------------------------------------------------------


def test_the_first_run_copies_all_that_is_worth_it_as_plain_files_in_the_same_layout(library, folder):
    told = library.back_up(folder)
    sources = library.sources()
    assert there(folder) == sources
    assert "users/me/mine/deep/er/file" in sources and "config.toml" in sources
    assert_whole(library, folder)
    assert (told["files"], told["missing"]) == (len(sources) + 1, 0), "and the database"
    for path in sources:
        assert os.stat(folder / path).st_mtime_ns == os.stat(library.root / path).st_mtime_ns
    assert not list((library.root / "temp").iterdir()), "the copy of the database is gone"
    state = states(library)[str(folder)]
    assert (state.files, state.files_missing, state.code) == (len(sources) + 1, 0, "")
    path = "users/me/media/book.pdf"
    status = os.stat(library.root / path)
    assert backed.state_of(library.store, path, status.st_size, status.st_mtime_ns) == "copied"


def test_a_run_without_anything_to_do_writes_nothing_at_all_to_the_destination(library, folder):
    library.back_up(folder)
    before = marks(folder)
    for _ in range(2):
        told = library.back_up(folder)
        assert (told["files"], told["bytes"], told["moved"]) == (0, 0, 0)
        assert marks(folder) == before
    assert states(library)[str(folder)].files == len(library.sources()) + 1


def test_a_changed_file_replaces_its_copy_and_nothing_else_is_touched(library, folder):
    library.back_up(folder)
    before = marks(folder)
    library.put("notes/book.md", b"another text")
    assert library.back_up(folder)["files"] == 2, "it, and the database"
    assert_whole(library, folder)
    touched = {path for path, mark in marks(folder).items() if before[path] != mark}
    own = {str(folder), str(folder / "manifest.db"), str(folder / "manifest.db-journal"), str(folder / "box.db")}
    assert touched - own == {str(folder / "users/me/notes"), str(folder / "users/me/notes/book.md")}


def test_a_file_that_was_moved_is_renamed_there_and_stays_verified(library, folder):
    library.back_up(folder)
    old, new = "users/me/media/book.pdf", "users/me/notes/deep/The Book.pdf"
    with manifest_of(library, folder) as manifest:
        manifest.write([replace(manifest.row(old), verified_at="2026-01-01T00:00:00Z")])
    inode = os.stat(folder / old).st_ino
    (library.root / new).parent.mkdir()
    (library.root / old).rename(library.root / new)
    told = library.back_up(folder)
    assert (told["moved"], told["files"]) == (1, 1), "only the database is copied"
    assert os.stat(folder / new).st_ino == inode
    assert_whole(library, folder)
    status = os.stat(library.root / new)
    assert backed.state_of(library.store, new, status.st_size, status.st_mtime_ns) == "verified"
    assert backed.state_of(library.store, old, status.st_size, status.st_mtime_ns) == "none"


def test_a_folder_that_was_renamed_is_renamed_file_by_file_whichever_way_it_sorts(library, folder):
    library.back_up(folder)
    photos = library.root / "users/me/photos"
    (photos / "2024").rename(photos / "1999")
    assert library.back_up(folder)["moved"] == 5
    assert_whole(library, folder)
    (photos / "1999").rename(photos / "2024")
    assert library.back_up(folder)["moved"] == 5
    assert_whole(library, folder)


def test_a_file_of_the_same_size_and_time_but_other_bytes_is_no_moved_one(library, folder):
    old = library.put("media/a", b"first", mtime_ns=10**18)
    library.back_up(folder)
    old.unlink()
    library.put("media/b", b"other", mtime_ns=10**18)
    told = library.back_up(folder)
    assert told["moved"] == 0
    assert there(folder)["users/me/media/a"] == b"first", "nothing is deleted there"
    assert there(folder)["users/me/media/b"] == b"other"
    assert not held(library, folder)["users/me/media/a"].present


def test_what_is_gone_here_stays_there_and_what_comes_back_is_not_copied_again(library, folder, tmp_path):
    library.back_up(folder)
    photos = library.root / "users/me/photos"
    shutil.move(photos, tmp_path / "aside")
    assert library.back_up(folder)["files"] == 0
    assert len([path for path in there(folder) if "photos" in path]) == 5
    assert sum(not row.present for row in held(library, folder).values()) == 5
    before = marks(folder)
    library.back_up(folder)
    assert marks(folder) == before
    shutil.move(tmp_path / "aside", photos)
    assert library.back_up(folder)["files"] == 0
    assert_whole(library, folder)


def test_a_known_drop_is_backed_up_and_is_renamed_once_it_is_filed(library, folder):
    drop = library.put("inbox/DCIM/a.jpg")
    status = os.stat(drop)
    library.engine.record(
        e.FileSettled(user="me", path="users/me/inbox/DCIM/a.jpg", size=status.st_size, mtime_ns=status.st_mtime_ns,
                      inode=status.st_ino, media_type="image/x")
    )  # fmt: skip
    library.back_up(folder)
    assert there(folder)["users/me/inbox/DCIM/a.jpg"] == drop.read_bytes()
    assert "users/me/inbox/unknown.jpg" not in there(folder)
    (library.root / "users/me/photos/x").mkdir()
    drop.rename(library.root / "users/me/photos/x/a.jpg")
    assert library.back_up(folder)["moved"] == 1


def test_only_the_areas_of_the_settings_are_backed_up(library, folder):
    with_backup(library, areas=("photos",))
    library.back_up(folder)
    assert {path.split("/")[2] for path in there(folder) if path != "config.toml"} == {"photos"}


def test_links_and_parts_and_pipes_are_no_files(library, folder):
    photos = library.root / "users/me/photos"
    os.symlink("/etc/passwd", photos / "link")
    os.symlink("/etc", photos / "folder")
    os.mkfifo(photos / "pipe")
    (photos / ".a.jpg.part").write_text("half")
    library.back_up(folder)
    assert there(folder) == {path: data for path, data in library.sources().items() if path in there(folder)}
    assert not any(name in path for path in there(folder) for name in ("link", "folder", "pipe", ".part"))


def test_the_database_is_copied_again_when_the_log_says_more_than_jobs_and_backups(library, folder):
    library.back_up(folder)
    inode = os.stat(folder / "box.db").st_ino
    library.back_up(folder)
    assert os.stat(folder / "box.db").st_ino == inode
    library.engine.record(e.QuotaSet(user="me", quota_bytes=10**9))
    assert library.back_up(folder)["files"] == 1
    assert os.stat(folder / "box.db").st_ino != inode
    inode = os.stat(folder / "box.db").st_ino
    library.back_up(folder)
    assert os.stat(folder / "box.db").st_ino == inode


def test_the_settings_are_backed_up_wherever_they_are(library, folder, tmp_path):
    elsewhere = tmp_path / "etc.toml"
    elsewhere.write_text("[box]\n")
    library.config = replace(library.config, path=str(elsewhere))
    library.back_up(folder)
    assert (folder / "config.toml").read_text() == "[box]\n"


def test_a_name_that_is_not_utf_8_is_kept(library, folder):
    name = os.fsdecode(b"\xff\\x.jpg")
    (library.root / "users/me/photos" / name).write_text("odd")
    library.back_up(folder)
    assert (folder / "users/me/photos" / name).read_text() == "odd"
    before = marks(folder)
    library.back_up(folder)
    assert marks(folder) == before


# --- what cannot be copied -------------------------------------------------------------------------------------------


def test_a_source_that_changes_or_vanishes_while_it_is_copied_is_left_for_the_next_time(library, folder):
    big = library.put("media/big", 8 << 20)
    gone = library.put("media/gone", 1000)
    job = library.job(folder)
    told = library.at_work.told

    def meanwhile(number, progress):
        told(number, progress)
        if progress.size_bytes and (1 << 20) <= progress.size_bytes < (4 << 20) and gone.exists():
            with open(big, "ab") as file:
                file.write(b"more")
            gone.unlink()

    library.at_work = _Watched(library.at_work, meanwhile)
    told_of = library.back_up(folder, job)
    assert told_of["missing"] == 2, told_of
    assert "changed" in told_of["why"]["users/me/media/big"]
    assert "users/me/media/big" not in there(folder)
    assert_true(library, folder)
    assert states(library)[str(folder)].files_missing == 2
    library.at_work = library.at_work.inner
    assert library.back_up(folder)["missing"] == 0
    assert_whole(library, folder)


class _Watched:
    """An AtWork that tells somebody else, too, how far a job is."""

    def __init__(self, inner, told) -> None:
        self.inner, self.told = inner, told

    def __getattr__(self, name):
        return getattr(self.inner, name)


def test_a_file_of_somebody_else_is_never_replaced(library, folder):
    wanted = folder / "users/me/notes/book.md"
    wanted.parent.mkdir(parents=True)
    wanted.write_text("somebody else's")
    same = folder / "users/me/media/book.pdf"
    same.parent.mkdir(parents=True)
    shutil.copyfile(library.root / "users/me/media/book.pdf", same)
    inode = same.stat().st_ino
    equal_size = folder / "users/me/photos/2024/2024-05-01/IMG_0.JPG"
    equal_size.parent.mkdir(parents=True)
    equal_size.write_bytes(b"x" * 20_000)
    library.back_up(folder)
    assert wanted.read_text() == "somebody else's"
    assert equal_size.read_bytes() == b"x" * 20_000
    rows = held(library, folder)
    assert rows["users/me/notes/book.md"].stored == "users/me/notes/book%~2.md"
    assert rows["users/me/photos/2024/2024-05-01/IMG_0.JPG"].stored.endswith("IMG_0%~2.JPG")
    assert rows["users/me/media/book.pdf"].stored == "users/me/media/book.pdf"
    assert same.stat().st_ino == inode, "the same bytes are taken over"
    library.put("notes/book.md", b"newer")
    library.back_up(folder)
    assert (folder / "users/me/notes/book%~2.md").read_bytes() == b"newer"
    assert wanted.read_text() == "somebody else's"


def test_a_manifest_that_was_lost_is_made_again_from_what_is_there_without_copying(library, folder):
    library.back_up(folder)
    inodes = {path: os.stat(folder / path).st_ino for path in there(folder)}
    (folder / "manifest.db").unlink()
    told = library.back_up(folder)
    assert told["files"] <= 1, "the database, whose copy is another one now"
    assert inodes == {path: os.stat(folder / path).st_ino for path in inodes}
    assert set(held(library, folder)) == set(library.sources())


def test_a_copy_that_somebody_deleted_is_made_again_once_that_is_known(library, folder):
    library.back_up(folder)
    (folder / "users/me/notes/book.md").unlink()
    library.back_up(folder)
    assert not (folder / "users/me/notes/book.md").exists(), "size and time have not changed here"
    library.back_up(folder, incremental=False)
    assert_whole(library, folder)


def test_bitrot_here_is_told_and_never_copied_over_the_good_copy(library, folder):
    path = "users/me/media/book.pdf"
    library.back_up(folder)
    good = (library.root / path).read_bytes()
    status = os.stat(library.root / path)
    (library.root / path).write_bytes(good[:1000] + b"!" + good[1001:])
    os.utime(library.root / path, ns=(status.st_mtime_ns, status.st_mtime_ns))
    assert library.back_up(folder)["missing"] == 0, "it cannot be seen without reading"
    told = library.back_up(folder, incremental=False)
    assert "bitrot" in told["why"][path]
    assert there(folder)[path] == good
    assert held(library, folder)[path].damaged == "here"
    assert backed.state_of(library.store, path, status.st_size, status.st_mtime_ns) == "none"
    (library.root / path).write_bytes(good)
    os.utime(library.root / path, ns=(status.st_mtime_ns, status.st_mtime_ns))
    assert library.back_up(folder, incremental=False)["missing"] == 0
    assert held(library, folder)[path].damaged == ""


def test_a_full_comparison_of_what_is_right_writes_nothing(library, folder):
    library.back_up(folder)
    before = marks(folder)
    library.back_up(folder, incremental=False)
    assert marks(folder) == before


def test_a_file_of_the_same_size_that_somebody_put_over_a_copy_stays_when_the_source_changes(library, folder):
    library.put("notes/a", b"first", mtime_ns=10**18)
    library.back_up(folder)
    (folder / "users/me/notes/a").write_bytes(b"other")
    library.put("notes/a", b"second")
    library.back_up(folder)
    assert there(folder)["users/me/notes/a"] == b"other"
    assert there(folder)["users/me/notes/a%~2"] == b"second"


def test_files_from_the_far_future_and_past_are_backed_up_and_nothing_is_kept_by_them(library, folder, run_box):
    for name, seconds in (("a", 13_569_465_600), ("b", -(10**10)), ("c", 5_000_000_000)):
        library.put(f"media/{name}", mtime_ns=seconds * 10**9)  # the years 2400, 1653 and 2128
    (library.root / "users/me/inbox/unknown.jpg").unlink()
    library.put("inbox/d.jpg", jpeg(1), mtime_ns=13_569_465_600 * 10**9)
    assert run_box("--config", library.config.path, "once").returncode == 0
    library.back_up(folder)
    assert_whole(library, folder)
    assert library.back_up(folder)["files"] == 0, "they have not changed since"
    assert run_box("--config", library.config.path, "verify", "--deep").returncode == 0
    assert run_box("restore", str(folder), "--to", str(folder.parent / "new")).returncode == 0
    for name in "abc":
        again, was = (top / "users/me/media" / name for top in (folder.parent / "new", library.root))
        assert again.read_bytes() == was.read_bytes()
        assert disk.mtime_ns(again.stat()) == disk.mtime_ns(was.stat())


def test_files_are_found_below_more_folders_than_python_calls_and_those_below_too_many_are_told(library):
    media, refused = library.root / "users/me/media", []
    sources = Sources(str(library.root), ("media",), lambda _: (), lambda path, why: refused.append(why))
    try:
        deepen(media, "a", 1100)
        deepen(media, "b", 2100)
        found = {path: size for path, size, _ in sources.files()}
        assert found.pop("users/me/media/" + "a/" * 1100 + "file") == 0
        assert found.pop("users/me/media/book.pdf") == 3_000_000
        (unread,) = [path for path, size in found.items() if size == UNREAD]
        assert unread.endswith("/b/")
        assert refused == ["File name too long"]
    finally:  # deeper than pytest can remove
        filesystems.run("rm", "-r", media)


def deepen(folder: Path, name: str, levels: int) -> None:
    """A file, that many folders below one: step by step, since no path may be that long."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=here)
        above, here = here, os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(above)
    os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=here))
    os.close(here)


def test_what_the_log_knows_does_not_count_as_gone_while_its_disk_is_away(library, folder, run_box, tmp_path):
    box = ("--config", library.config.path, "once")
    assert run_box(*box).returncode == 0
    library.back_up(folder)
    photos = library.root / "users/me/photos"
    shutil.move(photos, tmp_path / "aside")
    photos.mkdir()
    os.utime(photos, (0, 0))  # as a mount point that was there before the disk was put on it
    run_box(*box)
    before = marks(folder)
    assert library.back_up(folder)["files"] == 0
    assert all(row.present for row in held(library, folder).values())
    assert marks(folder) == before
    (photos / ".box").touch()  # they were removed on purpose, says who does that
    run_box(*box)
    library.back_up(folder)
    assert sum(not row.present for row in held(library, folder).values()) == 5


# --- where it goes ---------------------------------------------------------------------------------------------------


def test_without_a_destination_there_is_nothing_to_do(library):
    with pytest.raises(UsageError, match="no destination"):
        library.back_up()


def test_a_drive_that_is_not_mounted_is_refused_and_nothing_is_written_below_its_place(library, mount, tmp_path):
    point = mount(filesystems.ext4(tmp_path / "drive", "32M"))
    mark(library, point)
    library.back_up(point)
    filesystems.take_away(point)
    with pytest.raises(BoxError, match="is the drive mounted") as refused:
        library.back_up(point)
    assert refused.value.code == "backup-away"
    assert files_below(point) == {} and list(point.iterdir()) == []
    state = states(library)[str(point)]
    assert (state.code, state.files) == ("backup-away", len(library.sources()) + 1), "what is known of it stays"
    path = "users/me/media/book.pdf"
    status = os.stat(library.root / path)
    assert backed.state_of(library.store, path, status.st_size, status.st_mtime_ns) == "copied"
    mount(filesystems.ext4(tmp_path / "drive"))
    assert library.back_up(point)["files"] == 0
    assert states(library)[str(point)].code == ""
    assert_whole(library, point)


def test_a_folder_that_is_bound_to_the_roots_own_disk_is_no_drive(library, mount, tmp_path):
    point = mount(filesystems.ext4(tmp_path / "drive", "32M"))
    mark(library, point)
    text = (point / ".box").read_text()
    filesystems.take_away(point)
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake/.box").write_text(text)
    mount(filesystems.bind(tmp_path / "fake", tmp_path / "drive"))
    with pytest.raises(BoxError, match="not mounted"):
        library.back_up(point)
    assert list((tmp_path / "fake").iterdir()) == [tmp_path / "fake/.box"]


def test_a_drive_that_is_pulled_in_the_middle_stops_it_and_the_rest_follows_when_it_is_back(library, mount, tmp_path):
    for number in range(200):
        library.put(f"photos/many/{number:03}", 3000)
    point = mount(filesystems.ext4(tmp_path / "drive", "64M"))
    mark(library, point)
    job = library.job(point)
    told = library.at_work.told

    def meanwhile(number, progress):
        told(number, progress)
        if progress.done and progress.done > 100 and filesystems.is_mounted(point):
            filesystems.take_away(point)

    library.at_work = _Watched(library.at_work, meanwhile)
    with pytest.raises(BoxError) as stopped:
        library.back_up(point, job)
    assert stopped.value.code == "backup-away"
    assert files_below(point) == {}
    (state,) = states(library).values()
    assert (state.code, state.finished_at) == ("backup-away", "")
    library.at_work = library.at_work.inner
    mount(filesystems.ext4(tmp_path / "drive"))
    assert_true(library, point)
    done = len(held(library, point))
    assert 100 <= done < 200
    told_of = library.back_up(point)
    assert told_of["files"] + done == len(library.sources()) + 1
    assert_whole(library, point)


def test_a_link_on_a_drive_never_leads_what_is_written_to_another_disk(library, mount, tmp_path):
    point = mount(filesystems.ext4(tmp_path / "drive", "32M"))
    mark(library, point)
    outside = tmp_path / "outside"
    for path in (outside, point / "users/me"):
        path.mkdir(parents=True)
    (point / "users/me/media").symlink_to(outside)
    told = library.back_up(point)
    assert list(outside.iterdir()) == []
    assert list(told["why"]) == ["users/me/media/book.pdf"] and "is a link" in told["why"]["users/me/media/book.pdf"]
    shutil.copy2(library.root / "users/me/media/book.pdf", outside)
    assert library.back_up(point)["missing"] == 1, "what lies on another disk is no copy on this one"
    (point / "users/me/media").unlink()
    library.back_up(point)
    assert_whole(library, point)
    shutil.move(point / "users/me/media", outside / "media")
    (point / "users/me/media").symlink_to(outside / "media")
    with pytest.raises(BoxError, match="a folder above its copy is a link"):
        verify(library, point, repair=True)
    assert sorted(path.name for path in (outside / "media").iterdir()) == ["book.pdf"]


def test_traps_under_the_names_of_parts_and_of_the_manifest_catch_nothing(library, mount, tmp_path):
    point = mount(filesystems.ext4(tmp_path / "drive", "32M"))
    (tmp_path / "precious").write_bytes(b"precious")
    (point / ".box.part").symlink_to(tmp_path / "precious")
    mark(library, point)
    for path in ("media", "notes", "mine"):
        (point / "users/me" / path).mkdir(parents=True)
    os.mkfifo(point / "users/me/media/.book.pdf.part")
    (point / "users/me/notes/.book.md.part").symlink_to(tmp_path / "precious")
    (point / "users/me/.loose.part").mkdir()
    told = library.back_up(point)
    assert list(told["why"]) == ["users/me/loose"]
    (point / "users/me/.loose.part").rmdir()
    library.back_up(point)
    assert_whole(library, point)
    shutil.move(point / "manifest.db", tmp_path / "manifest.db")
    (point / "manifest.db").symlink_to(tmp_path / "manifest.db")
    before = (tmp_path / "manifest.db").read_bytes()
    library.put("notes/new")
    with pytest.raises(BoxError, match="is no file") as refused:
        library.back_up(point)
    assert refused.value.code == "manifest-damaged"
    assert (tmp_path / "manifest.db").read_bytes() == before
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_a_drive_that_is_pulled_out_or_turns_read_only_while_it_is_mounted_is_told(library, mount, tmp_path):
    point = mount(filesystems.ext4(tmp_path / "drive", "32M"))
    mark(library, point)
    library.back_up(point)
    library.put("notes/new")
    filesystems.run("mount", "-o", "remount,ro", point)
    with pytest.raises(BoxError, match="readonly") as failed:
        library.back_up(point)
    assert failed.value.code == "backup-failed"
    filesystems.run("mount", "-o", "remount,rw", point)
    library.back_up(point)
    assert_whole(library, point)
    library.put("notes/newer")
    filesystems.pull_out(point)  # `ismount` is still true, and nothing can be read
    assert point.is_mount()
    for work in (library.back_up, lambda path: verify(library, path)):
        with pytest.raises(BoxError) as away:
            work(point)
        assert away.value.code == "backup-away"
    assert backups.all_of(library.store)[0].damaged == 0
    state = os.stat(library.root / "users/me/media/book.pdf")
    assert backed.state_of(library.store, "users/me/media/book.pdf", state.st_size, state.st_mtime_ns) == "copied"


def test_another_drive_in_its_place_that_is_not_marked_is_refused(library, mount, tmp_path):
    first = mount(filesystems.tmpfs(tmp_path / "drive"))
    mark(library, first)
    library.back_up(first)
    mount(filesystems.tmpfs(tmp_path / "drive"))  # over it
    with pytest.raises(BoxError, match="no marker"):
        library.back_up(first)
    assert list(first.iterdir()) == []


def test_several_destinations_have_their_own_ends_and_one_that_is_away_does_not_keep_the_others(
    library, folder, mount, tmp_path
):
    point = mount(filesystems.tmpfs(tmp_path / "drive"))
    uuid = mark(library, point)
    with_backup(library, destination=(str(tmp_path / "missing"), str(folder), str(point)))
    with pytest.raises(BoxError, match="missing") as failed:
        library.back_up_all()
    assert failed.value.code == "backup-away"
    assert_whole(library, folder)
    assert_whole(library, point)
    found = states(library)
    assert found[str(tmp_path / "missing")].code == "backup-away"
    assert found[str(point)].destination == uuid and found[str(point)].code == found[str(folder)].code == ""
    library.put("notes/later")
    library.back_up(point)
    counts = backed.counts(library.store)
    assert counts[uuid][0] == counts[found[str(folder)].destination][0] + 1
    mark(library, tmp_path / "missing", folder=True)
    library.back_up_all()
    assert {state.code for state in states(library).values()} == {""}
    assert len(states(library)) == 3


def test_auto_is_the_largest_marked_drive(library, mount, tmp_path, monkeypatch):
    table = mounts.table  # other tests mount marked drives meanwhile
    monkeypatch.setattr(mounts, "table", lambda *of: [each for each in table(*of) if str(tmp_path) in each.point])
    with_backup(library, destination=("auto",))
    with pytest.raises(BoxError, match="no marked drive"):
        library.back_up()
    assert states(library)["auto"].code == "backup-away"
    small, large = mount(filesystems.tmpfs(tmp_path / "small")), mount(filesystems.tmpfs(tmp_path / "large", "32m"))
    mark(library, small)
    mark(library, large)
    assert library.back_up()["destination"] == str(large)
    assert set(states(library)) == {str(large)}
    filesystems.take_away(large)
    assert library.back_up()["destination"] == str(small)


# --- how much room there is ------------------------------------------------------------------------------------------


def test_without_enough_room_nothing_is_written(library, mount, tmp_path):
    library.put("media/large", 12 << 20)
    point = mount(filesystems.tmpfs(tmp_path / "drive", "12m"))
    mark(library, point)
    with pytest.raises(BoxError, match="are needed") as full:
        library.back_up(point)
    assert full.value.code == "backup-full"
    assert [path.name for path in point.iterdir()] == [".box"]
    with_backup(library, free_bytes_min=10**9)
    (library.root / "users/me/media/large").unlink()
    with pytest.raises(BoxError, match="free_bytes_min"):
        library.back_up(point)


def test_a_drive_that_somebody_else_fills_in_the_middle_is_left_clean_and_told(library, mount, tmp_path):
    for number in range(40):
        library.put(f"photos/many/{number:03}", 200_000)
    point = mount(filesystems.tmpfs(tmp_path / "drive", "24m"))
    mark(library, point)
    job = library.job(point)
    told = library.at_work.told

    def meanwhile(number, progress):
        told(number, progress)
        if progress.size_bytes and progress.size_bytes > 4_000_000 and not (point / "ballast").exists():
            fill(point / "ballast")

    library.at_work = _Watched(library.at_work, meanwhile)
    with pytest.raises(BoxError, match="is full") as full:
        library.back_up(point, job)
    assert full.value.code == "backup-full"
    library.at_work = library.at_work.inner
    assert (point / "ballast").stat().st_size
    (point / "ballast").unlink()
    assert_true(library, point)
    assert not [path for path in there(point) if path.endswith(".part")]
    assert states(library)[str(point)].code == "backup-full"
    library.back_up(point)
    assert_whole(library, point)


# --- being told to end -----------------------------------------------------------------------------------------------


def test_cancelling_reaches_it_between_two_blocks_of_a_file(library, folder):
    library.put("media/huge", 64 << 20)
    job = library.job(folder)
    inner = library.at_work
    seen: list[int] = []

    def meanwhile(number, progress):
        inner.told(number, progress)
        seen.append(progress.size_bytes)
        if progress.size_bytes > 8 << 20:
            inner.stop(number, Stopped("cancelled on request"))

    library.at_work = _Watched(inner, meanwhile)
    with pytest.raises(Stopped):
        library.back_up(folder, job)
    assert max(seen) <= 9 << 20, "it ended with the next block"
    assert_true(library, folder)
    assert not [path for path in there(folder) if path.endswith(".part")]


def test_it_says_how_far_it_is(library, folder):
    told = []
    job = library.job(folder)
    inner = library.at_work
    library.at_work = _Watched(inner, lambda number, progress: (inner.told(number, progress), told.append(progress)))
    library.back_up(folder, job)
    files = len(library.sources())
    size = sum(map(len, library.sources().values()))
    assert {each.total for each in told} == {files}
    assert max(each.done for each in told) == files
    assert max(each.size_bytes for each in told) >= size
    assert [each.done for each in told] == sorted(each.done for each in told)


# --- other file systems ----------------------------------------------------------------------------------------------


def test_on_exfat_names_are_mapped_and_upper_and_lower_case_do_not_collide(library, mount, tmp_path):
    odd = ["what?.jpg", "a:b.jpg", "dot.", "space ", "con.txt", "100%.jpg", "Same.jpg", "same.JPG", "SAME.jpg"]
    for name in odd:
        library.put(f"photos/odd/{name}", name.encode())
    (library.root / "users/me/photos/odd" / os.fsdecode(b"\xff.jpg")).write_bytes(b"\xff")
    point = mount(filesystems.exfat(tmp_path / "drive", "64M"))
    mark(library, point)
    library.back_up(point)
    rows = {row.path.rpartition("/")[2]: row for row in held(library, point).values() if "/odd/" in row.path}
    for name in odd:
        assert (point / rows[name].stored).read_bytes() == name.encode()
    assert (point / rows["\\xff.jpg"].stored).read_bytes() == b"\xff"
    assert len({row.stored.casefold() for row in rows.values()}) == len(odd) + 1
    assert sorted(row.stored.rpartition("/")[2] for row in rows.values())[:3] == [
        "%5Cxff.jpg", "%63on.txt", "100%25.jpg",
    ]  # fmt: skip
    assert_whole(library, point)
    before = {str(path): path.stat().st_mtime_ns for path in point.rglob("*")}
    told = library.back_up(point)
    assert (told["files"], told["moved"]) == (0, 0), "whatever it made of the times"
    assert before == {str(path): path.stat().st_mtime_ns for path in point.rglob("*")}
    library.put("photos/odd/same.JPG", b"changed")
    (library.root / "users/me/photos/odd/dot.").rename(library.root / "users/me/photos/odd/DOT.")
    told = library.back_up(point)
    assert (told["files"], told["moved"]) == (2, 1)
    assert_whole(library, point)


def test_no_file_of_four_gibibytes_goes_to_fat(library, folder, monkeypatch):
    """There is no FAT here to mount: the rule is told by the name of the file system."""
    big = library.root / "users/me/media/film.mp4"
    with open(big, "wb") as file:
        file.truncate(4 << 30)
    monkeypatch.setattr("box.watchers.mounts.type_of", lambda _path, _mounts="": "vfat")
    told = library.back_up(folder)
    assert "FAT" in told["why"]["users/me/media/film.mp4"]
    assert told["missing"] == 1
    big.unlink()
    assert_whole(library, folder)


def test_a_destination_is_away_when_its_path_is_a_link_to_nowhere(library, folder, tmp_path):
    os.symlink(tmp_path / "nowhere", tmp_path / "link")
    with pytest.raises(BoxError) as away:
        library.back_up(tmp_path / "link")
    assert away.value.code == BackupAway.code
    os.symlink(folder, tmp_path / "good")
    library.back_up(Path(tmp_path / "good"))
    assert_whole(library, folder)
