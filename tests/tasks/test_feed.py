"""Feeds: dropped or added, fetched, moved, dead; their episodes become items once. Against a real server."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from box import service
from box.beside import beside, engine_of
from box.claims import Claims
from box.config import Config
from box.engine import create
from box.errors import BoxError, NotYet
from box.events import FeedSubscribed, FeedUnsubscribed, FileVanished, JobDue, JobReleased, QuotaSet
from box.library import feeds as feeds_read
from box.models import feeds, hosts
from box.models.base import Store
from box.service import options_of
from box.standing import problems
from box.status import Problems
from box.tasks import asking, by_request, feed_work, retry, wire
from box.tasks.choose import Chooser
from box.tasks.chore import Inside
from box.tasks.handler import Found, Handler, Request
from box.tasks.limits import ChildLimits
from box.tasks.perform import Performer
from box.tasks.runner import Runner
from tests.helpers import inbox, library, start_box, until
from tests.web.server import Site, packed, page, part, redirect, serving, status

SHOW = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"
 xmlns:podcast="https://podcastindex.org/namespace/1.0"
 xmlns:old="https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md"
 xmlns:atom="http://www.w3.org/2005/Atom"><channel>
<title>The Owl Hour</title><language>en</language><itunes:author>Ada</itunes:author>
<description>All about owls.</description>{self}
{items}</channel></rss>"""
ITEM = """<item><guid>{guid}</guid><title>{title}</title><pubDate>{date}</pubDate>
<description>&lt;p&gt;Notes of {title}.&lt;/p&gt;</description>
<enclosure url="{url}/{guid}.mp3?token=1" type="audio/mpeg" length="5"/><itunes:duration>1:02:03</itunes:duration>
{more}</item>"""
TWO = """<podcast:transcript url="{url}/a.vtt" type="text/vtt"/>
<old:transcript url="{url}/a.json" type="application/json"/>
<podcast:person role="guest">Grace</podcast:person><podcast:chapters url="{url}/chapters.json"/>"""
DATES = ("Mon, 06 May 2024 10:00:00 +0200", "Tue, 07 May 2024 10:00:00 +0200", "Wed, 08 May 2024 10:00:00 +0200")


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as made:
        yield made


@pytest.fixture
def config(make_root) -> Config:
    return make_root(
        podcasts__allow_private=True, podcasts__host_pause_seconds=0, podcasts__failures_max=3,
        podcasts__timeout_seconds=5, workers__count=1,
    )  # fmt: skip


def show(site: Site, count: int, more: str = "", self: str = "") -> str:
    items = "".join(
        ITEM.format(guid=f"g{n}", title=f"Owl {n}", date=DATES[n], url=site.url, more=more.format(url=site.url))
        for n in range(count)
    )
    return SHOW.format(items=items, self=self)


def served(config: Config, *events: Any) -> None:
    """Everything that is there to do, by the real program's workers and children."""
    made = service.build(config)
    if events:
        made.engine.record(*events)
    made.once()


def once(config: Config, *events: Any, **args: object) -> None:
    """The same on this thread, without children; with arguments, `box do feeds` first."""
    root = config.box.root
    store = Store(f"{root}/box.db")
    create(store)
    engine = engine_of(config, store)
    performer = Performer(
        root, engine, Chooser(root, store, "drop"), retry.Policy(3, 10, 100),
        inside=Inside(config, engine, Problems(), lambda _path, _is_dir: None),
    )  # fmt: skip
    claims = Claims(engine, root, 1, 8, lease_seconds=60, free_bytes_min=0)
    runner = Runner(ChildLimits(0, 0, 0, 0, 0, 0), options_of(config), 0, at_work=performer.attention.at_work)

    def run(handler: Handler, requests: Sequence[Request]) -> Iterator[tuple[Request, Found | BoxError]]:
        return runner.run(replace(handler, isolated=False), requests)

    engine.record(*events)
    if args:
        engine.request(asking.wanted(by_request(), "feeds", args))
    while claimed := claims._try():
        performer.perform(claimed[1], run)
    store.close()


