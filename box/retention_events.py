"""Events of what Box removes for good. The rule: as in `box.events`; names and fields are for ever."""

from __future__ import annotations

from dataclasses import dataclass

from box.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRemoved(Event):
    """Box removed a file for good."""

    path: str
    size: int
    digest: str = ""
    """blake3 of its bytes, where that was known."""
    why: str = ""
    """In a word: "temp" (it was old, and scratch)."""
    job: int = 0
