"""Streams. The rule: all that is printed goes through here; where no person looks there is no colour, bar or progress.

Results go to stdout, everything else (errors, notes, progress) to stderr.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from box.cli import words

_STYLES: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}
_CLEAR_LINE: Final = "\r\x1b[K"
PAINT_SECONDS: Final = 0.1
"""Between two paintings of a progress line."""

_writing = threading.RLock()
"""Held while something is written where a progress line may stand: workers log while the command paints."""
_progress_is_shown = False


def prepare() -> None:
    """Once, before anything is printed: a character that the terminal does not know is escaped, not fatal."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def discard() -> None:
    """Nobody reads stdout any more: what is left in it goes nowhere, without a complaint at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# --- lines -----------------------------------------------------------------------------------------------------------


def line(text: str = "") -> None:
    """A line of the result."""
    _end_progress()
    sys.stdout.write(text + "\n")


def flush() -> None:
    """Let whoever reads a pipe see it now."""
    sys.stdout.flush()


def table(head: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = ()) -> None:
    """A table; columns named in `right` stand to the right."""
    first, *rest = words.table(head, rows, right)
    line(styled(first, "bold"))
    for each in rest:
        line(each)


def value(data: Any) -> None:
    """A result for programs: one JSON value on one line."""
    line(json.dumps(data, ensure_ascii=False))


def note(text: str) -> None:
    """Something that people may want to know, which is not the result."""
    with _writing:
        _end_progress()
        sys.stdout.flush()
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def error(text: str) -> None:
    """What is wrong, in one line."""
    note("box: " + words.printable(text))


# --- terminals -------------------------------------------------------------------------------------------------------


def is_terminal() -> bool:
    """Whether a person reads the result."""
    return sys.stdout.isatty()


def styled(text: str, style: str) -> str:
    """The text in a colour or weight; as it is where nobody would see that, or nobody wants it."""
    if not style or not text or not sys.stdout.isatty() or os.environ.get("NO_COLOR") or _is_dumb():
        return text
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def bar(fraction: float, width: int = 20) -> str:
    """How much of something, as a bar."""
    full = max(0, min(width, round(fraction * width)))
    on, off = ("\u2588", "\u2591") if (sys.stdout.encoding or "").lower().startswith("utf") else ("#", ".")
    return on * full + off * (width - full)


def columns() -> int:
    """How wide the terminal is."""
    return _terminal()[0]


def _terminal() -> tuple[int, int]:
    from shutil import get_terminal_size  # noqa: PLC0415 - not every command needs it

    return get_terminal_size()


def _is_dumb() -> bool:
    return os.environ.get("TERM") == "dumb"


# --- a page that is painted again ------------------------------------------------------------------------------------


@contextmanager
def page() -> Iterator[None]:
    """Paint on a screen of its own; the terminal is given back as it was, however this ends."""
    if not is_terminal() or _is_dumb():
        yield
        return
    sys.stdout.write("\x1b[?1049h\x1b[?25l")
    try:
        yield
    finally:
        sys.stdout.write("\x1b[?25h\x1b[?1049l")
        sys.stdout.flush()


def paint(lines: Sequence[str]) -> None:
    """The page anew: what fits on the terminal; elsewhere all of it, with an empty line after it."""
    if not is_terminal() or _is_dumb():
        sys.stdout.write("".join(f"{each}\n" for each in (*lines, "")))
    else:
        width, height = _terminal()
        shown = "\n".join(f"{words.clipped(each, width)}\x1b[0m\x1b[K" for each in lines[:height])
        sys.stdout.write(f"\x1b[H{shown}\x1b[J")
    sys.stdout.flush()


# --- progress --------------------------------------------------------------------------------------------------------


class Progress:
    """A line on stderr that is painted over and over; nothing at all where nobody sees it."""

    def __init__(self) -> None:
        self.is_shown = sys.stderr.isatty() and not _is_dumb()
        """Whether there is a person to see it."""
        self._next_at = 0.0

    def show(self, fraction: float | None, text: str) -> None:
        """Paint the line anew, with a bar unless the fraction is unknown; at most ten times a second."""
        global _progress_is_shown  # noqa: PLW0603 - there is one terminal
        now = time.monotonic()
        if not self.is_shown or now < self._next_at:
            return
        self._next_at = now + PAINT_SECONDS
        text = words.printable(text)
        shown = text if fraction is None else f"{bar(fraction)} {fraction * 100:3.0f} %  {text}"
        with _writing:
            sys.stderr.write(_CLEAR_LINE + words.clipped(shown, columns() - 1))
            sys.stderr.flush()
            _progress_is_shown = True

    def clear(self) -> None:
        """Take the line away."""
        _end_progress()


class LogStream:
    """Stderr for log lines, which takes the progress line away first."""

    def write(self, text: str) -> int:
        """Write a line."""
        with _writing:
            _end_progress()
            return sys.stderr.write(text)

    def flush(self) -> None:
        """Let it be seen."""
        sys.stderr.flush()

    def isatty(self) -> bool:
        """Whether a person reads it."""
        return sys.stderr.isatty()

    def fileno(self) -> int:
        """Its descriptor, by which journald is recognised."""
        return sys.stderr.fileno()


def _end_progress() -> None:
    global _progress_is_shown  # noqa: PLW0603 - as above
    with _writing:
        if _progress_is_shown:
            _progress_is_shown = False
            sys.stderr.write(_CLEAR_LINE)
            sys.stderr.flush()
