"""One look at one file. The rule: size, times, writers and first bytes that decide come from one open file.

Whether somebody has a file open for writing is asked by taking a read lease (`fcntl(2)`, F_SETLEASE): the kernel
refuses it with EAGAIN while there is a writer. The lease is given back at once. Whoever opens the file for writing in
those microseconds waits for that, and the holder of the lease gets a signal: SIGIO, which by default *ends the
process*. So the lease is told to use SIGURG, which by default does nothing; that is a setting of the open file, so no
handler of the process is touched and it works in any thread. Reading rings nobody: only `opened` and `closed_no_write`
follow from it, and the doorbell does not listen to these.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
from stat import S_ISDIR, S_ISREG
from typing import Final, NamedTuple

from box import disk
from box.watchers.settle import Look

HEAD_BYTES: Final = 400
"""Enough to recognise every media type Box knows."""

_GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})


class Unreadable(Exception):
    """An answer, not an error of Box: the file may not or cannot be read, so nothing can be said about it."""


class Sight(NamedTuple):
    """What an open file showed."""

    look: Look | None
    """None: no regular file is there."""
    held: bool = False
    """Somebody has it open for writing."""
    head: bytes = b""
    """Its first `HEAD_BYTES`."""


def glance(path: str, at: float) -> Look | None:
    """Look without opening. None: no regular file is there (a folder, a link and a socket are none)."""
    try:
        found = os.lstat(path)
    except OSError as error:
        if error.errno in _GONE:
            return None
        raise Unreadable(error.strerror) from error
    return Look(found.st_size, disk.mtime_ns(found), found.st_ino, at) if S_ISREG(found.st_mode) else None


def inspect(path: str, at: float, device: int | None) -> Sight:
    """Open the file, see who else has, and read its head.

    `device`: the number of the device whose leases can be believed; on any other nobody is seen writing. (NFS and CIFS
    answer EAGAIN too when it is the server that did not grant the lease.)
    """
    try:
        file = disk.open_to_read(path)
    except OSError as error:
        if error.errno in _GONE or error.errno == errno.ENXIO:  # ENXIO: a socket has taken its place
            return Sight(None)
        raise Unreadable(error.strerror) from error
    try:
        if device is None or os.fstat(file).st_dev != device:
            return _see(file, at)
        if not _lease(file):
            return Sight(_see(file, at).look, held=True)
        try:
            return _see(file, at)
        finally:
            _release(file)
    except OSError as error:
        raise Unreadable(error.strerror) from error
    finally:
        os.close(file)


def _see(file: int, at: float) -> Sight:
    found = os.fstat(file)
    if not S_ISREG(found.st_mode):
        return Sight(None)
    return Sight(Look(found.st_size, disk.mtime_ns(found), found.st_ino, at), head=os.read(file, HEAD_BYTES))


def _lease(file: int) -> bool:
    """Take a read lease; False if somebody has the file open for writing, True also where nobody can say."""
    try:
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        # EINVAL, ENOLCK, EOPNOTSUPP: not on this file system. EACCES: leases are for the owner of a file. Then the two
        # looks decide.
        return error.errno != errno.EAGAIN
    return True


def _release(file: int) -> None:
    with contextlib.suppress(OSError):  # there may have been none; closing the file ends it too
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)


def is_folder(path: str) -> bool:
    """Whether a folder stands there; a link to one is none."""
    try:
        return S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False
