"""What other tests mount, held against what they expect of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import filesystems


def test_each_is_a_file_system_of_its_own_and_gone_at_the_end(tmp_path: Path):
    for number, make in enumerate((filesystems.ext4, filesystems.exfat, filesystems.tmpfs)):
        folder = tmp_path / f"a drive {number}"
        with make(folder, "16M") as drive:
            assert drive == folder
            assert drive.stat().st_dev != tmp_path.stat().st_dev
            (drive / "a").write_text("there")
        assert not filesystems.is_mounted(folder)
        assert list(folder.iterdir()) == []


def test_a_drive_that_is_mounted_again_holds_what_it_held(tmp_path: Path):
    for make in (filesystems.ext4, filesystems.exfat):
        folder = tmp_path / make.__name__
        with make(folder, "16M") as drive:
            (drive / "a").write_text("there")
        with make(folder) as drive:
            assert (drive / "a").read_text() == "there"


def test_tmpfs_is_full_by_bytes_and_by_files(tmp_path: Path, mount):
    small = mount(filesystems.tmpfs(tmp_path / "small", "64k"))
    with pytest.raises(OSError, match="No space left"):
        (small / "a").write_bytes(bytes(100_000))
    few = mount(filesystems.tmpfs(tmp_path / "few", inodes=3))
    (few / "a").touch()
    (few / "b").touch()
    with pytest.raises(OSError, match="No space left"):
        (few / "c").touch()


def test_a_bind_mount_is_on_the_same_device_and_can_be_read_only(tmp_path: Path, mount):
    (tmp_path / "away").mkdir()
    here = mount(filesystems.bind(tmp_path / "away", tmp_path / "here"))
    (here / "a").touch()
    assert here.stat().st_dev == tmp_path.stat().st_dev
    assert (tmp_path / "away/a").exists()
    with filesystems.read_only(tmp_path / "away") as locked, pytest.raises(OSError, match="Read-only"):
        (locked / "b").touch()
    (tmp_path / "away/b").touch()


def test_what_is_taken_away_in_use_goes_on_below_an_open_folder_only(tmp_path: Path, mount):
    drive = mount(filesystems.ext4(tmp_path / "usb", "16M"))
    (drive / "a").touch()
    inside = os.open(drive, os.O_PATH | os.O_DIRECTORY)
    filesystems.take_away(drive)
    assert list(drive.iterdir()) == []
    assert "a" in os.listdir(f"/proc/self/fd/{inside}")
    os.close(inside)


def test_a_drive_that_is_pulled_out_stays_mounted_and_takes_nothing(tmp_path: Path, mount):
    drive = mount(filesystems.ext4(tmp_path / "usb", "16M"))
    (drive / "a").write_text("there")
    filesystems.pull_out(drive)
    assert drive.is_mount()
    with pytest.raises(OSError, match="Input/output error"):
        (drive / "b").write_text("not there")
