"""Patterns of names and of dates. The rule: what a pattern can give stays in its folder.

Readers, as those of `box.units` are: the name of a key and what somebody wrote there become a value or a ConfigError.
"""

from __future__ import annotations

import re
from typing import Final

from box import units

DATE_DIRECTIVES: Final = "YymdjHMSBbAaUWuVG"
"""The letters that may follow `%` in `photos.folder`; none of them can give a `/` or an empty text."""


def name_patterns(where: str, value: object) -> tuple[str, ...]:
    """Patterns of names of files (`*.bak`) and of folders (`cache/`)."""
    patterns = units.texts(where, value)
    for place, pattern in enumerate(patterns):
        name = pattern.removesuffix("/")
        if not name.strip("*") or "/" in name:
            wanted = 'a pattern of names, such as "*.bak" or "cache/" (a folder), not a path and not everything'
            raise units.refused(f"{where}[{place}]", pattern, wanted)
    return patterns


def date_pattern(where: str, value: object) -> str:
    """A pattern for `strftime` that can only give a relative path, never one that leaves its folder."""
    pattern = units.text(where, value)
    stray = re.search(rf"%(?![{DATE_DIRECTIVES}]).?", pattern.replace("%%", ""), re.DOTALL)
    if stray:
        known = " ".join(f"%{letter}" for letter in DATE_DIRECTIVES)
        raise units.refused(where, value, f"no {stray[0]!r}, only {known} and %% (for %)")
    if any(not name or name != name.strip() or name.startswith(".") for name in pattern.split("/")):
        wanted = "folder names with '/' between them, none empty, hidden or '..', without blanks at their ends"
        raise units.refused(where, value, f'{wanted}, such as "%Y/%Y-%m-%d"')
    # The longest directive gives nine letters ("September"), and a name has room for 255 bytes.
    if not pattern.isprintable() or "\\" in pattern or len(pattern.encode()) + 7 * pattern.count("%") > 200:
        raise units.refused(where, value, "at most 200 bytes once dated, without a backslash or control characters")
    return pattern
