"""What the medium holds. The rule: what memory holds of a file is let go first, so that the disk itself answers."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress

from box import disk
from box.backup.copying import BLOCK_BYTES
from box.watchers import mounts


def digest(path: str, size: int, mtime_ns: int | None, check: Callable[[int], object]) -> str | None:
    """The digest of a file (absolute) of that size and, unless None, time; None if what stands there is another one.

    `check` is told, between blocks, how many bytes were read, and may raise. Raises OSError: FileNotFoundError if
    nothing stands there.
    """
    from blake3 import blake3  # noqa: PLC0415  only where something is compared

    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return None
        descriptor = disk.open_to_read(path)
    except NotADirectoryError as error:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from error
    try:
        status = os.fstat(descriptor)
        if status.st_size != size or (mtime_ns is not None and disk.mtime_ns(status) != mtime_ns):
            return None
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        hasher, block, done = blake3(), memoryview(bytearray(BLOCK_BYTES)), 0
        while done <= size and (count := os.readv(descriptor, [block])):
            hasher.update(block[:count])
            done += count
            check(count)
        now = os.fstat(descriptor)
        if done != size or (now.st_size, disk.mtime_ns(now)) != (size, disk.mtime_ns(status)):
            return None  # somebody writes to it just now
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)  # what is read once only pushes out other things
        return hasher.hexdigest()
    finally:
        os.close(descriptor)


def let_go(folder: str) -> None:
    """Where a file system is a program (FUSE), memory holds the disk for that program as well: let that go too."""
    kind = mounts.type_of(folder)
    if not kind.startswith("fuse"):
        return
    with suppress(OSError):  # not a disk, or not for everybody to read: then it answers as it likes
        descriptor = os.open(mounts.source_of(folder), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if stat.S_ISBLK(os.fstat(descriptor).st_mode):
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)
