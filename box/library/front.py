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
        if value not in ("", (), [], {})
    )
    return FENCE + "".join(lines) + FENCE


def renewed(note: str, values: Mapping[str, Any]) -> str:
    """A note with other values in its front matter; what else stands there stays as it is."""
    end = note.find(f"\n{FENCE}", len(FENCE) - 1)
    if not note.startswith(FENCE) or end < 0:
        return f"{front_matter(values)}\n{note}"
    new = {line.partition(":")[0]: line for line in front_matter(values).split("\n")[1:-2]}
    lines = [new.pop(line.partition(":")[0], line) for line in note[len(FENCE) : end].split("\n")]
    return FENCE + "\n".join((*lines, *new.values(), note[end + 1 :]))


def _between(match: re.Match[str]) -> str:
    """What stands for what is no word; signs for vowels are a part of one."""
    signs = "".join(char for char in match[0] if unicodedata.category(char).startswith("M"))
    return signs if signs == match[0] else f"{signs}-"


def slug(title: str) -> str:
    """A title as a file name without its ending: letters and digits of any script, joined by `-`; may be empty."""
    words = _NO_WORD.sub(_between, unicodedata.normalize("NFC", title).casefold()).strip("-")
    return words[:SLUG_CHARS_MAX].encode()[:SLUG_BYTES_MAX].decode(errors="ignore").rstrip("-")
