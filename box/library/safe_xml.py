"""XML from anywhere. The rule: no entities, nothing from elsewhere, and a limit on all that a document may pile up.

`events` is for what may be long: it keeps in memory what is open, and what `keep` asks for. `tree` is for small parts.
Never recurse over a tree deeper than this module lets through: it lets through `DEPTH_MAX` levels.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
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
SILENT_BYTES_MAX: Final = 32 * 1024 * 1024
"""Without a tag: a longer text, comment or attribute would be held in memory whole."""
NODES_MAX: Final = 200_000_000
TREE_NODES_MAX: Final = 1_000_000
"""Of what is held in memory."""

_FEED_BYTES: Final = 64 * 1024
_GUARD_BYTES: Final = 4 * 1024


def local(tag: str) -> str:
    """The name of a tag or attribute without its namespace."""
    return tag.rpartition("}")[2]


def events(
    stream: BinaryIO, name: str, *, keep: Collection[str] = (), nodes_max: int = NODES_MAX
) -> Iterator[tuple[str, Element]]:
    """Each element twice: ("start", it), with its attributes, and ("end", it), with its text before any child.

    An element whose local name is in `keep` has all its children and their tails at its end; any other is emptied when
    it ends, so memory stays flat. `name` is what people call the document.
    """
    open_elements: list[Element] = []
    kept = kept_nodes = 0
    for batch in _batches(stream, name, nodes_max):
        for kind, element in batch:
            if kind == "start":
                open_elements.append(element)
                if kept or local(element.tag) in keep:
                    kept += 1
                    kept_nodes += 1
                    if kept_nodes > TREE_NODES_MAX:
                        raise Unprocessable(OVERSIZED, f"{name}: a part of it has over {TREE_NODES_MAX:,} elements")
                yield kind, element
            elif kept:
                yield kind, element
                open_elements.pop()
                kept -= 1
                if not kept:
                    kept_nodes = 0
                    element.clear()
            else:
                del element[:]
                yield kind, element
                open_elements.pop()
                element.clear()
        for element in open_elements[: len(open_elements) - kept]:
            del element[:-1]  # its last child may be open still, and goes with the next batch


def tree(data: bytes, name: str, *, nodes_max: int = TREE_NODES_MAX) -> Element:
    """The root element of a small document, with all that is in it."""
    root: Element | None = None
    for batch in _batches(io.BytesIO(data), name, nodes_max):
        root = batch[0][1] if root is None and batch else root
    if root is None:
        raise Unprocessable(CORRUPT, f"{name} is damaged: no XML")
    return root


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


def _batches(stream: BinaryIO, name: str, nodes_max: int) -> Iterator[list[tuple[str, Element]]]:
    """What each piece of the stream brings, held against the limits."""
    root = _Root()
    guard = DefusedXMLParser(target=root)
    inner = XMLParser(target=TreeBuilder())  # noqa: S314 - the guard sees first whatever may declare an entity
    for each in (guard, inner):
        each.entity.update(entitydefs)  # names of characters that HTML has, where a document names its DTD
    parser = XMLPullParser(("start", "end"), _parser=inner)
    depth = nodes = silent = 0
    ended = False
    while not ended:
        # The guard is pure Python, so it sees no more than it has to.
        data = stream.read(_FEED_BYTES if root.begun else _GUARD_BYTES)
        ended = not data
        batch = _fed(parser, None if root.begun else guard, data, name)
        for kind, element in batch:
            if kind == "start":
                nodes += 1
                depth += 1
                if depth > DEPTH_MAX:
                    raise Unprocessable(HOSTILE_XML, f"{name}: its elements are nested more than {DEPTH_MAX} deep")
                if element.attrib:
                    _check_attributes(element.attrib, name)
            else:
                depth -= 1
        silent = 0 if batch else silent + len(data)
        if silent > SILENT_BYTES_MAX:
            raise Unprocessable(HOSTILE_XML, f"{name}: {SILENT_BYTES_MAX:,} bytes of it hold no tag")
        if nodes > nodes_max:
            raise Unprocessable(OVERSIZED, f"{name} has more than {nodes_max:,} elements")
        yield batch


def _fed(
    parser: XMLPullParser[Element], guard: DefusedXMLParser | None, data: bytes, name: str
) -> list[tuple[str, Element]]:
    """The events that these bytes bring; no bytes are the end."""
    try:
        if not data:
            parser.close()
        else:
            if guard:
                guard.feed(data)
            parser.feed(data)
        return cast("list[tuple[str, Element]]", list(parser.read_events()))
    except DefusedXmlException as error:
        raise Unprocessable(HOSTILE_XML, f"{name} declares or refers to entities: {type(error).__name__}") from None
    except (ParseError, ValueError, LookupError) as error:  # the latter two: an encoding that is none
        raise Unprocessable(CORRUPT, f"{name} is no well-formed XML: {error}") from None


def _check_attributes(attributes: dict[str, str], name: str) -> None:
    if len(attributes) > ATTRIBUTES_MAX:
        raise Unprocessable(HOSTILE_XML, f"{name}: an element has more than {ATTRIBUTES_MAX:,} attributes")
    if sum(map(len, attributes.values())) > ATTRIBUTE_CHARS_MAX:
        raise Unprocessable(HOSTILE_XML, f"{name}: attributes of an element are longer than {ATTRIBUTE_CHARS_MAX:,}")
