"""What stands between two lines of dashes at the top of a Markdown file. The rule: its plain keys are read, no YAML is.

`key: value`, `key: [a, b]`, lists of `- item` below a key, and the same in TOML between `+++`. What is more than that
is left alone: a full reader of YAML is more than a title is worth.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

CHARS_MAX: Final = 64 * 1024
_VALUES_MAX: Final = 200
_VALUE_CHARS_MAX: Final = 1_000

_BLOCK: Final = re.compile(r"\A\ufeff?(---|\+\+\+)[ \t]*\n(.*?)^(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_PAIR: Final = re.compile(r"([A-Za-z][\w -]{0,60}?)\s*[:=]\s*(.*)")
_LISTED: Final = re.compile(r"\s*-\s+(.+)")
_QUOTED: Final = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^']|'')*)'|([^,\[\]]+)")


def split(text: str) -> tuple[Mapping[str, tuple[str, ...]], str]:
    """The values by their keys, in small letters, and the text below."""
    match = _BLOCK.match(text[:CHARS_MAX])
    if not match:
        return {}, text
    found: dict[str, tuple[str, ...]] = {}
    key = ""
    for row in match[2].split("\n"):
        pair, listed = _PAIR.match(row), _LISTED.match(row)
        if pair and len(found) < _VALUES_MAX:
            key = pair[1].lower()
            found[key] = _values(pair[2])
        elif listed and key and len(found[key]) < _VALUES_MAX:
            found[key] += _values(listed[1], one=True)
    return found, text[match.end() :]


def _values(text: str, *, one: bool = False) -> tuple[str, ...]:
    """A scalar, or what is in brackets."""
    text = text.strip()[: 10 * _VALUE_CHARS_MAX]
    if text.startswith("[") and text.endswith("]") and not one:
        parts = [_plain(match[0]) for match in _QUOTED.finditer(text[1:-1])]
        return tuple(part for part in parts if part)[:_VALUES_MAX]
    value = _plain(text)
    return (value,) if value and value not in {"|", ">", "|-", ">-", "{}", "null", "~"} else ()


def _plain(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].replace('\\"', '"').replace("''", "'")
    return text.strip()[:_VALUE_CHARS_MAX]
