from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from box import events as e
from box.backup.destination import BackupAway, BackupFull
from box.backup.restic import RepositoryLocked, WrongPassword
from box.errors import BoxError, Stopped, UsageError
from box.models import backed, backups
from box.tasks.at_work import AtWork
from tests import filesystems
from tests.backup.repositories import PASSWORD, Repository
from tests.helpers import until


def state_of(repository: Repository) -> backups.State:
    (state,) = backups.all_of(repository.library.store)
    return state


def test_a_snapshot_holds_what_a_backup_of_files_does_in_the_layout_of_a_root(repository, tmp_path):
    told = repository.work("backup")
    found = repository.restored(tmp_path / "out")
    database = found.pop("box.db")
    sources = {path: data for path, data in repository.library.sources().items() if not path.endswith(".part")}
    assert found == sources
    assert {"config.toml", "users/me/loose", "users/me/mine/deep/file"} <= set(sources)
    assert database.startswith(b"SQLite format 3")
    assert (told["files"], told["missing"]) == (len(sources) + 1, 0), "and the database"
    state = state_of(repository)
    assert (state.path, state.files, state.files_missing, state.code) == (str(repository.path), len(sources) + 1, 0, "")
    assert repository.snapshots()[0]["tags"] == ["box"]
    assert not list((repository.library.root / "temp").glob("job-*"))


def test_a_run_without_anything_new_makes_no_snapshot_and_one_with_something_only_adds_that(repository):
    repository.work("backup")
    assert repository.work("backup")["files"] == 0
    assert len(repository.snapshots()) == 1
    repository.library.put("notes/n.md", b"another text")
    told = repository.work("backup")
    assert told["files"] == 2, "it, and the database"
    assert len(repository.snapshots()) == 2
    repository.library.engine.record(e.QuotaSet(user="me", quota_bytes=10**9))
    assert repository.work("backup")["files"] == 1, "the log says more: the database"
    assert repository.work("backup", incremental=False)["files"] == 1, "asked to read all"
    assert len(repository.snapshots()) == 4


def test_a_file_counts_as_copied_only_as_it_is_in_the_last_snapshot(repository):
    path = "users/me/photos/2024/2024-05-01/a.jpg"
    assert repository.state(path) == "none"
    repository.work("backup")
    assert repository.state(path) == "copied"
    file = repository.library.root / path
    file.write_bytes(b"changed")
    assert repository.state(path) == "none"
    repository.work("backup")
    assert repository.state(path) == "copied"
    moved = file.with_name("other.jpg")
    file.rename(moved)
    repository.work("backup")
    assert repository.state(path.replace("a.jpg", "other.jpg")) == "copied"
    moved.rename(file)
    assert repository.state(path) == "none", "the last snapshot does not hold it under this name"


def test_a_known_drop_is_in_the_snapshot_and_odd_names_are_and_count_only_if_they_can_be_told(repository, tmp_path):
    library = repository.library
    drop = library.put("inbox/DCIM/a b\n.jpg")
    status = os.stat(drop)
    library.engine.record(
        e.FileSettled(user="me", path="users/me/inbox/DCIM/a b\n.jpg", size=status.st_size,
                      mtime_ns=status.st_mtime_ns, inode=status.st_ino, media_type="image/x")
    )  # fmt: skip
    odd = os.fsdecode(b"\xff[*]\\x.jpg")
    (library.root / "users/me/photos" / odd).write_text("odd")
    (library.root / "users/me/photos/-é[*]?\\x.jpg").write_text("told")
    assert repository.work("backup")["missing"] == 0
    found = repository.restored(tmp_path / "out")
    assert found["users/me/inbox/DCIM/a b\n.jpg"] == drop.read_bytes()
    assert "users/me/inbox/unknown.jpg" not in found
    assert found[f"users/me/photos/{odd}"] == b"odd"
    assert repository.work("backup")["files"] == 0
    path = "users/me/photos/-é[*]?\\\\x.jpg"
    status = os.stat(library.root / "users/me/photos/-é[*]?\\x.jpg")
    assert backed.state_of(library.store, path, status.st_size, status.st_mtime_ns) == "copied"


