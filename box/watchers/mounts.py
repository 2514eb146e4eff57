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

WITHOUT_DISK: Final = frozenset({
    "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs",
    "fuse.portal", "fusectl", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore", "ramfs", "rpc_pipefs", "securityfs",
    "squashfs", "sysfs", "tracefs",
})  # fmt: skip
"""What can hold no files of people; looking into an automounter would even mount something."""

_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """A line of the table of mounts. Paths are as `os` gives them."""

    point: str
    kind: str
    source: str
    device: int
    """What files on it have as the number of their device."""
    root: str
    """Which folder of the file system is seen there; `/` is all of it."""

    @property
    def has_device(self) -> bool:
        """Whether that number is one of a device: the kernel makes up others, of which the major part is 0."""
        return os.major(self.device) != 0


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


def table(mounts: str = MOUNTS) -> list[Mount]:
    """All that is mounted, in the order in which it was. Nothing where the kernel does not tell."""
    try:
        with open(mounts, encoding="utf-8", errors="surrogateescape") as lines:
            return [_parse(line) for line in lines]
    except OSError:
        return []


def _mount_of(folder: str, mounts: str) -> tuple[str, str]:
    """(type, source) of the file system that holds the folder."""
    path = os.path.realpath(folder)
    best, kind, source = "", "", ""
    for mount in table(mounts):
        point = mount.point
        # Of two mounts on one point the later one is on top.
        if len(point) >= len(best) and (path == point or path.startswith(point.rstrip("/") + "/")):
            best, kind, source = point, mount.kind, mount.source
    return kind, source


def _parse(line: str) -> Mount:
    """A line of mountinfo: `id parent device root POINT options... - TYPE SOURCE options`."""
    fields = line.rstrip("\n").split(" ")
    at = fields.index("-")
    major, _, minor = fields[2].partition(":")
    source = _plain("".join(fields[at + 2 : at + 3]))
    return Mount(_plain(fields[4]), fields[at + 1], source, os.makedev(int(major), int(minor)), _plain(fields[3]))


def _plain(text: str) -> str:
    return _OCTAL.sub(lambda m: chr(int(m[1], 8)), text)
