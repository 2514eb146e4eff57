"""What a reader is. The rule: it gets a file and a place to write Markdown to, and returns what it found about it.

Readers run in a child process with limits, on bytes from anywhere. One that cannot read a file says so with
`Unprocessable` and one of the codes below; it never returns half a text as if it were all of it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, cast

from box.errors import Unprocessable
from box.library.markdown import Markdown

ENCRYPTED: Final = "encrypted"
CORRUPT: Final = "corrupt"
EMPTY: Final = "empty"
OVERSIZED: Final = "oversized"
BOMB: Final = "bomb"
"""What unpacks to far more than it is."""
HOSTILE_XML: Final = "hostile-xml"
"""Entities, references to elsewhere, or more depth and attributes than any document has."""
NO_READER: Final = "no-reader"
"""The program or package that would read it is not installed; the message says which."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A feed that a file names."""

    url: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found out about a file, beside its text."""

    kind: str
    """"document", "book", "comic", "table", "slides", "mail", "page", "code", "notebook", "data", "xml", "wiki",
    "feed", "places" or "audio"."""
    title: str = ""
    authors: tuple[str, ...] = ()
    date: str = ""
    """When it was written or published: RFC 3339, or the beginning of it (`2024`, `2024-05`, `2024-05-04`)."""
    language: str = ""
    """BCP 47, if the file says so."""
    origin: str = ""
    """Where it is from: a URL, an ISBN, a message id; if the file says so."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """What there is of what: pages, chapters, tables, messages, ..."""
    cover: str = ""
    """Name of a picture that the reader put into the scratch folder, as the file holds it."""
    marks: tuple[str, ...] = ()
    """What somebody should know: "needs-ocr", "ocr", "fallback", "tables-cut", ..."""
    tags: tuple[str, ...] = ()
    """Keywords and subjects that the file itself gives."""
    feeds: tuple[Subscription, ...] = ()
    """What is fetched from now on, because the file names it."""


class Progress(Protocol):
    """How a reader says how far it is. Raises Stopped if the job should end: call it often, it is cheap."""

    def __call__(
        self, percent: float | None = None, message: str = "", *, done: int | None = None, total: int | None = None
    ) -> None:
        """Percent, or `done` of `total`."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a reader may use beside the file."""

    name: str
    """What the file is called, as text for people."""
    scratch: str
    """A folder of its own, which exists."""
    options: Mapping[str, Any]
    """The section `library` of the configuration."""
    progress: Progress


_TEXTS: Final = ("document", "notebook")
"""Kinds that are nothing without words, whatever tables, notes and cells they have."""

type_read = Callable[[str, Markdown, Context], Reading]


@dataclass(frozen=True, slots=True)
class Reader:
    """A way to read files of some types. Its module is imported by who uses it only."""

    name: str
    """Goes into the note; with the version it tells which texts are stale."""
    version: int
    media_types: tuple[str, ...]
    module: str
    """Of a function `read(path, out, context) -> Reading`, which raises Unprocessable and OSError."""

    def read(self, path: str, out: Markdown, context: Context) -> Reading:
        """Read the file at `path`."""
        read = cast("type_read", importlib.import_module(self.module).read)
        words = out.words
        reading = read(path, out, context)
        is_something = any(reading.counts.values()) and reading.kind not in _TEXTS
        if out.words == words and "needs-ocr" not in reading.marks and not is_something:
            raise Unprocessable(EMPTY, f"{context.name} holds no text")
        return reading
