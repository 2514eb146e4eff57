"""Events in. The rule: a watcher only rings, a look at the disk decides, and nothing here writes the log.

What is where:
    folder, doorbell   something may have changed there: losing a ring costs time, never a file
    settle             when is a file complete: two equal looks, `settle_seconds` apart (pure)
    look               one look at one file: size, time, inode, is somebody writing it, its first bytes
    scan, walks, inbox the inboxes: disk minus what the projections know = events
    library            the same for the folders where people also work by hand, by folder times
    tree               list one folder       ignore  names never touched       mounts  what kind of file system it is
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Seen = tuple[int, int]
"""(size, mtime_ns) of a file."""
Known = Callable[[str], Mapping[str, Seen]]
"""What the projections know of a folder (path text): the files directly in it, by name (text)."""
KnownFiles = Callable[[Sequence[str]], Mapping[str, Seen]]
"""What they know of these files (path texts); those that they do not know are left out."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong and that a person should read: `code` is for programs, `path` a path text."""

    code: str
    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Watched:
    """How an inbox is watched."""

    user: str
    mode: str
    events: int
    """Notifications of the kernel so far."""
