"""XML as text: dumps, articles, places, outlines; damaged, packed and hostile ones."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from box.errors import Unprocessable
from box.library import recognising, wikitext, xml_flow
from box.library.markdown import Markdown
from box.library.readers import by_media_type
from box.library.reading import Context, Reading
from tests.helpers import REPOSITORY


def read(path: Path, data: str | bytes, name: str = "") -> tuple[Reading, str]:
    """What the reader that belongs to it makes of a file with these bytes."""
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    name = name or path.name
    reader = by_media_type(recognising.recognise(str(path), name))
    assert reader is not None
    out = io.StringIO()
    context = Context(name, str(path.parent), {}, lambda *_, **__: None)
    return reader.read(str(path), Markdown(out, 100_000_000), context), out.getvalue()


# --- wikis -----------------------------------------------------------------------------------------------------------

DUMP = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" xml:lang="de">
<siteinfo><sitename>Eulenwiki</sitename>
<namespaces><namespace key="6">Datei</namespace><namespace key="14">Kategorie</namespace></namespaces></siteinfo>
<page><title>Uhu</title><ns>0</ns><id>1</id>
<revision><timestamp>2023-01-01T00:00:00Z</timestamp><text>alt</text></revision>
<revision><timestamp>2024-05-06T00:00:00Z</timestamp>
<text xml:space="preserve">Der '''Uhu''' ist eine [[Eulen|Eule]].&lt;ref&gt;Buch&lt;/ref&gt;

== Leben ==
{{Vorlage|a={{b}}}}* Er ruft.
[[Datei:Uhu.jpg|mini|Ein [[Uhu]] ruft]][[Kategorie:Vogel]]</text></revision></page>
<page><title>Bubo</title><ns>0</ns><redirect title="Uhu"/><revision><text>#REDIRECT [[Uhu]]</text></revision></page>
<page><title>Diskussion:Uhu</title><ns>1</ns><revision><text>nichts</text></revision></page></mediawiki>"""


@pytest.mark.parametrize("pack", [bytes, bz2.compress, gzip.compress], ids=["plain", "bz2", "gz"])
def test_of_a_dump_the_newest_texts_of_its_pages_are_read(tmp_path: Path, pack: Any):
    name = {bytes: "a.xml", bz2.compress: "a.xml.bz2", gzip.compress: "a.xml.gz"}[pack]
    reading, text = read(tmp_path / name, pack(DUMP.encode()))
    assert text == "## Uhu\n\nDer Uhu ist eine Eule.\n\n### Leben\n\n- Er ruft."
    assert (reading.kind, reading.title, reading.language, reading.date) == (
        "wiki",
        "Eulenwiki",
        "de",
        "2024-05-06T00:00:00Z",
    )
    assert reading.counts == {"pages": 1, "redirects": 1, "others": 1}


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a<!-- b -->c", "ac"),
        ("a<!-- b", "a<!-- b"),
        ("a<ref name='x'/>b<ref>c</ref>d<references/>", "abd"),
        ("{{a|{{b}}|c}}d {{ never ends", "d {{ never ends"),
        ("[[a]] [[a|b]] [[:Category:c]] [[File:x|thumb|see [[y]]]]z", "a b Category:c z"),
        ("[https://x.org site] [https://x.org]", "site "),
        ("'''a''' ''b'' &amp; <b>c</b> __TOC__", "a b & c "),
    ],
)
def test_wikitext_becomes_its_words(text: str, plain: str):
    assert wikitext.plain(text) == plain


def test_the_cells_of_a_table_stand_side_by_side():
    out = io.StringIO()
    wikitext.write('{| class="x"\n! A !! B\n|-\n| style="y" | 1 || 2\n|}\nafter', Markdown(out, 1000))
    assert out.getvalue() == "A · B\n\n1 · 2\n\nafter"


@settings(deadline=None)
@given(st.text("[]{}|=<!->/ref'\nab:*", max_size=300))
def test_any_wikitext_becomes_some_text(text: str):
    wikitext.write(text, Markdown(io.StringIO(), 100_000))


_FLAT = """
import resource, sys
from box.library.markdown import Markdown
from box.library.reading import Context
from box.library.readers import wiki
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with open(sys.argv[2], "w") as out:
    reading = wiki.read(sys.argv[1], Markdown(out, 10**9), Context("a", "", {}, lambda *_, **__: None))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, reading.counts["pages"])
"""


