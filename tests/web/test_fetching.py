"""Fetching: bounded in time, bytes, redirects and in where it may lead; against a real server."""

from __future__ import annotations

import gzip
import io
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box.errors import NotYet
from box.web import addresses
from box.web.failures import FetchError
from box.web.fetching import REDIRECTS_MAX, Answer, Bounds, fetch
from box.web.turns import Turns
from tests.web.server import Handler, Site, packed, page, redirect, serving, status

BOUNDS = Bounds(5, 5, 1_000_000, allow_private=True, user_agent="Test")


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as made:
        yield made


def get(url: str, bounds: Bounds = BOUNDS, **headers: str) -> tuple[Answer, bytes]:
    out = io.BytesIO()
    answer = fetch(url, lambda _status, _headers: out, bounds, lambda _: nullcontext(), headers)
    return answer, out.getvalue()


def refused(url: str, bounds: Bounds = BOUNDS) -> FetchError:
    with pytest.raises(FetchError) as raised:
        get(url, bounds)
    return raised.value


def test_what_is_there_comes_whole_and_only_gzip_is_asked_for(site: Site):
    site.pages["/a"] = page(b"here", etag='"1"')
    site.pages["/b"] = packed(b"packed" * 1000)
    answer, data = get(f"{site.url}/a")
    assert (data, answer.headers["etag"], answer.moved_to) == (b"here", '"1"', "")
    assert get(f"{site.url}/b")[1] == b"packed" * 1000
    asked = site.asked[0][1]
    assert (asked["accept-encoding"], asked["user-agent"]) == ("gzip", "Test")
    assert asked["host"] == site.url.removeprefix("http://")


def test_who_has_it_already_gets_nothing(site: Site):
    site.pages["/a"] = page(b"here", etag='"1"')
    answer, data = get(f"{site.url}/a", **{"if-none-match": '"1"'})
    assert (answer.status, data) == (304, b"")


def test_a_bomb_is_left_when_it_has_unpacked_to_the_limit_and_takes_little_memory(site: Site):
    bomb = gzip.compress(bytes(100_000_000), 1)
    site.pages["/bomb"] = lambda handler: handler.say(200, {"content-encoding": "gzip"}, bomb)
    tracemalloc.start()
    error = refused(f"{site.url}/bomb")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert error.code == "too-large"
    assert peak < 8_000_000


def test_what_is_cut_is_not_taken_for_the_whole(site: Site):
    whole = gzip.compress(b"text" * 5000)
    site.pages["/cut"] = lambda handler: handler.say(200, {"content-encoding": "gzip"}, whole[:-20])
    site.pages["/short"] = lambda handler: handler.say(200, {"content-length": "10", "connection": "close"}, b"12345")
    site.pages["/odd"] = lambda handler: handler.say(200, {"content-encoding": "br"}, b"12345")
    site.pages["/no"] = lambda handler: handler.say(200, {"content-encoding": "gzip"}, b"12345")
    assert refused(f"{site.url}/cut").code == "cut"
    assert refused(f"{site.url}/odd").code == "bad-encoding"
    assert refused(f"{site.url}/no").code == "cut"


