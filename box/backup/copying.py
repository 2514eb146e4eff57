"""One file to a destination. The rule: read once, hashed on the way, durable before it gets its name.

A source that is not the file that was seen, or changes meanwhile, is left for the next time. What a source refuses and
what the destination refuses are two errors: the one is about that file, the other about all.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from box import disk
from box.errors import BoxError

BLOCK_BYTES: Final = 1 << 20
SYNC_BYTES: Final = 16 << 20
"""After so many bytes of a file they are made durable: at its end a slow drive would answer nobody for minutes."""


class Left(BoxError):
    """A file that cannot be backed up now; the others can."""


class Copier:
    """Copies files, with one block of memory."""

    def __init__(self, check: Callable[[int], object]) -> None:
        """`check` is told, between blocks, how many bytes were read; it raises Stopped when this should end."""
        self._check = check
        self._block = memoryview(bytearray(BLOCK_BYTES))

    def copy(self, source: str, seen: tuple[int, int], part: str) -> str:
        """Copy a file (absolute) that has that (size, mtime_ns) to `part`, durable; its digest.

        Raises Left, Stopped; OSError from the destination. An error leaves no part.
        """
        reading, mode = _open(source, seen)
        try:
            writing = disk.open_part(part, mode & 0o777 | 0o200)
            try:
                digest = self._through(reading, writing, source, seen)
                with suppress(PermissionError):  # some servers set their own times
                    os.utime(writing, ns=(seen[1], seen[1]))
                os.fsync(writing)
                os.posix_fadvise(writing, 0, 0, os.POSIX_FADV_DONTNEED)
            except BaseException:
                with suppress(OSError):  # the first error says what is wrong
                    os.unlink(part)
                raise
            finally:
                os.close(writing)
        finally:
            os.close(reading)
        return digest

    def digest(self, source: str, seen: tuple[int, int]) -> str:
        """The digest of a file (absolute) that has that (size, mtime_ns). Raises Left, Stopped."""
        reading, _ = _open(source, seen)
        try:
            return self._through(reading, None, source, seen)
        finally:
            os.close(reading)

    def digest_at(self, path: str) -> str:
        """The digest of a file (absolute), whatever its size and time are. Raises Left, Stopped."""
        status = os.lstat(path)
        return self.digest(path, (status.st_size, disk.mtime_ns(status)))

    def _through(self, reading: int, writing: int | None, source: str, seen: tuple[int, int]) -> str:
        from blake3 import blake3  # noqa: PLC0415  only where something is copied

        hasher, done, synced = blake3(), 0, 0
        while count := _read(reading, self._block, source):
            hasher.update(self._block[:count])
            if writing is not None:
                _write(writing, self._block[:count])
                if done + count - synced >= SYNC_BYTES:
                    os.fdatasync(writing)
                    synced = done + count
            done += count
            self._check(count)
            if done > seen[0]:
                break
        status = os.fstat(reading)
        if (done, status.st_size, disk.mtime_ns(status)) != (seen[0], *seen):
            raise Left(f"{source} changed while it was read")
        return hasher.hexdigest()


def _open(source: str, seen: tuple[int, int]) -> tuple[int, int]:
    """(descriptor, mode) of a file that has that (size, mtime_ns)."""
    try:
        reading = disk.open_to_read(source)
    except OSError as error:
        raise Left(f"{source} cannot be read: {error.strerror}") from None
    status = os.fstat(reading)
    if not stat.S_ISREG(status.st_mode) or (status.st_size, disk.mtime_ns(status)) != seen:
        os.close(reading)
        raise Left(f"{source} has changed since it was seen")
    return reading, status.st_mode


def _read(reading: int, block: memoryview, source: str) -> int:
    try:
        return os.readv(reading, [block])
    except OSError as error:
        raise Left(f"{source} cannot be read: {error.strerror}") from None


def _write(writing: int, block: memoryview) -> None:
    done = 0
    while done < len(block):
        done += os.write(writing, block[done:])


def size_of(path: str) -> int | None:
    """The size of a file (absolute); None if none stands there."""
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
