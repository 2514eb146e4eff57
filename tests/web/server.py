"""A web server for tests: real sockets, and answers that a test says. It remembers what it was asked."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answering = Callable[["Handler"], None]


@dataclass
class Site:
    """What a server has: path -> what answers."""

    url: str = ""
    pages: dict[str, Answering] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """(path, headers in small letters), in order."""
    at: list[float] = field(default_factory=list)
    """When (monotonic)."""

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.site.at.append(time.monotonic())
        self.site.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        self.site.pages.get(path, status(404))(self)

    def log_message(self, *_: object) -> None:
        pass

    def say(self, code: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(code)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def page(body: bytes | str, media_type: str = "application/xml", **headers: str) -> Answering:
    """That body, or 304 to who has it already."""
    data = body.encode() if isinstance(body, str) else body
    said = {"content-type": media_type, **{name.replace("_", "-"): value for name, value in headers.items()}}

    def answer(handler: Handler) -> None:
        if headers.get("etag") and handler.headers.get("if-none-match") == headers["etag"]:
            handler.say(304, {"etag": headers["etag"]})
        else:
            handler.say(200, said, data)

    return answer


def packed(body: bytes) -> Answering:
    """That body, as gzip."""
    return lambda handler: handler.say(200, {"content-encoding": "gzip"}, gzip.compress(body))


def redirect(to: str, code: int = 302) -> Answering:
    return lambda handler: handler.say(code, {"location": to})


def status(code: int, **headers: str) -> Answering:
    return lambda handler: handler.say(code, {name.replace("_", "-"): value for name, value in headers.items()})


def part(body: bytes, etag: str, cut_at: int = 0) -> Answering:
    """A body of which a part can be had; the first time the connection ends after `cut_at` bytes."""
    state = {"cut": cut_at}

    def answer(handler: Handler) -> None:
        wanted = handler.headers.get("range", "")
        begin = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if begin >= len(body):
            handler.say(416, {"content-range": f"bytes */{len(body)}"})
            return
        if begin and handler.headers.get("if-range") == etag:
            handler.say(
                206, {"etag": etag, "content-range": f"bytes {begin}-{len(body) - 1}/{len(body)}"}, body[begin:]
            )
            return
        if state["cut"]:
            handler.send_response(200)
            handler.send_header("content-length", str(len(body)))
            handler.send_header("etag", etag)
            handler.end_headers()
            handler.wfile.write(body[: state["cut"]])
            handler.close_connection = True
            state["cut"] = 0
            return
        handler.say(200, {"etag": etag}, body)

    return answer


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Who asks may go away in the middle."""


@contextmanager
def serving() -> Iterator[Site]:
    """A site on this machine."""
    site = Site()
    server = Server(("127.0.0.1", 0), type("Own", (Handler,), {"site": site}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
