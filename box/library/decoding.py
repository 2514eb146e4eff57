"""Bytes to text. The rule: a mark decides, then UTF-8, then the likeliest of the old ones; memory stays bounded."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Final

_PROBE_BYTES: Final = 256 * 1024
_BLOCK_CHARS: Final = 64 * 1024
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(probe: bytes) -> str:
    """The encoding that text with this beginning is in."""
    for mark, name in _MARKS:
        if probe.startswith(mark):
            return name
    if b"\0" in probe:
        return "utf-16-be" if probe[::2].count(0) > probe[1::2].count(0) else "utf-16-le"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(probe)
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes  # noqa: PLC0415 - only what is not UTF-8 needs it

        best = from_bytes(probe).best()
        return best.encoding if best is not None else "cp1252"
    return "utf-8"


def text_of(data: bytes) -> str:
    """All of a text that is in memory; what its encoding does not know becomes U+FFFD."""
    return data.decode(encoding_of(data[:_PROBE_BYTES]), "replace")


def blocks(path: str) -> Iterator[str]:
    """A text file, in pieces that end with a blank line where they can; raises OSError."""
    with open(path, "rb") as file:
        encoding = encoding_of(file.read(_PROBE_BYTES))
    with open(path, encoding=encoding, errors="replace", newline=None) as text:
        rest = ""
        while more := text.read(_BLOCK_CHARS):
            block, gap, rest = (rest + more).rpartition("\n\n")
            if gap:
                yield block
            elif len(rest) > 16 * _BLOCK_CHARS:  # no blank line anywhere
                block, _, rest = rest.rpartition("\n")
                yield block or rest
                rest = rest if block else ""
        if rest.strip():
            yield rest