def subscribed(site: Site, path: str = "/feed") -> FeedSubscribed:
    return FeedSubscribed(user="me", url=site.url + path)


def rows(config: Config, sql: str) -> list[tuple[Any, ...]]:
    with beside(config) as box:
        return box.store.rows(sql)


def feed_of(config: Config) -> feeds.Known:
    with beside(config) as box:
        (found,) = feeds.all_of(box.store)
        return found


def notes(config: Config) -> dict[str, str]:
    return {name: data.decode() for name, data in library(config, "notes").items()}


def test_a_dropped_feed_is_read_and_fetched_and_its_episodes_are_notes(site: Site, config: Config):
    own = f'<atom:link rel="self" href="{site.url}/feed"/>'
    site.pages["/feed"] = page(show(site, 2, TWO, own))
    site.pages["/a.vtt"] = status(500)
    said = {"segments": [{"speaker": "Ada", "startTime": n, "body": f"Hoot {n}."} for n in range(3)]}
    site.pages["/a.json"] = page(json.dumps(said))
    site.pages["/chapters.json"] = page(json.dumps({"chapters": [{"startTime": 60, "title": "Barn owls"}]}))
    (inbox(config) / "owls.xml").write_text(show(site, 1, "", own))
    served(config)
    found = feed_of(config)
    assert (found.title, found.url, found.episodes, found.state) == ("The Owl Hour", f"{site.url}/feed", 2, "active")
    assert set(notes(config)) == {"the-owl-hour.md", "owl-0.md", "owl-1.md"}
    note = notes(config)["owl-1.md"]
    for words in (
        "Notes of Owl 1.", "- 00:01:00 Barn owls", "- Grace (guest)", f"{site.url}/g1.mp3?token=1", "## Transcript",
        "[00:00:00.000] Ada: Hoot 0. Hoot 1. Hoot 2.", 'language: "en"', 'date: "2024-05-07T08:00:00Z"', "01:02:03",
    ):  # fmt: skip
        assert words in note
    assert "tags:" not in note, "what is empty is left out"
    items = rows(config, "SELECT item_kind, title, date, path = note, authors FROM items WHERE item_kind = 'episode'")
    assert items[1] == ("episode", "Owl 1", "2024-05-07T08:00:00Z", 1, "Ada")
    assert site.paths().count("/a.vtt") == 0, "the better form is there"
    with beside(config) as box:
        assert box.store.value("SELECT count(*) FROM files WHERE folder LIKE '%notes'") == 3


def test_what_has_not_changed_is_not_sent_again_and_what_is_new_is_read_alone(site: Site, config: Config):
    site.pages["/feed"] = page(show(site, 2), etag='"1"', last_modified="Mon, 06 May 2024 10:00:00 GMT")
    once(config, subscribed(site))
    once(config, url=f"{site.url}/feed")
    assert site.asked[-1][1]["if-none-match"] == '"1"'
    assert site.asked[-1][1]["if-modified-since"] == "Mon, 06 May 2024 10:00:00 GMT"
    site.pages["/feed"] = page(show(site, 3), etag='"2"')
    once(config, url=f"{site.url}/feed")
    assert sorted(notes(config)) == ["owl-0.md", "owl-1.md", "owl-2.md"]
    assert rows(config, "SELECT count(*) FROM items") == [(3,)]


def test_an_episode_that_was_deleted_does_not_come_again(site: Site, config: Config):
    site.pages["/feed"] = page(show(site, 2))
    once(config, subscribed(site))
    (path,) = Path(config.box.root).glob("users/me/notes/owl-0.md")
    path.unlink()
    once(config, FileVanished(user="me", path="users/me/notes/owl-0.md"), url=f"{site.url}/feed")
    assert sorted(notes(config)) == ["owl-1.md"]
    assert rows(config, "SELECT path, note FROM items WHERE title = 'Owl 0'") == [("", "")]


