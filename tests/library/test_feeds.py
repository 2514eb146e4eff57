"""Feeds and transcripts as text: every form says the same, broken ones say what they can, hostile ones nothing."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from box.errors import Unprocessable
from box.library import feed_broken, feeds, recognising, transcripts
from box.library.feeds import Entry, Feed, Link
from box.library.markdown import Markdown, line
from box.library.readers import by_media_type
from box.library.reading import Context
from box.library.transcripts import Said

RSS = """<?xml version="1.0"?><rss version="2.0" xmlns:podcast="{ns}"
 xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:psc="http://podlove.org/simple-chapters" xmlns:media="http://search.yahoo.com/mrss/">
<channel><title>Owls &amp; more</title><link>https://example.org/</link><language>de</language>
<itunes:new-feed-url>https://example.org/new</itunes:new-feed-url>
<item><title>One</title><itunes:title>Short</itunes:title><media:title>Wrong</media:title><guid>1</guid>
<pubDate>Mon, 06 May 2024 10:00:00 GMT</pubDate><description>Short text.</description>
<content:encoded><![CDATA[<p>Long text.</p>]]></content:encoded><itunes:season>2</itunes:season>
<itunes:episode>5</itunes:episode><itunes:duration>90</itunes:duration>
<enclosure url="https://example.org/1.mp3?x=1" type="audio/mpeg" length="77"/>
<podcast:transcript url="https://example.org/1.vtt" type="text/vtt" language="de"/>
<podcast:transcript url="https://example.org/1.srt" type="application/x-subrip"/>
<podcast:person role="Guest">Grace</podcast:person><podcast:person>Ada</podcast:person>
<psc:chapters><psc:chapter start="00:01:00" title="Intro"/></psc:chapters></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Owls</title><link rel="self" href="https://example.org/atom"/>
<author><name>Ada</name></author><entry><id>urn:1</id><title type="html">A &lt;b&gt;bold&lt;/b&gt; title</title>
<updated>2024-05-06T12:00:00+02:00</updated><link href="https://example.org/1"/>
<link rel="enclosure" href="https://example.org/1.ogg" type="audio/ogg"/>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Some text</p></div></content>
<author><name>Grace</name></author></entry></feed>"""
NAMESPACES = (
    "https://podcastindex.org/namespace/1.0",
    "https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md",
)


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_an_episode_is_read_with_all_that_is_said_of_it_in_both_forms_of_the_namespace(namespace: str):
    feed = feeds.parse(RSS.format(ns=namespace).encode(), "a")
    assert (feed.title, feed.language, feed.moved_to) == ("Owls & more", "de", "https://example.org/new")
    (entry,) = feed.entries
    assert (entry.title, entry.guid, entry.date, entry.number) == ("One", "1", "2024-05-06T10:00:00Z", "S2 E5")
    assert entry.text == "<p>Long text.</p>"
    assert entry.audio == Link("https://example.org/1.mp3?x=1", "audio/mpeg", size=77)
    assert [link.url[-3:] for link in entry.transcripts] == ["vtt", "srt"]
    assert [(p.name, p.role) for p in entry.persons] == [("Grace", "Guest"), ("Ada", "host")]
    assert [(c.seconds, c.title) for c in entry.chapters] == [(60, "Intro")]
    assert entry.seconds == 90


def test_atom_and_json_feed_say_the_same_words():
    feed = feeds.parse(ATOM.encode(), "a")
    (entry,) = feed.entries
    assert (feed.address, feed.authors, entry.authors) == ("https://example.org/atom", ["Ada"], ["Grace"])
    assert (entry.title, entry.date, entry.link) == ("A bold title", "2024-05-06T10:00:00Z", "https://example.org/1")
    assert (entry.text, entry.audio) == ("<p>Some text</p>", Link("https://example.org/1.ogg", "audio/ogg"))
    said = {
        "version": "https://jsonfeed.org/version/1.1", "title": "Owls", "feed_url": "https://example.org/json",
        "items": [{"id": 7, "title": "One", "content_html": "<p>x</p>", "date_published": "2024-05-06T10:00:00Z",
                   "attachments": [{"url": "https://example.org/1.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 5}],
                   "authors": [{"name": "Ada"}], "tags": ["a", 3]}, 5],
    }  # fmt: skip
    feed = feeds.parse(json.dumps(said).encode(), "a")
    (entry,) = feed.entries
    assert (feed.address, entry.guid, entry.authors, entry.tags) == ("https://example.org/json", "7", ["Ada"], ["a"])
    assert entry.audio == Link("https://example.org/1.mp3", "audio/mpeg", size=5)


def test_of_a_broken_feed_all_entries_and_all_transcripts_are_read():
    broken = RSS.format(ns=NAMESPACES[0]).replace("Owls &amp; more", "Owls & more &nbsp;")
    feed = feeds.parse(broken.encode(), "a")
    (entry,) = feed.entries
    assert feed.is_broken
    assert (entry.guid, entry.date) == ("1", "2024-05-06T10:00:00Z")
    assert [(link.url[-3:], link.language) for link in entry.transcripts] == [("vtt", "de"), ("srt", "")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("<html><body>no feed</body></html>", "corrupt"),
        ("{}", "corrupt"),
        ("nothing", "corrupt"),
        ('<!DOCTYPE rss [<!ENTITY a "aaa"><!ENTITY b "&a;&a;">]><rss><channel>&b;</channel></rss>', "hostile-xml"),
        ("<rss>" + "<channel>" * 400, "hostile-xml"),
    ],
)  # fmt: skip
def test_what_is_no_feed_or_hostile_is_refused_with_its_code(text: str, code: str):
    with pytest.raises(Unprocessable) as raised:
        feeds.parse(text.encode(), "a")
    assert raised.value.code == code


def test_an_episode_is_known_by_its_guid_else_its_sound_else_title_and_date():
    audio = Link("https://example.org/1.mp3?token=1")
    key = feeds.key_of(Entry(guid="1", audio=audio))
    assert key == feeds.key_of(Entry(guid="1", title="renamed", date="2024"))
    assert feeds.key_of(Entry(audio=audio)) == feeds.key_of(Entry(audio=Link("https://example.org/1.mp3?token=2")))
    assert feeds.key_of(Entry(title="a", date="2024")) != feeds.key_of(Entry(title="a", date="2025"))


def test_the_newest_come_first_each_once_and_without_a_date_last():
    entries = [
        Entry(guid="a"),
        Entry(guid="b", date="2023"),
        Entry(guid="c", date="2024"),
        Entry(guid="b", date="2025"),
    ]
    assert [entry.guid for entry in feeds.newest(entries, 9)] == ["c", "b", "a"]
    assert [entry.guid for entry in feeds.newest(entries, 1)] == ["c"]


def rss(*items: str) -> bytes:
    return f"<rss><channel><title>A</title>{''.join(f'<item>{item}</item>' for item in items)}</channel></rss>".encode()


@pytest.mark.parametrize(
    "items",
    [
        ["<guid>1</guid><title>a</title>", "<guid>1</guid><title>b</title>"],
        ['<guid>1</guid><enclosure url="https://a.b/1.mp3"/>', '<guid>1</guid><enclosure url="https://a.b/2.mp3"/>'],
        [f'<title>{n}</title><enclosure url="https://a.b/play?episode={n}" type="audio/mpeg"/>' for n in (1, 2)],
        ["<title>a</title>", "<title>b</title>"],
        ["<title>a</title><link>https://a.b/1</link>", "<title>a</title><link>https://a.b/2</link>"],
        ["<description>a</description>", "<description>b</description>"],
    ],
    ids=["guid", "guid, sounds", "sound", "nothing but a title", "the same title", "nothing but a text"],
)
def test_entries_that_share_what_they_should_be_known_by_are_all_there(items: list[str]):
    assert len(feeds.parse(rss(*items), "a").entries) == 2
    assert len(feeds.parse(rss(*items, *items), "a").entries) == 2, "each of them once"


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("vtt", b"WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n" + b"a\n" * (transcripts.PIECES_MAX + 1)),
        ("json", b'{"segments":[' + b",".join([b"{}"] * (transcripts.PIECES_MAX + 1)) + b"]}"),
        ("html", b"<p>" * transcripts.HTML_CHARS_MAX),
    ],
    ids=["vtt", "json", "html"],
)
def test_a_transcript_without_end_is_none_and_not_half_of_one(form: str, data: bytes):
    with pytest.raises(Unprocessable) as raised:
        transcripts.write(data, form, "a", Markdown(io.StringIO(), 10_000_000))
    assert raised.value.code == "oversized"


def test_a_long_line_of_a_transcript_is_there_to_its_end():
    out = io.StringIO()
    words = " ".join(f"word{n}" for n in range(5_000))
    transcripts.write(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{words}\n".encode(), "vtt", "a", Markdown(out, 1_000_000))
    assert out.getvalue().endswith("word4999")


def test_of_too_many_entries_the_newest_are_kept_wherever_they_stand():
    items = [f"<title>{n}</title><pubDate>{1990 + n // 1000}-01-01T00:00:{n % 60:02}Z</pubDate>" for n in range(25_000)]
    feed = feeds.parse(rss(*items), "a")
    assert feed.is_cut
    assert len(feed.entries) == feeds.ENTRIES_MAX
    assert feed.entries[0].date.startswith("2014")
    assert feed.entries[-1].date.startswith("2005")


def test_of_a_broken_feed_without_end_so_much_is_read_and_of_one_in_json_the_newest_entries(monkeypatch):
    monkeypatch.setattr(feed_broken, "BYTES_MAX", 10_000)
    feed = feeds.parse(rss(*(f"<guid>{n}</guid><title>A & B</title>" for n in range(1000))), "a")
    assert feed.is_cut
    assert 100 < len(feed.entries) < 300
    items = [
        {"id": str(n), "date_published": f"{1000 + n // 10}-01-01T00:00:00Z"} for n in range(feeds.ENTRIES_MAX + 500)
    ]
    feed = feeds.parse(json.dumps({"version": "https://jsonfeed.org/version/1", "items": items}).encode(), "a")
    assert (feed.is_cut, len(feed.entries)) == (True, feeds.ENTRIES_MAX)
    assert feed.entries[-1].date.startswith("1050")


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Fri, 31 Dec 9999 23:59:59 -1200", ""), ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ("0001-01-01T00:00:00+14:00", ""), ("99999-01-01", ""), ("Mon, 99 May 2024 10:00:00 GMT", ""),
        ("Mon, 06 May 2024 10:00:00 +99999999999", ""),
    ],
)  # fmt: skip
def test_a_date_that_cannot_be_is_none(text: str, date: str):
    assert feeds.date_of(text) == date


@settings(deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_a_feed_or_refused(data: bytes):
    with suppress(Unprocessable):
        assert isinstance(feeds.parse(data, "a"), Feed)


@given(st.text(max_size=60))
def test_any_text_is_a_date_or_none_and_a_length_or_zero(text: str):
    assert feeds.date_of(text) == "" or feeds.date_of(text).endswith("Z")
    assert 0 <= feeds.seconds_of(text) < 10_000_000


# --- transcripts -----------------------------------------------------------------------------------------------------


def written(data: str, form: str) -> str:
    out = io.StringIO()
    transcripts.write(data.encode(), form, "a", Markdown(out, 100_000))
    return out.getvalue()


VTT = """WEBVTT

