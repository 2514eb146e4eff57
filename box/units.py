"""Units. The rule: what people write becomes a value here ("10 GB", "1 h 30 min") or is refused with its key.

kB, MB, GB, TB, PB are powers of 1000; KiB, MiB, GiB, TiB, PiB powers of 1024. "10 G" is refused, because programs do
not agree on which of the two it means. A plain number is bytes, or seconds. Upper and lower case are the same.
A reader takes the name of a key and what somebody wrote there; its ConfigError begins with that name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import field
from typing import Final, TypeAlias, TypeVar

from box.errors import ConfigError, UsageError
from box.paths import check_user

T = TypeVar("T")
N = TypeVar("N", int, float)
S = TypeVar("S", bound=str)
Read: TypeAlias = Callable[[str, object], T]

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

MB: Final = 1000**2
GB: Final = 1000**3

TEXT_MAX: Final = 4096
"""Characters in a text; what Linux takes as a path."""
ENTRIES_MAX: Final = 1000
"""Entries in a list or a table."""
_BYTES: Final = {
    "B": 1, "kB": 1000, "MB": MB, "GB": GB, "TB": 1000**4, "PB": 1000**5,
    "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4, "PiB": 1024**5,
}  # fmt: skip
_BYTES_WRITTEN: Final = {unit.lower(): factor for unit, factor in _BYTES.items()} | {"": 1, "byte": 1, "bytes": 1}

_MILLISECONDS: Final = {"d": 1000 * DAY, "h": 1000 * HOUR, "min": 1000 * MINUTE, "s": 1000, "ms": 1}
_MILLISECONDS_WRITTEN: Final = {
    word: milliseconds
    for words, milliseconds in (
        ("ms millisecond milliseconds", 1),
        ("s sec secs second seconds", 1000),
        ("m min mins minute minutes", 1000 * MINUTE),
        ("h hr hrs hour hours", 1000 * HOUR),
        ("d day days", 1000 * DAY),
        ("w week weeks", 7000 * DAY),
    )
    for word in words.split()
}

_NUMBER = r"([0-9]+(?:_[0-9]+)*)(?:\.([0-9]{1,9}))?"
_SIZE = re.compile(rf"{_NUMBER}\s*([a-z]*)")
_PART = re.compile(rf"{_NUMBER}\s*([a-z]+)\s*")
_PLAIN = re.compile(_NUMBER)

_SIZE_WANTED: Final = 'a size, such as 1500000 (bytes), "10 GB" (powers of 1000) or "1.5 GiB" (powers of 1024)'
_FINITE: Final = 1e18
"""Beyond every duration, and a comparison that is false for infinity, for NaN and for integers of any length."""

_DURATION_WANTED: Final = 'a duration, such as 2.5 (seconds), "5 min", "1 h 30 min" or "2 days"'


def refused(where: str, value: object, wanted: str) -> ConfigError:
    """The error for a value that does not fit: the key, the value (cut if it is long), and what is expected."""
    return ConfigError(f"{where} = {show(value)}: expected {wanted}")


def show(value: object, length_max: int = 60) -> str:
    """A value as an error shows it: on one line, and never long."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() > 200:  # Python refuses to print a number of thousands of digits
        return f"(a number of {value.bit_length()} bits)"
    if isinstance(value, (list, tuple, dict)):
        return "(a table)" if isinstance(value, dict) else "(a list)"
    text = repr(value)
    return text if len(text) <= length_max else text[: length_max - 3] + "..."


def to_bytes(where: str, value: object) -> int:
    """Bytes, from a whole number or a text such as "1.5 GiB"; what a fraction leaves of a byte is dropped."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = _SIZE.fullmatch(_words(value))
    factor = _BYTES_WRITTEN.get(match[3]) if match else None
    if match is None or factor is None or (factor == 1 and match[2]):
        raise refused(where, value, _SIZE_WANTED)
    return _billionths(match) * factor // 10**9


def to_seconds(where: str, value: object) -> float:
    """Seconds, from a number or a text such as "1 h 30 min"."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _FINITE:
        return float(value)
    text = _words(value)
    plain = _PLAIN.fullmatch(text)
    if plain:
        return _billionths(plain) / 10**9
    total = at = 0
    while match := _PART.match(text, at):
        total += _billionths(match) * _MILLISECONDS_WRITTEN.get(match[3], 0)
        at = match.end()
        if match[3] not in _MILLISECONDS_WRITTEN:
            raise refused(where, value, _DURATION_WANTED)
    if at == 0 or at < len(text):
        raise refused(where, value, _DURATION_WANTED)
    return total / 10**12


def to_whole_seconds(where: str, value: object) -> int:
    """Seconds, for what can only count whole ones."""
    seconds = to_seconds(where, value)
    if seconds != int(seconds):
        raise refused(where, value, "whole seconds")
    return int(seconds)