def test_a_transcript_that_comes_later_is_read_and_one_that_never_comes_is_left(site: Site, config: Config):
    site.pages["/feed"] = page(show(site, 1))
    once(config, subscribed(site))
    later = '<podcast:transcript url="{url}/late.srt" type="application/x-subrip"/>'
    site.pages["/feed"] = page(show(site, 1, later))
    site.pages["/late.srt"] = status(503)
    once(config, url=f"{site.url}/feed")
    assert rows(config, "SELECT count(*), max(version) FROM items") == [(1, 1)], "for now there is nothing new"
    site.pages["/late.srt"] = page("1\n00:00:01,000 --> 00:00:02,000\nAda: Hoot at last.\n")
    once(config, url=f"{site.url}/feed")
    assert rows(config, "SELECT version, replaced_by > 0 FROM items ORDER BY id") == [(1, 1), (2, 0)]
    assert "[00:00:01.000] Ada: Hoot at last." in notes(config)["owl-0-2.md"]
    asked = site.paths().count("/late.srt")
    once(config, url=f"{site.url}/feed")
    assert site.paths().count("/late.srt") == asked


def test_a_feed_that_moved_for_good_is_asked_there_from_then_on(site: Site, config: Config):
    site.pages["/feed"], site.pages["/new"] = redirect("/new", 301), page(show(site, 1))
    once(config, subscribed(site))
    found = feed_of(config)
    assert (found.url, found.previous) == (f"{site.url}/new", f"{site.url}/feed")
    once(config, subscribed(site), url=f"{site.url}/feed")
    assert feed_of(config).id == found.id, "the old address is still that feed's"
    assert site.paths()[-1] == "/new"


def test_a_page_that_names_its_feed_leads_to_it(site: Site, config: Config):
    site.pages["/"] = page('<html><head><link rel="alternate" type="application/rss+xml" href="/feed"></head></html>')
    site.pages["/feed"] = page(show(site, 1))
    once(config, subscribed(site, "/"))
    assert feed_of(config).url == f"{site.url}/feed"
    assert list(notes(config)) == ["owl-0.md"]


def test_a_feed_that_fails_is_told_and_after_too_many_times_it_is_dead(site: Site, config: Config):
    once(config, subscribed(site))
    found = feed_of(config)
    assert (found.state, found.failures, found.code) == ("active", 1, "http-404")
    assert found.next_at
    for _ in range(2):
        once(config, url=f"{site.url}/feed")
    found = feed_of(config)
    assert (found.state, found.failures, found.next_at) == ("dead", 3, "")
    with beside(config) as box:
        assert f"me {site.url}/feed" in problems(box.store, box.policy, 80, "files")["feed-dead"]
    once(config, user="me")
    assert site.paths().count("/feed") == 3, "a dead feed is left alone"
    site.pages["/feed"] = page(show(site, 1))
    once(config, url=f"{site.url}/feed")
    assert (feed_of(config).state, feed_of(config).failures) == ("active", 0)


def test_a_feed_that_is_gone_is_dead_at_once_and_one_that_was_left_is_not_asked(site: Site, config: Config):
    site.pages["/feed"] = status(410)
    once(config, subscribed(site))
    assert feed_of(config).state == "dead"
    once(config, FeedUnsubscribed(user="me", feed=feed_of(config).id), user="me")
    assert rows(config, "SELECT state FROM feeds") == [("left",)]
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (page("<html><body>Nothing here</body></html>"), "not-a-feed"),
        (page('<!DOCTYPE rss [<!ENTITY a "b">]><rss><channel><title>&a;</title></channel></rss>'), "hostile-xml"),
        (packed(b"<rss>" + b" " * 60_000_000), "too-large"),
        (redirect("http://[::ffff:10.1.2.3]/"), "http-redirected"),
    ],
    ids=["a page", "entities", "a bomb", "elsewhere"],
)
def test_what_is_no_feed_does_no_harm(site: Site, config: Config, answer: Any, code: str):
    site.pages["/feed"] = answer
    once(config, subscribed(site))
    assert feed_of(config).code == code or code == "http-redirected"
    assert notes(config) == {}
    assert rows(config, "SELECT state FROM jobs WHERE kind = 'feed'") == [("completed",)]


