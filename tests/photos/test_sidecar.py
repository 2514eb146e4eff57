"""What stands beside a picture: XMP in its forms, the JSON of a Takeout, and what only pretends to be either."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from box.photos import sidecar
from box.photos.formats import HEAD_BYTES, sniff
from box.photos.sidecar import embedded_xmp, read_takeout, read_xmp

NAMES = """xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" """
ALL = {
    "XMP:DateTimeOriginal": "2024-05-03T10:11:12.5+02:00",
    "XMP:DateCreated": "2024-05-04",
    "XMP:CreateDate": "2024-05-05T10:11Z",
}
ATTRIBUTES = """exif:DateTimeOriginal="2024-05-03T10:11:12.5+02:00" photoshop:DateCreated="2024-05-04"
 xmp:CreateDate="2024-05-05T10:11Z" xmp:ModifyDate="2030-01-01" """
ELEMENTS = """<exif:DateTimeOriginal>2024-05-03T10:11:12.5+02:00</exif:DateTimeOriginal>
 <photoshop:DateCreated> 2024-05-04
 </photoshop:DateCreated><xmp:CreateDate>2024-05-05T10:11Z</xmp:CreateDate><xmp:ModifyDate>2030-01-01</xmp:ModifyDate>"""


def xmp(attributes: str = "", elements: str = "", before: str = "") -> bytes:
    description = f'<rdf:Description rdf:about="" {attributes}>{elements}</rdf:Description>'
    return f'{before}<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {NAMES}>{description}</rdf:RDF></x:xmpmeta>'.encode()


@pytest.mark.parametrize("document", [xmp(ATTRIBUTES), xmp(elements=ELEMENTS)], ids=["attributes", "elements"])
def test_dates_are_read_as_attributes_and_as_elements(document: bytes):
    assert read_xmp(document) == ALL
    assert read_xmp(b"\xef\xbb\xbf<?xpacket begin='' id='W5'?>" + document + b"\n<?xpacket end='w'?>\n  ") == ALL
    assert read_xmp(document.decode().encode("utf-16")) == ALL


def test_other_prefixes_and_no_wrapper_mean_the_same():
    document = xmp(ATTRIBUTES).replace(b"exif:", b"e:").replace(b"xmlns:exif=", b"xmlns:e=")
    assert read_xmp(document)["XMP:DateTimeOriginal"] == ALL["XMP:DateTimeOriginal"]
    bare = document[document.index(b"<rdf:RDF") : document.index(b"</x:xmpmeta>")]
    assert read_xmp(bare).keys() == ALL.keys()


def test_the_dates_of_other_pictures_that_lie_deeper_do_not_count():
    inner = (
        f"<xmpMM:Ingredients><rdf:Bag><rdf:li><rdf:Description {ATTRIBUTES}/></rdf:li></rdf:Bag></xmpMM:Ingredients>"
    )
    assert read_xmp(xmp(elements=inner)) == {}
    assert read_xmp(xmp(elements=f"<xmpMM:DerivedFrom>{ELEMENTS}</xmpMM:DerivedFrom>")) == {}
    nested = "<xmp:CreateDate><rdf:li>2024</rdf:li>-05-05</xmp:CreateDate>"
    assert read_xmp(xmp(elements=nested)) in ({}, {"XMP:CreateDate": "2024-05-05"})


