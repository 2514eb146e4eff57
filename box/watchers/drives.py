"""External drives. The rule: the kernel's table of mounts says what is there; only what holds no system counts.

A drive is a file system on a block device that is mounted somewhere, but for the one of the root and those that the
system itself lies on. What it is called is known from udev: by the names in `/dev/disk`, or by its own notes, where a
service sees no devices. Nothing is kept and nothing is polled: whoever asks is told what is so now.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from stat import S_ISBLK
from typing import Final

from box.paths import to_text
from box.watchers.mounts import MOUNTS, Mount, source_of, table

BY_UUID: Final = "/dev/disk/by-uuid"
"""Where udev names file systems."""
BY_LABEL: Final = "/dev/disk/by-label"
UDEV: Final = "/run/udev/data"

_SYSTEM: Final = frozenset({
    "/", "/boot", "/efi", "/etc", "/home", "/opt", "/root", "/usr", "/var", "/var/cache", "/var/lib", "/var/log",
    "/tmp", "/var/tmp",  # noqa: S108 - nothing is made there
})  # fmt: skip
"""What is mounted at these is the system's, and so is what is mounted below the next."""
_SYSTEM_BELOW: Final = ("/boot/", "/etc/", "/usr/")
_IMAGES: Final = frozenset({"squashfs", "erofs", "iso9660"})
"""Programs and discs in one file: nothing can be kept on them."""
_HEX: Final = re.compile(rb"\\x([0-9a-fA-F]{2})")


@dataclass(frozen=True, slots=True)
class Drive:
    """A drive that is there, and mounted."""

    path: str
    """Where it is mounted, as `os` gives it."""
    device: str
    """What is mounted there, such as /dev/sda1."""
    label: str
    uuid: str
    """Empty where they are not known."""
    file_system: str
    total_bytes: int
    free_bytes: int

    def told(self) -> dict[str, str | int | None]:
        """As the status has it."""
        return {
            "path": to_text(self.path), "label": self.label or None, "uuid": self.uuid or None,
            "file_system": self.file_system, "total_bytes": self.total_bytes, "free_bytes": self.free_bytes,
        }  # fmt: skip


def drives(
    root: str, mounts: str = MOUNTS, by_uuid: str = BY_UUID, by_label: str = BY_LABEL, udev: str = UDEV
) -> list[Drive]:
    """The drives that are there now, by where they are mounted; `root` is the folder whose own disk is none."""
    on_top = {mount.point: mount for mount in table(mounts)}  # of two mounts on one point the later one is on top
    there = [(mount, _numbers(mount)) for mount in on_top.values() if mount.source.startswith("/dev/")]
    ours = {os.stat(root).st_dev, number_of(source_of(root, mounts))}
    ours |= {number for mount, numbers in there if _is_system(mount.point) for number in numbers}
    found = []
    # A whole file system before a part of it that is bound somewhere; then the first that was mounted.
    for mount, numbers in sorted(there, key=lambda each: each[0].root != "/"):
        if numbers and ours.isdisjoint(numbers) and mount.kind not in _IMAGES:
            drive = _seen(mount, label_of(numbers, by_label, udev), uuid_of(numbers, by_uuid, udev))
            if drive is not None:
                found.append(drive)
                ours |= numbers  # each is told once, however often it is mounted
    return sorted(found, key=lambda drive: drive.path)


def _seen(mount: Mount, label: str, uuid: str) -> Drive | None:
    """None for one that is gone, or that another mount hides."""
    try:
        is_hidden = mount.has_device and os.stat(mount.point).st_dev != mount.device
        room = os.statvfs(mount.point)
    except OSError:
        return None
    if is_hidden:
        return None
    total, free = room.f_blocks * room.f_frsize, room.f_bavail * room.f_frsize
    return Drive(mount.point, mount.source, label, uuid, mount.kind, total, free)


def _is_system(point: str) -> bool:
    return point in _SYSTEM or point.startswith(_SYSTEM_BELOW)


def _numbers(mount: Mount) -> set[int]:
    """The numbers of the block device that is mounted there: the kernel's own, and that of the file it is called by."""
    return {mount.device if mount.has_device else 0, number_of(mount.source)} - {0}


def number_of(path: str) -> int:
    """Which block device a special file is; 0 for none."""
    try:
        status = os.stat(path) if path.startswith("/") else None
    except OSError:
        return 0
    return status.st_rdev if status is not None and S_ISBLK(status.st_mode) else 0


def uuid_of(numbers: Iterable[int], by_uuid: str = BY_UUID, udev: str = UDEV) -> str:
    """UUID of the file system on a block device with one of these numbers; empty where nobody knows it."""
    return next(iter(_names(numbers, by_uuid, udev, "ID_FS_UUID")), "")


def label_of(numbers: Iterable[int], by_label: str = BY_LABEL, udev: str = UDEV) -> str:
    """Its label."""
    return next(iter(_names(numbers, by_label, udev, "ID_FS_LABEL_ENC")), "")


def _names(numbers: Iterable[int], folder: str, udev: str, field: str) -> list[str]:
    devices = set(numbers) - {0}
    try:
        names = [name for name in sorted(os.listdir(folder)) if number_of(os.path.join(folder, name)) in devices]
    except OSError:
        names = []
    noted = [_noted(f"{udev}/b{os.major(each)}:{os.minor(each)}", field) for each in sorted(devices)]
    return [_plain(name) for name in (*names, *noted) if name]


def _noted(path: str, field: str) -> str:
    """What udev has noted of a device under that name."""
    start = f"E:{field}="
    try:
        with open(path, encoding="utf-8", errors="replace") as lines:
            return next((line[len(start) :].strip() for line in lines if line.startswith(start)), "")
    except OSError:
        return ""


def _plain(name: str) -> str:
    r"""A name without the `\x20` by which udev writes what is no letter; on one line, whatever somebody called it."""
    data = _HEX.sub(lambda match: bytes([int(match[1], 16)]), os.fsencode(name))
    return "".join(letter if letter.isprintable() else "?" for letter in data.decode("utf-8", "replace"))
