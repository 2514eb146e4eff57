"""The archive: compressed JSON lines under `archive/`. The rule: a file is whole or not there, and never written over.

A name says what a file holds and of which numbers: `events-000000000001-000000050000.jsonl.zst`. Its first line tells
of the file itself: format, first and last number, how many lines follow, and the digest of the file before it, so that
files of a kind make a chain. What the lines mean is for others to know. The same lines make the same bytes.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any, Final

from box import disk
from box.errors import BoxError, OutOfSpace

FOLDER: Final = "archive"
FORMAT: Final = 1

LEVEL: Final = 3
"""Measured on 50,000 events of photos: level 9 takes three times as long and a quarter more memory, and saves 1 %."""

_NAME: Final = re.compile(r"([a-z]+)-([0-9]{12,})-([0-9]{12,})(?:-[0-9]+)?\.jsonl\.zst")


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself."""

    first: int
    last: int
    count: int
    previous: str = ""
    """Digest of the file before it, empty for the first and for what is no chain."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file of the archive."""

    name: str
    """Relative to the root."""
    digest: str
    """blake3 of its bytes, in hexadecimal."""
    bytes: int


@contextmanager
def lock(root: str) -> Iterator[None]:
    """One writer at a time, whichever process it is in; waits for its turn, which is a moment. Makes the folder."""
    folder = os.path.join(root, FOLDER)
    disk.make_folder(folder)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write(root: str, kind: str, header: Header, lines: Iterable[str]) -> Written:
    """Write a file, durably; the caller holds the `lock`. Where the same bytes stand already, those are it."""
    folder = os.path.join(root, FOLDER)
    part = os.path.join(folder, f"{kind}.part")  # one that a crash left is written over
    try:
        _write(part, header, lines)
        digest, size = disk.digest_of(part), os.stat(part).st_size
        name = _place(folder, part, f"{kind}-{header.first:012d}-{header.last:012d}", digest)
    except BaseException as error:
        if os.path.lexists(part):
            os.unlink(part)
        if isinstance(error, OSError) and disk.is_full(error):
            raise OutOfSpace(f"no space left for the archive {folder}: free some and it goes on") from error
        raise
    return Written(f"{FOLDER}/{name}", digest, size)


def _write(part: str, header: Header, lines: Iterable[str]) -> None:
    zstd = _zstd()
    options = {zstd.CompressionParameter.compression_level: LEVEL, zstd.CompressionParameter.checksum_flag: 1}
    with open(part, "wb") as out:
        with zstd.ZstdFile(out, "w", options=options) as packed:
            packed.write(json.dumps({"format": FORMAT, **asdict(header)}).encode() + b"\n")
            for line in lines:
                packed.write(line.encode() + b"\n")
        out.flush()
        os.fsync(out.fileno())


def _place(folder: str, part: str, stem: str, digest: str) -> str:
    """Give the part a name under which nothing else stands; the name."""
    for number in count(1):
        name = f"{stem}{f'-{number}' if number > 1 else ''}.jsonl.zst"
        target = os.path.join(folder, name)
        if not os.path.lexists(target):
            disk.rename_new(part, target)
        elif disk.digest_of(target) == digest:  # a crash came before anybody knew of it
            os.unlink(part)
        else:
            continue
        disk.sync_folder(folder)
        return name
    raise AssertionError("there is always a next number")


def read(root: str, name: str, digest: str = "", skip: int = 0) -> Iterator[Any]:
    """The records of a file, without the first `skip`, one in memory at a time.

    Raises BoxError, before the first record, unless the file has that digest; and for a file that is damaged.
    """
    zstd = _zstd()
    try:
        if digest and disk.digest_of(os.path.join(root, name)) != digest:
            raise BoxError(f"{name} is not the file that was archived (its digest is another): {_BACK}")
        with zstd.ZstdFile(os.path.join(root, name)) as packed:
            wanted = _header(name, packed.readline()).count
            found = 0
            for line in packed:
                found += 1
                if found > skip:
                    yield json.loads(line)
    except FileNotFoundError as error:
        raise BoxError(f"{name} is not there: {_BACK}") from error
    except (zstd.ZstdError, EOFError, ValueError) as error:
        raise BoxError(f"{name} is damaged ({error}): {_BACK}") from error
    if found != wanted:
        raise BoxError(f"{name} is damaged ({found} records, not {wanted}): {_BACK}")


_BACK: Final = "put it back from a backup"


def header(root: str, name: str) -> Header:
    """What a file says of itself. Raises BoxError for a file that is not there, or that says nothing."""
    zstd = _zstd()
    try:
        with zstd.ZstdFile(os.path.join(root, name)) as packed:
            return _header(name, packed.readline())
    except FileNotFoundError as error:
        raise BoxError(f"{name} is not there: {_BACK}") from error
    except (zstd.ZstdError, EOFError, ValueError) as error:
        raise BoxError(f"{name} is damaged ({error}): {_BACK}") from error


def _header(name: str, line: bytes) -> Header:
    data = json.loads(line)
    if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
        raise BoxError(f"{name} has a format that this version does not know: run the version that wrote it")
    try:
        return Header(**data)
    except TypeError as error:
        raise ValueError(f"its first line is another one: {error}") from error


def holding(root: str, kind: str, number: int) -> list[str]:
    """The names of the files of a kind that may hold that number, as their names say."""
    try:
        names = os.listdir(os.path.join(root, FOLDER))
    except FileNotFoundError:
        return []
    found = []
    for name in sorted(names):
        match = _NAME.fullmatch(name)
        if match and match[1] == kind and int(match[2]) <= number <= int(match[3]):
            found.append(f"{FOLDER}/{name}")
    return found


def _zstd() -> Any:
    """The module of the standard library, or what older Pythons have in its place; only who archives pays for it."""
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415  see above
    else:
        from backports import zstd  # noqa: PLC0415  see above
    return zstd