NOTE not said

1
00:00:01.000 --> 00:00:03.000
<v Ada>Hello there.</v>

00:00:03.000 --> 00:00:05.000
<v.loud Grace><i>And</i> hello
to you.</v>
"""
SRT = """1
00:00:01,000 --> 00:00:03,000
Ada: Hello there.

2
00:00:03,000 --> 00:00:05,000
Grace: And hello
to you.
""".replace("\n", "\r\n")
JSON = {"segments": [
    {"startTime": 1, "speaker": "Ada", "body": "Hello"}, {"startTime": 1.5, "speaker": "Ada", "body": "there."},
    {"startTime": 3, "speaker": "Grace", "body": "And hello to you."},
]}  # fmt: skip


@pytest.mark.parametrize(("data", "form"), [(VTT, "vtt"), (SRT, "srt"), (json.dumps(JSON), "json")])
def test_every_form_with_times_becomes_the_same_paragraphs(data: str, form: str):
    assert written(data, form) == "[00:00:01.000] Ada: Hello there.\n\n[00:00:03.000] Grace: And hello to you."


def test_a_form_without_times_is_text():
    assert written("<cite>Ada:</cite><p>Hello <b>there</b>.</p>", "html") == "Ada:\n\nHello there."
    assert written("Ada: Hello.\n\nMore.", "plain") == "Ada: Hello.\n\nMore."


@pytest.mark.parametrize(("data", "form"), [("{", "json"), ("[]", "json"), ("WEBVTT\n\nx", "vtt"), ("", "plain")])
def test_a_transcript_in_which_nothing_is_said_is_refused(data: str, form: str):
    with pytest.raises(Unprocessable):
        written(data, form)


def test_the_best_form_of_each_language_is_tried_first_and_the_feeds_own_language_before_others():
    links = [
        Link("https://a/x.txt", "text/plain"), Link("https://a/x.srt", "application/x-subrip"),
        Link("https://a/x.json", "application/json", "fr"), Link("https://a/x.bin", "image/png"),
        Link("https://a/y.vtt", "text/plain", "de"),
    ]  # fmt: skip
    assert [[link.url[-5:] for link in each] for each in transcripts.choose(links, "de")] == [
        ["y.vtt", "x.srt", "x.txt"], [".json"],
    ]  # fmt: skip


@given(st.lists(st.builds(Said, st.floats(0, 10_000), st.text(max_size=40), st.sampled_from(("", "Ada", "Bo")))))
def test_joining_loses_no_word(pieces: list[Said]):
    words = [word for piece in pieces for word in line(piece.text).split()]
    assert [word for said in transcripts.joined(pieces) for word in said.text.split()] == words


# --- what is dropped --------------------------------------------------------------------------------------------------


def read(path: Path, name: str = "") -> tuple[object, str]:
    name = name or path.name
    reader = by_media_type(recognising.recognise(str(path), name))
    assert reader is not None
    out = io.StringIO()
    return reader.read(
        str(path), Markdown(out, 1_000_000), Context(name, str(path.parent), {}, lambda *_, **__: None)
    ), out.getvalue()


def test_a_dropped_feed_is_recognised_by_what_is_in_it(tmp_path: Path):
    for name, text in (
        ("a.xml", RSS.format(ns="x")),
        ("b.txt", ATOM),
        ("c.json", '{"version": "https://jsonfeed.org/version/1"}'),
    ):
        (tmp_path / name).write_text(text)
    assert recognising.recognise(str(tmp_path / "a.xml"), "a.xml") == "application/rss+xml"
    assert recognising.recognise(str(tmp_path / "b.txt"), "b.txt") == "application/atom+xml"
    assert recognising.recognise(str(tmp_path / "c.json"), "c.json") == "application/feed+json"
    reading, text = read(tmp_path / "b.txt")
    assert [(each.url, each.title) for each in reading.feeds] == [("https://example.org/atom", "Owls")]
    assert text.startswith("# Owls\n\n## A bold title\n\n2024-05-06 · Grace\n\nSome text")


def test_a_link_names_a_feed_or_a_page(tmp_path: Path):
    (tmp_path / "a.url").write_text("[InternetShortcut]\nURL=https://example.org/feed.xml\n")
    (tmp_path / "b.webloc").write_text(
        '<?xml version="1.0"?><plist><dict><key>URL</key><string>feed://example.org/x</string></dict></plist>'
    )
    (tmp_path / "c.url").write_text("[InternetShortcut]\nURL=https://example.org/about\n")
    assert read(tmp_path / "a.url")[0].feeds[0].url == "https://example.org/feed.xml"
    assert read(tmp_path / "b.webloc")[0].feeds[0].url == "http://example.org/x"
    with pytest.raises(Unprocessable) as raised:
        read(tmp_path / "c.url")
    assert raised.value.code == "no-reader"