def test_a_snapshot_that_somebody_removed_counts_no_more_and_the_next_run_makes_another(repository):
    path = "users/me/notes/n.md"
    repository.work("backup")
    repository.restic("forget", "--prune", repository.snapshots()[0]["id"])
    assert repository.work("backup")["files"] > 1
    assert (repository.state(path), len(repository.snapshots())) == ("copied", 1)


def test_a_run_that_was_killed_before_it_knew_what_its_snapshot_holds_lists_it_the_next_time(repository):
    repository.work("backup")
    store = repository.library.store
    with store.transaction():
        store.execute("UPDATE repositories SET is_listed = 0")
        store.execute("DELETE FROM backed WHERE path LIKE '%.jpg'")
    repository.work("backup")
    assert repository.state("users/me/photos/2024/2024-05-01/a.jpg") == "copied"
    assert len(repository.snapshots()) == 1


def wrap(folder: Path, monkeypatch: pytest.MonkeyPatch, before: str) -> None:
    """Have a line of shell run before each restic."""
    real = shutil.which("restic")
    folder.mkdir()
    (folder / "restic").write_text(f'#!/bin/sh\n{before}\nexec {real} "$@"\n')
    (folder / "restic").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_a_file_that_changes_after_it_was_seen_is_told_and_comes_the_next_time(repository, tmp_path, monkeypatch):
    changing, gone = repository.library.put("media/changing"), repository.library.put("media/gone")
    wrap(tmp_path / "bin", monkeypatch, f'case "$*" in *files-from-raw*) echo more >> {changing}; rm -f {gone};; esac')
    told = repository.work("backup")
    assert told["missing"] == 1 and "changed" in told["why"]["users/me/media/changing"]
    assert repository.state("users/me/media/changing") == "copied", "as it is by now: restic lists it so"
    assert state_of(repository).files_missing == 1
    monkeypatch.undo()
    repository.library.put("media/changing", b"quiet")
    assert repository.work("backup")["missing"] == 0


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_backed_up(repository):
    filesystems.needs()
    odd = repository.library.put("media/odd", b"")
    subprocess.run(["mount", "--bind", "/proc/self/mem", str(odd)], check=True)  # to read it is an I/O error
    try:
        told = repository.work("backup")
        assert list(told["why"]) == ["users/me/media/odd"]
        assert (repository.state("users/me/media/odd"), repository.state("users/me/notes/n.md")) == ("none", "copied")
    finally:
        subprocess.run(["umount", "-l", str(odd)], check=True)


# --- what can be wrong -----------------------------------------------------------------------------------------------


def stopped(repository: Repository, error: type[BoxError], code: str, says: str) -> BoxError:
    with pytest.raises(error, match=says) as caught:
        repository.work("backup")
    state = state_of(repository)
    assert (state.code, state.path) == (code, str(repository.path))
    assert PASSWORD not in state.reason and "\n" not in state.reason and "/proc/" not in state.reason
    assert caught.value.code == code
    return caught.value


def test_a_repository_that_is_not_there_is_away_and_nothing_is_written(repository, tmp_path):
    repository.work("backup")
    repository.path.rename(tmp_path / "aside")
    assert not stopped(repository, BackupAway, "backup-away", "cannot be opened").retryable
    repository.path.mkdir()
    assert not stopped(repository, BackupAway, "backup-away", "no repository of restic answers").retryable
    assert list(repository.path.iterdir()) == [], "an empty mount point stays empty"
    assert repository.state("users/me/notes/n.md") == "copied", "nothing counts as gone"
    repository.path.rmdir()
    (tmp_path / "aside").rename(repository.path)
    repository.work("backup")
    assert state_of(repository).code == ""


