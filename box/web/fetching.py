"""Fetching. The rule: bounded in time, in bytes as they are unpacked, in redirects, and in where it may lead.

Nobody but the other side knows how much comes, so it is streamed, and unpacked here, piece by piece: a client that
unpacks by itself does it before anybody can say stop. Only gzip is asked for, because that can be unpacked so.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, BinaryIO, Final
from urllib.parse import urljoin, urlsplit

import httpx

from box.web.addresses import address_of, host_of, normal
from box.web.failures import FetchError

REDIRECTS_MAX: Final = 10
AGAIN_SECONDS_MAX: Final = 7 * 24 * 3600.0
"""A longer wish to be left alone counts as this."""
_BLOCK_BYTES: Final = 256 * 1024
_PERMANENT: Final = (301, 308)
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_BUSY: Final = (429, 503)
_CONNECTED: Final = ("connection.connect_tcp.complete", "connection.start_tls.complete")
_PACKED: Final = ("gzip", "x-gzip", "deflate")

type_out = Callable[[int, Mapping[str, str]], BinaryIO]
type_heard = Callable[[str, Mapping[str, Any]], None]
type_at_host = Callable[[str], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is taken, and for how long."""

    read_seconds: float
    """Without a byte."""
    total_seconds: float
    bytes_max: int
    """As unpacked."""
    allow_private: bool = False
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came."""

    status: int
    """200, 206 for a part, 304 for nothing new."""
    url: str
    """Where it was found, after all redirects."""
    moved_to: str
    """Where it is to be asked for from now on, empty if that is where it was asked for."""
    headers: Mapping[str, str]
    """Names in small letters."""
    size: int


def fetch(
    url: str, out: type_out, bounds: Bounds, at_host: type_at_host,
    headers: Mapping[str, str] | None = None,
) -> Answer:  # fmt: skip
    """Fetch a URL. `out` is told the status and the headers and gives what the bytes are written to.

    `at_host` is entered for as long as a host is talked to. Raises FetchError.
    """
    until = 0.0
    wanted = {"accept-encoding": "gzip", "user-agent": bounds.user_agent, "accept": "*/*", **(headers or {})}
    at, moved_to, is_permanent = normal(url), "", True
    for _ in range(REDIRECTS_MAX + 1):
        with at_host(host_of(at)), _telling(at), _client(at, bounds.read_seconds) as client:
            until = until or time.monotonic() + bounds.total_seconds  # waiting for a turn does not count
            address = address_of(at, allow_private=bounds.allow_private)
            with _ended(until) as heard, _ask(client, at, address, wanted, heard) as response:
                target = response.headers.get("location", "")
                if response.status_code not in _REDIRECTS or not target:
                    size = _take(response, out, bounds)
                    return Answer(response.status_code, at, moved_to, _lower(response.headers), size)
                is_permanent = is_permanent and response.status_code in _PERMANENT
                at = normal(urljoin(at, target))
                moved_to = at if is_permanent else moved_to
    raise FetchError("too-many-redirects", f"{url} leads on more than {REDIRECTS_MAX} times")


def _client(url: str, read_seconds: float) -> httpx.Client:
    return httpx.Client(trust_env=False, timeout=read_seconds, verify=_trust(is_safe=url.startswith("https:")))


@cache
def _trust(*, is_safe: bool) -> ssl.SSLContext:
    """Whose certificates are believed; to read the list takes half a second, and plain HTTP has none."""
    return httpx.create_ssl_context() if is_safe else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@contextmanager
def _ended(until: float) -> Iterator[type_heard]:
    """Give what is to hear of connections; they end at that time. Raises FetchError then.

    The client's own patience begins anew with each byte: who sends one now and then would keep it.
    """
    streams: list[Any] = []

    def heard(what: str, about: Mapping[str, Any]) -> None:
        if what in _CONNECTED:
            streams.append(about["return_value"])
            _check(until)  # too late for the timer

    def end() -> None:
        for stream in streams:
            with suppress(OSError):  # one that has become another one, or was closed
                socket.socket.shutdown(stream.get_extra_info("socket"), socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, until - time.monotonic()), end)
    timer.daemon = True
    timer.start()
    try:
        yield heard
    except httpx.HTTPError:
        _check(until)
        raise
    finally:
        timer.cancel()
    _check(until)


def _check(until: float) -> None:
    if time.monotonic() > until:
        raise FetchError("timeout", "it does not come to an end in the time that it has")


def _ask(
    client: httpx.Client, url: str, address: str, headers: Mapping[str, str], heard: type_heard
) -> AbstractContextManager[httpx.Response]:
    """Ask that very address, as the host that it was looked up for."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    place = f"[{host}]" if ":" in host else host
    return client.stream(
        "GET", httpx.URL(url).copy_with(host=address),
        headers={**headers, "host": f"{place}:{parts.port}" if parts.port else place},
        extensions={"trace": heard} | ({"sni_hostname": host} if host != address else {}),
    )  # fmt: skip


