"""Mail, taken apart. The rule: what a header or a part cannot be is left as it came, and parts and depth are bounded.

The standard library's parser splits a message; its fields are decoded here, for what comes as mail breaks every rule.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import email
import email.policy
import email.utils
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Final, TypeAlias

from box.errors import Unprocessable
from box.library import decoding
from box.library.dates import date_of
from box.library.markdown import line
from box.library.reading import CORRUPT

MESSAGE_BYTES_MAX: Final = 64 * 1024 * 1024
PARTS_MAX: Final = 1_000
FIELD_CHARS_MAX: Final = 10_000
ADDRESSES_MAX: Final = 100

_ENCODED: Final = re.compile(r"=\?([\w.:-]{1,40})(?:\*[\w-]*)?\?([bBqQ])\?([^?\s]*)\?=")
_BETWEEN: Final = re.compile(r"(\?=)\s+(?==\?)")
_KNOWN: Final = ("from", "to", "subject", "date", "message-id", "received", "content-type", "mime-version", "sender")

type_message: TypeAlias = "Message[str, str]"  # noqa: PYI042 - named as the other types here


class _AsItCame(email.policy.Compat32):
    """Headers as they are in the file: what is no ASCII in them would be lost."""

    def header_fetch_parse(self, _name: str, value: str) -> str:
        return value


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a message that is no container."""

    kind: str
    """Its media type."""
    file_name: str
    attached: bool
    message: type_message


def parsed(data: bytes, name: str) -> type_message:
    """A message; Unprocessable when it is none."""
    try:
        message = email.message_from_bytes(data, policy=_AsItCame())
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise Unprocessable(CORRUPT, f"{name} is no message: {type(error).__name__}") from None
    if not any(known in message for known in _KNOWN):
        raise Unprocessable(CORRUPT, f"{name} is no message: it has none of the usual headers")
    return message


def field(message: type_message, name: str) -> str:
    """A header as one line of text, empty when it is not there."""
    return _decoded(_raw(message, name))


def people(message: type_message, name: str) -> tuple[str, ...]:
    """The names in a header of addresses; where somebody has none, the address."""
    raw = _raw(message, name)
    try:
        pairs = email.utils.getaddresses([raw])[:ADDRESSES_MAX]
    except (ValueError, IndexError, TypeError, AttributeError, RecursionError):
        pairs = []
    found = (_decoded(person) or line(at) for person, at in pairs)
    return tuple(dict.fromkeys(each for each in found if each)) or ((field(message, name),) if raw.strip() else ())


def sent(message: type_message) -> str:
    """When it was sent."""
    return date_of(field(message, "date"))


def content(message: type_message) -> bytes:
    """The bytes of a part."""
    payload = message.get_payload()
    if not isinstance(payload, str):
        return b""
    data = payload.encode("ascii", "surrogateescape") if _is_escaped(payload) else payload.encode("utf-8", "replace")
    encoding = str(message.get("content-transfer-encoding", "")).strip().lower()
    if encoding == "quoted-printable":
        return quopri.decodestring(data)
    if encoding == "base64":
        try:
            return base64.b64decode(re.sub(rb"[^A-Za-z0-9+/]", b"", data) + b"==")
        except (binascii.Error, ValueError):
            return b""
    return data


def text(message: type_message) -> str:
    """The text of a part, by the encoding that it says, else by its bytes."""
    data = content(message)
    try:
        said = message.get_content_charset("")
        name = codecs.lookup(said).name if said else ""
        if name and name not in {"ascii", "utf-7"} and not decoding.is_unicode(data):
            return data.decode(name, "replace")
    except (LookupError, ValueError, TypeError, AttributeError):
        pass  # no encoding, or none of text
    return decoding.text_of(data)


def parts(message: type_message) -> Iterator[Part]:
    """Its parts in their order, those of messages within it excepted; Unprocessable when there is no end of them."""
    waiting, seen = [message], 0
    while waiting:
        part = waiting.pop()
        seen += 1
        if seen > PARTS_MAX:
            raise Unprocessable(CORRUPT, f"it has more than {PARTS_MAX:,} parts")
        kind = part.get_content_type()
        inner = part.get_payload()
        if kind.startswith("multipart/") and isinstance(inner, list):
            waiting.extend(each for each in reversed(inner) if isinstance(each, Message))
            continue
        yield Part(kind, _file_name(part), _is_attached(part), part)


def nested(part: Part) -> type_message | None:
    """The message that a part of type `message/rfc822` is."""
    inner = part.message.get_payload()
    first = inner[0] if isinstance(inner, list) and inner else None
    return first if part.kind == "message/rfc822" and isinstance(first, Message) else None


def _raw(message: type_message, name: str) -> str:
    """A header as it came; bytes that are no ASCII as what they most likely are."""
    raw = message.get(name, "")[:FIELD_CHARS_MAX]
    return raw if raw.isascii() else decoding.text_of(raw.encode("utf-8", "surrogateescape"))


def _decoded(raw: str) -> str:
    return line(_ENCODED.sub(_decoded_word, _BETWEEN.sub(r"\1", raw)))


def _is_attached(part: type_message) -> bool:
    return str(part.get("content-disposition", "")).strip().lower().startswith("attachment")


def _file_name(part: type_message) -> str:
    try:
        name = part.get_filename() or ""
    except (LookupError, ValueError, TypeError, AttributeError):
        name = ""
    return _decoded(str(name))[:200]


def _is_escaped(payload: str) -> bool:
    """Whether the parser kept bytes that are no ASCII; then nothing else beside ASCII is in it."""
    try:
        payload.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def _decoded_word(match: re.Match[str]) -> str:
    try:
        if match[2] in "bB":
            data = base64.b64decode(match[3] + "==")
        else:
            data = quopri.decodestring(match[3].replace("_", " ").encode("ascii"), header=True)
        return data.decode(codecs.lookup(match[1]).name, "replace")
    except (LookupError, ValueError, UnicodeError):
        return match[0]
