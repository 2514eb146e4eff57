"""What stands beside a picture, or in it as text. The rule: dates and places as written; of hostile text, none.

XMP from Lightroom, darktable, digiKam and cameras; JSON of a Google Takeout. Only so many bytes are read, XML with a
document type (the door to its entity bombs) is refused whole, and what is broken says nothing.
"""

from __future__ import annotations

import json
from typing import Any, Final
from xml.parsers import expat

from box.photos.details import number
from box.photos.tiff import Bytes

BYTES_MAX: Final = 1_000_000
"""Sidecars are a few kilobytes; edits with many masks reach some hundred."""
_VALUE_CHARS_MAX = 100

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_TOP: Final = [f"{_RDF} RDF", f"{_RDF} Description"]
"""Dates that lie deeper are those of other pictures, of which this one was made."""
_XMP: Final = {
    "http://ns.adobe.com/exif/1.0/ DateTimeOriginal": "XMP:DateTimeOriginal",
    "http://ns.adobe.com/photoshop/1.0/ DateCreated": "XMP:DateCreated",
    "http://ns.adobe.com/xap/1.0/ CreateDate": "XMP:CreateDate",
}
_PACKET_BEGIN, _PACKET_END = b"<x:xmpmeta", b"</x:xmpmeta>"


class _Reader:
    """Picks the wanted properties out of an XMP document while expat walks it; an attribute or an element each."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self._open: list[str] = []
        self._name = ""
        self._text = ""

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if self._open[-2:] == _TOP:
            self._name, self._text = _XMP.get(tag, ""), ""
        self._open.append(tag)
        if self._open[-2:] == _TOP:
            for attribute, value in attributes.items():
                self._keep(_XMP.get(attribute, ""), value)

    def text(self, text: str) -> None:
        if self._name and len(self._text) <= _VALUE_CHARS_MAX:
            self._text += text

    def end(self, _: str) -> None:
        self._open.pop()
        if self._name and self._open[-2:] == _TOP:
            self._keep(self._name, self._text)
            self._name = ""

    def _keep(self, name: str, value: str) -> None:
        value = value.strip()
        if name and value and len(value) <= _VALUE_CHARS_MAX:
            self.found.setdefault(name, value)


def read_xmp(data: bytes) -> dict[str, str]:
    """The dates of an XMP document, by the names of `box.photos.capture.Evidence`."""
    if len(data) > BYTES_MAX:
        return {}
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.begin
    parser.CharacterDataHandler = reader.text
    parser.EndElementHandler = reader.end
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(data, True)  # noqa: FBT003 - expat's own way to say that this is all
    except (expat.ExpatError, ValueError, LookupError):  # broken, refused, or in an encoding that nobody knows
        return {}
    return reader.found


def embedded_xmp(data: Bytes) -> bytes:
    """The first XMP document that stands in a picture as plain text, empty when there is none."""
    begin = data.find(_PACKET_BEGIN, 0, BYTES_MAX)
    end = data.find(_PACKET_END, begin, begin + BYTES_MAX) if begin >= 0 else -1
    return bytes(data[begin : end + len(_PACKET_END)]) if end >= 0 else b""


def read_takeout(data: bytes) -> dict[str, str]:
    """The time and place in the JSON that Google puts beside a photo."""
    try:
        told = json.loads(data) if len(data) <= BYTES_MAX else {}
    except (ValueError, RecursionError):
        return {}
    found = {}
    seconds = _inner(told, "photoTakenTime", "timestamp")
    if isinstance(seconds, (str, int)) and 0 < len(str(seconds)) < 20:
        found["Takeout:photoTakenTime"] = str(seconds)
    for name in ("latitude", "longitude"):
        degrees = _inner(told, "geoData", name)
        if isinstance(degrees, (int, float)) and abs(number(str(degrees))) <= 180:
            found[f"Takeout:{name}"] = str(degrees)
    return found


def _inner(told: Any, outer: str, name: str) -> Any:
    inner = told.get(outer) if isinstance(told, dict) else None
    return inner.get(name) if isinstance(inner, dict) else None


def _refuse(*_: object) -> None:
    raise ValueError("an XMP document has no document type")
