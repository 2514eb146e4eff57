"""Plain text, in whatever encoding it is. The rule: bytes that no encoding explains are no text."""

from __future__ import annotations

from box.errors import Unprocessable
from box.library import decoding
from box.library.markdown import Markdown
from box.library.reading import CORRUPT, Context, Reading


def read(path: str, out: Markdown, context: Context) -> Reading:
    """Its paragraphs; the first line is the title."""
    title, done = "", 0
    try:
        for block in decoding.blocks(path):
            title = title or next((line.strip() for line in block.split("\n") if line.strip()), "")[:200]
            out.paragraph(block)
            done += len(block)
            context.progress(message=f"{done:,} characters")
    except UnicodeDecodeError as error:
        raise Unprocessable(CORRUPT, f"{context.name} is no text in {error.encoding}") from None
    return Reading("document", title=title)