def test_a_large_dump_takes_no_more_memory_than_a_small_one(tmp_path: Path):
    body = "The '''owl''' is a [[bird]] of prey which hunts at night.{{cite}}\n\n== Food ==\n* mice\n" * 20
    page = f"<page><title>Owl</title><ns>0</ns><revision><text>{body}</text></revision></page>\n"
    path = tmp_path / "dump.xml"
    path.write_text(f'<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/">{page * 5000}</mediawiki>')
    done = subprocess.run(
        [sys.executable, "-c", _FLAT, str(path), str(tmp_path / "out.md")], cwd=REPOSITORY, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    more_kib, pages = map(int, done.stdout.split())
    assert (os.path.getsize(path) > 8_000_000, pages) == (True, 5000)
    assert more_kib < 12_000


# --- articles --------------------------------------------------------------------------------------------------------

DOCBOOK = """<?xml version="1.0"?>
<!DOCTYPE article PUBLIC "-//OASIS//DTD DocBook XML V4.5//EN" "http://www.oasis-open.org/docbook/xml/4.5/docbookx.dtd">
<article lang="en"><articleinfo><title>On Owls</title><author><firstname>Ada</firstname><surname>Wood</surname></author>
<pubdate>2024-05-06</pubdate><abstract><para>Short.</para></abstract></articleinfo>
<section><title>First</title><para>Some <emphasis>text</emphasis>
 here&nbsp;too<footnote><para>a note</para></footnote>.</para>
<orderedlist><listitem><para>one</para></listitem><listitem><para>two</para></listitem></orderedlist>
<programlisting>a  =  1
b</programlisting>
<section><title>Inner</title><table><title>Counts</title><tgroup><thead>
<row><entry>A</entry><entry>B</entry></row></thead>
<tbody><row>
<entry><para>1</para></entry><entry>2</entry></row></tbody></tgroup></table></section></section>
<bibliography><biblioentry><author><surname>Doe</surname></author><title>Birds</title></biblioentry></bibliography>
</article>"""
TEI = """<TEI xmlns="http://www.tei-c.org/ns/1.0"><teiHeader><fileDesc><titleStmt><title>Night</title>
<author><persName><forename>Ada</forename> <surname>Wood</surname></persName></author></titleStmt>
<publicationStmt><date when="1850">1850</date></publicationStmt></fileDesc>
<profileDesc><langUsage><language ident="en">English</language></langUsage></profileDesc></teiHeader>
<text><body><div><head>I</head><lg><l>An owl</l><l>in the dark</l></lg>
<p>Then<note>see II</note> it flew.</p></div></body></text></TEI>"""
JATS = """<article article-type="research-article" xml:lang="en"><front><journal-meta/><article-meta>
<article-id pub-id-type="doi">10.1/x</article-id><title-group>
<article-title>Owls at <italic>night</italic></article-title></title-group>
<contrib-group><contrib contrib-type="author">
<name><surname>Wood</surname><given-names>Ada</given-names></name></contrib></contrib-group>
<pub-date><day>6</day><month>5</month><year>2024</year></pub-date>
<abstract><p>We looked.</p></abstract></article-meta></front>
<body><sec><title>Methods</title><p>We sat<xref>1</xref>.</p></sec></body>
<back><ref-list><title>References</title>
<ref><label>1</label><mixed-citation>Doe J. Birds. 2020.</mixed-citation></ref></ref-list></back></article>"""


def test_docbook_is_read_with_sections_lists_code_tables_notes_and_references(tmp_path: Path):
    reading, text = read(tmp_path / "a.xml", DOCBOOK)
    assert _about(reading) == (
        "On Owls",
        ("Ada Wood",),
        "2024-05-06",
        "en",
    )
    assert text == (
        "# On Owls\n\n## Abstract\n\nShort.\n\n## First\n\nSome text here too [a note].\n1. one\n2. two\n\n"
        "```\na  =  1\nb\n```\n\n"
        "### Inner\n\nCounts\n\n| A | B |\n| --- | --- |\n| 1 | 2 |\n\n## References\n- Doe Birds"
    )
    assert reading.counts == {"sections": 4, "references": 1, "tables": 1}


def test_tei_is_read_with_verses_and_notes(tmp_path: Path):
    reading, text = read(tmp_path / "a.xml", TEI)
    assert _about(reading) == ("Night", ("Ada Wood",), "1850", "en")
    assert text == "# Night\n\n## I\n\nAn owl\nin the dark\n\nThen [see II] it flew."


def test_jats_is_read_with_abstract_and_references(tmp_path: Path):
    reading, text = read(tmp_path / "a.xml", JATS)
    assert (reading.title, reading.authors, reading.date, reading.origin) == (
        "Owls at night",
        ("Ada Wood",),
        "2024-05-06",
        "doi:10.1/x",
    )
    assert text == (
        "# Owls at night\n\n## Abstract\n\nWe looked.\n\n## Methods\n\nWe sat1.\n\n## References\n- Doe J. Birds. 2020."
    )


# --- places ----------------------------------------------------------------------------------------------------------

GPX = """<gpx xmlns="http://www.topografix.com/GPX/1/1"><metadata><name>Walk</name><author><name>Ada</name></author>
</metadata>
<wpt lat="52.5" lon="13.4"><ele>34</ele><name>Owl</name><desc>in a tree</desc></wpt><wpt lat="x" lon="1"/>
<trk><name>Morning</name><trkseg><trkpt lat="52" lon="13"><time>2024-05-06T06:00:00Z</time></trkpt>
<trkpt lat="53" lon="13"><time>2024-05-06T07:00:00Z</time></trkpt></trkseg></trk></gpx>"""
KML = """<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>Trip</name><Folder><Placemark><name>Owl</name>
<description>&lt;b&gt;high&lt;/b&gt; up</description><Point><coordinates>13.4,52.5,34</coordinates></Point></Placemark>
<Placemark><name>Road</name>
<LineString><coordinates>13,52 13,53</coordinates></LineString></Placemark></Folder></Document></kml>"""


def test_waypoints_and_tracks_are_tables_and_a_track_is_told_by_its_sums(tmp_path: Path):
    reading, text = read(tmp_path / "a.gpx", GPX)
    assert (reading.kind, reading.title, reading.authors, reading.date) == (
        "places",
        "Walk",
        ("Ada",),
        "2024-05-06T06:00:00Z",
    )
    assert "| Owl | 52.500000 | 13.400000 | 34 |  | in a tree |" in text
    assert (
        "| Morning | track | 2 | 111.20 km | 2024-05-06T06:00:00Z | 2024-05-06T07:00:00Z"
        " | 52.00000, 13.00000 to 53.00000, 13.00000 |" in text
    )
    assert reading.counts == {"places": 1, "ways": 1, "points": 2}


def test_kml_and_kmz_are_read_alike(tmp_path: Path):
    plain = read(tmp_path / "a.kml", KML)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("doc.kml", KML)
    assert read(tmp_path / "a.kmz", packed.getvalue()) == plain
    assert "| Owl | 52.500000 | 13.400000 | 34 |  | high up |" in plain[1]
    assert "| Road | line | 2 | 111.20 km |" in plain[1]


# --- sitemaps, and all else ------------------------------------------------------------------------------------------


def test_a_sitemap_is_a_list(tmp_path: Path):
    one = "<url><loc>https://example.org/{n}</loc><lastmod>2024-05-06</lastmod></url>"
    text = (
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        + "".join(one.format(n=n) for n in range(10_050))
        + "</urlset>"
    )
    reading, written = read(tmp_path / "a.xml.gz", gzip.compress(text.encode()))
    assert written.startswith("| Address | Changed |\n| --- | --- |\n| https://example.org/0 | 2024-05-06 |")
    assert (reading.title, reading.counts, reading.marks) == (
        "Sitemap of example.org",
        {"addresses": 10_050},
        ("tables-cut",),
    )


def test_any_other_xml_is_an_outline_in_which_nothing_is_lost(tmp_path: Path):
    reading, text = read(
        tmp_path / "a.xml",
        '<?xml version="1.0"?><!-- <rss> --><inventory at="1"><title>Owls</title>'
        '<owl id="7">big <b>brown</b> one</owl><empty/></inventory>',
    )
    assert (reading.kind, reading.title, reading.counts) == ("xml", "Owls (inventory)", {"elements": 5})
    assert text == "- inventory (at=1)\n  - title: Owls\n  - owl (id=7): big\n    - b: brown\n    - one\n  - empty"


def test_texts_and_tails_come_in_order_wherever_the_pieces_end():
    inner = "".join(f"<a{n % 7}>text {n}</a{n % 7}>tail {n}" for n in range(20_000))
    data = f"<r>begin{inner}end</r>".encode()

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(1021, size or 1021))

    texts = [str(what) for kind, what in xml_flow.flow(Slow(data), "a") if kind == "text"]
    expected = ["begin", *(each for n in range(20_000) for each in (f"text {n}", f"tail {n}"))]
    expected[-1] += "end"
    assert texts == expected


