"""Restoring: a root that is gone is whole again from a drive alone; nothing is written over or taken on trust."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from box import config as configuration
from box.backup.destination import init
from box.backup.rows import Row
from box.backup.selecting import refusal
from box.beside import beside
from box.config import Config
from box.layout import make_user
from tests import filesystems
from tests.backup.library import decay, manifest_of, mark
from tests.helpers import REPOSITORY, files_below, inbox, jpeg, projections, running
from tests.test_crash import fill

type_run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root in which things have happened, and its backup: photos of two days and two users, a bad one, a drop."""
    folder = tmp_path_factory.mktemp("made")
    root, drive = folder / "root", folder / "drive"
    for path in (root, drive):
        path.mkdir()
    (root / "config.toml").write_text(CONFIG)
    for user in ("me", "ann"):
        make_user(str(root), user)
    drops = root / "users/me/inbox"
    for number in range(6):
        (drops / f"IMG_{number}.JPG").write_bytes(jpeg(number, f"2024:05:0{1 + number % 2} 10:11:12"))
    (root / "users/ann/inbox/her.jpg").write_bytes(jpeg(100, "2024:05:01 08:00:00"))
    (drops / "bad.jpg").write_bytes(jpeg(7)[:400])
    (drops / "later.xyz").write_bytes(b"nobody handles this")
    init(str(root), str(drive), folder=True)
    for arguments in (("once",), ("do", "backup", f"destination={drive}"), ("once",)):
        subprocess.run(
            [sys.executable, "-m", "box", "--config", str(root / "config.toml"), *arguments],
            cwd=REPOSITORY, check=arguments != ("once",), capture_output=True,
        )  # fmt: skip
    assert (drive / "box.db").exists()
    # A root that comes back goes on with the backup that its database knows as begun: to the drive, not to this copy.
    copy_of(drive, folder / "as-it-was")
    return folder


CONFIG = """
[box]
root = "."
[users]
names = ["me", "ann"]
[watch]
settle_seconds = 0.05
[storage]
free_bytes_min = 0
[backup]
free_bytes_min = 0
[photos]
thumbnail_pixels = 32
"""


def copy_of(folder: Path, to: Path) -> Path:
    """With the times of all that is in it."""
    shutil.copytree(folder, to)
    return to


@pytest.fixture
def box_with_photos(made: Path, tmp_path: Path) -> Config:
    return configuration.load(str(copy_of(made / "root", tmp_path / "root") / "config.toml"), {})


@pytest.fixture
def drive(made: Path, tmp_path: Path) -> Path:
    """Its backup."""
    return copy_of(made / "as-it-was", tmp_path / "drive")


def back_up(config: Config, path: Path, run_box: type_run) -> None:
    asked = run_box("--config", config.path, "do", "backup", f"destination={path}")
    assert asked.returncode == 0, asked.stderr
    done = run_box("--config", config.path, "once")
    assert done.returncode == 0, done.stdout + done.stderr


def rows_of(config: Config) -> dict[str, list[tuple[object, ...]]]:
    with beside(config) as box:
        found = projections(box.store)
    return {name: found[name] for name in ("photos", "photo_days", "drops")}


