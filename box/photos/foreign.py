"""RAW files and films, read through exiftool. The rule: what it says is text about a hostile file, and taken as such.

Each time is passed on as it stands, under the name by which Box knows its field: what it means is not decided here.

For the child process only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from box.photos import exiftool
from box.photos.details import Details

_TIMES: Final = (
    "DateTimeOriginal", "EXIF:CreateDate", "SubSecTimeOriginal", "SubSecTimeDigitized", "OffsetTimeOriginal",
    "OffsetTimeDigitized", "Keys:CreationDate", "1QuickTime:CreateDate", "GPS:GPSDateStamp", "GPS:GPSTimeStamp",
)  # fmt: skip
_SETTINGS: Final = (
    "Make", "Model", "SerialNumber", "LensModel", "LensID", "ExposureTime", "FNumber", "ISO", "Orientation#",
    "Composite:GPSLatitude#", "Composite:GPSLongitude#", "Composite:Rotation#", "Composite:ImageSize#",
)  # fmt: skip
_PREVIEWS: Final = ("PreviewImage", "JpgFromRaw", "OtherImage", "ThumbnailImage")
_QUESTION: Final = ("-j", "-G0:1", *(f"-{tag}" for tag in (*_TIMES, *_SETTINGS, *_PREVIEWS)))

_DIGITIZED: Final = {"EXIF:CreateDate": "EXIF:DateTimeDigitized"}
"""What EXIF calls otherwise than exiftool."""
_KNOWN: Final = frozenset({"EXIF", "XMP", "RIFF", "Keys", "QuickTime", "UserData", "H264", "GPS"})
"""Places of a time that mean something of their own; any other is a maker's."""
_ROTATIONS: Final = {90: 6, 180: 3, 270: 8}
"""EXIF's orientation by degrees with the clock."""
_LENGTH: Final = re.compile(r"\(Binary data ([0-9]{1,12}) bytes")
_PREVIEW_BYTES_MAX: Final = 60_000_000
_TEXT_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """What exiftool said about a file."""

    evidence: Mapping[str, str] = field(default_factory=dict)
    """Texts of the fields that tell of the time, by name: `EXIF:DateTimeOriginal`."""
    details: Details = field(default_factory=Details)
    width: int = 0
    height: int = 0
    previews: tuple[str, ...] = ()
    """Names of the pictures in it, the largest first."""


def read(path: str) -> Answer | None:
    """All that is wanted of a file (its path is plain); None where there is no exiftool, or it gives no answer."""
    said = exiftool.ask(_QUESTION, path)
    if said is None:
        return None
    try:
        (found,) = json.loads(said, parse_int=str, parse_float=str) if said.strip() else ({},)
    except ValueError:  # no JSON, or not about one file
        return None
    texts = {name: text for name, text in found.items() if isinstance(text, str)} if isinstance(found, dict) else {}
    sizes = [int(number) for number in re.findall(r"[0-9]{1,9}", texts.get("Composite:ImageSize", ""))]
    width, height = sizes if len(sizes) == 2 else (0, 0)
    return Answer(_evidence(texts), _details(texts), width, height, _previews(texts))


def preview(path: str, name: str) -> bytes:
    """One of the pictures in a RAW file, empty when it cannot be had."""
    return exiftool.ask(("-b", f"-{name}"), path) or b""


def _evidence(texts: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, text in texts.items():
        *groups, tag = key.split(":")
        if tag.startswith(("DateTime", "SubSec", "Offset", "Creat", "GPSDate", "GPSTime")):
            group = next((each for each in reversed(groups) if each in _KNOWN), "MakerNotes")
            name = f"{group}:{tag}"
            name = _DIGITIZED.get(name, name)
            if name not in found or groups[-1] == "ExifIFD":  # where EXIF itself wants it
                found[name] = text
    return found


def _details(texts: Mapping[str, str]) -> Details:
    rotation = _ROTATIONS.get(int(_number(texts.get("Composite:Rotation"), 360)), 1)
    orientation = int(_number(texts.get("EXIF:IFD0:Orientation"), 8))
    latitude, longitude = (texts.get(f"Composite:GPS{side}") for side in ("Latitude", "Longitude"))
    guess = _text(texts, "LensID")
    has_place = latitude is not None and longitude is not None
    return Details(
        make=_text(texts, "Make"),
        model=_text(texts, "Model"),
        serial=_text(texts, "SerialNumber"),
        lens=_text(texts, "LensModel") or ("" if guess.startswith("Unknown") else guess),
        exposure=_text(texts, "ExposureTime"),
        aperture=_number(_text(texts, "FNumber"), 1000),
        iso=int(_number(_text(texts, "ISO"), 2**31)),
        latitude=_number(latitude, 90) if has_place else None,
        longitude=_number(longitude, 180) if has_place else None,
        orientation=orientation if orientation > 1 else rotation,
    )


def _previews(texts: Mapping[str, str]) -> tuple[str, ...]:
    lengths: dict[str, int] = {}
    for key, text in texts.items():
        name, length = key.rpartition(":")[2], _LENGTH.match(text)
        if name in _PREVIEWS and length and int(length[1]) <= _PREVIEW_BYTES_MAX:
            lengths[name] = max(lengths.get(name, 0), int(length[1]))
    return tuple(sorted(lengths, key=lambda name: -lengths[name]))


def _text(texts: Mapping[str, str], tag: str) -> str:
    """The first that is there, fit to be shown."""
    text = next((text for key, text in texts.items() if key.rpartition(":")[2] == tag), "")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:_TEXT_MAX]


def _number(text: str | None, most: float) -> float:
    """The number that a text is, 0 when it is none or out of bounds."""
    if text is None or not re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,20})?(e-?[0-9]{1,2})?", text):
        return 0.0
    return float(text) if abs(float(text)) <= most else 0.0
