"""Dates as files tell them. The rule: what cannot be read for certain is no date.

RFC 3339 or the beginning of it comes out; a time without an offset from UTC is left away, for it is no moment.
"""

from __future__ import annotations

import email.utils
import re
from datetime import date, datetime
from typing import Final

_ISO: Final = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?\s?(Z|[+-]\d\d:?\d\d)?)?)?)?(?!\d)"
)
_COMPACT: Final = re.compile(r"(\d{4})[/.]?(\d\d)[/.]?(\d\d)(?!\d)")
_YEAR_MIN: Final = 1000


def date_of(text: str) -> str:
    """`2024-05-04T10:30:00+02:00`, `2024-05-04`, `2024-05` or `2024`; empty when the text says none of them."""
    text = text.strip()[:100]
    try:
        if compact := _COMPACT.match(text):
            return date(int(compact[1]), int(compact[2]), int(compact[3])).isoformat()
        if match := _ISO.match(text):
            return _of_iso(match)
        return email.utils.parsedate_to_datetime(text).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""


def _of_iso(match: re.Match[str]) -> str:
    year, month, day, hour, minute, second, offset = match.groups()
    if int(year) < _YEAR_MIN:
        return ""
    if not month:
        return str(year)
    found = date(int(year), int(month), int(day or 1))
    if not day:
        return f"{found:%Y-%m}"
    if not hour or not offset:
        return found.isoformat()
    moment = datetime.fromisoformat(f"{found.isoformat()}T{hour}:{minute}:{second or '00'}")
    if offset == "Z":
        return f"{moment.isoformat()}Z"
    return f"{moment.isoformat()}{offset if ':' in offset else offset[:3] + ':' + offset[3:]}"
