"""GPX, KML and KMZ. The rule: waypoints and tracks as tables that can be read, tracks by their sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO, Final
from xml.etree.ElementTree import Element

from box.errors import Unprocessable
from box.library import packed, safe_xml, xml_flow
from box.library.feeds import words
from box.library.markdown import ROWS_MAX, Markdown
from box.library.places import PLACE_HEAD, WAY_HEAD, Way, point
from box.library.reading import CORRUPT, Context, Reading

_NAMES: Final = {"trk": "track", "rte": "route"}
_POINTS: Final = ("trkpt", "rtept")
_KEPT: Final = ("wpt", "Placemark")


@dataclass(slots=True)
class _Places:
    """What was found so far."""

    title: str = ""
    about: str = ""
    author: str = ""
    date: str = ""
    places: list[tuple[str, ...]] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def place(self, name: str, at: tuple[float, float], height: str, time: str, about: str) -> None:
        self.counts["places"] += 1
        if len(self.places) < ROWS_MAX:
            self.places.append((name, f"{at[0]:.6f}", f"{at[1]:.6f}", height, time, about))

    def way(self, way: Way) -> None:
        self.counts["ways"] += 1
        self.counts["points"] += way.points
        if len(self.ways) < ROWS_MAX:
            self.ways.append(way)


def read(path: str, out: Markdown, context: Context) -> Reading:
    """Its places and ways."""
    found = _Places()
    with _opened(path, context.name) as stream:
        events = safe_xml.events(stream, context.name, keep=_KEPT)
        _, root = next(events)
        if safe_xml.local(root.tag) == "gpx":
            _gpx(events, found, context)
        else:
            _kml(events, found, context)
    out.paragraph(found.about)
    if found.places:
        out.heading(2, "Places")
        out.table((PLACE_HEAD, *found.places))
    if found.ways:
        out.heading(2, "Ways")
        out.table((WAY_HEAD, *(way.row() for way in found.ways)))
    dates = [way.began for way in found.ways if way.began] + [row[4] for row in found.places if row[4]]
    cut = found.counts["places"] > ROWS_MAX or found.counts["ways"] > ROWS_MAX
    return Reading(
        "places", title=found.title or next((way.name for way in found.ways if way.name), ""),
        authors=(found.author,) if found.author else (), date=found.date or min(dates, default=""),
        counts=dict(found.counts), marks=("tables-cut",) if cut else (),
    )  # fmt: skip


@contextmanager
def _opened(path: str, name: str) -> Iterator[BinaryIO]:
    """The XML in it; of a KMZ the first KML in it."""
    with open(path, "rb") as file:
        is_zip = file.read(4) == b"PK\x03\x04"
    if not is_zip:
        with xml_flow.opened(path, name) as plain:
            yield plain
        return
    with packed.open_zip(path, name) as archive:
        inner = next((each for each in archive.names if each.lower().endswith(".kml")), "")
        if not inner:
            raise Unprocessable(CORRUPT, f"{name}: there is no KML in it")
        with archive.stream(inner) as stream:
            yield stream


@dataclass(slots=True)
class _Gpx:
    """Where the reading of a GPX file is."""

    found: _Places
    open_names: list[str] = field(default_factory=list)
    way: Way | None = None

    def start(self, what: str, element: Element) -> None:
        """An element begins."""
        self.open_names.append(what)
        if what in _NAMES:
            self.way = Way(kind=_NAMES[what])
        elif what == "trkseg" and self.way is not None:
            self.way.pause()
        elif what in _POINTS and self.way is not None:
            at = point(element.get("lat"), element.get("lon"))
            if at is not None:
                self.way.add(*at)

    def end(self, what: str, element: Element) -> None:
        """An element has ended."""
        self.open_names.pop()
        parent = self.open_names[-1] if self.open_names else ""
        if what == "wpt":
            _waypoint(element, self.found)
        elif self.way is not None:
            self._end_in_way(what, parent, element.text or "")
        elif parent in {"metadata", "gpx", "author"}:
            _about(self.found, parent, what, words(element.text or ""))

    def _end_in_way(self, what: str, parent: str, text: str) -> None:
        assert self.way is not None  # noqa: S101 - asked by the caller
        if what in _NAMES:
            self.found.way(self.way)
            self.way = None
        elif what == "time" and parent in _POINTS:
            self.way.at(words(text))
        elif what == "name" and parent in _NAMES:
            self.way.name = words(text)


def _gpx(events: Iterator[tuple[str, Element]], found: _Places, context: Context) -> None:
    gpx = _Gpx(found, ["gpx"])
    for kind, element in events:
        what = safe_xml.local(element.tag)
        if kind == "start":
            gpx.start(what, element)
        else:
            gpx.end(what, element)
            context.progress(message=f"{found.counts['points']:,} points")


def _about(found: _Places, parent: str, what: str, text: str) -> None:
    if what == "name" and parent != "author":
        found.title = found.title or text
    elif what == "name" or (what == "author" and text):
        found.author = found.author or text
    elif what == "desc":
        found.about = found.about or text
    elif what == "time":
        found.date = found.date or text


def _waypoint(element: Element, found: _Places) -> None:
    at = point(element.get("lat"), element.get("lon"))
    if at is not None:
        said = {safe_xml.local(each.tag): words(each.text or "") for each in element}
        about = " · ".join(filter(None, (said.get("desc") or said.get("cmt"), said.get("type") or said.get("sym"))))
        found.place(said.get("name", ""), at, said.get("ele", ""), said.get("time", ""), about)


def _kml(events: Iterator[tuple[str, Element]], found: _Places, context: Context) -> None:
    for kind, element in events:
        what = safe_xml.local(element.tag)
        if kind != "end":
            continue
        if what == "Placemark":
            _placemark(element, found)
            context.progress(message=f"{found.counts.total():,} places, ways and points")
        elif what == "name" and not found.title:
            found.title = words(element.text or "")
        elif what == "description" and not found.about:
            found.about = words(element.text or "")


def _placemark(element: Element, found: _Places) -> None:
    said = {safe_xml.local(each.tag): words(each.text or "") for each in element}
    times = [words(each.text or "") for each in element.iter() if safe_xml.local(each.tag) in {"when", "begin"}]
    name, about = said.get("name", ""), said.get("description", "")
    for each in element.iter():
        what = safe_xml.local(each.tag)
        if what == "Point":
            for latitude, longitude, height in islice(_coordinates(each), 1):
                found.place(name, (latitude, longitude), height, times[0] if times else "", about)
        elif what in {"LineString", "LinearRing", "Track"}:
            way = Way(name, {"LineString": "line", "LinearRing": "outline", "Track": "track"}[what])
            for latitude, longitude, _ in _coordinates(each):
                way.add(latitude, longitude)
            for time in times if what == "Track" else times[:1]:
                way.at(time)
            found.way(way)


def _coordinates(element: Element) -> Iterator[tuple[float, float, str]]:
    """(latitude, longitude, height) of the points of a geometry: longitude comes first in KML."""
    for each in element.iter():
        what = safe_xml.local(each.tag)
        if what == "coordinates":
            for part in (each.text or "").split():
                numbers = part.split(",")
                at = point(numbers[1] if len(numbers) > 1 else None, numbers[0])
                if at is not None:
                    yield *at, numbers[2] if len(numbers) > 2 else ""
        elif what == "coord":
            numbers = (each.text or "").split()
            at = point(numbers[1] if len(numbers) > 1 else None, numbers[0] if numbers else None)
            if at is not None:
                yield *at, numbers[2] if len(numbers) > 2 else ""
