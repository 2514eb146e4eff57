"""Groups. The rule: what belongs together says so by its name, and lies in the same folder.

RAW and JPEG, the two halves of a live photo, the frames of a burst or an HDR set, and what stands beside a picture:
XMP, JSON, CSV, AAE, THM, WAV. A name has a base, which all names of a group begin with, and a tail of its own; on a
collision the number goes between them, so `a.jpg`, `a.jpg.xmp` and `a.mov` become `a-2.jpg`, `a-2.jpg.xmp`, `a-2.mov`.
The key is the base as it is compared. Pure: names in, names out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from functools import lru_cache
from typing import Final


class Role(Enum):
    """What a file can be in a group."""

    PICTURE = "picture"
    RAW = "raw"
    VIDEO = "video"
    SIDECAR = "sidecar"
    """It is about another file, and its name says so."""
    MAYBE = "maybe"
    """It may be about another file, if there is one; else it is something of its own."""
    NONE = "none"

    @property
    def is_shot(self) -> bool:
        """Whether it is a picture or a film itself: only such a file is the main one of a group."""
        return self in _RANK


_RANK: Final = {Role.PICTURE: 0, Role.RAW: 1, Role.VIDEO: 2}
"""The main file of a group is the first of these that it has."""

RAW_ENDINGS: Final = frozenset({
    "3fr", "arw", "cr2", "cr3", "crw", "dcr", "dng", "erf", "fff", "iiq", "k25", "kdc", "mef", "mos", "mrw", "nef",
    "nrw", "orf", "pef", "raf", "raw", "rw2", "rwl", "sr2", "srf", "srw", "x3f",
})  # fmt: skip
"""Camera raw files, many of which are TIFF by their first bytes."""
_FILMS: Final = frozenset({"mov", "mp4", "m4v", "avi", "mts", "m2ts", "3gp", "3g2", "mpg", "mpeg", "mkv", "webm"})
_SHOTS: Final = _FILMS | {
    "jpg", "jpeg", "jpe", "jfif", "png", "tif", "tiff", "webp", "bmp", "gif", "avif", "heic", "heif", "hif",
}  # fmt: skip
"""Other pictures and films, as far as names tell."""
_ABOUT: Final = frozenset({"xmp", "aae", "thm", "pp3", "dop"})
"""Endings of files that are always about another one."""
_PERHAPS: Final = frozenset({"json", "csv", "wav"})

_TAKEOUT_CHARS: Final = 46
"""So long Google's export leaves the name of a JSON file, without its ending."""
_SUPPLEMENT: Final = ".supplemental-metadata"
_OWN: Final = "|".join(sorted(_SHOTS | RAW_ENDINGS))
_TAKEOUT: Final = re.compile(
    rf"(?P<stem>.+)\.(?P<own>{_OWN})(?P<cut>\.[a-z-]*)?(?P<copy>\(\d{{1,4}}\))?\.json", re.DOTALL
)
_COPY: Final = re.compile(r"(.*[^ ])(\(\d{1,4}\))", re.DOTALL)
"""Of two photos with one name Google calls the second `a(1).jpg`; others leave a blank before the number."""
_SET: Final = re.compile(r"(.+?)_?(?:_hdr|_burst|burst)_?\d{1,4}(?:_cover)?", re.DOTALL)
"""A frame of a set: Mothbox' `_HDR0`, `_BURST001_COVER`, `_Burst01`."""
_GOOGLE_BURST: Final = re.compile(r"\d{5}\w*_(burst\d{14,20})(?:_cover)?")
_APPLE: Final = re.compile(r"(img_)[eo]?(\d{4})")
"""`IMG_E1234` is the edited form of `IMG_1234`, `IMG_O1234.AAE` says how."""
_DETECTIONS: Final = "_botdetection"
_MOTION: Final = ".mp"
"""Google's motion photos: `PXL_….MP.jpg` and `PXL_….MP`."""

_CUT_ENDING: Final = re.compile(r"\.[a-z0-9]{0,3}$")

MATES_MAX: Final = 200
"""So many files go with the first of a group; more of a burst come after these."""

