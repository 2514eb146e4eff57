"""Mail. The rule: what somebody wrote, as text where it came as text; what was attached is listed, not opened."""

from __future__ import annotations

import os
import re
from typing import Final

from box.errors import Unprocessable
from box.library import markup, messages, page_head
from box.library.markdown import Markdown, line
from box.library.reading import OVERSIZED, Context, Reading

NESTED_MAX: Final = 10
"""Messages within messages."""

_FIELDS: Final = ("From", "To", "Cc", "Date")
_QUOTED: Final = re.compile(r"^(?:>[^\n]*(?:\n|$))+", re.MULTILINE)
_MARK: Final = re.compile(r"^> ?", re.MULTILINE)


def read(path: str, out: Markdown, context: Context) -> Reading:
    """One message."""
    if os.path.getsize(path) > messages.MESSAGE_BYTES_MAX:
        raise Unprocessable(OVERSIZED, f"{context.name} is a message of over {messages.MESSAGE_BYTES_MAX:,} bytes")
    with open(path, "rb") as file:
        message = messages.parsed(file.read(), context.name)
    attachments = write(message, out)
    return Reading(
        "mail",
        title=messages.field(message, "subject"),
        authors=messages.people(message, "from"),
        date=messages.sent(message),
        origin=messages.field(message, "message-id"),
        counts={"messages": 1, "attachments": attachments},
    )


def write(message: messages.type_message, out: Markdown, level: int = 1) -> int:
    """Write a message and those within it; how many files are attached to it."""
    out.heading(level, messages.field(message, "subject") or "(no subject)")
    for name in _FIELDS:
        value = messages.field(message, name)
        if value:
            out.item(f"{name}: {value}")
    attached: list[str] = []
    inner: list[messages.type_message] = []
    bodies: list[messages.Part] = []
    for part in messages.parts(message):
        within = messages.nested(part)
        if within is not None:
            inner.append(within)
        elif part.attached or part.file_name or part.kind not in {"text/plain", "text/html"}:
            attached.append(_label(part))
        else:
            bodies.append(part)
    _write_bodies(bodies, out)
    for label in attached:
        out.item(f"Attached: {label}")
    for each in inner:
        if level < NESTED_MAX:
            write(each, out, level + 1)
        else:
            out.item(f"Attached: a message, {messages.field(each, 'subject')}")
    return len(attached) + len(inner)


def _write_bodies(bodies: list[messages.Part], out: Markdown) -> None:
    """The parts that are text; those that are HTML only if there is no other."""
    plain = [each for part in bodies if part.kind == "text/plain" and (each := messages.text(part.message)).strip()]
    for text in plain:
        write_text(text, out)
    if not plain:
        for part in bodies:
            if part.kind == "text/html":
                markup.write(_page(part.message), out)


def write_text(text: str, out: Markdown) -> None:
    """Paragraphs, and what they quote."""
    text = text.replace("\r\n", "\n")
    at = 0
    for match in _QUOTED.finditer(text):
        out.paragraph(text[at : match.start()])
        out.quote(_MARK.sub("", match[0]))
        at = match.end()
    out.paragraph(text[at:])


def _page(part: messages.type_message) -> str:
    return messages.text(part) if part.get_content_charset("") else page_head.text_of(messages.content(part))


def _label(part: messages.Part) -> str:
    size = len(messages.content(part.message))
    return line(f"{part.file_name or '(no name)'} ({part.kind}, {size:,} bytes)")
