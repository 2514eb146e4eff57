"""Marked drives. The rule: a drive is known by its marker, wherever it is mounted; of several the largest is meant."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from box.backup.destination import Marker, read_marker
from box.paths import to_text
from box.watchers import mounts

LOCAL_FUSE: Final = frozenset({"fuse.exfat", "fuse.ntfs", "fuse.ntfs-3g"})
"""FUSE file systems that are drives, beside what the kernel calls fuseblk."""

FOLDERS: Final = ("", "box", "backup")
"""Where on a drive a marker is looked for."""


@dataclass(frozen=True, slots=True)
class Drive:
    """A marked drive that is mounted."""

    path: str
    """The folder with the marker, absolute, as `os` has it."""
    marker: Marker
    total_bytes: int
    free_bytes: int
    source: str
    """What is mounted, such as /dev/sda1."""
    file_system: str


def marked(root: str, table: str = mounts.MOUNTS) -> list[Drive]:
    """The marked drives that are mounted, the largest first; those on the root's own file system are none."""
    found = []
    home = os.stat(root).st_dev
    for mount in mounts.table(table):
        if mount.kind in mounts.WITHOUT_DISK:
            continue
        if mounts.remote_type(mount.kind) and mount.kind not in LOCAL_FUSE:
            continue  # a server that does not answer would hold up everything
        for folder in FOLDERS:
            path = os.path.join(mount.point, folder) if folder else mount.point
            try:
                marker = read_marker(path)
                if marker is None or marker.kind != "drive" or os.stat(path).st_dev == home:
                    continue
                room = os.statvfs(path)
            except OSError:
                continue  # what cannot be read now is not there now
            total, free = room.f_blocks * room.f_frsize, room.f_bavail * room.f_frsize
            found.append(Drive(path, marker, total, free, mount.source, mount.kind))
    unique = {drive.marker.uuid: drive for drive in reversed(found)}
    return sorted(unique.values(), key=lambda drive: (-drive.total_bytes, to_text(drive.path)))
