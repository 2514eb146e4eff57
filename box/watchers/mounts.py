"""Which file systems can be watched. The rule: what another machine may change without this kernel is polled.

There inotify reports only what this machine does, and a lease says what the server granted, not who writes.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Final

MOUNTS: Final = "/proc/self/mountinfo"

_REMOTE: Final = frozenset({
    "9p", "acfs", "afp", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "drvfs", "fhgfs", "gfs2", "glusterfs",
    "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "prl_fs", "shfs", "smb2", "smb3", "smbfs", "vboxsf",
    "virtiofs", "vmhgfs",
})  # fmt: skip
_LOCAL_FUSE: Final = frozenset({"fuseblk"})
"""NTFS and exFAT drives; every other FUSE file system may be a window to anywhere (sshfs, rclone, mergerfs)."""

_WITHOUT_DISK: Final = frozenset({
    "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs",
    "fuse.portal", "fusectl", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore", "ramfs", "rpc_pipefs", "securityfs",
    "squashfs", "sysfs", "tracefs",
})  # fmt: skip
"""What can hold no files of people; looking into an automounter would even mount something."""

_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Point:
    """A place where a file system is mounted."""

    path: str
    """Absolute, as `os` has it."""
    kind: str
    source: str


def is_remote(folder: str) -> bool:
    """Whether the folder (absolute) lies on a file system whose changes this kernel need not see."""
    return remote_type(type_of(folder))


def remote_type(kind: str) -> bool:
    """The same for the name of a file system type as the kernel spells it."""
    return kind in _REMOTE or (kind.startswith("fuse") and kind not in _LOCAL_FUSE)


def type_of(folder: str, mounts: str = MOUNTS) -> str:
    """The type of the file system that holds the folder; empty where the kernel does not tell."""
    return _mount_of(folder, mounts)[0]


def source_of(folder: str, mounts: str = MOUNTS) -> str:
    """What is mounted there, such as /dev/sda1; empty where the kernel does not tell."""
    return _mount_of(folder, mounts)[1]


def points(mounts: str = MOUNTS) -> list[Point]:
    """Where file systems are mounted that may hold files of people, as the kernel lists them."""
    try:
        with open(mounts, encoding="utf-8", errors="surrogateescape") as lines:
            found = [Point(*_parse(line)) for line in lines]
    except OSError:
        return []
    return [point for point in found if point.kind not in _WITHOUT_DISK]


def _mount_of(folder: str, mounts: str) -> tuple[str, str]:
    """(type, source) of the file system that holds the folder."""
    try:
        with open(mounts, encoding="utf-8", errors="surrogateescape") as lines:
            table = [_parse(line) for line in lines]
    except OSError:
        return "", ""
    path = os.path.realpath(folder)
    best, kind, source = "", "", ""
    for point, name, what in table:
        # Of two mounts on one point the later one is on top.
        if len(point) >= len(best) and (path == point or path.startswith(point.rstrip("/") + "/")):
            best, kind, source = point, name, what
    return kind, source


def _parse(line: str) -> tuple[str, str, str]:
    """(point, type, source) of a line of mountinfo: `id parent device root POINT options... - TYPE SOURCE options`."""
    fields = line.rstrip("\n").split(" ")
    at = fields.index("-")
    return _plain(fields[4]), fields[at + 1], _plain("".join(fields[at + 2 : at + 3]))


def _plain(text: str) -> str:
    return _OCTAL.sub(lambda m: chr(int(m[1], 8)), text)
