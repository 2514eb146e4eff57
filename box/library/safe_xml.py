"""XML from anywhere. The rule: no entities, nothing from elsewhere, and a limit on all that a document may pile up.

`events` is for what may be long: it holds in memory what is open, and what `keep` asks for. `tree` is for small parts.
What they let through is at most `DEPTH_MAX` levels deep, so going down a tree by recursion is safe.
"""

from __future__ import annotations

import io
from collections.abc import Container, Iterator
from contextlib import contextmanager
from html.entities import entitydefs
from typing import BinaryIO, Final, cast
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser, XMLPullParser

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from box.errors import Unprocessable
from box.library.reading import CORRUPT, HOSTILE_XML, OVERSIZED

DEPTH_MAX: Final = 256
ATTRIBUTES_MAX: Final = 1_000
"""Of one element."""
ATTRIBUTE_CHARS_MAX: Final = 1024 * 1024
"""Of all attributes of one element."""
SILENT_BYTES_MAX: Final = 16 * 1024 * 1024
"""Without a beginning of an element: a longer text, comment or attribute would be held in memory whole."""
NODES_MAX: Final = 200_000_000
TREE_NODES_MAX: Final = 1_000_000
"""Of what is held in memory."""

_FEED_BYTES: Final = 16 * 1024
_GUARD_BYTES: Final = 4 * 1024
_CHILDREN_MAX: Final = 256
"""Empty ones, before an open element lets go of them."""


def local(tag: str) -> str:
    """The name of a tag or attribute without its namespace."""
    return tag.rpartition("}")[2]


def events(
    stream: BinaryIO, name: str, *, keep: Container[str] = (), nodes_max: int = NODES_MAX
) -> Iterator[tuple[str, Element]]:
    """Each element twice: ("start", it), with its attributes, and ("end", it), with its text before any child.

    An element whose local name is in `keep` has all its children and their tails at its end; any other is emptied when
    it ends, so memory stays flat. `name` is what people call the document.
    """
    open_elements: list[Element] = []
    kept = kept_nodes = 0
    for kind, element in _parsed(stream, name, nodes_max):
        if kind == "start":
            open_elements.append(element)
            if kept or local(element.tag) in keep:
                kept += 1
                kept_nodes += 1
                if kept_nodes > TREE_NODES_MAX:
                    raise Unprocessable(OVERSIZED, f"{name}: a part of it has over {TREE_NODES_MAX:,} elements")
            yield kind, element
            continue
        if not kept:
            del element[:]
        yield kind, element
        open_elements.pop()
        kept -= kept > 0
        if not kept:
            kept_nodes = 0
            element.clear()
            if open_elements and len(open_elements[-1]) > _CHILDREN_MAX:
                del open_elements[-1][:]


class _Everything:
    def __contains__(self, _: object) -> bool:
        return True


def tree(data: bytes, name: str) -> Element:
    """The root element of a small document with all that is in it, which is at most `TREE_NODES_MAX` elements."""
    root: Element | None = None
    for kind, element in events(io.BytesIO(data), name, keep=_Everything()):
        root = element if root is None else root
        if kind == "end" and element is root:
            return root
    raise Unprocessable(CORRUPT, f"{name} is damaged: no XML")


def _parsed(stream: BinaryIO, name: str, nodes_max: int) -> Iterator[tuple[str, Element]]:
    """The events of a document as the parser has them, held against the limits."""
    parser = _Parser(name)
    depth = nodes = silent_bytes = 0
    # What has no end yet is parsed from its beginning each time: as much again each time makes that twice, not n times.
    while data := stream.read(max(silent_bytes, _FEED_BYTES if parser.in_root else _GUARD_BYTES)):
        nodes_before = nodes
        for kind, element in parser.fed(data):
            if kind == "start":
                nodes += 1
                depth += 1
                if depth > DEPTH_MAX:
                    raise Unprocessable(HOSTILE_XML, f"{name}: elements are nested more than {DEPTH_MAX} deep")
                if element.attrib:
                    _check(element.attrib, name)
            else:
                depth -= 1
            yield kind, element
        silent_bytes = 0 if nodes > nodes_before else silent_bytes + len(data)
        if silent_bytes > SILENT_BYTES_MAX:
            raise Unprocessable(HOSTILE_XML, f"{name}: in {SILENT_BYTES_MAX:,} bytes of it no element begins")
        if nodes > nodes_max:
            raise Unprocessable(OVERSIZED, f"{name} has more than {nodes_max:,} elements")
    parser.close()


def _check(attributes: dict[str, str], name: str) -> None:
    if len(attributes) > ATTRIBUTES_MAX:
        raise Unprocessable(HOSTILE_XML, f"{name}: an element has more than {ATTRIBUTES_MAX:,} attributes")
    if sum(map(len, attributes.values())) > ATTRIBUTE_CHARS_MAX:
        raise Unprocessable(HOSTILE_XML, f"{name}: attributes of an element are longer than {ATTRIBUTE_CHARS_MAX:,}")


class _Parser:
    """The parser of the standard library, behind a defused one that sees first whatever may declare an entity.

    The defused one is pure Python, so it sees no more than it has to: until the root element has begun.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._root = _Root()
        self._guard = DefusedXMLParser(target=self._root)
        inner = XMLParser(target=TreeBuilder())  # noqa: S314 - see above
        for each in (self._guard, inner):
            each.entity.update(entitydefs)  # names of characters that HTML has, where a document names its DTD
        self._parser = XMLPullParser(("start", "end"), _parser=inner)

    @property
    def in_root(self) -> bool:
        """Whether the root element has begun."""
        return self._root.begun

    def fed(self, data: bytes) -> Iterator[tuple[str, Element]]:
        """The events that these bytes bring, and then what is wrong with them."""
        with _telling(self._name):
            damage = None if self._root.begun else self._guarded(data)
            self._parser.feed(data)
            yield from cast("Iterator[tuple[str, Element]]", self._parser.read_events())
            if damage is not None:
                raise damage

    def _guarded(self, data: bytes) -> ParseError | None:
        """Raises what is forbidden; gives what is only damage, so that what comes before it is seen first."""
        try:
            self._guard.feed(data)
        except ParseError as damage:
            return damage
        return None

    def close(self) -> None:
        """Nothing comes after this."""
        with _telling(self._name):
            self._parser.close()


class _Root:
    """Learns that the root element has begun: no entity can be declared after that."""

    begun = False

    def start(self, _tag: str, _attributes: dict[str, str]) -> None:
        self.begun = True

    def end(self, tag: str) -> None:
        pass

    def data(self, text: str) -> None:
        pass

    def close(self) -> None:
        pass


@contextmanager
def _telling(name: str) -> Iterator[None]:
    try:
        yield
    except DefusedXmlException as error:
        raise Unprocessable(HOSTILE_XML, f"{name} declares or refers to entities: {type(error).__name__}") from None
    except (ParseError, ValueError, LookupError) as error:  # the latter two: an encoding that is none
        raise Unprocessable(CORRUPT, f"{name} is no well-formed XML: {error}") from None
