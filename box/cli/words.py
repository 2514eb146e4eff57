"""Numbers, times and names as people read them. The rule: pure; no terminal is known here, the clock is an argument.

Text from outside, such as names of files, is made printable first: none of it may reach a terminal as a command.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from box.paths import to_text

_UNITS: Final = ("kB", "MB", "GB", "TB", "PB")
_PERIODS: Final = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_STYLE = re.compile(r"(\x1b\[[0-9;]*m)")


def printable(text: str) -> str:
    """The text on one line and without control characters; those are escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def path(name: str) -> str:
    """A path as `os` gives it: undecodable bytes and control characters escaped."""
    return printable(to_text(name))


def size(number: int) -> str:
    """Bytes in three digits or so: "1.2 GB" (powers of 1000)."""
    if abs(number) < 1000:
        return f"{number} B"
    scaled, unit = float(number), ""
    for unit in _UNITS:  # noqa: B007 - the unit it ends at is the one
        scaled /= 1000
        if abs(scaled) < 999.5:
            break
    return f"{scaled:.0f} {unit}" if abs(scaled) >= 99.95 else f"{scaled:.1f} {unit}"


def count(number: int, noun: str) -> str:
    """A number and what it counts: "1 file", "1,204 files"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """How long, in its two largest units: "3 min", "2 h 5 min"; below ten seconds more exactly."""
    if 0 < seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95 and seconds != int(seconds):
        return f"{seconds:.1f} s"
    rest, parts = round(seconds), list[str]()
    for length, unit in _PERIODS:
        number, rest = divmod(rest, length)
        if number or parts:
            parts.append(f"{number} {unit}" if number else "")
        if len(parts) == 2:
            break
    return " ".join(filter(None, parts)) or "0 s"


def progress(told: Mapping[str, Any]) -> str:
    """How far a job is, as the status has it: "40 %, 4 of 10, 1.2 MB, reading"."""
    parts = [] if told["progress"] is None else [f"{told['progress']:.0f} %"]
    if told["done"] is not None:
        parts.append(f"{told['done']:,}" + ("" if told["total"] is None else f" of {told['total']:,}"))
    if told["bytes"] is not None:
        parts.append(size(told["bytes"]))
    return ", ".join((*parts, *filter(None, [printable(told["message"])]))) or "at work"


def ago(timestamp: float, now: float) -> str:
    """How long ago, in whole seconds; the clock of the writer may be a little ahead."""
    return f"{duration(max(0, int(now - timestamp)))} ago"


def timestamp(at: str) -> float:
    """Seconds since the epoch of a time as the log writes it (RFC 3339, UTC)."""
    return datetime.fromisoformat(at).timestamp()


def local_time(at: str) -> str:
    """A time of the log on this machine's clock; empty stays empty."""
    return datetime.fromisoformat(at).astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else ""


# --- columns ---------------------------------------------------------------------------------------------------------


def table(head: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = ()) -> list[str]:
    """Lines of a table: columns as wide as their widest cell, those named in `right` to the right."""
    cells = [list(head), *(list(row) for row in rows)]
    widths = [max(width(row[n]) for row in cells) for n in range(len(head))]
    return [
        "  ".join(padded(cell, widths[n], right=head[n] in right) for n, cell in enumerate(row)).rstrip()
        for row in cells
    ]


def padded(text: str, columns: int, *, right: bool = False) -> str:
    """The text with blanks, to fill so many columns."""
    blank = " " * (columns - width(text))
    return blank + text if right else text + blank


def width(text: str) -> int:
    """How many columns a text takes on a terminal; its styles take none."""
    if "\x1b" in text:
        return width(_STYLE.sub("", text))
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width  # noqa: PLC0415 - most texts are ASCII

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def clipped(text: str, columns: int) -> str:
    """As much of a line as fits, with a `>` where it was cut; its styles stay whole."""
    if width(text) <= columns:
        return text
    parts, room = [], max(0, columns - 1)
    for n, part in enumerate(_STYLE.split(text)):
        if n % 2 == 0:
            while part and width(part) > room:
                part = part[:-1]  # noqa: PLW2901 - cut until it fits
            room -= width(part)
        parts.append(part)
    return "".join(parts) + ">"
