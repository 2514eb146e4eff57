"""Normalised text. The rule: what states the same in the same words is the same, however it is set.

Small letters, no accents, words with one space between them and nothing else.
"""

from __future__ import annotations

import hashlib
import unicodedata
from typing import Final

_DIGEST_BYTES: Final = 16


def normalised(text: str) -> str:
    """The words of a text."""
    apart = unicodedata.normalize("NFKD", text).casefold()
    kept = (
        letter if letter.isalnum() else "" if "\u0300" <= letter <= "\u036f" else _other(letter)
        for letter in apart
    )  # fmt: skip
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())


def _other(letter: str) -> str:
    """Signs that belong to a word in scripts that write vowels with them stay."""
    return letter if unicodedata.category(letter).startswith("M") else " "


def digest(normal: str) -> str:
    """By which the same claim is found in other items."""
    return hashlib.blake2b(normal.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).hexdigest()
