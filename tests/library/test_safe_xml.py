"""XML from anywhere."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator

import pytest

from box.errors import Unprocessable
from box.library import safe_xml


class Repeated(io.RawIOBase):
    """A stream of the same bytes, many times over, between a beginning and an end."""

    def __init__(self, start: bytes, body: bytes, times: int, end: bytes) -> None:
        self._pieces: Iterator[bytes] = self._all(start, body, times, end)

    @staticmethod
    def _all(start: bytes, body: bytes, times: int, end: bytes) -> Iterator[bytes]:
        yield start
        for _ in range(times):
            yield body
        yield end

    def read(self, size: int = -1) -> bytes:
        data = bytearray()
        while len(data) < size and (piece := next(self._pieces, b"")):
            data += piece
        return bytes(data)


def told(data: bytes, *keep: str) -> list[tuple[str, str, str | None, int]]:
    return [
        (kind, safe_xml.local(element.tag), element.text if kind == "end" else None, len(element) * (kind == "end"))
        for kind, element in safe_xml.events(io.BytesIO(data), "a.xml", keep=keep)
    ]


def code_of(data: bytes) -> str:
    with pytest.raises(Unprocessable) as by_events:
        told(data)
    with pytest.raises(Unprocessable) as by_tree:
        safe_xml.tree(data, "a.xml")
    assert by_events.value.code == by_tree.value.code
    return by_events.value.code


def test_each_element_comes_twice_and_only_what_is_kept_has_its_children():
    text = b'<r xmlns="urn:x"><p>one<b>two</b>three</p><q>four<b>five</b>six</q></r>'
    assert told(text, "q") == [
        ("start", "r", None, 0),
        ("start", "p", None, 0),
        ("start", "b", None, 0),
        ("end", "b", "two", 0),
        ("end", "p", "one", 0),
        ("start", "q", None, 0),
        ("start", "b", None, 0),
        ("end", "b", "five", 0),
        ("end", "q", "four", 1),
        ("end", "r", None, 0),
    ]


def test_a_small_document_comes_as_a_tree():
    root = safe_xml.tree(b"<r><p>one<b>two</b>three</p></r>", "a.xml")
    assert "".join(root.itertext()) == "onetwothree"
    assert safe_xml.local("{urn:x}p") == "p"
    assert safe_xml.local("p") == "p"


def test_names_of_characters_are_known_where_a_document_type_is_named():
    start = b'<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">'
    assert safe_xml.tree(start + b"<p>caf&eacute;&nbsp;au lait</p>", "a.xml").text == "café\xa0au lait"


def test_memory_stays_flat_however_long_a_document_is():
    tracemalloc.start()
    stream = Repeated(b"<r>", b"<p a='1'>some words<b>bold</b>, and more</p>" * 100, 60, b"</r>")
    count = sum(kind == "end" for kind, _ in safe_xml.events(stream, "a.xml", keep={"p"}))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 2 * 100 * 60 + 1
    assert peak < 1_000_000


LAUGHS = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><l>&b;</l>'


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        LAUGHS.decode().encode("utf-16"),
        b"<!--" + b" " * 100_000 + b"-->" + LAUGHS,
        b'<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><l>&a;</l>',
        b'<!DOCTYPE l [<!ENTITY % a SYSTEM "http://example.org/a.dtd"> %a;]><l/>',
        b"<a>" * (safe_xml.DEPTH_MAX + 1) + b"</a>" * (safe_xml.DEPTH_MAX + 1),
        b"<a>" * 200_000,
        b"<a " + b" ".join(b"b%d='1'" % each for each in range(safe_xml.ATTRIBUTES_MAX + 1)) + b"/>",
        b"<a b='" + b"x" * (safe_xml.ATTRIBUTE_CHARS_MAX + 1) + b"'/>",
    ],
    ids=["laughs", "laughs-utf16", "laughs-late", "file", "remote", "deep", "deeper", "attributes", "attribute"],
)
def test_what_no_document_has_is_hostile(text: bytes):
    assert code_of(text) == "hostile-xml"


def test_an_element_without_an_end_is_hostile_before_it_fills_memory():
    stream = Repeated(b"<r a='", b"x" * 16_384, 100_000, b"'/>")
    with pytest.raises(Unprocessable) as refused:
        list(safe_xml.events(stream, "a.xml"))
    assert refused.value.code == "hostile-xml"


def test_more_elements_than_fit_are_told():
    text = b"<r>" + b"<a/>" * 20_000 + b"</r>"
    with pytest.raises(Unprocessable) as refused:
        list(safe_xml.events(io.BytesIO(text), "a.xml", nodes_max=10_000))
    assert refused.value.code == "oversized"


@pytest.mark.parametrize(
    "text",
    [b"", b"   ", b"<a>", b"<a></b>", b"\x00\x01\x02", b"<a>&nothing;</a>", b"<?xml version='1.0' encoding='xx'?><a/>"],
)
def test_what_is_no_xml_is_damage(text: bytes):
    assert code_of(text) == "corrupt"