def test_who_drips_is_left_at_the_end_of_the_time(site: Site):
    waiting = threading.Event()

    def drip(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("content-length", "1000")
        handler.end_headers()
        for _ in range(1000):
            handler.wfile.write(b".")
            waiting.wait(0.02)

    def drip_headers(handler: Handler) -> None:
        handler.send_response(200)
        for number in range(1000):
            handler.send_header(f"x-{number}", "y")
            handler.flush_headers()
            waiting.wait(0.02)

    site.pages["/drip"], site.pages["/headers"] = drip, drip_headers
    site.pages["/silent"] = lambda _: waiting.wait(2) and None
    assert refused(f"{site.url}/drip", Bounds(5, 0.3, 1000, allow_private=True)).code == "timeout"
    assert refused(f"{site.url}/headers", Bounds(5, 0.3, 1000, allow_private=True)).code == "timeout"
    assert refused(f"{site.url}/silent", Bounds(0.2, 5, 1000, allow_private=True)).code == "timeout"
    waiting.set()


def test_redirects_are_followed_so_often_and_those_for_good_are_told(site: Site):
    site.pages["/end"] = page(b"end")
    site.pages["/good"] = redirect("/end", 301)
    site.pages["/now"] = redirect("/end", 302)
    site.pages["/good-then-now"] = redirect("/now", 308)
    site.pages["/loop"] = redirect("/loop")
    assert get(f"{site.url}/good")[0].moved_to == f"{site.url}/end"
    assert get(f"{site.url}/now")[0].moved_to == ""
    answer, data = get(f"{site.url}/good-then-now")
    assert (answer.moved_to, answer.url, data) == (f"{site.url}/now", f"{site.url}/end", b"end")
    assert refused(f"{site.url}/loop").code == "too-many-redirects"
    assert site.paths().count("/loop") == REDIRECTS_MAX + 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1", "2130706433"])
def test_this_machine_and_its_network_are_not_asked(host: str):
    assert refused(f"http://{host}:1/feed", Bounds(1, 1, 1000)).code in {"private-address", "unreachable"}


@pytest.mark.parametrize(
    "target", ["http://[::ffff:10.1.2.3]/", "http://127.0.0.1:{port}/secret", "file:///etc/passwd"]
)
def test_a_redirect_to_this_network_is_not_followed(site: Site, monkeypatch, target: str):
    """The network is one in which an address of the world leads to the server of the test."""
    there, connect = site.url.removeprefix("http://").split(":"), socket.create_connection
    monkeypatch.setattr(
        socket, "create_connection",
        lambda address, *args, **kwargs: connect(
            (there[0], address[1]) if address[0] == "8.8.8.8" else address, *args, **kwargs
        ),
    )  # fmt: skip
    site.pages["/in"], site.pages["/secret"] = redirect(target.format(port=there[1]), 301), page(b"secret")
    error = refused(f"http://8.8.8.8:{there[1]}/in", Bounds(5, 5, 1000))
    assert error.code in {"private-address", "bad-url"}
    assert site.paths() == ["/in"]


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True), ("2001:4860:4860::8888", True), ("127.0.0.1", False), ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False), ("2002:7f00:1::1", False), ("fe80::1%eth0", False), ("100.64.0.1", False),
        ("224.0.0.1", False), ("nonsense", False),
    ],
)  # fmt: skip
def test_which_addresses_are_of_the_world(address: str, public: bool):
    assert addresses.is_public(address) is public


def test_what_the_other_side_refuses_is_told_and_when_to_come_again(site: Site):
    site.pages["/gone"] = status(410)
    site.pages["/busy"] = status(503, retry_after="120")
    site.pages["/later"] = status(429, retry_after="Wed, 21 Oct 2099 07:28:00 GMT")
    assert (refused(f"{site.url}/x").code, refused(f"{site.url}/x").gone) == ("http-404", False)
    assert refused(f"{site.url}/gone").gone
    assert refused(f"{site.url}/busy").again_seconds == 120
    assert refused(f"{site.url}/later").again_seconds == 7 * 24 * 3600
    assert refused("http://127.0.0.1:1/").code == "unreachable"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("HTTPS://Example.ORG:443/A?b#c", "https://example.org/A?b"),
        ("http://example.org", "http://example.org/"),
        ("feed://example.org/x", "http://example.org/x"),
        ("feed:https://example.org/x", "https://example.org/x"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://u:p@example.org:8080/", "http://u:p@example.org:8080/"),
    ],
)
def test_an_address_is_kept_in_one_form(url: str, kept: str):
    assert addresses.normal(url) == kept
    assert addresses.normal(kept) == kept


@pytest.mark.parametrize(
    "url",
    ["", "x", "ftp://a/", "file:///etc/passwd", "http://", "http://a b/", "http://a:x/", "javascript:1", "http://[/"],
)
def test_what_is_no_address_is_refused(url: str):
    with pytest.raises(FetchError):
        addresses.normal(url)


@given(st.text(max_size=200))
def test_any_text_is_an_address_or_refused(text: str):
    try:
        kept = addresses.normal(text)
    except FetchError:
        return
    assert addresses.normal(kept) == kept


class _Place:
    """Where a turn can be had after so many questions."""

    def __init__(self, *answers: float) -> None:
        self.answers = list(answers)
        self.told: list[tuple[str, float]] = []

    def turn(self, host: str) -> float:
        return self.answers.pop(0)

    def left(self, host: str, rest_seconds: float) -> None:
        self.told.append((host, rest_seconds))

    def check_cancelled(self) -> None:
        pass


def test_a_turn_is_waited_for_and_given_back_with_the_pause_that_is_wanted():
    place, slept = _Place(1.2, 0.3, 0.0), []
    with Turns(place, 2, 5, slept.append).at("a"):
        assert sum(slept) == pytest.approx(1.5)
    with pytest.raises(FetchError), Turns(_Place(0.0), 2, 5).at("a"):
        raise FetchError("x", "y")
    place = _Place(0.0)
    with pytest.raises(FetchError), Turns(place, 2, 5).at("a"):
        raise FetchError("http-503", "busy", again_seconds=60)
    assert place.told == [("a", 60)]


def test_who_would_have_to_wait_for_long_goes_away():
    with pytest.raises(NotYet) as raised, Turns(_Place(30.0), 2, 5).at("a"):
        pass
    assert raised.value.seconds == 30