def test_a_feed_on_this_machine_is_refused_by_default(site: Site, make_root):
    config = make_root()
    site.pages["/feed"] = page(show(site, 1))
    once(config, subscribed(site))
    assert feed_of(config).code == "private-address"
    assert site.asked == []


def test_without_a_clock_nothing_is_asked_until_somebody_wants_it(site: Site, make_root):
    config = make_root(podcasts__allow_private=True, podcasts__every_seconds="none", podcasts__host_pause_seconds=0)
    site.pages["/feed"] = page(show(site, 1))
    once(config, subscribed(site))
    assert site.asked == []
    once(config, user="me")
    assert list(notes(config)) == ["owl-0.md"]


def test_only_the_newest_episodes_become_items(site: Site, make_root):
    config = make_root(podcasts__allow_private=True, podcasts__episodes_max=2, podcasts__host_pause_seconds=0)
    site.pages["/feed"] = page(show(site, 3))
    once(config, subscribed(site))
    once(config, url=f"{site.url}/feed")
    assert sorted(notes(config)) == ["owl-1.md", "owl-2.md"]


def test_two_feeds_of_a_host_are_asked_one_after_the_other_with_a_pause(site: Site, make_root):
    config = make_root(podcasts__allow_private=True, podcasts__host_pause_seconds=0.5, workers__count=2)
    site.pages["/a"] = site.pages["/b"] = page(show(site, 1))
    served(config, subscribed(site, "/a"), subscribed(site, "/b"))
    first, second = site.at
    assert second - first >= 0.4
    assert rows(config, "SELECT host, job FROM hosts") == [("127.0.0.1", 0)]


def test_who_would_wait_long_for_a_host_goes_back_to_the_queue_and_no_attempt_is_counted(site: Site, make_root):
    config = make_root(podcasts__allow_private=True, podcasts__host_pause_seconds=300)
    site.pages["/a"] = site.pages["/b"] = page(show(site, 1))
    once(config, subscribed(site, "/a"), subscribed(site, "/b"))
    assert len(site.asked) == 1
    jobs = rows(config, "SELECT state, attempts, not_before <> '' FROM jobs WHERE kind = 'feed' ORDER BY id")
    assert jobs == [("completed", 1, 0), ("queued", 0, 1)]


def test_a_child_says_that_it_comes_too_early_and_is_believed_within_bounds():
    said = {
        "error": "NotYet",
        "code": "not-yet",
        "message": "a",
        "retryable": True,
        "file": 0,
        "class": "",
        "traceback": "",
    }
    for seconds, believed in ((5, 5), (-5, 0), (1e300, 7 * 24 * 3600), (float("nan"), 0)):
        error = wire.read({**said, "seconds": seconds})
        assert isinstance(error, NotYet)
        assert error.seconds == believed


def test_an_outline_of_feeds_subscribes_to_each_and_a_link_to_one(site: Site, config: Config):
    site.pages["/a"], site.pages["/rss"] = page(show(site, 1)), page(show(site, 1))
    inner = f'<outline text="Birds"><outline text="A" xmlUrl="{site.url}/a"/></outline>'
    opml = f'<opml version="2.0"><head><title>Mine</title></head><body>{inner}</body></opml>'
    (inbox(config) / "mine.opml").write_text(opml)
    (inbox(config) / "b.url").write_text(f"[InternetShortcut]\r\nURL={site.url}/rss\r\n")
    served(config)
    assert rows(config, "SELECT url, episodes FROM feeds ORDER BY url") == [
        (f"{site.url}/a", 1),
        (f"{site.url}/rss", 1),
    ]
    assert f"- Birds\n  - A {site.url}/a" in notes(config)["mine.md"]