def _take(response: httpx.Response, out: type_out, bounds: Bounds) -> int:
    """Write what comes; how many bytes. Raises FetchError for what is no answer."""
    status = response.status_code
    if status == 304:
        return 0
    if status not in {200, 206}:
        raise _refusal(response)
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"", "identity", *_PACKED}:
        raise FetchError("bad-encoding", f"it is packed as {encoding[:40]}, which was not asked for")
    file, size = out(status, _lower(response.headers)), 0
    for data in _unpacked(response.iter_raw(), packed=encoding in _PACKED):
        size += len(data)
        if size > bounds.bytes_max:
            raise FetchError("too-large", f"it has more than {bounds.bytes_max:,} bytes")
        file.write(data)
    return size


def _unpacked(pieces: Iterable[bytes], *, packed: bool) -> Iterator[bytes]:
    if not packed:
        yield from pieces
        return
    inflate = zlib.decompressobj(47)  # gzip or zlib, as its beginning says
    try:
        for piece in pieces:
            data = piece
            while data:
                if inflate.eof:  # several, one behind the other, are one
                    inflate = zlib.decompressobj(47)
                yield inflate.decompress(data, _BLOCK_BYTES)
                data = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
        while not inflate.eof and (rest := inflate.decompress(b"", _BLOCK_BYTES)):
            yield rest
    except zlib.error as error:
        raise FetchError("cut", f"what came cannot be unpacked: {error}") from None
    if not inflate.eof:
        raise FetchError("cut", "what came ends in the middle")


def _refusal(response: httpx.Response) -> FetchError:
    status = response.status_code
    again = _again_seconds(response.headers.get("retry-after", "")) if status in _BUSY else 0.0
    return FetchError(
        f"http-{status}", f"the other side says {status} {response.reason_phrase[:100]}".rstrip(), gone=status == 410,
        again_seconds=again,
    )  # fmt: skip


def _again_seconds(text: str) -> float:
    """What `Retry-After` says: seconds, or a date."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return min(float(text), AGAIN_SECONDS_MAX)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return 0.0
    left = (moment.astimezone(UTC) - datetime.now(UTC)).total_seconds() if moment.tzinfo else 0.0
    return min(max(0.0, left), AGAIN_SECONDS_MAX)


def _lower(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


class _telling:  # noqa: N801 - used like a function
    """What the client raises becomes one of ours."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        host = host_of(self._url)
        match error:
            case httpx.TimeoutException():
                raise FetchError("timeout", f"{host} does not answer") from None
            case httpx.RemoteProtocolError() | httpx.ReadError():
                raise FetchError("cut", f"{host} ended the connection: {error}") from None
            case httpx.HTTPError() | httpx.InvalidURL():
                raise FetchError("unreachable", f"{host} cannot be reached: {error}") from None