def to_number(where: str, value: object) -> int:
    """A whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise refused(where, value, "a whole number")
    return value


def bytes_text(size: int) -> str:
    """The shortest exact way to write a size: "10 GB", "1536 MiB", "1234567 B"."""
    if size == 0:
        return "0 B"
    fitting = [(size // factor, -factor, unit) for unit, factor in _BYTES.items() if size % factor == 0]
    number, _, unit = min(fitting)
    return f"{number} {unit}"


def seconds_text(seconds: float) -> str:
    """A duration as people write it, to the millisecond: "1 h 30 min", "200 ms", "0 s"."""
    rest, parts = round(seconds * 1000), []
    for unit, milliseconds in _MILLISECONDS.items():
        number, rest = divmod(rest, milliseconds)
        if number:
            parts.append(f"{number} {unit}")
    return " ".join(parts) or "0 s"


def sizes(low: int, high: int) -> Read[int]:
    """A reader of sizes from `low` to `high` bytes."""
    return _between(to_bytes, low, high, bytes_text)


def durations(low: float, high: float) -> Read[float]:
    """A reader of durations from `low` to `high` seconds."""
    return _between(to_seconds, low, high, seconds_text)


def whole_durations(low: int, high: int) -> Read[int]:
    """A reader of durations from `low` to `high` seconds that are whole seconds."""
    return _between(to_whole_seconds, low, high, seconds_text)


def numbers(low: int, high: int) -> Read[int]:
    """A reader of whole numbers from `low` to `high`."""
    return _between(to_number, low, high, str)


def or_none(read: Read[T]) -> Read[T | None]:
    """The same reader, which also takes "none"."""

    def reader(where: str, value: object) -> T | None:
        if isinstance(value, str) and value.strip().lower() == "none":
            return None
        try:
            return read(where, value)
        except ConfigError as error:
            raise ConfigError(f'{error}, or "none"') from None

    return reader


def choice(*options: S) -> Read[S]:
    """A reader that takes one of the options."""

    def read(where: str, value: object) -> S:
        for option in options:
            if value == option:
                return option
        raise refused(where, value, "one of " + ", ".join(f'"{option}"' for option in options))

    return read


def text(where: str, value: object) -> str:
    """Any text that can be part of a path."""
    if not isinstance(value, str) or "\0" in value or len(value) > TEXT_MAX:
        raise refused(where, value, f"a text of at most {TEXT_MAX} characters")
    return value


def texts(where: str, value: object) -> tuple[str, ...]:
    """A list of texts."""
    if not isinstance(value, list) or len(value) > ENTRIES_MAX:
        raise refused(where, value, f"a list of at most {ENTRIES_MAX} texts")
    return tuple(text(f"{where}[{place}]", entry) for place, entry in enumerate(value))


def yes_or_no(where: str, value: object) -> bool:
    """A truth value, as TOML or a person writes it."""
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    written = str(value) if value in (0, 1) else value  # a variable holds "1", which is read as a number
    found = value if isinstance(value, bool) else words.get(_words(written))
    if found is None:
        raise refused(where, value, "true or false")
    return found


def user(where: str, name: str) -> str:
    """The name of a user."""
    try:
        return check_user(name[:100])  # cut, so that the error stays one line
    except UsageError as error:
        raise ConfigError(f"{where}: {error}") from None


def a_user(where: str, value: object) -> str:
    """The name of a user, as anybody may write it."""
    return user(where, text(where, value))


def folder(where: str, value: object) -> str:
    """The path of a folder."""
    path = text(where, value)
    if not path.strip():
        raise refused(where, value, "the path of a folder")
    return path


def users(where: str, value: object) -> tuple[str, ...]:
    """Names of users, each once."""
    names = texts(where, value)
    for place, name in enumerate(names):
        if user(f"{where}[{place}]", name) in names[:place]:
            raise refused(f"{where}[{place}]", name, "every user once")
    if not names:
        raise ConfigError(f'{where} = []: expected at least one user, such as ["me"]')
    return names


def quotas(where: str, value: object) -> dict[str, int | None]:
    """Bytes by user, None for no limit."""
    if not isinstance(value, dict) or len(value) > ENTRIES_MAX:
        raise refused(where, value, f'a table of at most {ENTRIES_MAX} users, such as {{ me = "10 GB" }}')
    return {user(where, name): quota(f"{where}.{name}", size) for name, size in value.items()}


def database_url(where: str, value: object) -> str:
    """Where the database is. An error never shows it: a URL may hold a password."""
    if value != "":
        raise ConfigError(
            f'{where}: this version knows only "", which is SQLite in the root; "postgresql://" follows in a later one'
        )
    return ""


def _between(read: Read[N], low: N, high: N, text: Callable[[N], str]) -> Read[N]:
    def reader(where: str, value: object) -> N:
        number = read(where, value)
        if not low <= number <= high:
            raise refused(where, value, f"{text(low)} to {text(high)}")
        return number

    return reader


def _words(value: object) -> str:
    """What a person wrote, ready to be matched; empty, which nothing matches, if it is no such text."""
    return value.strip().lower() if isinstance(value, str) and len(value) <= 100 else ""


def _billionths(match: re.Match[str]) -> int:
    """The number that was matched, times 10**9: exact, so that "0.1 GB" is no byte too few."""
    return int(match[1].replace("_", "") + (match[2] or "").ljust(9, "0"))


quota: Final = or_none(sizes(0, 10**18))
"""The reader of a quota."""


def key(default: T, read: Read[T]) -> T:
    """A field of a section: its default, and what reads and checks the value that somebody wrote."""
    made: T = field(default=default, metadata={"read": read})
    return made
