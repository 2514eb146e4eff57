"""JPEGs from before EXIF was everywhere. The rule: two old ways to write the time are known, and only looked at last.

Canon's first cameras put a small directory of their own (CIFF) into the file, Olympus, Agfa and Polaroid lines of text.
Both count seconds from 1970 on by the local clock of the camera.
"""

from __future__ import annotations

import re
import struct
from typing import Final

from box.photos import dates
from box.photos.tiff import Bytes

_SEARCHED_BYTES = 128 * 1024
_ENTRIES_MAX = 1000

_CIFF_MAGIC: Final = b"HEAPJPGM"
_CIFF_TIME = 0x180E
_TIME_DATE: Final = re.compile(rb"\[picture info\][\r\n\0][^\0]{0,500}?\bTimeDate=([0-9]{1,10})[\r\n]")


def read(data: Bytes) -> str:
    """When a JPEG was taken, as EXIF writes it; empty when it says so in neither way."""
    head = data[:_SEARCHED_BYTES]
    try:
        seconds = _ciff(head) or _lines(head)
    except struct.error:
        return ""
    moment = dates.of_seconds(seconds)
    return f"{moment.time:%Y:%m:%d %H:%M:%S}" if moment and seconds else ""


def _ciff(head: bytes) -> int:
    """The time in Canon's directory, whose place stands at the end of its segment; 0 when there is none."""
    begin = head.find(_CIFF_MAGIC) - 6
    if begin < 4:
        return 0
    order = ">" if head[begin : begin + 2] == b"MM" else "<"
    end = begin - 2 + int.from_bytes(head[begin - 2 : begin], "big")
    heap = begin + struct.unpack_from(f"{order}I", head, begin + 2)[0]
    at = heap + struct.unpack_from(f"{order}I", head, end - 4)[0]
    (count,) = struct.unpack_from(f"{order}H", head, at)
    for number in range(min(count, _ENTRIES_MAX)):
        tag, _, value_at = struct.unpack_from(f"{order}HII", head, at + 2 + 10 * number)
        if tag == _CIFF_TIME:
            (seconds,) = struct.unpack_from(f"{order}I", head, heap + value_at)
            return int(seconds)
    return 0


def _lines(head: bytes) -> int:
    match = _TIME_DATE.search(head)
    return int(match[1]) if match else 0
