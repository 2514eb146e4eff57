"""Backups, read back: what is damaged on either side is found on real file systems, told, and repaired."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box import events as e
from box.backup.destination import BackupAway
from box.backup.rows import Row
from box.engine import log_time
from box.errors import BoxError, Stopped, UsageError
from box.models import backed, backups
from box.status import Problems
from box.tasks import at_work, reading_back
from box.tasks.chore import Inside, Reporter
from box.timekeeper import built_in, wrong_with
from tests import filesystems
from tests.backup.library import Library, assert_whole, decay, held, manifest_of, mark, verification, verify
from tests.helpers import running, status_of, until
from tests.test_crash import fill

BOOK = "users/me/media/book.pdf"


def state_of(library: Library, path: str) -> str:
    status = os.stat(library.root / path)
    return backed.state_of(library.store, path, status.st_size, status.st_mtime_ns)


def rows(library: Library, path: Path) -> list[Row]:
    with manifest_of(library, path) as manifest:
        return list(manifest.below())


def outcomes(library: Library) -> list[e.BackupVerified]:
    from box import log  # noqa: PLC0415

    return [r.event for r in log.read(library.store) if isinstance(r.event, e.BackupVerified)]


# --- what is found ---------------------------------------------------------------------------------------------------


def test_what_was_read_back_and_matched_is_verified(library, folder):
    library.back_up(folder)
    assert state_of(library, BOOK) == "copied"
    told = verify(library, folder)
    count = len(library.sources()) + 1
    assert (told["files"], told["damaged"], told["missing"]) == (count, 0, 0)
    assert state_of(library, BOOK) == "verified"
    assert all(row.verified_at for row in held(library, folder).values())
    (outcome,) = outcomes(library)
    assert (outcome.files, outcome.damaged, outcome.bytes) == (count, 0, told["bytes"])
    assert_whole(library, folder)


def test_a_damaged_copy_is_told_and_never_comes_back_here_and_the_good_side_repairs_it(library, folder):
    library.back_up(folder)
    good = (library.root / BOOK).read_bytes()
    decay(folder / BOOK)
    with pytest.raises(BoxError, match=r"book\.pdf: its copy has other bytes") as raised:
        verify(library, folder)
    assert raised.value.code == "bitrot"
    assert held(library, folder)[BOOK].damaged == "there"
    assert state_of(library, BOOK) == "none", "nobody may rely on it"
    assert backups.all_of(library.store)[0].damaged == 1
    assert library.back_up(folder)["missing"] == 1, "a backup tells it too, and does not touch it"
    assert (library.root / BOOK).read_bytes() == good
    told = verify(library, folder, repair=True)
    assert (told["damaged"], told["repaired"]) == (1, 1)
    assert state_of(library, BOOK) == "verified"
    assert backups.all_of(library.store)[0].damaged == 0
    library.back_up(folder)
    assert_whole(library, folder)


def test_a_damaged_source_is_told_and_never_goes_there_and_the_good_side_repairs_it(library, folder):
    library.back_up(folder)
    good, status = (folder / BOOK).read_bytes(), os.stat(library.root / BOOK)
    os.chmod(library.root / BOOK, 0o640)
    decay(library.root / BOOK)
    with pytest.raises(BoxError, match="the file here is not what it was") as raised:
        verify(library, folder)
    assert raised.value.code == "bitrot"
    assert held(library, folder)[BOOK].damaged == "here"
    library.back_up(folder)
    assert (folder / BOOK).read_bytes() == good
    told = verify(library, folder, repair=True)
    assert told["repaired"] == 1
    mended = os.stat(library.root / BOOK)
    assert (library.root / BOOK).read_bytes() == good
    assert (mended.st_mtime_ns, mended.st_mode & 0o777) == (status.st_mtime_ns, 0o640)
    assert state_of(library, BOOK) == "verified"
    assert not list((library.root / "temp").iterdir())
    assert_whole(library, folder)


def test_where_both_sides_are_damaged_nothing_is_repaired(library, folder):
    library.back_up(folder)
    decay(folder / BOOK)
    decay(library.root / BOOK, at=200)
    bad = (library.root / BOOK).read_bytes(), (folder / BOOK).read_bytes()
    with pytest.raises(BoxError, match="no good side"):
        verify(library, folder, repair=True)
    assert ((library.root / BOOK).read_bytes(), (folder / BOOK).read_bytes()) == bad


def test_a_source_that_was_changed_on_purpose_is_no_bitrot(library, folder):
    library.back_up(folder)
    library.put("media/book.pdf", b"a new edition")
    assert verify(library, folder)["damaged"] == 0
    assert library.back_up(folder)["files"] == 2
    assert_whole(library, folder)


def test_a_copy_whose_source_is_gone_is_read_all_the_same(library, folder):
    library.back_up(folder)
    (library.root / BOOK).unlink()
    library.back_up(folder)
    assert verify(library, folder)["damaged"] == 0
    decay(folder / BOOK)
    with pytest.raises(BoxError, match="no good side"):
        verify(library, folder, repair=True)
    assert held(library, folder)[BOOK].damaged == "there"


def test_a_copy_that_is_missing_is_told_and_copied_by_the_next_backup(library, folder):
    library.back_up(folder)
    (folder / BOOK).unlink()
    with pytest.raises(BoxError, match="missing; the next backup copies it") as raised:
        verify(library, folder)
    assert raised.value.code == "backup-incomplete"
    assert state_of(library, BOOK) == "none"
    assert library.back_up(folder)["files"] >= 1
    assert_whole(library, folder)
    assert verify(library, folder)["missing"] == 0


def test_another_file_in_the_place_of_a_copy_stays_and_the_next_backup_copies_beside_it(library, folder):
    library.back_up(folder)
    (folder / BOOK).write_bytes(b"somebody else's")
    with pytest.raises(BoxError, match="another file stands"):
        verify(library, folder)
    library.back_up(folder)
    assert (folder / BOOK).read_bytes() == b"somebody else's"
    stored = held(library, folder)[BOOK].stored
    assert stored != BOOK and (folder / stored).read_bytes() == (library.root / BOOK).read_bytes()


def test_a_link_in_the_place_of_a_copy_is_not_followed(library, folder, tmp_path):
    library.back_up(folder)
    shutil.move(folder / BOOK, tmp_path / "aside")
    (folder / BOOK).symlink_to(tmp_path / "aside")
    with pytest.raises(BoxError, match="another file stands"):
        verify(library, folder)


def test_a_damaged_copy_of_the_database_is_made_anew_by_the_next_backup(library, folder):
    library.back_up(folder)
    decay(folder / "box.db", at=5000)
    with pytest.raises(BoxError, match=r"box\.db"):
        verify(library, folder, repair=True)
    library.back_up(folder)
    assert verify(library, folder)["damaged"] == 0


@pytest.mark.parametrize("make", [filesystems.ext4, filesystems.exfat])
def test_decay_on_the_medium_itself_is_found_though_memory_still_holds_what_was_right(library, mount, tmp_path, make):
    drive = mount(make(tmp_path / "drive", "32M"))
    mark(library, drive)
    marked = b"the only place where this stands: 5f0c" * 100
    library.put("media/marked", marked)
    library.back_up(drive)
    os.sync()
    copy = drive / held(library, drive)["users/me/media/marked"].stored
    assert copy.read_bytes() == marked
    image = Path(f"{drive}.img")
    data = image.read_bytes()
    at = data.index(marked)
    with open(image, "r+b") as file:
        file.seek(at)
        file.write(b"T")
        os.fsync(file.fileno())
    with pytest.raises(BoxError, match="marked: its copy has other bytes"):
        verify(library, drive)
    assert verify(library, drive, repair=True)["repaired"] == 1
    assert copy.read_bytes() == marked


# --- how much is read ------------------------------------------------------------------------------------------------


def test_a_part_of_it_begins_with_what_was_never_verified_and_goes_on_with_what_was_longest_ago(library, folder):
    library.back_up(folder)
    total = len(library.sources()) + 1
    for _ in range(4):
        told = verify(library, folder, percent=25)
        assert told["files"] == -(-total // 4)
    before = {row.path: row.verified_at for row in rows(library, folder)}
    assert all(before.values())
    library.put("media/new", 500)
    library.back_up(folder)
    assert verify(library, folder, percent=25)["files"] >= 2, "it, and the database"
    after = {row.path: row.verified_at for row in rows(library, folder)}
    assert after["users/me/media/new"] and after["box.db"]
    oldest = min(before.values())
    assert oldest not in after.values()


@given(days=st.integers(1, 40), files=st.integers(0, 200), new=st.lists(st.integers(0, 30), max_size=60))
def test_a_daily_scrub_reads_everything_at_least_once_in_its_days(days: int, files: int, new: list[int]):
    """The same choice as the chore's, on numbers: a row is (verified or None, copied)."""
    rows: list[list[int | None]] = [[None, 0] for _ in range(files)]
    for day, more in enumerate([*new, *[0] * days], 1):
        rows += [[None, day] for _ in range(more)]
        overdue = day - (days - 1)
        chosen = [row for row in rows if (row[0] if row[0] is not None else row[1]) < overdue]
        rest = sorted((row for row in rows if row not in chosen), key=lambda row: (row[0] is not None, row[0] or 0))
        for row in chosen + rest[: max(0, -(-len(rows) // days) - len(chosen))]:
            row[0] = day
        assert all(day - (row[0] if row[0] is not None else row[1]) < days for row in rows)


def test_the_scrub_reads_its_share_and_all_that_is_overdue(library, folder):
    library.config = replace(library.config, backup=replace(library.config.backup, scrub_days=4))
    library.back_up(folder)
    total = len(library.sources()) + 1
    assert verify(library, folder, scrub=True)["files"] == -(-total // 4)
    old = log_time(0)
    with manifest_of(library, folder) as manifest:
        manifest.write([replace(row, verified_at=old) for row in list(manifest.below())])
    assert verify(library, folder, scrub=True)["files"] == total
    assert verify(library, folder, scrub=True)["files"] == -(-total // 4)


def test_an_attempt_goes_on_where_the_one_before_it_ended_and_a_retry_by_hand_reads_all_again(
    library, folder, monkeypatch
):
    for number in range(200):
        library.put(f"media/{number}", 10)
    library.back_up(folder)
    asked, total, told = verification(library, destination=str(folder)), len(library.sources()) + 1, []

    def on_progress() -> None:
        told.append(1)
        if len(told) == 260:  # twice a file: when it was read, and when it was counted
            library.at_work.stop(asked.id, Stopped("enough"))

    monkeypatch.setattr(at_work, "TOLD_SECONDS", 0)
    library.at_work.on_progress = on_progress
    with pytest.raises(Stopped):
        verify(library, folder, asked)
    library.at_work.on_progress = lambda: None
    done = sum(1 for row in rows(library, folder) if row.verified_at)
    assert 0 < done < total
    assert outcomes(library)[-1].files == done, "what was read before it ended counts"
    library.at_work.claimed("lease", [asked.id])
    library.at_work.began(asked.id)
    assert verify(library, folder, asked)["files"] == total - done
    library.engine.record(
        e.JobStarted(job=asked.id, lease="l"), e.JobFailed(job=asked.id, lease="l", code="bitrot", message="")
    )
    library.engine.record(e.JobRetried(job=asked.id))
    library.at_work.claimed("lease", [asked.id])
    library.at_work.began(asked.id)
    assert verify(library, folder, asked)["files"] == total


# --- destinations ----------------------------------------------------------------------------------------------------


def test_without_a_destination_and_with_two_sizes_it_is_refused(library, folder):
    inside = Inside(library.config, library.engine, Problems(), lambda _path, _is_folder: None)
    for args in ({}, {"destination": str(folder), "scrub": True, "percent": 5}):
        asked = verification(library, **args)
        with pytest.raises(UsageError):
            reading_back.read_back(inside, asked, Reporter(library.at_work, asked.id))


def test_a_drive_that_is_pulled_has_no_damaged_files(library, mount, tmp_path):
    drive = mount(filesystems.tmpfs(tmp_path / "drive"))
    mark(library, drive)
    library.back_up(drive)
    assert verify(library, drive)["damaged"] == 0
    filesystems.take_away(drive)
    with pytest.raises(BoxError, match="is the drive mounted"):
        verify(library, drive)
    assert backups.all_of(library.store)[0].damaged == 0


def test_a_destination_that_never_was_backed_up_to_says_so(library, folder):
    with pytest.raises(BoxError, match="holds no backup yet") as raised:
        verify(library, folder)
    assert raised.value.code == BackupAway.code


def test_no_room_for_the_repair_leaves_the_damaged_copy_and_nothing_besides(library, mount, tmp_path):
    drive = mount(filesystems.tmpfs(tmp_path / "drive", "8m"))
    mark(library, drive)
    library.back_up(drive)
    decay(drive / BOOK)
    bad = (drive / BOOK).read_bytes()
    fill(drive / "fill")
    with pytest.raises(BoxError, match="full"):
        verify(library, drive, repair=True)
    assert (drive / BOOK).read_bytes() == bad
    assert not list(drive.rglob("*.part"))
    (drive / "fill").unlink()
    assert verify(library, drive, repair=True)["repaired"] == 1


# --- as people see it ------------------------------------------------------------------------------------------------


def test_what_is_damaged_stays_a_problem_of_the_status_until_it_is_repaired(library, folder, run_box):
    library.back_up(folder)
    box = ("--config", library.config.path)

    def codes() -> list[str]:
        return [each["code"] for each in status_of(library.config)["problems"]]

    with running(library.config):
        done = run_box(*box, "backup", "verify", str(folder))
        assert done.returncode == 0 and "read back, all as they were copied" in done.stdout, done.stdout + done.stderr
        decay(folder / BOOK)
        done = run_box(*box, "backup", "verify", str(folder))
        assert done.returncode == 1 and "book.pdf" in done.stdout
        until(lambda: "bitrot" in codes(), "it is told")
    with running(library.config):
        until(lambda: "bitrot" in codes(), "it is still told after a start")
        done = run_box(*box, "backup", "verify", str(folder), "--repair", "--json")
        assert done.returncode == 0, done.stdout
        until(lambda: "bitrot" not in codes(), "it is no longer told")


def test_what_is_timed_is_there_only_with_a_destination(library):
    names = [each.name for each in built_in(library.config)]
    assert "verify-backup" not in names
    with_one = replace(library.config, backup=replace(library.config.backup, destination=("/mnt/usb",)))
    (entry,) = [each for each in built_in(with_one) if each.name == "verify-backup"]
    assert (entry.every_seconds, dict(entry.args), wrong_with(entry, ())) == (86400.0, {"scrub": True}, "")