def test_the_first_of_several_counts_and_an_empty_one_does_not():
    twice = (
        "<xmp:CreateDate> </xmp:CreateDate><xmp:CreateDate>2001</xmp:CreateDate><xmp:CreateDate>2002</xmp:CreateDate>"
    )
    assert read_xmp(xmp(elements=twice)) == {"XMP:CreateDate": "2001"}


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "document",
    [
        b"", b"\0", b"no xml", xmp(ATTRIBUTES)[:-5], xmp(ATTRIBUTES) + b"<x/>", xmp(ATTRIBUTES, before=BOMB),
        xmp(ATTRIBUTES, "<xmp:Label>&a;</xmp:Label>", OUTSIDE), xmp(ATTRIBUTES, before="<!DOCTYPE x>"),
        xmp(ATTRIBUTES, before="<!DOCTYPE x>").decode().encode("utf-16"), xmp(ATTRIBUTES, "&unknown;"),
        xmp(ATTRIBUTES, before='<?xml version="1.0" encoding="nonsense"?>'),
        xmp(ATTRIBUTES, before='<?xml version="1.0" encoding="utf-7"?>'),
        xmp(ATTRIBUTES, " " * sidecar.BYTES_MAX), xmp('xmp:CreateDate="' + "9" * 5000 + '"'),
        xmp(elements="<xmp:CreateDate>" + "9" * 5000 + "</xmp:CreateDate>"), b"<a>" * 300_000,
    ],
    ids=lambda document: str(document[:20]),
)  # fmt: skip
def test_hostile_and_broken_xml_says_nothing(document: bytes):
    assert read_xmp(document) == {}


@given(st.binary(max_size=300) | st.text(st.sampled_from("<>/=\"' abrdfxmp:&;#!?[]-"), max_size=200).map(str.encode))
@example(b"<!DOCTYPE")
def test_no_bytes_break_it(data: bytes):
    assert read_xmp(data) == {}
    assert read_takeout(data) == {}


@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=5))
def test_no_change_breaks_it(changes: list[tuple[int, int]]):
    data = bytearray(xmp(ATTRIBUTES, ELEMENTS))
    for at, byte in changes:
        data[at % len(data)] = byte
    assert set(read_xmp(bytes(data))) <= set(ALL)


def test_xmp_inside_a_picture_is_found_where_it_is_plain_text(corpora):
    found = 0
    for path in sorted((corpora / "exif-samples").rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        if sniff(data[:HEAD_BYTES]):
            document = embedded_xmp(data)
            assert not document or document.startswith(b"<x:xmpmeta")
            found += bool(read_xmp(document))
    assert found > 10
    assert embedded_xmp(b"") == embedded_xmp(b"<x:xmpmeta") == embedded_xmp(b"</x:xmpmeta><x:xmpmeta") == b""


# --- Takeout ---------------------------------------------------------------------------------------------------------


def takeout(**changes: object) -> bytes:
    told: dict[str, object] = {
        "title": "IMG_1.jpg",
        "photoTakenTime": {"timestamp": "1714816799", "formatted": "4 May 2024, 09:59:59 UTC"},
        "creationTime": {"timestamp": "1800000000"},
        "geoData": {"latitude": -33.5, "longitude": 151, "altitude": 1.0},
    }
    return json.dumps(told | changes).encode()


def test_a_takeout_tells_time_and_place():
    expected = {"Takeout:photoTakenTime": "1714816799", "Takeout:latitude": "-33.5", "Takeout:longitude": "151"}
    assert read_takeout(takeout()) == expected
    assert read_takeout(b"\xef\xbb\xbf" + takeout()) == expected


@pytest.mark.parametrize(
    "time", [None, 1, "x", [], {}, {"timestamp": None}, {"timestamp": []}, {"timestamp": "9" * 50}, {"timestamp": ""}]
)
def test_a_takeout_without_a_time_tells_none(time: object):
    assert "Takeout:photoTakenTime" not in read_takeout(takeout(photoTakenTime=time))


@pytest.mark.parametrize("place", [None, [], {"latitude": "x", "longitude": 1e9}, {"latitude": None}, {"latitude": []}])
def test_a_takeout_without_a_place_tells_none(place: object):
    assert read_takeout(takeout(geoData=place)) == {"Takeout:photoTakenTime": "1714816799"}


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"1", b"null", b"{", b"[" * 100_000, b"\xff\xfe", b"{}" + b" " * 1_000_000, b"9" * 5000,
             b'{"geoData": {"latitude": NaN, "longitude": Infinity}}'],
    ids=lambda data: str(data[:20]),
)  # fmt: skip
def test_hostile_and_broken_json_says_nothing(data: bytes):
    assert read_takeout(data) == {}
