"""XML as it flows. The rule: starts, texts and ends in the order of the document, and nothing of it stays in memory.

A file that is packed by gzip or bzip2 is unpacked on the way, within bounds.
"""

from __future__ import annotations

import bz2
import gzip
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final, cast
from xml.etree.ElementTree import Element

from box.errors import Unprocessable
from box.library import safe_xml
from box.library.reading import BOMB, CORRUPT

UNPACKED_BYTES_MAX: Final = 64 * 1024**3
"""Of a packed file: more than any dump that somebody reads has."""

type_token = tuple[str, Element] | tuple[str, str]


@contextmanager
def opened(path: str, name: str) -> Iterator[BinaryIO]:
    """The XML in a file, plain or packed. Raises Unprocessable and OSError."""
    with open(path, "rb") as file:
        magic = file.read(3)
        file.seek(0)
        try:
            if magic[:2] == b"\x1f\x8b":
                with gzip.GzipFile(fileobj=file) as unpacked:
                    yield cast("BinaryIO", _Bounded(cast("BinaryIO", unpacked), name))
            elif magic == b"BZh":
                with bz2.BZ2File(file) as unpacked_2:
                    yield cast("BinaryIO", _Bounded(cast("BinaryIO", unpacked_2), name))
            else:
                yield file
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise Unprocessable(CORRUPT, f"{name} cannot be unpacked: {error}") from None


class _Bounded:
    """A stream of which so much is read at most."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self._name = name
        self._read = 0

    def read(self, size: int) -> bytes:
        """The next bytes."""
        try:
            data = self._stream.read(size)
        except OSError as error:  # what bzip2 says of damage, too
            if error.errno is not None:
                raise
            raise Unprocessable(CORRUPT, f"{self._name} cannot be unpacked: {error}") from None
        self._read += len(data)
        if self._read > UNPACKED_BYTES_MAX:
            raise Unprocessable(BOMB, f"{self._name} unpacks to more than {UNPACKED_BYTES_MAX:,} bytes")
        return data


def flow(stream: BinaryIO, name: str, keep: Collection[str] = ()) -> Iterator[type_token]:
    """("start", element), with its attributes; ("text", text); ("end", element). Raises Unprocessable.

    `keep` as in `safe_xml.events`: elements that are whole when they end.
    """
    last: tuple[str, Element, str | None] | None = None
    for kind, element in safe_xml.events(stream, name, keep=keep):
        if last is not None:
            # What follows an element is known either at once or when the next one is: it is emptied in between.
            text = last[1].text if last[0] == "start" else last[2] or last[1].tail
            if text:
                yield "text", text
        # What has ended is emptied when the next is asked for; its tail may be there by now.
        last = (kind, element, element.tail)
        yield kind, element