def test_a_long_outline_is_cut_and_says_so(tmp_path: Path):
    reading, text = read(tmp_path / "a.xml", "<r>" + "<a>x</a>" * 51_000 + "</r>")
    assert reading.marks == ("outline-cut",)
    assert text.count("\n") < 50_000
    assert reading.counts == {"elements": 51_001}


LAUGHS = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
ATTACKS = {
    "billion laughs": (f'<!DOCTYPE r [<!ENTITY e0 "ha">{LAUGHS}]><r>&e9;</r>', "hostile-xml"),
    "quadratic": (f'<!DOCTYPE r [<!ENTITY a "{"x" * 100_000}">]><r>{"&a;" * 10_000}</r>', "hostile-xml"),
    "external entity": ('<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r>&a;</r>', "hostile-xml"),
    "external parameter entity": ('<!DOCTYPE r [<!ENTITY % a SYSTEM "http://127.0.0.1/x"> %a;]><r/>', "hostile-xml"),
    "depth": ("<a>" * 200_000, "hostile-xml"),
    "attributes": ("<r " + " ".join(f'a{n}="1"' for n in range(20_000)) + "/>", "hostile-xml"),
    "a gigantic attribute": (f'<r a="{"x" * 1_500_000}"/>', "hostile-xml"),
    "cut": ("<r><a>text", "corrupt"),
    "no xml": ("<r><a></r>", "corrupt"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "root"),
    [*((name, "r") for name in ATTACKS), *(("billion laughs", root) for root in ("mediawiki", "gpx", "TEI", "kml"))],
)
def test_attacks_are_refused_with_their_code_by_every_reader(tmp_path: Path, name: str, root: str):
    text, code = ATTACKS[name]
    with pytest.raises(Unprocessable) as raised:
        read(tmp_path / "a.xml", '<?xml version="1.0"?>' + text.replace("<r>", f"<{root}>"))
    assert raised.value.code == code


