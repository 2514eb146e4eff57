"""Cells of spreadsheets as text. The rule: dates are ISO 8601, numbers are as they are stored, formulas are results."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

_DATES: Final = {*range(14, 18), *range(27, 32), 34, 35, 36, *range(50, 59)}
"""Numbers of formats that programs know without being told; those between 27 and 58 are of Asian versions."""
_TIMES: Final = {18, 19, 20, 21, 32, 33, 45, 46, 47}
_BOTH: Final = 22
_QUOTED: Final = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_DAY_LETTERS: Final = re.compile(r"[dyge]", re.IGNORECASE)
_TIME_LETTERS: Final = re.compile(r"[hs]", re.IGNORECASE)
_SINCE_1900: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a cell has no time zone
_SINCE_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001 - a cell has no time zone
_DAYS_MAX: Final = 2_958_465  # 9999-12-31
_ABSENT_DAY: Final = 60  # the 29th of February 1900, which never was: before it, days count one less


def shows(number_format: int, code: str) -> str:
    """What a format of numbers shows: "date", "time", "both", or empty for a number."""
    if not code:
        if number_format == _BOTH:
            return "both"
        return "date" if number_format in _DATES else "time" if number_format in _TIMES else ""
    if code.lower() == "general":
        return ""
    bare = _QUOTED.sub("", code.split(";", maxsplit=1)[0])
    has_time = bool(_TIME_LETTERS.search(bare))
    has_day = bool(_DAY_LETTERS.search(bare)) or (not has_time and "m" in bare.lower())
    return "both" if has_day and has_time else "date" if has_day else "time" if has_time else ""


def number(text: str, shown_as: str, *, since_1904: bool) -> str:
    """A stored number as text."""
    try:
        stored = float(text)
    except ValueError:
        return text
    if shown_as and 0 <= stored <= _DAYS_MAX:
        return _moment(stored, shown_as, since_1904=since_1904)
    if len(text) <= 15:
        return text
    return f"{stored:.15g}"


def _moment(days: float, shown_as: str, *, since_1904: bool) -> str:
    if shown_as == "time":
        seconds = round(days * 86_400)
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if not since_1904 and days < _ABSENT_DAY:
        days += 1
    try:
        moment = (_SINCE_1904 if since_1904 else _SINCE_1900) + timedelta(seconds=round(days * 86_400))
    except OverflowError:
        return f"{days:.15g}"
    if shown_as == "date" and days == int(days):
        return moment.date().isoformat()
    return moment.isoformat(timespec="seconds")


def column(reference: str) -> int:
    """The column that a reference names, from 0: "C5" is 2. -1 if it names none."""
    found = 0
    for letter in reference[:4]:
        if not ("A" <= letter <= "Z"):
            break
        found = found * 26 + ord(letter) - ord("A") + 1
    return found - 1
