"""Events of the library: what was read, indexed, examined, what models took. The rule: as in `box.events`."""

from __future__ import annotations

from dataclasses import dataclass

from box.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRead(Event):
    """A drop became an item: the original stands in `media/`, its text in `notes/`. Its position is the item's number.

    What was read before from a drop of that path is an older version of it from now on.
    """

    source: str
    path: str
    """Of the original."""
    size: int
    mtime_ns: int
    digest: str
    """blake3 of all bytes of the original, 64 hexadecimal digits."""
    media_type: str
    note: str
    """Path of the text."""
    note_digest: str
    """blake3 of the note, by which it is known whether index and claims are those of this text."""
    item_kind: str
    """What it is: "document", "book", "page", "mail", "audio", ... (`box.library.reading`)."""
    title: str = ""
    authors: str = ""
    """One a line."""
    date: str = ""
    """When it was written or published: RFC 3339, or the beginning of it."""
    language: str = ""
    origin: str = ""
    """Where it is from, if it says so: a URL, an ISBN, a message's id."""
    tags: str = ""
    """One a line: the sub-folders of the inbox in which it lay, and those that were given."""
    reader: str = ""
    reader_version: int = 0
    chars: int = 0
    """Characters of the note."""
    words: int = 0
    counts: str = ""
    """JSON: how many pages, chapters, tables, ... it has."""
    marks: str = ""
    """One a line: what somebody should know of how it was read."""
    cover: str = ""
    """Path of its picture in `thumbnails/`, empty without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentDescribed(Event):
    """Somebody said more about an item, after it was read; fields as those of `DocumentRead`, as they are now."""

    item: int
    title: str = ""
    authors: str = ""
    date: str = ""
    tags: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRewritten(Event):
    """The note of an item holds another text now, which Box wrote: what is said or shown in it, or about it."""

    item: int
    note: str
    size: int
    mtime_ns: int
    note_digest: str
    reader: str
    reader_version: int
    chars: int = 0
    words: int = 0
    marks: str = ""
    language: str = ""
    """Empty if it is as it was."""
    job: int = 0
    counts: str = ""
    """JSON, as in `DocumentRead`; empty if they are as they were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentIndexed(Event):
    """The text of an item can be searched; or, without a note, can no longer."""

    item: int
    note_digest: str
    """Of the note as it was read; empty when there is none."""
    chunks: int
    chunker_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsExtracted(Event):
    """The text of an item was examined; its claims are those that were found now, none perhaps."""

    item: int
    note_digest: str
    claims: int
    chunks: int
    """How many were examined."""
    extractor: str
    extractor_version: int
    fallback: str = ""
    """Why it was not the extractor that was asked for, empty if it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRecorded(Event):
    """A language model was called, whatever came of it."""

    provider: str
    """Who answers: the host, with its port if it has one of its own."""
    model: str
    purpose: str
    """"claims"."""
    tokens_in: int = 0
    tokens_out: int = 0
    is_estimated: bool = False
    """The server did not say how many: there were at most so many."""
    cost_millionths: int = 0
    """By the prices of the configuration, in millionths of whatever they are in."""
    milliseconds: int = 0
    failure: str = ""
    """Why there is no answer to use, empty if there is."""
    item: int = 0
    job: int = 0
