"""Events of retention: to the trash, back, gone, kept. The rule: as in `box.events`; names and fields are for ever."""

from __future__ import annotations

from dataclasses import dataclass

from box.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoTrashed(Event):
    """A photo, or what belongs to one, was moved to the trash."""

    source: str
    path: str
    size: int
    mtime_ns: int
    digest: str
    """blake3 of its bytes."""
    job: int = 0
    main: str = ""
    """Path from which the main file of its group went, empty when it is that itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoReturned(Event):
    """A photo, or what belongs to one, came back from the trash, and all is known of it that was."""

    source: str
    """Where it lay in the trash."""
    path: str
    size: int
    mtime_ns: int
    job: int = 0
    thumbnail: str = ""
    """Of a photo: path of its thumbnail from now on, empty without one."""
    main: str = ""
    """Path of the main file with which it came, empty when it is that itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRemoved(Event):
    """Box removed a file for good."""

    path: str
    size: int
    digest: str = ""
    """blake3 of its bytes, where they were kept for somebody."""
    why: str = ""
    """What it was removed for, in a word: "trash", "temp"."""
    job: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotosKept(Event):
    """Somebody wants a photo, or all of a day, to stay; or (`kept` is False) no longer does."""

    path: str = ""
    """The photo, empty for a day."""
    day: str = ""
    kept: bool = True
