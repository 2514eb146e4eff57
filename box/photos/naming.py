"""Names of filed photos. The rule: a pattern says folder and name; nothing that a photo says of itself can leave them.

`photos.folder` and `photos.name` are written as for strftime, but filled in here: the same on every system, in English
in every locale. Beside dates they take fields: {stem} {camera} {serial} {source_folder}, and {counter} in a name. The
dates of a folder are those of the day that the photo is filed under, of a name those of the moment it was taken.
Where a name needs a time that nobody knows, the photo keeps the name that it has.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from box.errors import ConfigError

UNDATED: Final = "undated"
"""The folder of photos that do not say when they were taken."""
THUMBNAIL_SUFFIX: Final = ".jpg"
"""Behind the name of the photo: the thumbnail of `a.png` is `a.png.jpg`."""
STAND_INS: Final = {
    "stem": "photo", "camera": "unknown camera", "serial": "unknown serial", "source_folder": "no folder",
}  # fmt: skip
"""What stands for a field that a photo says nothing of."""
COUNTER: Final = "counter"

NAME_BYTES_MAX: Final = 255
"""What Linux's file systems take."""
STEM_BYTES_MAX: Final = 210
"""Of a stem that a pattern made: there is room for a number and for the endings of what stands beside the photo."""
_FIELD_BYTES_MAX: Final = 100
_STEM_BYTES_MIN: Final = 20

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

FIELDS: Final[dict[str, Callable[[datetime], str]]] = {
    "Y": lambda time: f"{time.year:04}",
    "y": lambda time: f"{time.year % 100:02}",
    "m": lambda time: f"{time.month:02}",
    "d": lambda time: f"{time.day:02}",
    "j": lambda time: f"{time.timetuple().tm_yday:03}",
    "H": lambda time: f"{time.hour:02}",
    "M": lambda time: f"{time.minute:02}",
    "S": lambda time: f"{time.second:02}",
    "B": lambda time: _MONTHS[time.month - 1],
    "b": lambda time: _MONTHS[time.month - 1][:3],
    "A": lambda time: _DAYS[time.weekday()],
    "a": lambda time: _DAYS[time.weekday()][:3],
    "u": lambda time: f"{time.isoweekday()}",
    "U": lambda time: f"{(time.timetuple().tm_yday + 6 - time.isoweekday() % 7) // 7:02}",
    "W": lambda time: f"{(time.timetuple().tm_yday + 6 - time.weekday()) // 7:02}",
    "V": lambda time: f"{time.isocalendar().week:02}",
    "G": lambda time: f"{time.isocalendar().year:04}",
    "%": lambda _: "%",
}
"""What may follow `%` in a pattern, with the meaning that it has for strftime."""
_CLOCK: Final = frozenset("HMS")
_ASKED: Final = ("stem", "camera", "serial", "source_folder")
_STEM_ALONE: Final = (("field", "stem"),)

