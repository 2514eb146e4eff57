from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from box.backup import destination
from box.backup import drives as marked_drives
from box.backup.destination import BackupAway, Destination, init
from box.errors import UsageError
from tests import filesystems
from tests.helpers import files_below


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "root"
    made.mkdir()
    return made


def test_a_folder_on_the_roots_own_disk_is_a_destination_only_if_that_is_meant(root, tmp_path):
    there = tmp_path / "there"
    there.mkdir()
    with pytest.raises(UsageError, match="same file system"):
        init(str(root), str(there))
    assert list(there.iterdir()) == []
    marker = init(str(root), str(there), folder=True)
    assert (marker.kind, marker.portable) == ("folder", False)
    assert init(str(root), str(there), folder=True) == marker, "a second time changes nothing"
    said = json.loads((there / ".box").read_text())
    assert (said["box_backup"], said["uuid"], said["kind"]) == (1, marker.uuid, "folder")


@pytest.mark.parametrize("path", ["root", "root/inside", ".", "missing", "file"])
def test_what_can_be_no_destination_is_refused(root, tmp_path, path):
    (root / "inside").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError):
        init(str(root), str(tmp_path / path), folder=True)


def test_a_folder_that_is_marked_as_something_else_is_left_alone(root, tmp_path):
    there = tmp_path / "there"
    there.mkdir()
    (there / ".box").write_text("an inbox")
    with pytest.raises(UsageError, match="something else"):
        init(str(root), str(there), folder=True)
    assert (there / ".box").read_text() == "an inbox"
    with pytest.raises(BackupAway, match="no destination"):
        Destination(str(root), str(there))


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "[" * 4000, "\xff", '{"box_backup": 2, "uuid": "u", "kind": "drive"}',
     '{"box_backup": 1, "kind": "drive"}', '{"box_backup": 1, "uuid": "u", "kind": "else"}'],
)  # fmt: skip
def test_a_marker_that_says_nothing_marks_nothing(tmp_path, text):
    (tmp_path / ".box").write_bytes(text.encode("latin-1"))
    assert destination.read_marker(str(tmp_path)) is None


def test_a_marker_is_a_file(tmp_path):
    os.mkfifo(tmp_path / ".box")
    assert destination.read_marker(str(tmp_path)) is None


def test_a_mount_point_without_its_drive_is_refused(root, mount, tmp_path):
    point = mount(filesystems.ext4(tmp_path / "drive", "16M"))
    assert init(str(root), str(point)).kind == "drive"
    with Destination(str(root), str(point)) as place:
        place.check()
        assert place.file_system == "ext4"
    filesystems.take_away(point)
    with pytest.raises(BackupAway, match="is the drive mounted"):
        Destination(str(root), str(point))
    (point / ".box").write_text((mount(filesystems.ext4(tmp_path / "drive")) / ".box").read_text())
    filesystems.take_away(point)
    (point / ".box").write_text(json.dumps({"box_backup": 1, "uuid": "u", "kind": "drive"}))
    with pytest.raises(BackupAway, match="not mounted"):
        Destination(str(root), str(point))


def test_a_drive_that_is_pulled_is_noticed_and_what_is_written_later_never_lands_on_the_roots_disk(
    root, mount, tmp_path
):
    point = mount(filesystems.tmpfs(tmp_path / "drive"))
    init(str(root), str(point))
    with Destination(str(root), str(point)) as place:
        filesystems.take_away(point)
        Path(place.at("late")).write_text("it went to the drive")
        with pytest.raises(BackupAway):
            place.check()
    assert files_below(point) == {}


def test_another_drive_at_the_same_place_is_another_destination(root, mount, tmp_path):
    point = mount(filesystems.tmpfs(tmp_path / "drive"))
    first = init(str(root), str(point))
    with Destination(str(root), str(point)) as place:
        mount(filesystems.tmpfs(tmp_path / "drive"))  # over it
        second = init(str(root), str(point))
        assert second.uuid != first.uuid
        with pytest.raises(BackupAway, match="not the folder any more"):
            place.check()
    with pytest.raises(BackupAway, match="another destination"):
        Destination(str(root), str(point), first.uuid)


def test_a_marker_that_changes_ends_it(root, mount, tmp_path):
    point = mount(filesystems.tmpfs(tmp_path / "drive"))
    init(str(root), str(point))
    with Destination(str(root), str(point)) as place:
        (point / ".box").unlink()
        with pytest.raises(BackupAway, match="marker"):
            place.check()


def test_of_several_marked_drives_the_largest_is_first_and_one_that_is_seen_twice_is_one(root, mount, tmp_path):
    sizes = {"a": "4m", "b": "32m", "c": "64m"}
    small, large, other = (mount(filesystems.tmpfs(tmp_path / name, size)) for name, size in sizes.items())
    init(str(root), str(small))
    (large / "box").mkdir()
    init(str(root), str(large / "box"))
    mount(filesystems.bind(small, tmp_path / "again"))
    found = [drive for drive in marked_drives.marked(str(root)) if str(root.parent) in drive.path]
    assert [drive.path for drive in found] == [str(large / "box"), str(small)]
    assert found[0].total_bytes == 32 << 20
    assert other.exists()


def test_a_part_of_the_roots_own_btrfs_is_no_drive(mount, tmp_path):
    """Each part of it has a device number of its own, and all go when the disk goes."""
    disk = mount(filesystems.btrfs(tmp_path / "disk"))
    for name in ("root", "mnt"):
        filesystems.run("btrfs", "subvolume", "create", disk / name)
    assert os.stat(disk / "root").st_dev != os.stat(disk / "mnt").st_dev
    with pytest.raises(UsageError, match="same file system"):
        init(str(disk / "root"), str(disk / "mnt"))
    assert init(str(disk / "root"), str(disk / "mnt"), folder=True).kind == "folder"
    (disk / "mnt/.box").write_text(json.dumps({"box_backup": 1, "uuid": "u", "kind": "drive"}))
    with pytest.raises(BackupAway, match="not mounted"):
        Destination(str(disk / "root"), str(disk / "mnt"))


def test_no_path_leaves_the_destination(root, tmp_path):
    there = tmp_path / "there"
    there.mkdir()
    init(str(root), str(there), folder=True)
    with Destination(str(root), str(there)) as place:
        for path in ("../x", "/etc/passwd", "a/../../x"):
            with pytest.raises(UsageError):
                place.at(path)


def test_names_are_mapped_where_the_file_system_takes_fewer(root, mount, tmp_path):
    assert init(str(root), str(mount(filesystems.exfat(tmp_path / "drive", "16M")))).portable
