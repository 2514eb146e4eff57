"""Mailboxes in one file. The rule: one message at a time is in memory; one that cannot be read is told, not hidden."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from box.errors import Unprocessable
from box.library import messages
from box.library.markdown import Markdown
from box.library.readers import mail
from box.library.reading import CORRUPT, OVERSIZED, Context, Reading

MESSAGES_MAX: Final = 200_000

_LINE_BYTES: Final = 1024 * 1024
_FROM: Final = re.compile(rb"^>(>*From )")


def read(path: str, out: Markdown, context: Context) -> Reading:
    """Each message under a heading of its own."""
    found = attachments = unread = 0
    with open(path, "rb") as file:
        for data in _messages(file):
            found += 1
            if found > MESSAGES_MAX:
                raise Unprocessable(OVERSIZED, f"{context.name} holds more than {MESSAGES_MAX:,} messages")
            context.progress(message=f"{found:,} messages")
            try:
                attachments += _write(data, out)
            except Unprocessable as error:
                if out.chars > out.chars_max:
                    raise
                unread += 1
                out.paragraph(f"Message {found} could not be read: {error}")
    if found == unread:
        raise Unprocessable(CORRUPT, f"{context.name} holds no message that can be read")
    counts = {"messages": found - unread, "attachments": attachments}
    return Reading("mail", counts=counts, marks=("messages-unread",) if unread else ())


def _write(data: bytes, out: Markdown) -> int:
    if len(data) > messages.MESSAGE_BYTES_MAX:
        raise Unprocessable(OVERSIZED, f"a message of over {messages.MESSAGE_BYTES_MAX:,} bytes")
    return mail.write(messages.parsed(data, "the message"), out)


def _messages(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of each message; one that is too long comes cut, and longer than it may be."""
    held: list[bytes] = []
    size, begun, blank = 0, False, True
    while piece := file.readline(_LINE_BYTES):
        if blank and piece.startswith(b"From "):
            if begun:
                yield b"".join(held)
            held, size, begun, blank = [], 0, True, False
            continue
        blank = not piece.strip(b"\r\n")
        if begun and size <= messages.MESSAGE_BYTES_MAX:
            held.append(_FROM.sub(rb"\1", piece))
            size += len(piece)
    if begun:
        yield b"".join(held)
