"""Real file systems for tests. The rule: each is mounted below the test's own folder, and gone when the test is."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import filesystems
from tests.filesystems import run

PROGRAMS = {"ext4": "mkfs.ext4", "exfat": "mount.exfat-fuse"}
"""What each file system needs beside root; tmpfs needs nothing."""


class Drives:
    """Mounts and unmounts drives for one test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._points: list[Path] = []
        self._loops: list[str] = []

    def make(self, name: str = "drive", kind: str = "tmpfs", size_mb: int = 16) -> Path:
        """A new drive of that kind, mounted; its mount point."""
        need(kind)
        point = self._folder / name
        point.mkdir(exist_ok=True)
        if kind == "tmpfs":
            run("mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "box-test", str(point))
            self._points.append(point)
            return point
        image = self._folder / f"{name}.image"
        with open(image, "wb") as file:
            file.truncate(size_mb << 20)
        run(*(["mkfs.exfat"] if kind == "exfat" else ["mkfs.ext4", "-q", "-m0", "-E", "root_owner=0:0"]), str(image))
        self.mount(name, kind)
        return point

    def mount(self, name: str = "drive", kind: str = "ext4") -> Path:
        """Mount a drive (again) that is not in memory."""
        point, image = self._folder / name, self._folder / f"{name}.image"
        loop = run("losetup", "-f", "--show", str(image)).strip()
        self._loops.append(loop)
        if kind == "exfat":
            run("mount.exfat-fuse", loop, str(point))
        else:
            run("mount", "-t", kind, loop, str(point))
        self._points.append(point)
        return point

    def bind(self, source: Path, name: str) -> Path:
        """A folder, seen at another place too."""
        point = self._folder / name
        point.mkdir(exist_ok=True)
        run("mount", "--bind", str(source), str(point))
        self._points.append(point)
        return point

    def pull(self, point: Path) -> None:
        """Take what is mounted there away at once, whoever uses it."""
        run("umount", "-l", str(point))
        self._points.remove(point)

    def close(self) -> None:
        for point in reversed(self._points):
            subprocess.run(["umount", "-l", str(point)], check=False, capture_output=True)
        for loop in self._loops:
            subprocess.run(["losetup", "-d", loop], check=False, capture_output=True)


def need(kind: str) -> None:
    """Skip where such a file system cannot be mounted."""
    filesystems.needs(PROGRAMS.get(kind, "mount"))


@contextmanager
def drives_in(folder: Path) -> Iterator[Drives]:
    """Drives for a test, whose folder it gives; all are gone at the end."""
    made = Drives(folder)
    try:
        yield made
    finally:
        made.close()


def files_below(folder: Path, is_wanted: Callable[[Path], bool] = lambda _: True) -> dict[str, bytes]:
    """Every file below a folder: relative path -> bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and is_wanted(path)
    }
