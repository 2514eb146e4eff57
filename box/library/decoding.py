"""Bytes to text. The rule: a mark decides, then UTF-8, then the likeliest of the old ones; memory stays bounded."""

from __future__ import annotations

import codecs
import os
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
_OLD: Final = [
    "cp1252", "cp1251", "koi8_r", "cp932", "euc_jp", "gb18030", "big5", "euc_kr", "cp1250", "cp1253", "cp1254",
    "cp1255", "cp1256", "cp1257", "cp1258", "cp866", "cp874", "iso8859_2", "iso8859_5", "koi8_u", "iso2022_jp",
]  # fmt: skip
"""What texts from before Unicode are in; a guess among all encodings that there are is a worse one."""
_GUESS_BYTES: Final = 64 * 1024


def encoding_of(probe: bytes, *, whole: bool = False) -> str:
    """The encoding that text with this beginning is in; `whole`: it is all of it, and ends with a character."""
    for mark, name in _MARKS:
        if probe.startswith(mark):
            return name
    if b"\0" in probe:
        return _wide(probe)
    if b"\x1b$B" in probe or b"\x1b$@" in probe:
        return "iso2022_jp"  # seven bits, so it looks like UTF-8
    if is_unicode(probe, whole=whole):
        return "utf-8"
    from charset_normalizer import from_bytes  # noqa: PLC0415 - only what is not UTF-8 needs it

    # A cut in the middle of a character would speak against its encoding.
    guessed = probe[: probe.rfind(b"\n", 0, _GUESS_BYTES) + 1] if len(probe) > _GUESS_BYTES else probe
    best = from_bytes(guessed or probe[:_GUESS_BYTES], cp_isolation=_OLD).best()
    return best.encoding if best is not None else "cp1252"


def is_unicode(probe: bytes, *, whole: bool = True) -> bool:
    """Whether it has a mark, or is UTF-8 as far as it goes."""
    if probe.startswith(tuple(mark for mark, _ in _MARKS)):
        return True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(probe, whole)
    except UnicodeDecodeError:
        return False
    return True


def _wide(probe: bytes) -> str:
    """Of several bytes a character, without a mark: most characters of a text are in the first plane."""
    zeros = [probe[at::4].count(0) for at in range(4)]
    quarter = len(probe) // 4
    if quarter and zeros[3] >= quarter and zeros[2] >= quarter * 0.9 and zeros[0] < quarter:
        return "utf-32-le"
    if quarter and zeros[0] >= quarter and zeros[1] >= quarter * 0.9 and zeros[3] < quarter:
        return "utf-32-be"
    return "utf-16-be" if zeros[0] + zeros[2] > zeros[1] + zeros[3] else "utf-16-le"


def text_of(data: bytes) -> str:
    """All of a text that is in memory; what its encoding does not know becomes U+FFFD."""
    return data.decode(encoding_of(data[:_PROBE_BYTES], whole=len(data) <= _PROBE_BYTES), "replace")


def blocks(path: str) -> Iterator[str]:
    """A text file, in pieces that end with a blank line where they can; raises OSError."""
    with open(path, "rb") as file:
        encoding = encoding_of(file.read(_PROBE_BYTES), whole=os.fstat(file.fileno()).st_size <= _PROBE_BYTES)
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
