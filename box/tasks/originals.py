"""Originals: files that are imported. The rule: one that changes is left alone, and none is written to or touched.

What speaks against taking a file is raised as `Kept`: an answer, told in the result of the import.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from box import disk
from box.watchers.cards import Card, Original
from box.watchers.look import Unreadable, glance, inspect


class Kept(Exception):
    """An answer, not an error of Box: this file stays where it is, because of that."""


def is_same(path: str, original: Original) -> bool:
    """Whether the very file that was listed stands there."""
    status = os.lstat(path)
    return (status.st_size, disk.mtime_ns(status), status.st_ino) == (original.size, original.mtime_ns, original.inode)


def look_again(card: Card, original: Original) -> None:
    """The second look. Raises Kept if it saw something else, or somebody who is writing."""
    try:
        look = glance(original.path, 0.0)
        if look is None or (look.size, look.mtime_ns) != (original.size, original.mtime_ns):
            raise Kept("it is being changed")
        # On a file system of another machine a lease says what the server granted.
        if inspect(original.path, 0.0, None if card.is_remote else card.device).held:
            raise Kept("somebody is writing it")
    except Unreadable as error:
        raise Kept(str(error)) from error


def copied(original: Original, part: str, check: Callable[[], None]) -> str:
    """Copy it to a name where nothing stands, durable and read back; the digest. `check` may end it."""

    def read(reading: int, block: memoryview) -> int:
        check()
        try:
            return os.readv(reading, [block])
        except OSError as error:
            raise Kept(f"cannot be read: {error.strerror or error}") from error

    try:
        reading = disk.open_to_read(original.path)
    except OSError as error:
        raise Kept(error.strerror or str(error)) from error
    try:
        _check(reading, original, "it is being changed")
        digest = disk.copy_open(reading, part, read)
        try:
            _check(reading, original, "it was changed while it was copied")
        except Kept:
            os.unlink(part)
            raise
        return digest
    finally:
        os.close(reading)


def _check(reading: int, original: Original, why: str) -> None:
    status = os.fstat(reading)
    if (status.st_size, disk.mtime_ns(status)) != (original.size, original.mtime_ns):
        raise Kept(why)


def digest(original: Original) -> str:
    """blake3 of its bytes."""
    try:
        return disk.digest_of(original.path)
    except OSError as error:
        raise Kept(error.strerror or str(error)) from error


def remove(original: Original) -> None:
    """Remove one whose copy is safe, if it is still the same."""
    try:
        if is_same(original.path, original):
            os.unlink(original.path)
            disk.sync_folder(os.path.dirname(original.path))
    except OSError as error:
        raise Kept(f"imported, but cannot be removed: {error.strerror or error}") from error
