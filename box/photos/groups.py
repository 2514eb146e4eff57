"""Groups. The rule: what belongs together says so by its name, and lies in the same folder.

RAW and JPEG, the two halves of a live photo, the frames of a burst or an HDR set, and what stands beside a picture:
XMP, JSON, CSV, AAE, THM, WAV. A name has a base, which all names of a group begin with, and a tail of its own; on a
collision the number goes between them, so `a.jpg`, `a.jpg.xmp` and `a.mov` become `a-2.jpg`, `a-2.jpg.xmp`, `a-2.mov`.
The key is the base as it is compared. Pure: names in, names out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
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
_SHOTS: Final = frozenset({
    "jpg", "jpeg", "jpe", "jfif", "png", "tif", "tiff", "webp", "bmp", "gif", "avif", "heic", "heif", "hif", "mov",
    "mp4", "m4v", "avi", "mts", "m2ts", "3gp", "3g2", "mpg", "mpeg", "mkv", "webm",
})  # fmt: skip
"""Other pictures and films, as far as names tell."""
_ABOUT: Final = frozenset({"xmp", "aae", "thm", "pp3", "dop"})
"""Endings of files that are always about another one."""
_PERHAPS: Final = frozenset({"json", "csv", "wav"})

_TAKEOUT_CHARS: Final = 46
"""So long Google's export leaves the name of a JSON file, without its ending."""
_SUPPLEMENT: Final = ".supplemental-metadata"
_OWN: Final = "|".join(sorted(_SHOTS | RAW_ENDINGS))
_TAKEOUT: Final = re.compile(
    rf"(?P<stem>.+)\.(?:{_OWN})(?P<cut>\.s[a-z-]*)?(?:\((?P<copy>\d{{1,4}})\))?\.json", re.DOTALL
)
_SET: Final = re.compile(r"(.+?)_?(?:_hdr|_burst|burst)_?\d{1,4}(?:_cover)?", re.DOTALL)
"""A frame of a set: Mothbox' `_HDR0`, `_BURST001_COVER`, `_Burst01`."""
_GOOGLE_BURST: Final = re.compile(r"\d{5}\w*_(burst\d{14,20})(?:_cover)?")
_APPLE: Final = re.compile(r"(img_)[eo]?(\d{4})")
"""`IMG_E1234` is the edited form of `IMG_1234`, `IMG_O1234.AAE` says how."""
_DETECTIONS: Final = "_botdetection"
_MOTION: Final = ".mp"
"""Google's motion photos: `PXL_….MP.jpg` and `PXL_….MP`."""

_LOWER: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


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


def parse(name: str) -> Name:
    """Take a name apart."""
    lower = name.translate(_LOWER)
    stem, _, ending = lower.rpartition(".")
    if not stem:
        return Name(lower, len(lower))
    if ending == "json":
        takeout = _TAKEOUT.fullmatch(lower)
        if takeout and _SUPPLEMENT.startswith(takeout["cut"] or ""):
            own = _named(takeout["stem"])
            copy = f"({takeout['copy']})" if takeout["copy"] else ""
            return Name(own.key + copy, own.base_length)
        if len(stem) == _TAKEOUT_CHARS:
            return Name(re.sub(r"\.[a-z0-9]{0,3}$", "", stem), len(stem), is_cut=True)
        stem = stem.removesuffix(_DETECTIONS)
    if ending in _ABOUT or ending in _PERHAPS:
        inner, _, own_ending = stem.rpartition(".")
        if inner and own_ending in _SHOTS | RAW_ENDINGS:
            stem = inner
    return _named(stem)


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
    if ending == "json" and (stem.endswith(_DETECTIONS) or _SUPPLEMENT in stem or _TAKEOUT.fullmatch(lower)):
        return True
    return stem.rpartition(".")[2] in _SHOTS | RAW_ENDINGS and "." in stem


def are_mates(one: str, one_role: Role, other: str, other_role: Role) -> bool:
    """Whether two files with the same key are one group: never two pictures that only happen to share a name."""
    if Role.NONE in {one_role, other_role}:
        return False
    if one_role is not other_role or not one_role.is_shot:
        return True
    return parse(one).is_frame or parse(other).is_frame


def rank(name: str, one_role: Role) -> tuple[int, str]:
    """The main file of a group is the one with the lowest rank."""
    return _RANK.get(one_role, len(_RANK)), name
