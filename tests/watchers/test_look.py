"""One look at one file."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from box.watchers.look import HEAD_BYTES, Unreadable, glance, inspect, is_folder
from box.watchers.mounts import is_remote, remote_type, type_of

Unprivileged = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "x.jpg"
    path.write_bytes(b"\xff\xd8" + bytes(range(100)))
    return path


def device(path: Path) -> int:
    return path.stat().st_dev


def needs_leases(path: Path) -> None:
    if is_remote(str(path)):
        pytest.skip("the temporary folder lies on a file system without trustworthy leases")


def test_a_look_tells_size_time_inode_and_the_first_bytes(file: Path) -> None:
    status = file.stat()
    look, held, head = inspect(str(file), 5.0, device(file))
    assert look == (102, status.st_mtime_ns, status.st_ino, 5.0) == glance(str(file), 5.0)
    assert (held, head) == (False, file.read_bytes()[:HEAD_BYTES])


@pytest.mark.parametrize("flags", [os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_APPEND])
def test_a_file_that_is_open_for_writing_is_held(file: Path, flags: int) -> None:
    needs_leases(file)
    writer = os.open(file, flags)
    assert inspect(str(file), 0.0, device(file)).held
    os.close(writer)
    assert not inspect(str(file), 0.0, device(file)).held


def test_a_file_that_another_process_writes_is_held(file: Path) -> None:
    needs_leases(file)
    code = "import sys; f = open(sys.argv[1], 'ab'); print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        assert inspect(str(file), 0.0, device(file)).held
        writer.communicate()
    assert not inspect(str(file), 0.0, device(file)).held


def test_a_file_that_is_only_read_is_not_held(file: Path) -> None:
    with file.open("rb"):
        assert not inspect(str(file), 0.0, device(file)).held


def test_where_leases_cannot_be_believed_nobody_is_seen_writing(file: Path) -> None:
    with file.open("ab"):
        assert not inspect(str(file), 0.0, None).held
        assert not inspect(str(file), 0.0, device(file) + 1).held


def test_a_writer_that_comes_while_the_lease_is_held_neither_fails_nor_kills_this_process(file: Path) -> None:
    needs_leases(file)
    before = signal.getsignal(signal.SIGIO)
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            inspect(str(file), 0.0, device(file))

    looking = threading.Thread(target=look)
    looking.start()
    code = "import os, sys\nfor _ in range(20000): os.close(os.open(sys.argv[1], os.O_WRONLY))"
    done = subprocess.run([sys.executable, "-c", code, file], check=False)
    stop.set()
    looking.join()
    assert done.returncode == 0
    assert signal.getsignal(signal.SIGIO) == before


def test_a_held_lease_that_is_broken_sends_a_signal_that_does_nothing(file: Path) -> None:
    needs_leases(file)
    code = """if True:
        import os, subprocess, sys
        from box.watchers import look
        file = os.open(sys.argv[1], os.O_RDONLY)
        assert look._lease(file)
        # Opens for writing without waiting: breaks the lease, which sends the signal at once.
        opener = "import os, sys; os.open(sys.argv[1], os.O_WRONLY | os.O_NONBLOCK)"
        subprocess.run([sys.executable, "-c", opener, sys.argv[1]], stderr=subprocess.DEVNULL)
        print("alive")
    """
    done = subprocess.run([sys.executable, "-c", code, file], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("alive\n", 0), done.stderr


def test_what_is_no_regular_file_is_not_there(tmp_path: Path, file: Path) -> None:
    (tmp_path / "link").symlink_to(file)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        for name in ("link", "folder", "pipe", "socket", "nothing", "x.jpg/below"):
            path = str(tmp_path / name)
            assert glance(path, 0.0) is None
            assert inspect(path, 0.0, device(file)).look is None
    assert is_folder(str(tmp_path / "folder"))
    assert not is_folder(str(tmp_path / "link"))


def test_a_file_that_may_not_be_read_is_neither_there_nor_gone(open_folder: Path, as_nobody: Unprivileged) -> None:
    path = open_folder / "x.jpg"
    path.write_bytes(b"x")
    path.chmod(0o000)
    with as_nobody():
        assert glance(str(path), 0.0)
        with pytest.raises(Unreadable, match="Permission denied"):
            inspect(str(path), 0.0, device(path))
    open_folder.chmod(0o000)
    with as_nobody(), pytest.raises(Unreadable, match="Permission denied"):
        glance(str(path), 0.0)


def test_a_name_too_long_for_the_file_system_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(Unreadable):
        glance(f"{tmp_path}/{'x' * 300}", 0.0)


MOUNTS = """\
22 1 254:0 / / rw - ext4 /dev/vda rw
23 22 0:21 / /srv/with\\040space rw shared:1 - nfs4 server:/x rw
24 22 0:22 / /srv/usb rw - ext4 /dev/sda1 rw
25 24 0:23 / /srv/usb rw - cifs //nas/x rw
26 22 0:24 / /srv/usb/inner rw - vfat /dev/sdb1 rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("/", "ext4"), ("/srv", "ext4"), ("/srv/with space/a", "nfs4"), ("/srv/with spaces", "ext4"), ("/srv/usb", "cifs"),
     ("/srv/usb/inner/a", "vfat"), ("/srv/usb/inner2", "cifs")],
)  # fmt: skip
def test_the_type_of_a_file_system_is_that_of_the_nearest_and_latest_mount(
    tmp_path: Path, folder: str, kind: str
) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(MOUNTS)
    assert type_of(folder, str(table)) == kind


@pytest.mark.parametrize(
    "kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "vboxsf", "virtiofs", "fuse.sshfs", "fuse.rclone"]
)
def test_network_file_systems_are_remote(kind: str) -> None:
    assert remote_type(kind)


@pytest.mark.parametrize("kind", ["ext4", "btrfs", "vfat", "exfat", "tmpfs", "overlay", "fuseblk", ""])
def test_disks_are_not(kind: str) -> None:
    assert not remote_type(kind)


def test_the_root_of_this_system_has_a_type() -> None:
    assert type_of("/")