def test_a_document_type_elsewhere_is_never_fetched(tmp_path: Path):
    text = '<?xml version="1.0"?><!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd"><r>text</r>'
    assert read(tmp_path / "a.xml", text)[1] == "- r: text"


@pytest.mark.parametrize(
    "data", [bz2.compress(DUMP.encode())[:-20], gzip.compress(DUMP.encode())[:-20], b"BZh9garbage", b"\x1f\x8bgarbage"]
)
def test_what_is_packed_and_damaged_is_corrupt(tmp_path: Path, data: bytes):
    with pytest.raises(Unprocessable) as raised:
        read(tmp_path / ("a.xml.bz2" if data.startswith(b"BZh") else "a.xml.gz"), data)
    assert raised.value.code == "corrupt"


@pytest.mark.parametrize(
    ("start", "found"),
    [
        ('<?xml version="1.0"?><!-- <html> --><TEI>', "application/tei+xml"),
        ('<!DOCTYPE book PUBLIC "-//OASIS//DTD DocBook//EN" "x" [<!ENTITY a "<b>">]><book>', "application/docbook+xml"),
        ('<article xmlns="http://docbook.org/ns/docbook">', "application/docbook+xml"),
        ('<?xml version="1.0"?><rdf:RDF xmlns="http://purl.org/rss/1.0/">', "application/rss+xml"),
        ("<svg>", "image/svg+xml"), ('<?xml version="1.0"?><x:y xmlns:x="a">', "application/xml"),
    ],
)  # fmt: skip
def test_a_document_is_known_by_its_root_element(start: str, found: str):
    assert recognising.media_type("a.xml", start.encode()) == found
    if start.startswith("<?xml"):
        assert recognising.media_type("a.xml", start.encode("utf-16")) == found


def _about(reading: Reading) -> tuple[str, tuple[str, ...], str, str]:
    return reading.title, reading.authors, reading.date, reading.language
