"""Streams of a PDF that are damaged, or unpack to far more than they are. The rule: PDFium would not say so.

It unpacks what a page is made of into memory, up to a gigabyte of each stream, and ends the process when there is no
more; of a damaged one it takes what comes before the damage for all. This sees to the plain cases; the limits of the
child hold for the rest.
"""

from __future__ import annotations

import mmap
import re
import zlib
from typing import Final

from box.errors import Unprocessable
from box.library.packed import INNOCENT_BYTES, RATIO_MAX
from box.library.reading import BOMB, CORRUPT

_DICTIONARY_BYTES: Final = 2_048
_SMALL_BYTES: Final = INNOCENT_BYTES // 1_032
"""What is packed to less cannot unpack to more than is innocent: deflate does no better than 1,032 to 1."""
_BLOCK_BYTES: Final = 8 * 1024
_LAYERS_MAX: Final = 4
_LENGTH: Final = re.compile(rb"/Length\s+(\d{1,10})(?!\s+\d+\s+R)")
_PACKED: Final = re.compile(rb"/(?:FlateDecode|Fl)\b")
_PICTURE: Final = re.compile(rb"/Subtype\s*/Image\b")
_OTHER: Final = re.compile(
    rb"/(?:Type|Subtype|Length1|FunctionType|N|DecodeParms|DP|ASCII85Decode|A85|ASCIIHexDecode|AHx|LZWDecode|LZW"
    rb"|RunLengthDecode|RL|Crypt)\b"
)
"""In what is said of a stream that is neither what draws a page nor what tells which letters those are."""


def check(path: str, name: str) -> None:
    """Raises Unprocessable if the file, which is not empty, has such a stream. What is encrypted is not looked at."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        is_plain = view.find(b"/Encrypt") < 0
        at = 0
        while (at := view.find(b"stream", at)) >= 0:
            head = view[max(0, at - _DICTIONARY_BYTES) : at]
            at += len(b"stream")
            if head.endswith(b"end"):
                continue
            said = head.rpartition(b"obj")[2]
            length = _length(view, said, at)
            layers = len(_PACKED.findall(said))
            is_text = is_plain and layers == 1 and not _OTHER.search(said)
            if layers and not _PICTURE.search(said) and (length > _SMALL_BYTES or layers > 1 or is_text):
                is_whole = _unpack(view, at, length, min(layers, _LAYERS_MAX), name)
                if is_text and not is_whole:
                    raise Unprocessable(CORRUPT, f"{name} is damaged: a part of it cannot be unpacked")
            at += length


def _length(view: mmap.mmap, said: bytes, at: int) -> int:
    """Of the stream at that place: what it says, if it ends there; else up to where it does."""
    found = _LENGTH.search(said)
    length = int(found[1]) if found else -1
    if length >= 0 and b"endstream" in view[at + length : at + length + 32]:
        return length
    return max(0, view.find(b"endstream", at) - at)


def _unpack(view: mmap.mmap, at: int, length: int, layers: int, name: str) -> bool:
    """Unpacks and forgets, until the end or until it is too much; False if it is damaged."""
    limit = max(INNOCENT_BYTES, RATIO_MAX * length)
    start = at + (2 if view[at : at + 2] == b"\r\n" else 1)
    unpackers = [zlib.decompressobj() for _ in range(layers)]
    unpacked = 0
    try:
        for begin in range(start, at + length, _BLOCK_BYTES):
            data = view[begin : min(begin + _BLOCK_BYTES, at + length)]
            for unpacker in unpackers:
                data = unpacker.decompress(data, INNOCENT_BYTES)
                if unpacker.unconsumed_tail:
                    unpacked = limit
            unpacked += len(data)
            if unpacked > limit:
                raise Unprocessable(BOMB, f"{name} unpacks to far more than it is")
    except zlib.error:
        return False
    return True