def test_who_does_not_answer_is_asked_once_and_is_no_reason_for_another_job(site: Site, config: Config):
    site.pages["/feed"] = page(show(site, 3, '<podcast:transcript url="{url}/t.vtt" type="text/vtt"/>'), etag='"1"')
    site.pages["/t.vtt"] = status(503)
    once(config, subscribed(site))
    assert sorted(notes(config)) == ["owl-0.md", "owl-1.md", "owl-2.md"]
    assert site.paths() == ["/feed", "/t.vtt"]
    once(config, url=f"{site.url}/feed")
    assert site.paths()[2:] == ["/feed", "/t.vtt"]
    assert "if-none-match" not in site.asked[2][1], "else what is not there yet would never be asked for again"
    site.pages["/t.vtt"] = status(429)
    once(config, url=f"{site.url}/feed")
    site.pages["/t.vtt"] = page("WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHoot.\n")
    once(config, url=f"{site.url}/feed")
    assert rows(config, "SELECT count(*) FROM items WHERE counts LIKE '%transcripts%'") == [(3,)]
    once(config, url=f"{site.url}/feed")
    assert site.paths().count("/t.vtt") == 6
    once(config, url=f"{site.url}/feed")
    assert site.asked[-1][1]["if-none-match"] == '"1"'


def test_what_is_only_tried_again_is_left_when_the_time_is_up(site: Site, config: Config, monkeypatch):
    monkeypatch.setattr(feed_work, "WORK_SECONDS", -1.0)
    site.pages["/feed"] = page(show(site, 2, '<podcast:transcript url="{url}/t.vtt" type="text/vtt"/>'))
    request = Request(1, "me", "", 0, 0, 0, str(Path(config.box.root, "scratch")))
    tools = Quiet(options_of(config)["podcasts"])
    known = {"url": f"{site.url}/feed", "etag": "", "modified": "", "failures": 0, "episodes": {}}
    assert feed_work.work(request, tools, known).facts["fetched"]["more"] is True
    keys = {feeds_read.key_of(each): "" for each in feeds_read.parse(show(site, 2).encode(), "a").entries}
    assert feed_work.work(request, tools, known | {"episodes": keys}).facts["fetched"]["more"] is False


