"""The source of a job. The rule: what is read is the file that had settled, or nothing."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from box import disk
from box.errors import SourceChanged, Unprocessable
from box.tasks.handler import Member


@contextmanager
def opened(member: Member) -> Iterator[IO[bytes]]:
    """The file, open for reading, if it is still the one that settled. Raises SourceChanged and Unprocessable."""
    try:
        fd = disk.open_to_read(member.path)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO}:
            raise SourceChanged("the file is no longer there") from error
        if error.errno in {errno.EACCES, errno.EPERM}:
            raise Unprocessable("unreadable", "Box may not read the file; change its owner or its mode") from error
        raise
    try:
        check_same(fd, member)
        with open(fd, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(fd)


def check_same(fd: int, member: Member) -> None:
    """Raise SourceChanged if the open file is another by now."""
    now = os.fstat(fd)
    seen = (now.st_size, disk.mtime_ns(now), now.st_ino)
    inode = member.inode or now.st_ino  # 0: it is known by its path alone, as what stands in the library is
    if seen != (member.size, member.mtime_ns, inode) or not stat.S_ISREG(now.st_mode):
        raise SourceChanged("the file is no longer the one that had settled")
