"""Copies into an inbox. The rule: a copy appears under its name when it is whole and durable, and replaces nothing.

Until then it is a hidden `.part` file, which Box never touches; one that a killed `box add` left behind is removed by
the next. A copy gets the time of its original, but not its mode: the service has to be able to read it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from box import disk, file_names, paths
from box.cli import words
from box.errors import BoxError, UsageError
from box.watchers.ignore import Ignored

BLOCK_BYTES: Final = 1 << 20
LEFTOVER_SECONDS: Final = 60.0
"""A `.part` that nobody holds is given so long: its writer may be about to take the lock."""
_PART: Final = ".box-add-"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to be copied."""

    source: str
    """Absolute, as `os` gives it."""
    place: str
    """Where it goes, relative to the inbox."""
    size: int


@dataclass(slots=True)
class Plan:
    """What is to be copied, and what is not and why."""

    files: list[Wanted] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    """(path, reason) of what Box does not take."""
    refused: list[tuple[str, str]] = field(default_factory=list)
    """(path, reason) of what it cannot take: something is wrong with it."""

    @property
    def bytes(self) -> int:
        """What the copies will need."""
        return sum(each.size for each in self.files)


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy as it stands in the inbox."""

    path: str
    """Path text."""
    size: int
    mtime_ns: int


def plan(arguments: list[str], root: str, ignored: Ignored) -> Plan:
    """Find the files. A link is followed only when it was named itself. Raises UsageError."""
    found = Plan()
    for argument in arguments:
        source = os.path.abspath(argument)
        try:
            status = os.stat(source)
        except OSError as error:
            raise UsageError(f"{words.path(argument)}: {error.strerror}; nothing was copied") from None
        name = os.path.basename(source)
        if stat.S_ISDIR(status.st_mode):
            _walk(source, name, os.path.realpath(root), ignored, found)
        else:
            _file(source, name, status, os.path.realpath(root), ignored, found)
    return found


def _walk(folder: str, place: str, root: str, ignored: Ignored, found: Plan) -> None:
    """Everything in a folder, sub-folders in the order of their names."""
    waiting = [(folder, place)]
    while waiting:
        folder, place = waiting.pop()
        if place and ignored.folder(place):
            found.skipped.append((folder, "Box never touches folders of this name"))
            continue
        if os.path.realpath(folder) == root or _is_in_inbox(folder, root):
            found.skipped.append((folder, "belongs to Box itself"))
            continue
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            found.refused.append((folder, error.strerror or str(error)))
            continue
        below = []
        for entry in entries:
            inner = f"{place}/{entry.name}" if place else entry.name
            if entry.is_symlink():
                found.skipped.append((entry.path, "is a link"))
            elif entry.is_dir():
                below.append((entry.path, inner))
            else:
                try:
                    _file(entry.path, inner, entry.stat(follow_symlinks=False), root, ignored, found)
                except OSError as error:  # gone since the listing
                    found.refused.append((entry.path, error.strerror or str(error)))
        waiting.extend(reversed(below))


def _file(source: str, place: str, status: os.stat_result, root: str, ignored: Ignored, found: Plan) -> None:
    if ignored.file(place):
        found.skipped.append((source, "Box never touches files of this name"))
    elif not stat.S_ISREG(status.st_mode):
        found.skipped.append((source, "is not a file"))
    elif not status.st_size:
        found.skipped.append((source, "is empty"))
    elif _is_in_inbox(os.path.dirname(source), root):
        found.skipped.append((source, "is in an inbox already"))
    else:
        found.files.append(Wanted(source, place, status.st_size))


def _is_in_inbox(folder: str, root: str) -> bool:
    real = os.path.realpath(folder)
    return real.startswith(root + "/") and paths.owner(paths.to_text(real[len(root) + 1 :]) + "/x")[1] == "inbox"


@dataclass(slots=True)
class Inbox:
    """Where copies go."""

    root: str
    path: str
    """Absolute."""
    _tidied: set[str] = field(default_factory=set)

    def copy(self, wanted: Wanted, on_bytes: Callable[[int], None]) -> Copied:
        """Copy one file; `on_bytes` is told how many more bytes were. Raises OSError and BoxError."""
        folder, name = os.path.split(os.path.join(self.path, wanted.place))
        disk.make_folder(folder)
        if folder not in self._tidied:
            _tidy(folder)
            self._tidied.add(folder)
        part = os.path.join(folder, f"{_PART}{os.getpid()}-{os.urandom(4).hex()}.part")
        try:
            copied = _write(wanted.source, part, on_bytes)
            landed = _land(part, folder, name)
        finally:
            with contextlib.suppress(FileNotFoundError):  # it has its name by now
                os.unlink(part)
        disk.sync_folder(folder)
        return Copied(paths.relative(self.root, landed), copied.st_size, disk.mtime_ns(copied))


def _write(source: str, part: str, on_bytes: Callable[[int], None]) -> os.stat_result:
    """Copy the bytes and the time, durably; what the copy is then."""
    reading = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        writing = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(writing, fcntl.LOCK_EX)  # so that no other `box add` takes it for a leftover
            before = os.fstat(reading)
            _pour(reading, writing, on_bytes)
            after = os.fstat(reading)
            if (before.st_size, disk.mtime_ns(before)) != (after.st_size, disk.mtime_ns(after)):
                raise BoxError("it changed while it was copied: add it again")
            os.utime(writing, ns=(after.st_atime_ns, after.st_mtime_ns))
            os.fsync(writing)
            return os.fstat(writing)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _pour(reading: int, writing: int, on_bytes: Callable[[int], None]) -> None:
    block = memoryview(bytearray(BLOCK_BYTES))
    while count := os.readv(reading, [block]):
        done = 0
        while done < count:
            done += os.write(writing, block[done:count])
        on_bytes(count)


def _land(part: str, folder: str, name: str) -> str:
    while True:
        landed = os.path.join(folder, file_names.free_name(folder, name))
        try:
            disk.rename_new(part, landed)
        except FileExistsError:
            continue  # taken since the look
        return landed


def _tidy(folder: str) -> None:
    """Remove what a killed `box add` left behind: old, and nobody holds it."""
    for name in os.listdir(folder):
        if not (name.startswith(_PART) and name.endswith(".part")):
            continue
        path = os.path.join(folder, name)
        with contextlib.suppress(OSError):  # gone, somebody else's, or held: then it is not ours to remove
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if time.time() - os.fstat(descriptor).st_mtime > LEFTOVER_SECONDS:
                    os.unlink(path)
            finally:
                os.close(descriptor)
