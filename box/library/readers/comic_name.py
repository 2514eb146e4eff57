"""Comics in RAR, 7z and tar. The rule: their name is all that is read, and a mark says so.

Opening those archives takes programs that are not free, or readers that hostile archives lead round in circles; that
there is such a comic, and where, is worth knowing all the same.
"""

from __future__ import annotations

from typing import Final

from box.errors import Unprocessable
from box.library.markdown import Markdown
from box.library.readers.comic import title_of
from box.library.reading import CORRUPT, Context, Reading

_MAGIC: Final = ((0, b"Rar!\x1a\x07"), (0, b"7z\xbc\xaf\x27\x1c"), (257, b"ustar"))
_HEAD_BYTES: Final = 512


def read(path: str, out: Markdown, context: Context) -> Reading:
    """The title by the name of the file."""
    with open(path, "rb") as file:
        head = file.read(_HEAD_BYTES)
    if not any(head.startswith(magic, at) for at, magic in _MAGIC):
        raise Unprocessable(CORRUPT, f"{context.name} is no archive of a comic")
    title = title_of(context.name)
    out.heading(1, title)
    return Reading("comic", title=title, marks=("contents-unread",))