_LOWER: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


REMEMBERED: Final = 1024
"""Names are asked about several times while a file goes its way; more than these are not on their way at once."""


@dataclass(frozen=True, slots=True)
class Name:
    """A file name, as groups see it."""

    key: str
    """What the names of a group have in common, as it is compared."""
    base_length: int
    """Characters of the name before the place where a number goes."""
    is_frame: bool = False
    """One of a set of pictures: only such a one has others of its own kind beside it."""
    is_cut: bool = False
    """The key may be no more than the beginning of the other's."""
    about: str = ""
    """The file that it says it is about, as it is compared; the beginning of its name, if that was cut."""
    copy: str = ""
    """`(1)`, where that stood behind what was cut."""


@lru_cache(REMEMBERED)
def parse(name: str) -> Name:
    """Take a name apart."""
    lower = name.translate(_LOWER)
    stem, _, ending = lower.rpartition(".")
    if not stem:
        return Name(lower, len(lower))
    if ending == "json":
        if takeout := _takeout(lower):
            own, copy = _named(takeout["stem"]), takeout["copy"] or ""
            about = f"{takeout['stem']}{copy}.{takeout['own']}"
            return Name(own.key + copy, own.base_length, about=about)
        plain, copy = _uncopied(stem)
        if len(plain) == _TAKEOUT_CHARS:
            return Name(_CUT_ENDING.sub("", plain), len(stem), is_cut=True, about=plain, copy=copy)
        stem = stem.removesuffix(_DETECTIONS)
    about = ""
    if ending in _ABOUT or ending in _PERHAPS:
        inner, _, own_ending = stem.rpartition(".")
        if inner and own_ending in _SHOTS | RAW_ENDINGS:
            stem, about = inner, stem
    return replace(_named(stem), about=about) if about else _named(stem)


def _takeout(lower: str) -> re.Match[str] | None:
    """What Google's export puts beside a photo, in any of the forms that it cuts the name to."""
    match = _TAKEOUT.fullmatch(lower)
    return match if match and _SUPPLEMENT.startswith(match["cut"] or "") else None


def _uncopied(stem: str) -> tuple[str, str]:
    """A name without its ending, and what Google put behind it because it was taken."""
    match = _COPY.fullmatch(stem)
    return (match[1], match[2]) if match else (stem, "")


def _named(stem: str) -> Name:
    """The name of a shot without its ending."""
    if burst := _GOOGLE_BURST.fullmatch(stem):
        return Name(burst[1], len(stem), is_frame=True)
    if apple := _APPLE.fullmatch(stem):
        return Name(apple[1] + apple[2], len(stem), is_frame=len(stem) > len(apple[1] + apple[2]))
    if frame := _SET.fullmatch(stem):
        return Name(frame[1], len(frame[1]), is_frame=True)
    stem = stem.removesuffix(_MOTION)
    return Name(stem, len(stem))


def key_of(path: str) -> str:
    """The key of a file with its folder: what all of its group have in common, and nobody else."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/{parse(name).key}"


def key_range(name: str) -> tuple[str, str]:
    """From which to which key the files have theirs that a file of that name belongs to."""
    own = parse(name)
    return own.key, own.key + "\U0010ffff" if own.is_cut else own.key


def cut_key(name: str) -> str:
    """The key of what is about a file of that name, where the name was too long for Google's export."""
    stem, dot, ending = name.rpartition(".")
    whole = _uncopied(stem)[0] + dot + ending
    return parse(whole[:_TAKEOUT_CHARS] + ".json").key if len(whole) > _TAKEOUT_CHARS else parse(name).key


@lru_cache(REMEMBERED)
def role(name: str, media_type: str) -> Role:
    """What a file is; its name says whether it is about another one, then its first bytes what it is."""
    lower = name.translate(_LOWER)
    stem, _, ending = lower.rpartition(".")
    if stem and ending in _ABOUT:
        return Role.SIDECAR
    if stem and ending in _PERHAPS:
        return Role.SIDECAR if _is_about(lower, stem, ending) else Role.MAYBE
    if media_type.startswith("image/"):
        return Role.RAW if ending in RAW_ENDINGS or media_type.startswith("image/x-") else Role.PICTURE
    return Role.VIDEO if media_type.startswith("video/") else Role.NONE


