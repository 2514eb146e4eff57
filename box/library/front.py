"""The front matter of notes. The rule: YAML of which JSON is enough: a key and a JSON value a line."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

FENCE: Final = "---\n"
SLUG_CHARS_MAX: Final = 80
SLUG_BYTES_MAX: Final = 200
"""Names of files have 255, and there is an ending and perhaps a number to come."""

_NO_WORD: Final = re.compile(r"[\W_]+")


def front_matter(values: Mapping[str, Any]) -> str:
    """The lines before the text; what is empty is left out."""
    lines = (
        f"{key}: {json.dumps(value, ensure_ascii=False)}\n"
        for key, value in values.items()
        if value not in ("", (), {})
    )
    return FENCE + "".join(lines) + FENCE


def slug(title: str) -> str:
    """A title as a file name without its ending: letters and digits of any script, joined by `-`; may be empty."""
    words = _NO_WORD.sub("-", unicodedata.normalize("NFC", title).casefold()).strip("-")
    return words[:SLUG_CHARS_MAX].encode()[:SLUG_BYTES_MAX].decode(errors="ignore").rstrip("-")
