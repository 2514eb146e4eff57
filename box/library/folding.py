"""Folding. The rule: the index and a question write letters alike; where each stood in the text can be told.

What the tokenizer of SQLite does not do itself: signs of Arabic and Hebrew for vowels go, and what nobody sees, such as
soft hyphens; ligatures and wide letters become what they stand for, ß is ss; letters of Greek lose their accents.
"""

# ruff: noqa: RUF001 - letters that are taken for others are what this is about

from __future__ import annotations

import re
import unicodedata
from typing import Final

_GONE: Final = (
    *range(0x0591, 0x05BE), 0x05BF, 0x05C1, 0x05C2, 0x05C4, 0x05C5, 0x05C7,  # points of Hebrew
    *range(0x0610, 0x061B), 0x0640, *range(0x064B, 0x0660), 0x0670, *range(0x06D6, 0x06DD), *range(0x06DF, 0x06E9),
    *range(0x06EA, 0x06EE), *range(0x08D3, 0x0900),  # signs of Arabic, and the line that makes its words longer
    0x00AD, *range(0x200B, 0x2010), 0x2060, 0xFEFF,  # what is not seen
)  # fmt: skip
_ALIKE: Final = {
    "ß": "ss", "ẞ": "SS", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "œ": "oe",
    "Œ": "OE", "ё": "е", "Ё": "Е", "ς": "σ",
}  # fmt: skip
_GREEK: Final = (*range(0x0386, 0x03CF), *range(0x1F00, 0x1FFD))
_TABLE: Final = {
    **{
        code: base
        for code in _GREEK
        if (base := unicodedata.normalize("NFD", chr(code))[0]) not in (chr(code), "\u00a8")
    },
    **dict.fromkeys(_GONE, ""),
    **{ord(letter): other for letter, other in _ALIKE.items()},
    **{code: unicodedata.normalize("NFKC", chr(code)) for code in (*range(0xFB00, 0xFB07), *range(0xFF01, 0xFF5F))},
}
_ANY: Final = re.compile(f"[{re.escape(''.join(map(chr, _TABLE)))}]")


def folded(text: str) -> str:
    """The text as it is looked for."""
    return text if text.isascii() or not _ANY.search(text) else text.translate(_TABLE)


def places(text: str) -> list[int]:
    """Of each character of the folded text, and of its end, where in the text that is."""
    sizes = [len(_TABLE.get(ord(char), char)) for char in text]
    found = [place for place, size in enumerate(sizes) for _ in range(size)]
    return [*found, len(text)]
