"""Patterns of names and of dates. The rule: what a pattern can give stays in its folder.

Readers, as those of `box.units` are: the name of a key and what somebody wrote there become a value or a ConfigError.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from box import units

DATE_DIRECTIVES: Final = "YymdjHMSBbAaUWuVG"
"""The letters that may follow `%` in a pattern; none of them can give a `/` or an empty text."""
FIELDS: Final = ("stem", "camera", "serial", "source_folder")
"""What may stand in braces in a pattern, and in a name also:"""
COUNTER: Final = "counter"


def name_patterns(where: str, value: object) -> tuple[str, ...]:
    """Patterns of names of files (`*.bak`) and of folders (`cache/`)."""
    patterns = units.texts(where, value)
    for place, pattern in enumerate(patterns):
        name = pattern.removesuffix("/")
        if not name.strip("*") or "/" in name:
            wanted = 'a pattern of names, such as "*.bak" or "cache/" (a folder), not a path and not everything'
            raise units.refused(f"{where}[{place}]", pattern, wanted)
    return patterns


def folder_pattern(where: str, value: object) -> str:
    """A pattern of dates and fields that can only give a relative path, never one that leaves its folder."""
    pattern = units.text(where, value)
    _check_pieces(where, pattern, FIELDS)
    if any(not name or name != name.strip() or name.startswith(".") for name in pattern.split("/")):
        wanted = "folder names with '/' between them, none empty, hidden or '..', without blanks at their ends"
        raise units.refused(where, value, f'{wanted}, such as "%Y/%Y-%m-%d"')
    return pattern


def name_pattern(where: str, value: object) -> str:
    """A pattern of dates and fields that can only give the name of a file, without its ending."""
    pattern = units.text(where, value)
    _check_pieces(where, pattern, (*FIELDS, COUNTER))
    if not pattern.strip() or pattern != pattern.strip() or pattern.startswith(".") or "/" in pattern:
        raise units.refused(where, value, 'a name, not hidden, without "/" and without blanks at its ends')
    if pattern.count(f"{{{COUNTER}}}") > 1:
        raise units.refused(where, value, f"{{{COUNTER}}} once")
    return pattern


def _check_pieces(where: str, pattern: str, fields: Sequence[str]) -> None:
    """Refuse what means nothing in a pattern, and what could grow too long for a name."""
    stray = re.search(rf"%(?![{DATE_DIRECTIVES}]).?", pattern.replace("%%", ""), re.DOTALL)
    if stray:
        known = " ".join(f"%{letter}" for letter in DATE_DIRECTIVES)
        raise units.refused(where, pattern, f"no {stray[0]!r}, only {known} and %% (for %)")
    known = " ".join(f"{{{field}}}" for field in fields)
    if re.search(r"[{}]", re.sub(rf"\{{(?:{'|'.join(fields)})\}}", "", pattern)):
        raise units.refused(where, pattern, f"braces only around a field: {known}")
    # The longest directive gives nine letters ("September"), and a name has room for 255 bytes.
    if not pattern.isprintable() or "\\" in pattern or len(pattern.encode()) + 7 * pattern.count("%") > 200:
        raise units.refused(where, pattern, "at most 200 bytes once dated, without a backslash or control characters")