_PIECE = re.compile(r"%(.?)|\{([^{}]*)\}|([{}])", re.DOTALL)
_UNSAFE = re.compile(r"[\0-\x1f\x7f/\ud800-\udfff]")
_UNSAFE_IN_STEM = re.compile(r"[\0/\ud800-\udc7f]")
_UNPORTABLE = re.compile(r"[\0-\x1f\x7f<>:\"/\\|?*\ud800-\udfff]")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)", re.IGNORECASE)
_NUMBER = re.compile(r"-([1-9][0-9]{0,8})")
_COMPANY: Final = frozenset({"co", "company", "corp", "corporation", "imaging", "inc", "ltd", "optical"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A photo, as far as patterns ask about it. Texts are as `os` has them."""

    at: str
    """When it was taken: RFC 3339, local; a date alone if no more is known, or empty."""
    day: str
    """The day that it is filed under, empty for none: then it is undated."""
    stem: str
    camera: str = ""
    serial: str = ""
    source_folder: str = ""
    """The last folder of the path in the inbox, empty for none."""


@dataclass(frozen=True, slots=True)
class Stem:
    """A file's name without its ending; `counter_at` says where in it a number of four digits goes, None for none."""

    text: str
    counter_at: int | None = None


@lru_cache(maxsize=1024)
def camera_of(make: str, model: str) -> str:
    """A camera as people call it: `Canon EOS 5D` for the make `Canon` and the model `Canon EOS 5D`."""
    maker = [word for word in make.split() if word.casefold().strip(".,") not in _COMPANY]
    named = model.split()
    if not named or named[0].casefold() in {word.casefold() for word in maker}:
        return " ".join(named or maker)
    return " ".join((*maker, *named))


def folder_of(options: Mapping[str, Any], subject: Subject) -> str:
    """The folder of a photo, below the area: `2024/2024-05-03`. Raises ConfigError for a pattern that gives none."""
    if not subject.day:
        return UNDATED
    pattern = options["folder"]
    used = _used(pattern)
    clock = subject.at[11:19] if used & _CLOCK else ""
    # What the pattern does not ask about is left out, so that the photos of a day are one and the same question.
    said = tuple((field, getattr(subject, field)) for field in _ASKED if field in used)
    return _folder(pattern, subject.day, clock, said, bool(options.get("portable_names")))


@lru_cache(maxsize=1024)
def _folder(pattern: str, day: str, clock: str, said: tuple[tuple[str, str], ...], is_portable: bool) -> str:  # noqa: FBT001
    subject = Subject(at="", day=day, stem="", camera="", serial="", source_folder="")
    subject = replace(subject, **dict(said))
    time = datetime.fromisoformat(f"{day}T{clock or '00:00:00'}")
    names = []
    for part in pattern.split("/"):
        name = "".join(_filled(subject, kind, what, time) for kind, what in _pieces("photos.folder", part))
        if "\0" in name or not name.strip(". "):
            raise ConfigError(f"photos.folder: {pattern!r} does not name a folder below the photos; try %Y/%Y-%m-%d")
        name = _cut(name, NAME_BYTES_MAX)
        names.append(portable(name) if is_portable else name)
    return "/".join(names)


def folders_of(options: Mapping[str, Any], day: str) -> re.Pattern[str]:
    """What the folders of a day are called, below the area; hours and cameras may be any.

    Raises ConfigError for a pattern that does not tell one day from another.
    """

    def written(moment: datetime) -> str:
        return "".join(_expected(options, kind, what, moment) for kind, what in _pieces("photos.folder", pattern))

    pattern, moment = options["folder"], datetime.fromisoformat(day)
    text = written(moment)
    if any(written(moment + timedelta(days)) == text for days in range(-_DAYS_LOOKED_AT, _DAYS_LOOKED_AT) if days):
        raise ConfigError(f"photos.folder: {pattern!r} does not tell one day from another")
    return re.compile(text)


_DAYS_LOOKED_AT: Final = 370


def _expected(options: Mapping[str, Any], kind: str, what: str, moment: datetime) -> str:
    if kind == "text":
        is_portable = options.get("portable_names")
        return re.escape("/".join(_UNPORTABLE.sub("_", part) if is_portable else part for part in what.split("/")))
    if kind == "date":
        return "[0-9]{2}" if what in _CLOCK else re.escape(FIELDS[what](moment))
    return "[^/]+"


@lru_cache(maxsize=64)
def _used(pattern: str) -> frozenset[str]:
    """The letters and fields of a pattern of folders."""
    return frozenset(what for kind, what in _pieces("photos.folder", pattern) if kind != "text")


def stem_of(options: Mapping[str, Any], subject: Subject) -> Stem:
    """What a photo is called, without its ending."""
    pieces = _pieces("photos.name", options["name"])
    time = None if pieces == _STEM_ALONE else _moment(subject, pieces)
    if time is None:
        text = _cut(_filled(subject, "field", "stem", None), NAME_BYTES_MAX)
        return _made(text, None, options)
    room = STEM_BYTES_MAX - sum(
        len(os.fsencode(_filled(subject, kind, what, time))) for kind, what in pieces if what != "stem"
    )
    text, counter_at = "", None
    for kind, what in pieces:
        if (kind, what) == ("field", COUNTER):
            counter_at = len(text)
        else:
            filled = _filled(subject, kind, what, time)
            text += _cut(filled, max(_STEM_BYTES_MIN, room)) if (kind, what) == ("field", "stem") else filled
    return _made(_cut(text, STEM_BYTES_MAX), counter_at, options)


def _made(text: str, counter_at: int | None, options: Mapping[str, Any]) -> Stem:
    stem = Stem(text if counter_at is not None or text.strip(".") else "_" + text, counter_at)
    return _portable_stem(stem) if options.get("portable_names") else stem


def together(options: Mapping[str, Any], subject: Subject, stems: Sequence[str]) -> list[Stem]:
    """What the files of a group are called, the main one first: the same, where they were called the same before."""
    main = stem_of(options, subject)
    own = (replace(subject, stem=stem) for stem in stems)
    return [main if each.stem.casefold() == subject.stem.casefold() else stem_of(options, each) for each in own]


def named(stem: Stem, number: int, ending: str) -> str:
    """The whole name with a number: `a.jpg` for 1, then `a-2.jpg`; a counter is always there."""
    if stem.counter_at is None:
        before, digits, after = stem.text, "" if number == 1 else f"-{number}", ""
    else:
        before, digits, after = stem.text[: stem.counter_at], f"{number:04}", stem.text[stem.counter_at :]
    rest = digits + after + ending
    return _cut(before, NAME_BYTES_MAX - len(os.fsencode(rest))) + rest


def number_of(name: str, stem: Stem, ending: str) -> int | None:
    """The number with which `named` gives this name, None if none does."""
    if not name.endswith(ending):
        return None
    body = name[: len(name) - len(ending)]
    if stem.counter_at is None:
        if body == stem.text:
            return 1 if len(name) <= NAME_BYTES_MAX // 4 or named(stem, 1, ending) == name else None
        match = _NUMBER.fullmatch(body, body.rfind("-")) if "-" in body else None
        number = int(match[1]) if match else 1
    else:
        digits = body[stem.counter_at : len(body) - (len(stem.text) - stem.counter_at)]
        number = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 10 else 0
    return number if named(stem, number, ending) == name else None


def portable(name: str) -> str:
    """A name that FAT and Windows take too: what they do not is an underscore."""
    name = _UNPORTABLE.sub("_", name)
    kept = name.rstrip(". ")
    name = kept + "_" * (len(name) - len(kept))
    return "_" + name if _DEVICE.match(name) else name


def _portable_stem(stem: Stem) -> Stem:
    text = portable(stem.text)
    moved = len(text) - len(stem.text)  # an underscore in front, or none
    return Stem(text, None if stem.counter_at is None else stem.counter_at + moved)


@lru_cache(maxsize=64)
def _pieces(key: str, pattern: str) -> tuple[tuple[str, str], ...]:
    """A pattern, taken apart: ("text", words), ("date", letter) and ("field", name)."""
    pieces, at = [], 0
    for match in _PIECE.finditer(pattern):
        if match.start() > at:
            pieces.append(("text", pattern[at : match.start()]))
        at = match.end()
        if match[1] is not None:
            if match[1] not in FIELDS:
                known = " ".join(f"%{letter}" for letter in FIELDS)
                raise ConfigError(f"{key}: {pattern!r} has %{match[1]}, which means nothing here; write one of {known}")
            pieces.append(("date", match[1]))
        elif match[2] in STAND_INS or (match[2] == COUNTER and key == "photos.name"):
            pieces.append(("field", match[2]))
        else:
            raise ConfigError(f"{key}: {pattern!r} has {match[0]}, which means nothing here")
    if at < len(pattern):
        pieces.append(("text", pattern[at:]))
    return tuple(pieces)


_NO_TIME: Final = datetime(1, 1, 1)  # noqa: DTZ001 - stands for any: nothing of it is asked for


def _moment(subject: Subject, pieces: Sequence[tuple[str, str]]) -> datetime | None:
    """The moment of a photo, as a name needs it; None if that is not known."""
    letters = {what for kind, what in pieces if kind == "date"} - {"%"}
    if not letters:
        return _NO_TIME
    if not subject.day or (letters & _CLOCK and len(subject.at) < 19):
        return None
    return datetime.fromisoformat(subject.at[:19] or subject.day)


def _filled(subject: Subject, kind: str, what: str, time: datetime | None) -> str:
    if kind == "text":
        return what
    if kind == "date":
        return FIELDS[what](time or _NO_TIME)
    if what == COUNTER:
        return "0000"
    if what == "stem":
        return _UNSAFE_IN_STEM.sub("_", subject.stem) or STAND_INS[what]
    value = _UNSAFE.sub("_", getattr(subject, what)[: 2 * _FIELD_BYTES_MAX]).strip(". ")
    return _cut(value, _FIELD_BYTES_MAX) or STAND_INS[what]


def _cut(name: str, size: int) -> str:
    """The beginning of a name, at most `size` bytes, no character in pieces."""
    name = name[:size]
    if name.isascii():
        return name
    while len(os.fsencode(name)) > size:
        name = name[:-1]
    return name
