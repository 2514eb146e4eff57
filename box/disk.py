"""Moving files. The rule: a file lands by rename, durably, never over another one, and only if it is the same file.

Within a file system: `renameat2(RENAME_NOREPLACE)`, or link and unlink where that is not known. Across file systems:
copy into the target's folder under a hidden name, fsync, read back and compare digests, rename, and only then remove
the source.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Final

from box import file_names

READABLE: Final = 0o644
"""Small files that Box writes about itself may be read by everybody, whatever the umask says."""

SYNC_EACH_MAX: Final = 8
"""Beyond so many files one flush of the file system is quicker than theirs (measured: 100 us a file against 350)."""

TIME_NS_MAX: Final = (1 << 63) - 1
"""The last moment that a database can hold: in the year 2262."""

_AT_FDCWD: Final = -100
_RENAME_NOREPLACE: Final = 1
_NO_SUCH_CALL: Final = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)
_NO_LINKS: Final = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)

_libc = ctypes.CDLL(None, use_errno=True)


def rename_new(source: str, target: str) -> None:
    """Rename within a file system; FileExistsError if something stands at `target` (even a broken link)."""
    if _libc.renameat2(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), _RENAME_NOREPLACE) == 0:
        return
    number = ctypes.get_errno()
    if number not in _NO_SUCH_CALL:
        raise OSError(number, os.strerror(number), source, None, target)
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # FAT knows neither: look, then rename. Box itself never chooses one name twice (see landing).
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), source, None, target) from error
        os.rename(source, target)
    else:
        os.unlink(source)


def move_new(source: str, target: str, part: str) -> None:
    """Move a file to a name where nothing stands, across file systems if need be (by way of `part`, then)."""
    try:
        rename_new(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy_verified(source, part)
        try:
            rename_new(part, target)
        except BaseException:
            os.unlink(part)
            raise
        sync_folder(os.path.dirname(target))
        os.unlink(source)


def copy_verified(source: str, target: str) -> str:
    """Copy with times, fsync, read the copy back from the medium and compare; the digest. An error leaves nothing."""
    try:
        shutil.copyfile(source, target)
        shutil.copystat(source, target)
        descriptor = os.open(target, os.O_RDONLY)
        try:
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)  # read back from the medium, not from memory
        finally:
            os.close(descriptor)
        digest = digest_of(target)
        if digest != digest_of(source):
            raise OSError(errno.EIO, "the copy differs from its source", source, None, target)  # noqa: TRY301  cleans up
    except BaseException:
        if os.path.lexists(target):
            os.unlink(target)
        raise
    return digest


def mtime_ns(status: os.stat_result) -> int:
    """When a file was changed. Some say that they come from the year 2400: then the last moment that can be kept."""
    return max(-TIME_NS_MAX, min(status.st_mtime_ns, TIME_NS_MAX))


def link(source: str, target: str) -> bool:
    """Give a file a second name; False where that cannot be: another file system, one without links, another's file."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in (*_NO_LINKS, errno.EXDEV):
            raise
        return False
    return True


def copy_open(reading: int, target: str, read: Callable[[int, memoryview], int]) -> str:
    """Copy an open file to a name where nothing stands, with its time and not its mode; durable, and read back.

    `read(descriptor, block)` reads, as `os.readv`, and may raise. The digest that both have; an error leaves nothing.
    """
    from blake3 import blake3  # noqa: PLC0415  as below

    hasher, block = blake3(), memoryview(bytearray(1 << 20))
    writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        while count := read(reading, block):
            hasher.update(block[:count])
            done = 0
            while done < count:
                done += os.write(writing, block[done:count])
        status = os.fstat(reading)
        os.utime(writing, ns=(status.st_atime_ns, status.st_mtime_ns))
        os.fsync(writing)
        os.posix_fadvise(writing, 0, 0, os.POSIX_FADV_DONTNEED)  # read back from the medium, not from memory
        digest = hasher.hexdigest()
        if digest_of(target) != digest:
            raise OSError(errno.EIO, "the copy differs from its source", target)  # noqa: TRY301  cleans up
    except BaseException:
        os.unlink(target)
        raise
    finally:
        os.close(writing)
    return digest


def digest_of(path: str) -> str:
    """blake3 of a file's bytes, in hexadecimal; reads in pieces, so memory stays flat."""
    from blake3 import blake3  # noqa: PLC0415  only where something is compared

    hasher = blake3()
    with open(path, "rb", buffering=0) as file:
        while piece := file.read(1 << 20):
            hasher.update(piece)
    return hasher.hexdigest()


def open_to_read(path: str) -> int:
    """Open a file that may be anything by now: links are not followed, a pipe does not block, its atime stays.

    The atime is not only politeness: touching it makes the inode dirty, and each fsync after that a write to the card.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY
    try:
        return os.open(path, flags | os.O_NOATIME)
    except PermissionError:  # only the owner of a file may leave its atime alone
        return os.open(path, flags)


def open_part(path: str, mode: int) -> int:
    """Open a new file to write to. Whatever has its name was ours and not whole, or is a trap, as a link: it goes."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, flags, mode)
    except FileExistsError:
        os.unlink(path)
        return os.open(path, flags, mode)


def sync_files(paths: Sequence[str]) -> None:
    """Make the bytes of files durable: a few one by one, many with one flush of each file system that they are on.

    A file that is gone by now is none of ours any more.
    """
    devices: dict[int, int] = {}
    try:
        for path in paths:
            try:
                descriptor = open_to_read(path)
            except FileNotFoundError:
                continue
            if len(paths) <= SYNC_EACH_MAX:
                devices[len(devices)] = descriptor
            elif devices.setdefault(os.fstat(descriptor).st_dev, descriptor) != descriptor:
                os.close(descriptor)
        for descriptor in devices.values():
            if len(paths) <= SYNC_EACH_MAX:
                os.fsync(descriptor)
            elif _libc.syncfs(descriptor) != 0:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number))
    finally:
        for descriptor in devices.values():
            os.close(descriptor)


def make_folder(path: str) -> None:
    """Make a folder and its parents, each durable in its parent."""
    missing = [path]  # a list, and no recursion: folders may lie deeper than Python calls
    while not os.path.lexists(os.path.dirname(missing[-1])):
        missing.append(os.path.dirname(missing[-1]))
    for each in reversed(missing):
        with suppress(FileExistsError):
            os.mkdir(each)
            sync_folder(os.path.dirname(each))


def sync_folder(path: str) -> None:
    """Make the names in a folder durable. A folder that is gone has none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network and FUSE file systems cannot fsync a folder
            raise
    finally:
        os.close(descriptor)


def sync_folders(paths: Iterable[str]) -> None:
    """`sync_folder`, once each."""
    for path in sorted(set(paths)):
        sync_folder(path)


def write_whole(path: str, text: str, *, durable: bool = True) -> None:
    """Replace a small text file as a whole: a reader sees the old one or the new one."""
    folder, name = os.path.split(path)
    part = os.path.join(folder, file_names.with_suffix(name, ".part"))
    try:
        with open(open_part(part, READABLE), "w", encoding="utf-8") as out:
            os.fchmod(out.fileno(), READABLE)
            out.write(text)
            if durable:
                out.flush()
                os.fsync(out.fileno())
        os.replace(part, path)
    except BaseException:
        if os.path.lexists(part):
            os.unlink(part)
        raise
    if durable:
        sync_folder(folder)


def is_full(error: OSError) -> bool:
    """Whether the error says that there is no room."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
