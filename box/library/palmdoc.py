"""The text records of a MOBI. The rule: what unpacks to another length than the book says it has is damaged.

Nothing in such a file is a checksum, and what `mobitool` makes of damaged text looks like text.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO, Final

PLAIN: Final = 1
PACKED: Final = 2
RECORD_BYTES_MAX: Final = 1024 * 1024

_RECORDS_AT: Final = 76
_FLAGS_AT: Final = 242
"""Of a header that is long enough: which trailers each record of text has."""
_VERSIONED_BYTES: Final = 228


@dataclass(frozen=True, slots=True)
class Header:
    """What the first record says about the text."""

    compression: int
    length: int
    """Of all text, unpacked."""
    records: int
    """Of text; they follow the first one."""
    encryption: int
    trailers: int


def header(file: BinaryIO) -> Header | None:
    """The header of a book, None for a file that ends before it."""
    first = next(_records(file, 0, 1), b"")
    if len(first) < 16:
        return None
    compression, _, length, records, _, encryption = struct.unpack_from(">HHIHHH", first)
    size = int.from_bytes(first[20:24], "big") if first[16:20] == b"MOBI" else 0
    trailers = int.from_bytes(first[_FLAGS_AT : _FLAGS_AT + 2], "big") if size >= _VERSIONED_BYTES else 0
    return Header(compression, length, records, encryption, trailers)


def is_whole(file: BinaryIO, said: Header) -> bool:
    """Whether its text unpacks to what the header says. Of what is packed in other ways nobody can tell: it is."""
    if said.compression not in {PLAIN, PACKED}:
        return True
    length = 0
    for record in _records(file, 1, said.records):
        text = record[: len(record) - _trailing(record, said.trailers)]
        size = len(text) if said.compression == PLAIN else unpacked_length(text)
        if size < 0:
            return False
        length += size
    return length == said.length


def unpacked_length(packed: bytes) -> int:
    """How many bytes a record unpacks to, -1 if it refers to what is before its beginning."""
    at = length = 0
    end = len(packed)
    while at < end:
        byte = packed[at]
        at += 1
        if 1 <= byte <= 8:
            length += byte
            at += byte
        elif byte < 0x80:
            length += 1
        elif byte >= 0xC0:
            length += 2
        elif at < end:
            pair = byte << 8 | packed[at]
            at += 1
            distance = (pair & 0x3FFF) >> 3
            if not 0 < distance <= length:
                return -1
            length += (pair & 7) + 3
    return length if at == end else -1


def _records(file: BinaryIO, first: int, count: int) -> Iterator[bytes]:
    """So many records; fewer where the file ends."""
    file.seek(_RECORDS_AT)
    total = int.from_bytes(file.read(2), "big")
    table = file.read(8 * total)
    starts = [start for start, _ in struct.iter_unpack(">II", table[: len(table) // 8 * 8])]
    starts.append(file.seek(0, 2))
    for start, end in list(pairwise(starts))[first : first + count]:
        file.seek(start)
        yield file.read(max(0, min(end - start, RECORD_BYTES_MAX)))


def _trailing(record: bytes, trailers: int) -> int:
    """How many bytes at the end of a record are no text."""
    size = 0
    for bit in range(1, 16):
        if trailers >> bit & 1:
            size += _backward(record[: len(record) - size])
    if trailers & 1 and size < len(record):
        size += (record[-size - 1] & 3) + 1
    return min(size, len(record))


def _backward(record: bytes) -> int:
    """A number that is written from the end: seven bits a byte, the first of them has the highest bit."""
    value = 0
    for byte in record[-4:]:
        if byte & 0x80:
            value = 0
        value = value << 7 | byte & 0x7F
    return value
