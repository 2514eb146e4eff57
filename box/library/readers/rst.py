"""reStructuredText. The rule: a small reader of our own; the file is one document, whatever it would include."""

from __future__ import annotations

import os
import re
from typing import Final

from box.errors import Unprocessable
from box.library import decoding, restructured
from box.library.dates import date_of
from box.library.markdown import Markdown
from box.library.readers.plain import UNKNOWN_PARTS
from box.library.reading import CORRUPT, OVERSIZED, Context, Reading

FILE_BYTES_MAX: Final = 16 * 1024 * 1024


def read(path: str, out: Markdown, context: Context) -> Reading:
    """The document with its title, author and date."""
    if os.path.getsize(path) > FILE_BYTES_MAX:
        raise Unprocessable(OVERSIZED, f"{context.name} is reStructuredText of more than {FILE_BYTES_MAX:,} bytes")
    with open(path, "rb") as file:
        text = decoding.text_of(file.read()).replace("\r\n", "\n").replace("\r", "\n")
    if text.count("\ufffd") * UNKNOWN_PARTS > len(text):
        raise Unprocessable(CORRUPT, f"{context.name} is no text in any encoding")
    found = restructured.write(text, out)
    authors = tuple(name.strip() for name in re.split(r"[;,]| and ", found.author) if name.strip())
    return Reading("document", title=found.title, authors=authors, date=date_of(found.date))
