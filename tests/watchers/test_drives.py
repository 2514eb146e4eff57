"""External drives: real file systems on real block devices, found by what the kernel says is mounted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from box import storage
from box.beside import beside
from box.config import Config
from box.status import photos_told
from box.watchers.drives import Drive, drives, label_of, uuid_of
from box.watchers.mounts import table
from tests.helpers import running, status_of, until

MB = 1_000_000
Plug = Callable[..., Path]


def _stats(config: Config) -> dict[str, Any]:
    with beside(config) as box:
        return storage.stats(box=box)


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def plug(tmp_path: Path) -> Iterator[Plug]:
    """Makes a file system with a label and mounts it, as if somebody had put in a drive."""
    needed = ("mkfs.ext4", "mkfs.exfat", "mount.exfat-fuse", "losetup", "blkid")
    missing = [program for program in needed if shutil.which(program) is None]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"needs root and {', '.join(missing or needed)} to mount a drive")
    mounted: list[tuple[Path, str]] = []

    def put(kind: str, label: str, name: str = "stick") -> Path:
        image, point = tmp_path / f"{name}.img", tmp_path / name
        with image.open("wb") as file:
            file.truncate(16 * MB)
        point.mkdir()
        if kind == "ext4":
            run("mkfs.ext4", "-q", "-m0", "-L", label, str(image))
        else:
            run("mkfs.exfat", "-L", label, str(image))
        loop = run("losetup", "-f", "--show", str(image))
        mounted.append((point, loop))
        run(*(("mount", loop) if kind == "ext4" else ("mount.exfat-fuse", loop)), str(point))
        # What udev does where it runs.
        names = {"uuid": run("blkid", "-o", "value", "-s", "UUID", loop), "label": label.replace(" ", "\\x20")}
        for folder, link in names.items():
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / link).symlink_to(loop)
        return point

    yield put
    for point, loop in reversed(mounted):
        subprocess.run(["umount", str(point)], check=False)
        subprocess.run(["losetup", "-d", loop], check=False)


def seen(tmp_path: Path, root: Path) -> list[Drive]:
    """The drives of a test; others may be mounted on this machine too."""
    found = drives(str(root), by_uuid=str(tmp_path / "uuid"), by_label=str(tmp_path / "label"), udev="/none")
    return [drive for drive in found if drive.path.startswith(f"{tmp_path}/")]


@pytest.mark.parametrize("kind", ["ext4", "exfat"])
def test_a_drive_is_told_with_its_label_its_uuid_and_its_room(plug: Plug, tmp_path: Path, kind: str):
    point = plug(kind, "MY STICK")
    (drive,) = seen(tmp_path, tmp_path)
    assert (drive.path, drive.label) == (str(point), "MY STICK")
    assert drive.uuid == next((tmp_path / "uuid").iterdir()).name
    assert drive.file_system in ({"ext4"} if kind == "ext4" else {"exfat", "fuseblk", "fuse", "fuse.exfat"})
    assert drive.device.startswith("/dev/loop")
    (point / "file").write_bytes(bytes(4 * MB))
    os.sync()
    (fuller,) = seen(tmp_path, tmp_path)
    assert fuller.total_bytes == drive.total_bytes
    assert 3 * MB < drive.free_bytes - fuller.free_bytes < 6 * MB
    assert 8 * MB < drive.free_bytes <= drive.total_bytes <= 17 * MB


def test_several_are_told_each_once_and_one_that_is_pulled_out_is_not(plug: Plug, tmp_path: Path):
    first, second = plug("ext4", "ONE", "a"), plug("ext4", "TWO", "b")
    elsewhere = tmp_path / "again"
    elsewhere.mkdir()
    run("mount", "--bind", str(first), str(elsewhere))
    try:
        assert [(drive.path, drive.label) for drive in seen(tmp_path, tmp_path)] == [
            (str(first), "ONE"), (str(second), "TWO"),
        ]  # fmt: skip
    finally:
        run("umount", str(elsewhere))
    run("umount", str(second))
    assert [drive.label for drive in seen(tmp_path, tmp_path)] == ["ONE"]


def test_the_disk_of_the_root_is_no_external_drive_wherever_else_it_is_mounted(plug: Plug, tmp_path: Path):
    point = plug("ext4", "ROOT")
    (point / "root").mkdir()
    assert seen(tmp_path, point / "root") == []


def test_what_another_mount_hides_is_not_told(plug: Plug, tmp_path: Path):
    point = plug("ext4", "HIDDEN")
    run("mount", "-t", "tmpfs", "tmpfs", str(point))
    try:
        assert seen(tmp_path, tmp_path) == []
    finally:
        run("umount", str(point))


LINES = """\
22 1 8:2 / / rw - ext4 /dev/sda2 rw
23 22 8:1 / /boot/firmware rw - vfat /dev/sda1 rw
24 22 0:5 / /proc rw - proc proc rw
25 22 7:0 / /snap/core/1 ro - squashfs /dev/loop0 ro
26 22 8:2 /docker/hosts /etc/hosts rw - ext4 /dev/sda2 rw
27 22 8:2 /srv /mnt/bound rw - ext4 /dev/sda2 rw
28 22 8:5 / /var rw - ext4 /dev/sda5 rw
29 22 0:40 / /run/user/1000/doc rw - fuse.portal /dev/fuse rw
30 22 0:41 / /mnt/share rw - cifs //server/share rw
31 22 8:6 / /home rw - ext4 /dev/sda6 rw
"""


def test_what_the_system_lies_on_is_no_external_drive(tmp_path: Path):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(LINES)
    assert len(table(str(mounts))) == 10
    assert drives(str(tmp_path), str(mounts)) == []
    assert drives(str(tmp_path), str(tmp_path / "none")) == []


def test_a_name_is_read_from_udev_s_notes_where_there_are_no_devices_and_shown_as_it_was_written(tmp_path: Path):
    note = tmp_path / "b8:17"
    note.write_text("E:ID_FS_LABEL=Fotos_2\nE:ID_FS_LABEL_ENC=F\\xc3\\xb6tos\\x202\nE:ID_FS_UUID=1234-ABCD\n")
    numbers = {os.makedev(8, 17)}
    assert label_of(numbers, "/none", str(tmp_path)) == "Fötos 2"
    assert uuid_of(numbers, "/none", str(tmp_path)) == "1234-ABCD"
    assert (label_of(set(), "/none", str(tmp_path)), uuid_of({1}, "/none", "/none")) == ("", "")
    note.write_text("E:ID_FS_LABEL_ENC=a\\x0ab\\xff\n")
    assert label_of(numbers, "/none", str(tmp_path)) == "a?b\ufffd"


def test_the_service_tells_a_drive_soon_after_it_was_put_in_and_python_is_told_the_same(
    plug: Plug, tmp_path: Path, make_root, run_box
):
    config = make_root(status__rest_seconds=1)

    def paths() -> list[str]:
        return [drive["path"] for drive in status_of(config)["storage"]["drives"]]

    with running(config):
        assert not any(path.startswith(f"{tmp_path}/") for path in paths())
        point = plug("ext4", "BACKUP")
        until(lambda: str(point) in paths(), "the drive is told")
        found = _stats(config)
        (drive,) = [each for each in found["drives"] if each["path"] == str(point)]
        assert drive["file_system"] == "ext4"
        assert 8 * MB < drive["free_bytes"] <= drive["total_bytes"]
        page = run_box("--config", config.path, "status").stdout
        assert f"{point}, ext4, " in page
        (line,) = [
            line for line in run_box("--config", config.path, "doctor").stdout.splitlines() if str(point) in line
        ]
        assert line.startswith("ok   drives")
        run("umount", str(point))
        until(lambda: str(point) not in paths(), "it is told no more")


def test_the_figures_of_python_are_those_of_the_status(make_root, run_box):
    config = make_root()
    with running(config):
        found, told = _stats(config), status_of(config)
    assert set(found) == {"disk", "photos", "backup", "drives"}
    assert found["photos"] == told["photos"]
    assert found["backup"] == told["backup"]
    assert found["disk"]["total_bytes"] == told["storage"]["total_bytes"]
    assert 0 < found["disk"]["used_bytes"] < found["disk"]["total_bytes"]
    script = "import json; from box import storage; print(json.dumps(storage.stats()))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "BOX_CONFIG": config.path}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["photos"] == told["photos"]


def test_what_is_told_costs_the_same_however_many_files_there_are(store):
    """Two sums of a table that has a row for each day."""
    store.execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
        " INSERT INTO files SELECT 'users/me/photos/' || (i / 100), i, 1, 1, 1 FROM n"
    )
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    store._connection.set_progress_handler(count, 100)
    try:
        photos_told(store)
    finally:
        store._connection.set_progress_handler(None, 0)
    assert steps < 10