def _is_about(lower: str, stem: str, ending: str) -> bool:
    if ending == "json" and (stem.endswith(_DETECTIONS) or _SUPPLEMENT in stem or _takeout(lower)):
        return True
    return stem.rpartition(".")[2] in _SHOTS | RAW_ENDINGS and "." in stem


def are_mates(one: str, one_role: Role, other: str, other_role: Role) -> bool:
    """Whether two files with the same key are one group: never two pictures that only happen to share a name."""
    if Role.NONE in {one_role, other_role}:
        return False
    if one_role.is_shot is not other_role.is_shot:
        return is_about(other, one, one_role) if one_role.is_shot else is_about(one, other, other_role)
    if one_role is not other_role or not one_role.is_shot:
        return True
    return parse(one).is_frame or parse(other).is_frame


def is_about(name: str, shot: str, role_of_shot: Role) -> bool:
    """Whether what stands beside pictures can be about that one: its name may say about which of them it is."""
    own, lower = parse(name), shot.translate(_LOWER)
    if own.is_cut:
        stem, dot, ending = lower.rpartition(".")
        plain, copy = _uncopied(stem)
        is_its = f"{plain}{dot}{ending}".startswith(own.about) or parse(plain + dot + ending).key == own.key
        return is_its and copy == own.copy
    if not own.about or own.about == lower:
        return True
    return are_mates(own.about, _role_by_name(own.about), shot, role_of_shot)


def _role_by_name(lower: str) -> Role:
    ending = lower.rpartition(".")[2]
    return Role.RAW if ending in RAW_ENDINGS else Role.VIDEO if ending in _FILMS else Role.PICTURE


@dataclass(frozen=True, slots=True)
class File:
    """One file of a group that is to be filed."""

    name: str
    role: Role
    day: str = ""
    """Calendar day at the camera when it was taken, empty when unknown."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a file of a group belongs."""

    like: int
    """Which of the files gives it day and stem; -1: one that was filed before."""
    base: str
    """Of its name, as it was."""
    tail: str


DAYS_APART_MAX: Final = 1
"""Two shots of one group are no more days apart: a film that only knows UTC may bear another day than its picture."""


def spots(files: Sequence[File], filed: File | None = None) -> list[Spot]:
    """Where each file belongs: with the main one, or with `filed`, or by itself, when its day says that it must."""
    shots = sorted(
        (i for i, file in enumerate(files) if file.role.is_shot), key=lambda i: rank(files[i].name, files[i].role)
    )
    main = shots[0] if shots else -1
    if filed is not None and (main < 0 or _belongs(files[main], filed)):
        leader, main = filed, -1
    elif main >= 0:
        leader = files[main]
    else:
        return [Spot(index, *parts(file.name)) for index, file in enumerate(files)]
    return [
        Spot(main if not file.role.is_shot or _is_near(file.day, leader.day) else index, *parts(file.name))
        for index, file in enumerate(files)
    ]


def rank(name: str, own: Role) -> tuple[int, str]:
    """The main file of a group is the one with the lowest rank."""
    return _RANK.get(own, len(_RANK)), name


def _belongs(file: File, filed: File) -> bool:
    return are_mates(file.name, file.role, filed.name, filed.role) and _is_near(file.day, filed.day)


def _is_near(day: str, other: str) -> bool:
    if not day or not other:
        return True
    return abs((date.fromisoformat(day) - date.fromisoformat(other)).days) <= DAYS_APART_MAX


def parts(name: str) -> tuple[str, str]:
    """(base, tail) of a name."""
    length = parse(name).base_length
    return name[:length], name[length:]


def base_in(name: str, was: str) -> str:
    """The base that a file has in the library as `name`, which was `was` in its inbox."""
    tail = parts(was)[1]
    return name.removesuffix(tail) if tail and name.endswith(tail) else name.rpartition(".")[0] or name