def test_a_server_that_does_not_answer_is_away_and_tried_again_and_its_password_is_not_told(repository):
    repository.set(repository="rest:http://ann:verysecret@127.0.0.1:9/box")
    with pytest.raises(BackupAway) as caught:
        repository.work("backup")
    assert caught.value.retryable
    state = state_of(repository)
    assert state.path == "rest:http://ann:***@127.0.0.1:9/box"
    assert "verysecret" not in f"{caught.value}{state}"


def test_a_wrong_password_is_told_and_not_tried_again(repository):
    repository.password.write_text("another")
    assert not stopped(repository, WrongPassword, "backup-password", "the password is not that").retryable
    repository.password.unlink()
    stopped(repository, WrongPassword, "backup-password", "password")


def test_a_lock_of_one_who_is_gone_is_removed_and_that_of_another_is_not(repository):
    locks = repository.path / "locks"
    with subprocess.Popen(
        ["restic", "--no-cache", "-q", "-r", str(repository.path), "-p", str(repository.password), "backup", "--stdin"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
    ) as other:  # fmt: skip
        until(lambda: list(locks.iterdir()), "another restic is at work")
        with pytest.raises(RepositoryLocked, match=f"by PID {other.pid}") as caught:
            repository.work("verify-backup")
        assert (caught.value.code, caught.value.retryable) == ("backup-locked", True)
        other.kill()
    assert len(list(locks.iterdir())) == 1
    repository.work("verify-backup")
    assert list(locks.iterdir()) == []


def test_a_full_repository_is_told_and_goes_on_when_there_is_room(make_repository, mount, tmp_path):
    repository = make_repository(mount(filesystems.tmpfs(tmp_path / "drive", "8m")) / "repository")
    big = repository.library.put("media/big", 12_000_000)
    stopped(repository, BackupFull, "backup-full", "is full")
    big.write_bytes(os.urandom(1000))
    repository.work("backup")
    assert repository.state("users/me/media/big") == "copied"


def test_a_cancelled_backup_ends_restic_and_leaves_no_lock(repository):
    library = repository.library
    library.put("media/big", 100_000_000)
    library.at_work = AtWork(on_progress=lambda: library.at_work.stop_all(Stopped("it was", "cancelled", "cancelled")))
    with pytest.raises(Stopped):
        repository.work("backup")
    assert list((repository.path / "locks").iterdir()) == []
    assert repository.snapshots() == []
    assert not list((repository.library.root / "temp").glob("job-*"))


def test_what_does_not_belong_to_this_engine_is_refused_by_name(repository):
    with pytest.raises(UsageError, match="destination"):
        repository.work("backup", destination="/mnt/x")
    with pytest.raises(UsageError, match="repair"):
        repository.work("verify-backup", repair=True)
    repository.set(password_file="")
    with pytest.raises(UsageError, match=r"backup\.password_file"):
        repository.work("backup")


def test_without_restic_it_says_how_to_get_it(repository, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    stopped(repository, BoxError, "restic-missing", "apt-get install restic")


def test_restic_gets_of_the_environment_what_it_needs_and_what_the_owner_says(repository, tmp_path, monkeypatch):
    wrap(tmp_path / "bin", monkeypatch, f"env > {tmp_path}/seen")
    monkeypatch.setenv("BOX_SECRET", "no")
    keys = tmp_path / "keys"
    keys.write_text("# keys\nexport AWS_ACCESS_KEY_ID='abc def'\n\nAWS_SECRET_ACCESS_KEY=x=y\n")
    repository.set(environment_file=str(keys))
    repository.work("backup")
    seen = dict(line.partition("=")[::2] for line in (tmp_path / "seen").read_text().splitlines())
    assert (seen["AWS_ACCESS_KEY_ID"], seen["AWS_SECRET_ACCESS_KEY"]) == ("abc def", "x=y")
    assert "BOX_SECRET" not in seen
    keys.write_text("A=b\nverysecret\n")
    with pytest.raises(UsageError, match="line 2: expected NAME=value") as caught:
        repository.work("backup")
    assert "verysecret" not in str(caught.value)
