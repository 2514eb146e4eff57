"""What a manifest says. The rule: a row is about a file that is whole; what may not be is pending."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A file on the destination."""

    path: str
    """Of the source: path text relative to the root."""
    stored: str
    """Where it is: path text relative to the destination."""
    size: int
    mtime_ns: int
    """Of the source when it was copied; that of the copy may be rounded."""
    digest: str
    copied_at: str
    verified_at: str | None = None
    """When the copy was last read back from the medium; it was right, unless `damaged` says other. None: never."""
    damaged: Literal["", "here", "there"] = ""
    """Which side is not what the digest says: the source ("here") or the copy ("there")."""
    present: bool = True
    """Whether the source was there when it was last looked for."""
    seq: int = 0
    """Of its last change; `Manifest.write` sets it."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A place that was about to be written when the manifest was last told of it."""

    stored: str
    """The final place; `names.part(stored)` is where it lies until it is whole."""
    path: str
    """The source."""
    was: str = ""
    """The place from which a file on the destination was to be renamed; empty: it was to be copied."""
