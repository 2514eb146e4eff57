"""Where backups go. The rule: a drive of its own if there can be one, so that what is written to it can be counted.

Root mounts an image; anybody else gets a folder on the same disk.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

SECTOR_BYTES = 512


@contextmanager
def drive(folder: str, size_bytes: int) -> Iterator[str]:
    """A folder to write into, on a file system of its own if that can be; all is gone in the end."""
    image, point = os.path.join(folder, "drive.img"), os.path.join(folder, "drive")
    os.makedirs(point)
    is_mounted = os.geteuid() == 0 and shutil.which("mkfs.ext4") is not None and _mount(image, point, size_bytes)
    try:
        yield point
    finally:
        if is_mounted:
            subprocess.run(["umount", point], check=True)


def _mount(image: str, point: str, size_bytes: int) -> bool:
    with open(image, "wb") as out:
        out.truncate(size_bytes)
    # Nothing writes to it but who is measured: no tables made later, no times of reading.
    make, mount = (
        ["mkfs.ext4", "-q", "-m", "0", "-i", "8192", image],
        ["mount", "-o", "loop,noatime,noinit_itable", image, point],
    )
    return not any(
        subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode for command in (make, mount)
    )


def clear(folder: str) -> None:
    """Remove a folder with all that is in it, a drive that a bench left mounted when it was killed included."""
    point = os.path.join(folder, "drive")
    if os.path.ismount(point):
        subprocess.run(["umount", point], check=True)
    shutil.rmtree(folder, ignore_errors=True)


def is_own(point: str) -> bool:
    """Whether it is another file system than that of the folder above."""
    return os.stat(point).st_dev != os.stat(os.path.dirname(point)).st_dev


def written_bytes(point: str) -> int:
    """What was ever written to that drive's device, all that was waiting included."""
    os.sync()
    device = os.stat(point).st_dev
    with open(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat", encoding="ascii") as file:
        return int(file.read().split()[6]) * SECTOR_BYTES


def changed_bytes(before: dict[str, tuple[int, ...]], after: dict[str, tuple[int, ...]]) -> int:
    """Sizes of all files and folders that are other ones now, or were touched."""
    return sum(found[0] for path, found in after.items() if before.get(path) != found)


def seen(folder: str) -> dict[str, tuple[int, ...]]:
    """What stands there: path -> (size, time, time of the last change of any kind, inode)."""
    found: dict[str, tuple[int, ...]] = {}
    for top, folders, names in os.walk(folder):
        for name in (*folders, *names):
            status = os.lstat(path := os.path.join(top, name))
            found[path] = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    return found
