"""Pages saved as one message (MHTML). The rule: the page in it is read as any other; its pictures stay in the file."""

from __future__ import annotations

import dataclasses
import os

from box.errors import Unprocessable
from box.library import messages, page_head
from box.library.markdown import Markdown
from box.library.readers import html
from box.library.reading import CORRUPT, OVERSIZED, Context, Reading


def read(path: str, out: Markdown, context: Context) -> Reading:
    """The first page of the message."""
    if os.path.getsize(path) > messages.MESSAGE_BYTES_MAX:
        raise Unprocessable(OVERSIZED, f"{context.name} is a page of more than {messages.MESSAGE_BYTES_MAX:,} bytes")
    with open(path, "rb") as file:
        message = messages.parsed(file.read(), context.name)
    page = next((part for part in messages.parts(message) if part.kind in {"text/html", "application/xhtml+xml"}), None)
    if page is None:
        raise Unprocessable(CORRUPT, f"{context.name} holds no page")
    text = page_head.text_of(messages.content(page.message))
    if page.message.get_content_charset(""):
        text = messages.text(page.message)
    location = messages.field(message, "snapshot-content-location") or messages.field(page.message, "content-location")
    origin = location if location.startswith(("http://", "https://")) else ""
    reading = html.read_page(text, out, context, origin, messages.field(message, "subject"))
    return dataclasses.replace(reading, date=reading.date or messages.sent(message))
