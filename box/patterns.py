"""Patterns of names and of dates, and dates themselves. The rule: what a pattern can give stays in its folder.

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
NAME_DIRECTIVES: Final = "YymdHMSf"
"""The letters that may follow `%` in `photos.name_patterns`."""
_STARS_MAX = 10


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


def dated_names(where: str, value: object) -> tuple[str, ...]:
    """Patterns of file names with a date in them, such as `CAM%Y%m%d-%H%M%S*`; `*` is anything, `?` one character."""
    patterns = units.texts(where, value)
    for place, pattern in enumerate(patterns):
        _check_dated(f"{where}[{place}]", pattern)
    return patterns


def _check_dated(where: str, pattern: str) -> None:
    letters = re.findall("%(.?)", pattern.replace("%%", ""), re.DOTALL)
    stray = [letter for letter in letters if letter not in {*NAME_DIRECTIVES}]
    if stray:
        known = " ".join(f"%{letter}" for letter in NAME_DIRECTIVES)
        raise units.refused(where, pattern, f"no {'%' + stray[0]!r}, only {known} and %% (for %)")
    if sorted({*letters} & {*"Yymd"}) not in (["Y", "d", "m"], ["d", "m", "y"]) or len(letters) != len({*letters}):
        raise units.refused(where, pattern, "a year (%Y or %y), %m and %d, each once")
    if "".join(letter for letter in "HMSf" if letter in letters) not in {"", "HM", "HMS", "HMSf"}:
        raise units.refused(where, pattern, "a time from its hours on: %H and %M, then %S, then %f, or none of them")
    if "/" in pattern or len(pattern) > 255 or pattern.count("*") > _STARS_MAX:
        raise units.refused(where, pattern, f"the name of a file, not a path, with at most {_STARS_MAX} '*'")


def spoken_language(where: str, value: object) -> str:
    """A language by its code; empty for the one that is heard."""
    code = units.text(where, value)
    if code and not re.fullmatch("[a-z]{2,3}", code):
        raise units.refused(where, value, 'the code of a language, such as "en" or "de", or "" to have it found out')
    return code


def timezone(where: str, value: object) -> str:
    """The IANA name of a time zone that this machine knows; empty for none."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - most configurations name no zone

    name = units.text(where, value)
    try:
        if name:
            ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # no such file, not a name, a folder of zones
        wanted = (
            'a time zone that this machine knows, such as "Europe/Berlin" (they come with the package tzdata), or ""'
        )
        raise units.refused(where, name, wanted) from None
    return name


def time_of_day(where: str, value: object) -> str:
    """Hours and minutes, written as `HH:MM`, or as the time that TOML knows."""
    text = value if isinstance(value, str) else str(value).removesuffix(":00") if _is(value, "time") else ""
    match = re.fullmatch("([0-9]{1,2}):([0-9]{2})", text)
    if not match or int(match[1]) > 23 or int(match[2]) > 59:
        raise units.refused(where, value, 'a time from "00:00" to "23:59"')
    return f"{int(match[1]):02}:{match[2]}"


def day(where: str, value: object) -> str:
    """A day, written as `YYYY-MM-DD`, or as the date that TOML knows."""
    from datetime import date  # noqa: PLC0415 - only a configuration that names a day needs it

    text = value if isinstance(value, str) else str(value) if _is(value, "date") else ""
    try:
        if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise units.refused(where, value, 'a day, such as "1990-01-01"')


def _is(value: object, kind: str) -> bool:
    """Whether TOML made it of a local date or time."""
    return type(value).__name__ == kind
