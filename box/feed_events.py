"""Events of feeds and their episodes. The rule: as in `box.events`; names and fields are for ever.

A feed is known by the position of the event that told of it first: its address may change.
"""

from __future__ import annotations

from dataclasses import dataclass

from box.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSubscribed(Event):
    """Somebody wants what comes in a feed; one that was dead, or had been unsubscribed, lives again."""

    url: str
    title: str = ""
    """What it was called where it was named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedUnsubscribed(Event):
    """Somebody no longer wants it. What came of it stays."""

    feed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFetched(Event):
    """A feed was asked for what is new."""

    feed: int
    unchanged: bool = False
    """It said that there is nothing."""
    title: str = ""
    etag: str = ""
    modified: str = ""
    """What to say when it is asked next, so that it can answer that there is nothing."""
    next_at: str = ""
    """When to ask again."""
    more: bool = False
    """There was more than one job does: the next one goes on."""
    message: str = ""
    """What keeps the rest of it away, if anything does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedMoved(Event):
    """A feed says that it has another address for good."""

    feed: int
    url: str
    previous: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFailed(Event):
    """A feed could not be had, or was none."""

    feed: int
    code: str
    message: str
    next_at: str = ""
    """When to ask again; empty when it is dead: then nobody does until somebody wants it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeFiled(Event):
    """An entry of a feed became an item. It never does again, whatever becomes of that item."""

    feed: int
    episode: str
    """What it is known by in its feed: a hash of its guid, of the address of its sound, or of title and date."""
    item_source: str
    """`source` of the item."""
    transcript: str = ""
    """Address of the transcript that was read, or cannot be."""
    audio: str = ""
    """Address of its sound, empty without one."""
    audio_type: str = ""
    audio_bytes: int = 0
    """As the feed says, 0 if it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeDownloaded(Event):
    """The sound of an episode stands in `media/`: it is the original of the item from now on."""

    feed: int
    episode: str
    path: str
    size: int
    mtime_ns: int
    digest: str
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeMissed(Event):
    """The sound of an episode could not be had."""

    feed: int
    episode: str
    code: str
    message: str
    next_at: str = ""
    """When to try again; empty: it is left."""
    size: int = 0
    """How large it is, where that is more than was set aside for it."""
