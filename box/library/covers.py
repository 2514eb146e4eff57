"""Covers of books. The rule: they are put into the scratch folder as the book holds them; nothing decodes them here."""

from __future__ import annotations

import os
from typing import Final

COVER_BYTES_MAX: Final = 32 * 1024 * 1024

_MAGIC: Final = ((b"\xff\xd8\xff", "jpg"), (b"\x89PNG\r\n\x1a\n", "png"), (b"GIF8", "gif"))


def put(data: bytes, scratch: str) -> str:
    """Write a cover; its name in the folder, empty if it is no picture of a known kind."""
    ending = next((name for magic, name in _MAGIC if data.startswith(magic)), "")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        ending = "webp"
    if not ending or len(data) > COVER_BYTES_MAX:
        return ""
    name = f"cover.{ending}"
    with open(os.path.join(scratch, name), "wb") as file:
        file.write(data)
    return name