class Quiet:
    """Tools of a job that nobody else is beside."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options

    def progress(self, *_: object, **__: object) -> None:
        pass

    def turn(self, _: str) -> float:
        return 0

    def left(self, *_: object) -> None:
        pass


def test_of_very_many_entries_each_job_takes_a_part_and_all_of_them_come(site: Site, config: Config, monkeypatch):
    monkeypatch.setattr(feed_work, "FACTS_CHARS_MAX", 1)
    site.pages["/feed"] = page(show(site, 3), etag='"1"')
    once(config, subscribed(site))
    assert sorted(notes(config)) == ["owl-0.md", "owl-1.md", "owl-2.md"]
    assert site.paths() == ["/feed"] * 3
    assert all("if-none-match" not in headers for _, headers in site.asked)


def test_episodes_for_whose_notes_the_quota_has_no_room_come_when_it_has(site: Site, make_root):
    config = make_root(
        podcasts__allow_private=True, podcasts__host_pause_seconds=0, quota__default_bytes=3_000,
    )  # fmt: skip
    site.pages["/feed"] = page(show(site, 3).replace("Notes of", "Hoot hoot. " * 100 + "Notes of"), etag='"1"')
    served(config, subscribed(site))
    assert sorted(notes(config)) == ["owl-0.md", "owl-1.md"]
    found = feed_of(config)
    assert (found.state, found.failures) == ("active", 0)
    assert "quota" in found.message
    assert rows(config, "SELECT reserved_bytes FROM accounts WHERE user = 'me'") == [(0,)]
    assert rows(config, "SELECT state FROM jobs WHERE kind = 'feed'") == [("completed",)]
    once(config, QuotaSet(user="me", quota_bytes=None), url=f"{site.url}/feed")
    assert sorted(notes(config)) == ["owl-0.md", "owl-1.md", "owl-2.md"]
    assert feed_of(config).message == ""


def test_a_transcript_that_is_more_than_a_note_may_hold_is_left_out_and_the_other_episodes_come(site: Site, make_root):
    config = make_root(
        podcasts__allow_private=True, podcasts__host_pause_seconds=0, library__text_chars_max=1_500,
    )  # fmt: skip
    more = '<podcast:transcript url="{url}/a.txt" type="text/plain" language="en"/>'
    more += more.replace("a.txt", "b.txt").replace("en", "de")
    site.pages["/feed"] = page(show(site, 2, more))
    site.pages["/a.txt"] = page("Hoot. " * 200, "text/plain")
    site.pages["/b.txt"] = page("Huhu. " * 200, "text/plain")
    once(config, subscribed(site))
    found = notes(config)
    assert sorted(found) == ["owl-0.md", "owl-1.md"]
    assert all(
        "Hoot." in note and "Huhu." not in note and 'marks: ["no-transcript"]' in note for note in found.values()
    )
    site.pages["/long"] = page(show(site, 2).replace("Notes of", "Hoot. " * 500))
    once(config, subscribed(site, "/long"))
    assert [note.count("Hoot.") for name, note in notes(config).items() if name.endswith("-2.md")] == [0, 0]


MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00" + bytes(range(256)) * 400


@pytest.fixture
def downloading(make_root) -> Config:
    return make_root(
        podcasts__allow_private=True, podcasts__host_pause_seconds=0, podcasts__timeout_seconds=5,
        podcasts__download=True, podcasts__download_max=1,
    )  # fmt: skip


def test_the_sound_of_the_newest_episodes_is_fetched_and_is_their_original(site: Site, downloading: Config):
    site.pages["/feed"], site.pages["/g1.mp3"] = page(show(site, 2)), part(MP3, '"1"')
    once(downloading, subscribed(site))
    assert library(downloading, "media") == {"2024/owl-1.mp3": MP3}
    assert "/g0.mp3?token=1" not in site.paths(), "only of so many"
    path, kind = rows(downloading, "SELECT path, media_type FROM items WHERE title = 'Owl 1'")[0]
    assert (path, kind) == ("users/me/media/2024/owl-1.mp3", "audio/mpeg")
    assert rows(downloading, "SELECT reserved_bytes FROM accounts WHERE user = 'me'") == [(0,)]
    once(downloading, url=f"{site.url}/feed")
    assert [path for path in site.paths() if "mp3" in path] == ["/g1.mp3?token=1"]


def test_a_sound_that_was_cut_goes_on_where_it_ended(site: Site, downloading: Config):
    site.pages["/feed"], site.pages["/g0.mp3"] = page(show(site, 1)), part(MP3, '"1"', cut_at=50_000)
    once(downloading, subscribed(site))
    until_due(downloading)
    assert library(downloading, "media") == {"2024/owl-0.mp3": MP3}
    asked = [headers for path, headers in site.asked if "mp3" in path]
    assert [headers.get("range") for headers in asked] == [None, "bytes=50000-"]
    assert asked[1]["if-range"] == '"1"'
    assert library(downloading, "temp") == {}


def part_of(config: Config, feed: int = 1) -> Path:
    """Where what came of the sound of the only episode is."""
    with beside(config) as box:
        ((feed, episode),) = box.store.rows("SELECT feed, episode FROM episodes")
    return Path(config.box.root, "users/me/temp", f"episode-{feed}-{episode}.part")


def test_the_sound_of_an_episode_goes_on_after_a_kill_where_it_was(site: Site, make_root):
    config = make_root(
        podcasts__allow_private=True, podcasts__host_pause_seconds=0, podcasts__download=True,
        jobs__retry_base_seconds=0,
    )  # fmt: skip
    killed, whole = threading.Event(), part(MP3, '"1"')

    def half(handler: Any) -> None:
        site.pages["/g0.mp3"] = whole
        handler.send_response(200)
        handler.send_header("content-length", str(len(MP3)))
        handler.send_header("etag", '"1"')
        handler.end_headers()
        handler.wfile.write(MP3[:50_000])
        handler.wfile.flush()
        killed.wait(60)
        handler.close_connection = True

    site.pages["/rss"], site.pages["/g0.mp3"] = page(show(site, 1)), half
    (inbox(config) / "a.url").write_text(f"[InternetShortcut]\r\nURL={site.url}/rss\r\n")
    process = start_box(config, "once")
    try:
        temp = Path(config.box.root, "users/me/temp")
        until(lambda: [path for path in temp.glob("*.part") if path.stat().st_size], "something has come")
    finally:
        process.kill()
        process.wait()
        killed.set()
    served(config)
    assert library(config, "media")["2024/owl-0.mp3"] == MP3
    ranges = [headers.get("range", "") for path, headers in site.asked if "mp3" in path]
    assert ranges[0] == ""
    assert ranges[1].startswith("bytes=")
    assert library(config, "temp") == {}


def stopped_at(config: Config, monkeypatch, where: Any, name: str) -> None:
    """A job that ends just before it calls that, as one that is killed does."""

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(where, name, stop)
        with pytest.raises(KeyboardInterrupt):
            until_due(config)
    with beside(config) as box:
        for job, lease in box.store.rows("SELECT id, lease FROM jobs WHERE state = 'running'"):
            box.engine.record(JobReleased(user="me", job=job, lease=lease, reason="killed", counted=False))


def test_a_sound_that_changed_meanwhile_begins_anew_wherever_somebody_is_killed(
    site: Site, downloading: Config, monkeypatch
):
    site.pages["/feed"], site.pages["/g0.mp3"] = page(show(site, 1)), part(MP3, '"1"', cut_at=50_000)
    once(downloading, subscribed(site))
    other = MP3[:40] + bytes(reversed(MP3[40:]))
    site.pages["/g0.mp3"] = part(other, '"2"')
    stopped_at(downloading, monkeypatch, json, "dump")
    until_due(downloading)
    assert library(downloading, "media") == {"2024/owl-0.mp3": other}


def test_a_sound_that_had_come_whole_is_not_fetched_again_and_one_that_is_shorter_now_begins_anew(
    site: Site, downloading: Config, monkeypatch
):
    site.pages["/feed"], site.pages["/g0.mp3"] = page(show(site, 1)), part(MP3, '"1"', cut_at=50_000)
    once(downloading, subscribed(site))
    stopped_at(downloading, monkeypatch, os, "replace")
    assert part_of(downloading).read_bytes() == MP3
    asked = len(site.asked)
    about = Path(f"{part_of(downloading)}.json")
    known = json.loads(about.read_text())
    assert known["total"] == len(MP3)
    about.write_text(json.dumps(known | {"total": 0}))
    until_due(downloading)
    assert library(downloading, "media") == {}
    until_due(downloading)
    assert library(downloading, "media") == {"2024/owl-0.mp3": MP3}
    assert [headers.get("range") for _, headers in site.asked[asked:]] == [f"bytes={len(MP3)}-", None]


def test_a_sound_of_which_nobody_says_how_large_it_is_gets_more_room_next_time(site: Site, make_root):
    config = make_root(
        podcasts__allow_private=True, podcasts__host_pause_seconds=0, podcasts__download=True,
        podcasts__audio_bytes_max="2 MB",
    )  # fmt: skip
    sound = MP3 + bytes(1_200_000)

    def unsaid(handler: Any) -> None:
        handler.close_connection = True
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(sound)

    site.pages["/feed"], site.pages["/g0.mp3"] = page(show(site, 1)), unsaid
    once(config, subscribed(site))
    assert rows(config, "SELECT audio_bytes, next_at <> 'never' FROM episodes") == [(2_000_000, 1)]
    once(config, url=f"{site.url}/feed")
    assert library(config, "media") == {"2024/owl-0.mp3": sound}
    sound += bytes(1_200_000)
    site.pages["/g1.mp3"] = unsaid
    site.pages["/feed"] = page(show(site, 1).replace("g0", "g1").replace("Owl 0", "Owl 1"))
    for _ in range(2):
        once(config, url=f"{site.url}/feed")
    assert rows(config, "SELECT next_at FROM episodes WHERE path = ''") == [("never",)]


@pytest.mark.parametrize(("code", "is_left"), [(429, False), (404, False), (410, True)])
def test_a_sound_that_is_refused_for_now_is_tried_again(site: Site, downloading: Config, code: int, is_left: bool):
    site.pages["/feed"], site.pages["/g0.mp3"] = page(show(site, 1)), status(code)
    once(downloading, subscribed(site))
    assert rows(downloading, "SELECT next_at = 'never', failures FROM episodes") == [(is_left, 1)]


def test_a_page_that_says_sorry_is_no_sound(site: Site, downloading: Config):
    site.pages["/feed"] = page(show(site, 1))
    site.pages["/g0.mp3"] = page("<html><body>Not found, sorry.</body></html>", "audio/mpeg")
    once(downloading, subscribed(site))
    assert library(downloading, "media") == {}
    assert rows(downloading, "SELECT next_at, failures FROM episodes") == [("never", 1)]
    once(downloading, url=f"{site.url}/feed")
    assert len([path for path in site.paths() if "mp3" in path]) == 1


def test_a_sound_that_is_larger_than_its_feed_says_is_fetched_when_room_for_it_is_set_aside(
    site: Site, downloading: Config
):
    sound = MP3 + bytes(3_000_000)
    site.pages["/feed"], site.pages["/g0.mp3"] = page(show(site, 1)), part(sound, '"1"')
    once(downloading, subscribed(site))
    assert rows(downloading, "SELECT audio_bytes, path FROM episodes") == [(len(sound), "")]
    once(downloading, url=f"{site.url}/feed")
    assert library(downloading, "media") == {"2024/owl-0.mp3": sound}


def test_a_sound_that_does_not_fit_into_the_quota_stays_where_it_is(site: Site, make_root):
    config = make_root(
        podcasts__allow_private=True, podcasts__download=True, podcasts__host_pause_seconds=0,
        quota__default_bytes=500_000,
    )  # fmt: skip
    site.pages["/feed"], site.pages["/g0.mp3"] = page(show(site, 1)), part(MP3, '"1"')
    once(config, subscribed(site))
    assert not [path for path in site.paths() if "mp3" in path]
    assert list(notes(config)) == ["owl-0.md"]


def until_due(config: Config) -> None:
    """What waits for its time is done when it has come."""
    with beside(config) as box:
        waiting = box.store.rows("SELECT id FROM jobs WHERE state = 'queued' AND not_before <> ''")
    once(config, *(JobDue(user="me", job=job) for (job,) in waiting))


def test_a_host_has_one_job_at_a_time_and_a_pause_and_who_dies_loses_the_turn(store: Store):
    with store.transaction():
        assert hosts.take(store, "a", 1, 100.0, 60) == 0
        assert hosts.take(store, "a", 1, 100.0, 60) == 0, "it is there already"
        assert hosts.take(store, "a", 2, 100.0, 60) > 0
        assert hosts.take(store, "b", 2, 100.0, 60) == 0
        hosts.leave(store, "a", 1, 105.0)
        assert hosts.take(store, "a", 2, 102.0, 60) == pytest.approx(3.0)
        assert hosts.take(store, "a", 2, 105.0, 60) == 0
        assert hosts.take(store, "a", 3, 170.0, 60) == 0, "job 2 was not heard of for a minute"
        hosts.leave_all(store, 3)
        assert hosts.take(store, "a", 4, 170.0, 60) == 0


def test_hosts_at_which_nobody_waits_are_forgotten(store: Store):
    with store.transaction():
        for number in range(20):
            hosts.take(store, f"host-{number}", number, 100.0, 60)
            hosts.leave(store, f"host-{number}", number, 105.0 if number else 500.0)
        hosts.take(store, "held", 20, 150.0, 60)
        hosts.take(store, "new", 21, 160.0, 60)
        assert store.rows("SELECT host FROM hosts ORDER BY host") == [("held",), ("host-0",), ("new",)]
