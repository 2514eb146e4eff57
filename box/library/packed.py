"""Opening ZIPs from anywhere. The rule: what it unpacks to is known and bounded before a byte of it is unpacked.

Nothing in here writes to disk, so a name within a ZIP is only ever a key: `../../x` does no harm.
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO, Final, cast

from box.errors import Unprocessable
from box.library.reading import BOMB, CORRUPT, ENCRYPTED, OVERSIZED

ENTRIES_MAX: Final = 20_000
DIRECTORY_BYTES_MAX: Final = 8 * 1024 * 1024
"""Of the list of entries, which is held in memory whole."""
UNPACKED_BYTES_MAX: Final = 8 * 1024**3
RATIO_MAX: Final = 200
"""Text packs to a tenth, tables of equal cells to a hundredth of their size."""
INNOCENT_BYTES: Final = 16 * 1024 * 1024
"""What does not unpack to more than this may have any ratio."""
PART_BYTES_MAX: Final = 64 * 1024 * 1024
"""Of a part that is read into memory."""
STREAM_BYTES_MAX: Final = 2 * 1024**3

_END: Final = b"PK\x05\x06"
_END_BYTES: Final = 22
_END_64_BYTES: Final = 56
_LOCATOR_BYTES: Final = 20
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OverflowError, ValueError, RuntimeError)
"""What `zipfile` raises for bytes that are no ZIP, or no longer."""


class Packed:
    """An open ZIP whose sizes are within bounds."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self._archive = archive
        self._name = name
        self._parts = {part.filename: part for part in archive.infolist() if not part.is_dir()}
        self.names = tuple(self._parts)
        """Of the files in it, in their order."""

    def size(self, name: str) -> int:
        """How many bytes a part unpacks to at most."""
        return self._part(name).file_size

    def read(self, name: str, bytes_max: int = PART_BYTES_MAX) -> bytes:
        """All of a part; Unprocessable if it is longer than `bytes_max`, damaged or not there."""
        with self.stream(name, bytes_max) as stream:
            return stream.read()

    @contextmanager
    def stream(self, name: str, bytes_max: int = STREAM_BYTES_MAX) -> Iterator[BinaryIO]:
        """A part, to be read piece by piece; damage that reading finds is Unprocessable."""
        part = self._part(name)
        if part.file_size > bytes_max:
            raise Unprocessable(OVERSIZED, f"{self._name}: {name} in it is longer than {bytes_max:,} bytes")
        with _telling_damage(self._name), self._archive.open(part) as stream:
            yield cast("BinaryIO", stream)  # zipfile never gives more than the size that the entry claims

    def _part(self, name: str) -> zipfile.ZipInfo:
        part = self._parts.get(name)
        if part is None:
            raise Unprocessable(CORRUPT, f"{self._name}: {name} is missing in it")
        return part


@contextmanager
def open_zip(path: str, name: str) -> Iterator[Packed]:
    """The ZIP at `path`, which people call `name`; raises Unprocessable (encrypted, corrupt, bomb) and OSError."""
    with open(path, "rb") as file:
        _check_directory(file, name)
        with _telling_damage(name):
            archive = zipfile.ZipFile(file)
        with archive:
            _check_entries(archive, os.fstat(file.fileno()).st_size, name)
            yield Packed(archive, name)


@contextmanager
def _telling_damage(name: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise Unprocessable(CORRUPT, f"{name} is damaged: {str(error) or type(error).__name__}") from None


def _check_directory(file: IO[bytes], name: str) -> None:
    """`zipfile` reads the whole directory at once; where it looks for its size, this looks first."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END_BYTES - 65_535 - _LOCATOR_BYTES - _END_64_BYTES))
    tail = file.read()
    at = len(tail) - _END_BYTES
    if at < 0 or tail[at : at + 4] != _END or tail[-2:] != b"\0\0":
        at = tail.rfind(_END)
    end = tail[at : at + _END_BYTES]
    if at < 0 or len(end) < _END_BYTES:
        raise Unprocessable(CORRUPT, f"{name} is damaged: its list of contents is missing")
    directory_bytes = int.from_bytes(end[12:16], "little")
    if tail[max(0, at - _LOCATOR_BYTES) :].startswith(b"PK\x06\x07"):
        end_64 = tail[max(0, at - _LOCATOR_BYTES - _END_64_BYTES) :][:_END_64_BYTES]
        directory_bytes = int.from_bytes(end_64[40:48], "little")
    if directory_bytes > DIRECTORY_BYTES_MAX:
        raise Unprocessable(BOMB, f"{name} lists more contents than any document has")
    file.seek(0)


def _check_entries(archive: zipfile.ZipFile, file_bytes: int, name: str) -> None:
    parts = archive.infolist()
    if any(part.flag_bits & 1 for part in parts):
        raise Unprocessable(ENCRYPTED, f"{name} is protected by a password")
    if len(parts) > ENTRIES_MAX:
        raise Unprocessable(BOMB, f"{name} holds {len(parts):,} files, more than {ENTRIES_MAX:,}")
    unpacked = sum(part.file_size for part in parts)
    # Parts may lie over one another, so the sum is held against the file and not against what they claim to take.
    steep = unpacked > RATIO_MAX * file_bytes or any(_is_steep(part) for part in parts)
    if unpacked > INNOCENT_BYTES and steep:
        raise Unprocessable(BOMB, f"{name} unpacks to {unpacked:,} bytes, far more than it is")
    if unpacked > UNPACKED_BYTES_MAX:
        raise Unprocessable(OVERSIZED, f"{name} unpacks to {unpacked:,} bytes")
    if any(part.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} for part in parts):
        raise Unprocessable(CORRUPT, f"{name} is packed in a way that documents are not")


def _is_steep(part: zipfile.ZipInfo) -> bool:
    return part.file_size > INNOCENT_BYTES and part.file_size > RATIO_MAX * part.compress_size
