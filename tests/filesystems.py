"""Real file systems for tests, made and mounted inside a test's folder. The rule: what is mounted is unmounted, always.

Each is a context manager that gives the folder it is mounted on; the fixture `mount` keeps it up to the test's end:

    drive = mount(filesystems.exfat(tmp_path / "usb"))

Where somebody may not mount, or a program is missing, the test is skipped and says why.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.helpers import until

PACKAGES = {
    "mkfs.btrfs": "btrfs-progs",
    "mkfs.exfat": "exfatprogs",
    "mkfs.ext4": "e2fsprogs",
    "mount.exfat-fuse": "exfat-fuse",
    "qemu-storage-daemon": "qemu-system-common",
}
"""Where Debian has a program that is not called like its package."""

_SHUT_DOWN = 0x8004587D
"""FS_IOC_SHUTDOWN of Linux: _IOR('X', 125, __u32)."""
_WITHOUT_FLUSH = struct.pack("I", 2)


def needs(*programs: str) -> None:
    """Skip where nothing can be mounted, or one of the programs is not there."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: apt-get install {PACKAGES.get(program, program)}")


def run(*command: str | Path) -> str:
    """What a program prints; if it fails, so does the test, with what it said."""
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def is_mounted(folder: Path) -> bool:
    """Whether something is mounted there: `ismount` cannot tell of a drive that does not answer any more."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
        return any(line.split()[4] == str(folder).replace(" ", "\\040") for line in mounts)


def take_away(folder: Path) -> None:
    """Unmount at once, whoever still has a file open in there: what those do goes on, nobody else gets in."""
    while is_mounted(folder):
        run("umount", "-l", folder)


def pull_out(folder: Path) -> None:
    """Pull a drive with ext4 out while it is in use: it stays mounted, what is cached is seen, all else is EIO."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.ioctl(opened, _SHUT_DOWN, _WITHOUT_FLUSH)
    finally:
        os.close(opened)


@contextmanager
def mounted(folder: Path, *command: str | Path) -> Iterator[Path]:
    """What a command mounts on that folder, which is made if need be."""
    needs()
    folder.mkdir(parents=True, exist_ok=True)
    run(*command, folder)
    try:
        yield folder
    finally:
        if is_mounted(folder):
            subprocess.run(["umount", folder], capture_output=True, check=False)  # waits until all is written
        take_away(folder)


@contextmanager
def ext4(folder: Path, size: str = "64M", *, options: str = "loop") -> Iterator[Path]:
    """An ext4 of its own, in the file <folder>.img; one that is there already is mounted again as it is."""
    needs("mkfs.ext4")
    image = Path(f"{folder}.img")
    if not image.exists():
        run("truncate", "-s", size, image)
        run("mkfs.ext4", "-q", "-m0", "-E", "lazy_itable_init=1", image)
    with mounted(folder, "mount", "-o", options, image):
        yield folder


@contextmanager
def btrfs(folder: Path, size: str = "128M") -> Iterator[Path]:
    """A btrfs of its own, in the file <folder>.img."""
    needs("mkfs.btrfs")
    image = Path(f"{folder}.img")
    run("truncate", "-s", size, image)
    run("mkfs.btrfs", "-q", image)
    with mounted(folder, "mount", "-o", "loop", image):
        yield folder


@contextmanager
def exfat(folder: Path, size: str = "64M", *, label: str = "BOXUSB") -> Iterator[Path]:
    """A drive with exFAT, in the file <folder>.img; one that is there already is mounted again as it is."""
    needs("mkfs.exfat", "mount.exfat-fuse")
    image = Path(f"{folder}.img")
    if not image.exists():
        run("truncate", "-s", size, image)
        run("mkfs.exfat", "-L", label, image)
    device = run("losetup", "--find", "--show", image).strip()
    try:
        with mounted(folder, "mount.exfat-fuse", device):
            yield folder
    finally:
        run("losetup", "-d", device)
        until(lambda: not run("losetup", "-j", image), "the driver has let go of the device")


@contextmanager
def tmpfs(folder: Path, size: str = "16m", *, inodes: int = 0) -> Iterator[Path]:
    """A small disk that can be full; with `inodes` it holds so many files and folders, itself being one."""
    options = f"size={size}" + (f",nr_inodes={inodes}" if inodes else "")
    with mounted(folder, "mount", "-t", "tmpfs", "-o", options, "box-test"):
        yield folder


@contextmanager
def bind(source: Path, folder: Path) -> Iterator[Path]:
    """The same folder once more, at another place: on the same file system, yet a mount of its own."""
    with mounted(folder, "mount", "--bind", source):
        yield folder


@contextmanager
def read_only(folder: Path) -> Iterator[Path]:
    """A folder that nobody, root neither, can write to: EROFS."""
    with bind(folder, folder):
        run("mount", "-o", "remount,ro,bind", folder)
        yield folder
