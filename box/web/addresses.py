"""Where a URL leads. The rule: HTTP and HTTPS only, and to the world only: never to this machine or its neighbours.

A name is looked up here, and what it was found to be is what is connected to: one that means another machine a moment
later leads nowhere else.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

from box.web.failures import FetchError

URL_CHARS_MAX: Final = 2_000
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_EMBEDDING: Final = ipaddress.ip_network("64:ff9b::/96")
"""Addresses in which a gateway finds one of the old kind."""


def normal(url: str) -> str:
    """The URL as it is kept: small letters where they do not matter, no fragment. Raises FetchError for any other."""
    text = url.strip()
    if text.lower().startswith("feed:"):  # what some pages offer instead of http:
        text = text[5:] if text[5:].startswith(("http:", "https:")) else f"http:{text[5:]}"
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").encode("idna").decode("ascii").lower(), parts.port
    except ValueError as error:  # the encoding's error is one, too
        raise FetchError("bad-url", f"{url[:200]!r} is no address: {error}") from None
    if parts.scheme not in _DEFAULT_PORTS or not host or len(text) > URL_CHARS_MAX or not _is_printable(text):
        raise FetchError("bad-url", f"{url[:200]!r} is no address of the form https://...")
    user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    shown = f"[{host}]" if ":" in host else host
    place = shown if port in {None, _DEFAULT_PORTS[parts.scheme]} else f"{shown}:{port}"
    return urlunsplit(SplitResult(parts.scheme, user + place, parts.path or "/", parts.query, ""))


def host_of(url: str) -> str:
    """The host of a URL, empty without one."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def shown(url: str) -> str:
    """A URL as logs and the status may show it: without user and password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _is_printable(text: str) -> bool:
    return text.isprintable() and " " not in text


def address_of(url: str, *, allow_private: bool) -> str:
    """An address of the URL's host to connect to. Raises FetchError when there is none, or none in the world."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        found = socket.getaddrinfo(host, parts.port or _DEFAULT_PORTS[parts.scheme], type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchError("unreachable", f"{host} is not known: {error}") from None
    addresses = [str(each[4][0]) for each in found]
    allowed = [each for each in addresses if allow_private or is_public(each)]
    if not allowed:
        raise FetchError("private-address", f"{host} is on this machine or in its network: it is not asked")
    return allowed[0]


def is_public(address: str) -> bool:
    """Whether an address is one of the world's."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner: ipaddress.IPv4Address | None = None
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if found in _EMBEDDING:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return found.is_global and not found.is_multicast and (inner is None or inner.is_global)