def outside_thumbnails(config: Config, user: str = "me") -> dict[str, tuple[bytes, int]]:
    top = Path(config.box.root, "users", user)
    return {
        str(path.relative_to(top)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(top.rglob("*"))
        if path.is_file() and "thumbnails" not in path.parts and path.name != ".box"
    }


def assert_verified(config: Config, run_box: type_run) -> None:
    verified = run_box("--config", config.path, "verify", "--deep")
    assert verified.returncode == 0, verified.stdout + verified.stderr


# --- a root from the drive alone -------------------------------------------------------------------------------------


def test_a_root_that_is_gone_is_whole_again_from_the_drive_alone(box_with_photos, drive, run_box, tmp_path):
    config = box_with_photos
    rows, files, hers = rows_of(config), outside_thumbnails(config), outside_thumbnails(config, "ann")
    text = Path(config.path).read_text()
    shutil.rmtree(config.box.root)
    done = run_box("restore", str(drive), "--to", config.box.root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert Path(config.path).read_text() == text
    assert_verified(config, run_box)
    assert rows_of(config) == rows
    assert outside_thumbnails(config) == files and outside_thumbnails(config, "ann") == hers, "with their times"
    assert not list(Path(config.box.root).glob("temp/*")) and not Path(config.box.root, ".restoring").exists()
    events = run_box("--config", config.path, "events", "--kind", "DatabaseRestored", "--json")
    assert "restored from the backup" in events.stdout
    (inbox(config) / "new.jpg").write_bytes(jpeg(50, "2024:06:01 10:11:12"))
    assert "1 filed" in run_box("--config", config.path, "once").stdout
    assert_verified(config, run_box)


def test_it_may_be_another_folder_and_a_second_time_changes_nothing(box_with_photos, drive, run_box, tmp_path):
    place = tmp_path / "elsewhere"
    for _ in range(2):
        done = run_box("restore", str(drive), "--to", str(place), "--json")
        assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert (told["files"], told["failed"], told["database"]) == (0, 0, False)
    assert told["same"] > 7
    assert run_box("--config", str(place / "config.toml"), "verify").returncode == 0


def test_a_root_that_was_just_made_keeps_its_configuration(box_with_photos, drive, run_box, tmp_path):
    shutil.rmtree(box_with_photos.box.root)
    assert run_box("init", box_with_photos.box.root, "--user", "me").returncode == 0
    text = Path(box_with_photos.path).read_text()
    done = run_box("--config", box_with_photos.path, "restore", str(drive))
    assert done.returncode == 0, done.stdout + done.stderr
    assert Path(box_with_photos.path).read_text() == text
    assert "kept as it is" in done.stdout
    assert_verified(box_with_photos, run_box)


def test_restoring_writes_nothing_to_the_drive_which_may_be_write_protected(
    box_with_photos, drive, run_box, tmp_path, mount
):
    before = {path: (os.lstat(path).st_mtime_ns, os.lstat(path).st_ctime_ns) for path in drive.rglob("*")}
    point = mount(filesystems.bind(drive, tmp_path / "protected"))
    subprocess.run(["mount", "-o", "remount,ro,bind", str(point)], check=True)
    done = run_box("restore", str(point), "--to", str(tmp_path / "new"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path: (os.lstat(path).st_mtime_ns, os.lstat(path).st_ctime_ns) for path in drive.rglob("*")} == before


def test_a_backup_on_exfat_gives_back_names_and_times_that_exfat_does_not_know(library, mount, run_box, tmp_path):
    drive = mount(filesystems.exfat(tmp_path / "drive", "32M"))
    mark(library, drive)
    made = [
        library.put(name, mtime_ns=1_700_000_001_123_456_789) for name in ("media/a:b?.txt", "media/x.", "media/X.")
    ]
    library.back_up(drive)
    done = run_box("restore", str(drive), "--to", str(tmp_path / "new"))
    assert done.returncode == 0, done.stdout + done.stderr
    for file in made:
        again = tmp_path / "new" / file.relative_to(library.root)
        assert again.read_bytes() == file.read_bytes()
        assert again.stat().st_mtime_ns == 1_700_000_001_123_456_789
        assert not again.stat().st_mode & 0o111


def test_two_restores_into_one_folder_do_not_write_to_one_file(library, folder, run_box, tmp_path):
    library.back_up(folder)
    (tmp_path / "new").mkdir()
    asked = ("restore", str(folder), "--to", str(tmp_path / "new"))
    other = os.open(tmp_path / "new", os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(other, fcntl.LOCK_EX)
    done = run_box(*asked)
    assert done.returncode == 1 and "another restore into" in done.stderr
    assert set(files_below(tmp_path / "new")) == {"box.lock"}
    os.close(other)
    assert run_box(*asked).returncode == 0


def test_photos_are_copied_back_by_hand_as_the_documentation_says(box_with_photos, drive, run_box):
    """Its command, for another drive, root and year."""
    config = box_with_photos
    text = (REPOSITORY / "docs/operations.md").read_text("utf-8")
    (command,) = re.findall(r"^cp -a.*$", text, re.MULTILINE)
    photos, files = Path(config.box.root, "users/me/photos"), outside_thumbnails(config)
    lost, changed = sorted(photos.rglob("*.JPG"))[:2]
    lost.unlink()
    changed.write_bytes(b"worked on")
    files[str(changed.relative_to(photos.parent))] = (b"worked on", changed.stat().st_mtime_ns)
    for said, meant in (("/mnt/usb", drive), ("/srv/box", config.box.root), ("2026", "2024")):
        command = command.replace(said, str(meant))
    subprocess.run(["sh", "-c", command], check=False)  # that something was there already is an error, says newer cp
    assert outside_thumbnails(config) == files
    assert run_box("--config", config.path, "once").returncode == 0
    assert_verified(config, run_box)


# --- into a root that lives ------------------------------------------------------------------------------------------


def test_what_is_missing_comes_back_beside_the_running_service_and_nothing_is_written_over(
    box_with_photos, drive, run_box
):
    config = box_with_photos
    photos = Path(config.box.root, "users/me/photos")
    lost, changed = sorted(photos.rglob("*.JPG"))[:2]
    was = lost.read_bytes(), lost.stat().st_mtime_ns
    lost.unlink()
    changed.write_bytes(b"worked on")
    with running(config):
        done = run_box("--config", config.path, "restore", str(drive))
        assert done.returncode == 1, "one file could not be restored"
        assert f"{changed.relative_to(config.box.root)} is not restored: another file stands there" in done.stdout
        assert (lost.read_bytes(), lost.stat().st_mtime_ns) == was
        assert changed.read_bytes() == b"worked on"
        assert "later.xyz" not in done.stdout
    run_box("--config", config.path, "once")
    assert run_box("--config", config.path, "verify").returncode == 0


def test_a_day_or_a_user_is_all_that_is_wanted(box_with_photos, drive, run_box, tmp_path):
    for arguments, wanted in (
        (["--day", "2024-05-01"], {"users/me/photos/2024/2024-05-01", "users/ann/photos/2024/2024-05-01"}),
        (["--day", "2024-05-01", "--user", "ann"], {"users/ann/photos/2024/2024-05-01"}),
        (
            ["--user", "me"],
            {"users/me/photos/2024/2024-05-01", "users/me/photos/2024/2024-05-02", "users/me/quarantine"},
        ),
        (["--day", "2031-01-01"], set()),
    ):
        place = tmp_path / "-".join(arguments)
        done = run_box("restore", str(drive), "--to", str(place), *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        folders = {str(Path(name).parent) for name in files_below(place)}
        assert {each for each in folders if "/media/" not in each and not each.endswith("/notes")} == wanted


def test_what_the_box_itself_did_not_have_any_more_comes_only_when_all_is_asked_for(
    box_with_photos, drive, run_box, tmp_path
):
    day = Path(box_with_photos.box.root, "users/me/photos/2024/2024-05-01")
    count = len(list(day.iterdir()))
    shutil.rmtree(day)
    run_box("--config", box_with_photos.path, "once")
    back_up(box_with_photos, drive, run_box)
    asked = ("--config", box_with_photos.path, "restore", str(drive), "--day", "2024-05-01", "--user", "me")
    done = run_box(*asked)
    assert "0 files" in done.stdout and f"{count} files left out" in done.stdout
    done = run_box(*asked, "--all")
    assert done.returncode == 0
    assert len(list(day.iterdir())) == count
    assert_verified(box_with_photos, run_box)


def test_a_dry_run_says_how_much_and_writes_nothing(box_with_photos, drive, run_box, tmp_path):
    done = run_box("restore", str(drive), "--to", str(tmp_path / "new"), "--dry-run", "--json")
    told = json.loads(done.stdout)
    assert told["files"] > 8 and told["database"] and told["dry_run"]
    assert not (tmp_path / "new").exists()


# --- what is refused -------------------------------------------------------------------------------------------------


def test_a_folder_without_a_mark_and_a_mark_without_a_backup_are_refused(run_box, tmp_path):
    (tmp_path / "plain").mkdir()
    done = run_box("restore", str(tmp_path / "plain"), "--to", str(tmp_path / "new"))
    assert done.returncode == 1 and "no marker" in done.stderr
    (tmp_path / "root").mkdir()
    init(str(tmp_path / "root"), str(tmp_path / "plain"), folder=True)
    done = run_box("restore", str(tmp_path / "plain"), "--to", str(tmp_path / "new"))
    assert done.returncode == 1 and "holds no backup yet" in done.stderr
    assert not (tmp_path / "new").exists()


def test_a_running_service_without_its_database_and_a_folder_with_other_things_are_refused(
    box_with_photos, drive, run_box, tmp_path
):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.txt").write_text("years of work")
    done = run_box("restore", str(drive), "--to", str(tmp_path / "full"))
    assert done.returncode == 2 and "neither empty nor a root" in done.stderr
    assert files_below(tmp_path / "full") == {"thesis.txt": b"years of work"}
    with running(box_with_photos) as service:
        Path(box_with_photos.box.root, "box.db").rename(tmp_path / "aside")
        done = run_box("--config", box_with_photos.path, "restore", str(drive))
        assert done.returncode == 2 and f"process {service.pid}" in done.stderr
        (tmp_path / "aside").rename(Path(box_with_photos.box.root, "box.db"))


def test_a_write_ahead_log_of_another_database_is_never_taken_for_a_part_of_the_restored_one(
    box_with_photos, drive, run_box, tmp_path
):
    root = Path(box_with_photos.box.root)
    (root / "box.db").unlink()
    (root / "box.db-wal").write_bytes(b"of the database that is gone")
    done = run_box("--config", box_with_photos.path, "restore", str(drive))
    assert done.returncode == 1 and "move it away" in done.stderr
    assert not (root / "box.db").exists()


def test_too_little_room_is_told_before_anything_is_written(box_with_photos, drive, run_box, mount, tmp_path):
    small = mount(filesystems.tmpfs(tmp_path / "small", "4m"))
    (small / "config.toml").write_text('[box]\nroot = "."\n[storage]\nfree_bytes_min = 0\n')
    fill(small / "config.toml.full")
    done = run_box("restore", str(drive), "--to", str(small))
    assert done.returncode == 1 and "are to be restored" in done.stderr
    assert sorted(path.name for path in small.iterdir()) == ["config.toml", "config.toml.full"]


def test_a_restore_that_did_not_end_keeps_the_service_from_beginning(box_with_photos, drive, run_box, tmp_path):
    place = tmp_path / "new"
    assert run_box("restore", str(drive), "--to", str(place)).returncode == 0
    (place / ".restoring").touch()
    done = run_box("--config", str(place / "config.toml"), "once")
    assert done.returncode == 1 and "has not come to its end" in done.stderr
    assert run_box("restore", str(drive), "--to", str(place)).returncode == 0
    assert run_box("--config", str(place / "config.toml"), "once").returncode == 0


def test_a_damaged_copy_is_listed_and_not_restored_and_all_else_is(box_with_photos, drive, run_box, tmp_path):
    bad, gone = sorted(drive.glob("users/me/photos/2024/*/*.JPG"))[:2]
    decay(bad)
    gone.unlink()
    done = run_box("restore", str(drive), "--to", str(tmp_path / "new"), "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert {each["path"] for each in told["why"]} == {str(each.relative_to(drive)) for each in (bad, gone)}
    assert "damaged" in " ".join(each["why"] for each in told["why"])
    assert not (tmp_path / "new" / bad.relative_to(drive)).exists()
    assert run_box("--config", str(tmp_path / "new/config.toml"), "verify").returncode == 0


HOSTILE = (
    "../outside", "/etc/cron.d/evil", "users/me/../../outside", "users/me/photos/../../../../outside", "users/../x/y",
    "users/me//photos", "box.lock", ".restoring", "temp/x", "users/me/temp/x", "users/me/trash/x", "users/ME/photos/x",
    "users/me", "users", "archive/a/b", "users/me/photos/\0", "users/me/photos/.", "config.toml/x", "",
)  # fmt: skip


@pytest.mark.parametrize("path", HOSTILE)
def test_a_path_that_leads_elsewhere_is_refused(path: str):
    row = Row(path="users/me/photos/a", stored="users/me/photos/a", size=1, mtime_ns=1, digest="d", copied_at="")
    assert refusal(row) == ""
    assert refusal(replace(row, path=path))
    assert refusal(replace(row, stored="../x")) and refusal(replace(row, stored="/etc/passwd"))
    assert (
        refusal(replace(row, size="1")) and refusal(replace(row, mtime_ns=1 << 70)) and refusal(replace(row, size=-1))
    )


def test_a_hostile_manifest_writes_nothing_outside(library, folder, run_box, tmp_path):
    library.back_up(folder)
    book = "users/me/media/book.pdf"
    (tmp_path / "outside").mkdir()
    with manifest_of(library, folder) as manifest:
        row = manifest.row(book)
        manifest.write(
            replace(row, path=path, stored=stored)
            for path, stored in (
                ("users/me/../../../outside/a", "n1"), (str(tmp_path / "outside/b"), "n2"),
                ("users/me/media/link/c", "n3"), ("box.lock", "n4"), ("users/me/media/d", f"../root/{book}"),
            )
        )  # fmt: skip
    for name in ("n1", "n2", "n3", "n4"):
        shutil.copy(folder / book, folder / name)
    place = tmp_path / "new"
    (place / "users/me/media").mkdir(parents=True)
    (place / "users/me/media/link").symlink_to(tmp_path / "outside")
    shutil.copy(library.root / "config.toml", place / "config.toml")
    done = run_box("restore", str(folder), "--to", str(place))
    assert done.returncode == 1
    assert done.stdout.count("is not restored") == 5
    assert list((tmp_path / "outside").iterdir()) == []
    assert (place / book).exists() and not (place / "users/me/media/d").exists()


def test_a_manifest_that_is_no_database_and_one_with_rows_of_nonsense_are_told(library, folder, run_box, tmp_path):
    library.back_up(folder)
    connection = sqlite3.connect(folder / "manifest.db")
    with connection:
        connection.execute("UPDATE files SET mtime_ns = 'soon', size = x'00' WHERE path LIKE '%book.pdf'")
    connection.close()
    done = run_box("restore", str(folder), "--to", str(tmp_path / "new"))
    assert done.returncode == 1 and "makes no sense" in done.stdout
    (folder / "manifest.db").write_bytes(b"nonsense" * 1000)
    done = run_box("restore", str(folder), "--to", str(tmp_path / "other"))
    assert done.returncode == 1 and "not a database" in done.stderr


def test_a_manifest_that_a_power_cut_left_half_written_is_read_as_it_was_before(library, folder, run_box, tmp_path):
    library.back_up(folder)
    copy = tmp_path / "cut"
    with manifest_of(library, folder) as manifest:
        manifest._execute("BEGIN EXCLUSIVE")
        manifest._execute("UPDATE files SET digest = 'wrong'")
        manifest._execute("PRAGMA cache_spill = 1")
        manifest._execute("PRAGMA cache_size = 1")
        manifest._execute("UPDATE files SET digest = 'wrong again'")
        shutil.copytree(folder, copy)
        manifest._execute("ROLLBACK")
    assert (copy / "manifest.db-journal").stat().st_size
    before = files_below(copy)
    with filesystems.read_only(copy):  # nothing can be taken back there
        done = run_box("restore", str(copy), "--to", str(tmp_path / "from-protected"))
        assert done.returncode == 0, done.stdout + done.stderr
    assert files_below(copy) == before
    done = run_box("restore", str(copy), "--to", str(tmp_path / "new"))
    assert done.returncode == 0, done.stdout + done.stderr
