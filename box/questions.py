"""Questions: what rules may ask of the projections, and get to see. The rule: nothing here knows a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Drop(Protocol):
    """A settled file in an inbox, as the rules see it."""

    @property
    def path(self) -> str:
        """Its path text."""

    @property
    def user(self) -> str:
        """Whose inbox it is."""

    @property
    def size(self) -> int:
        """In bytes."""

    @property
    def mtime_ns(self) -> int:
        """When it was changed last."""

    @property
    def inode(self) -> int:
        """Which file it was when it settled."""

    @property
    def media_type(self) -> str:
        """What its first bytes say it is."""

    @property
    def job(self) -> int:
        """The newest job about it, 0 for none."""

    @property
    def since(self) -> int:
        """Position of the event that settled it."""


class Job(Protocol):
    """A job, as the rules see it."""

    @property
    def kind(self) -> str:
        """What it does."""

    @property
    def state(self) -> str:
        """Where it stands."""

    @property
    def source(self) -> str:
        """Path of the file that it is about, empty for none."""

    @property
    def args(self) -> str:
        """What it was given by name; JSON, or empty."""

    @property
    def attempts(self) -> int:
        """How often it was begun."""

    @property
    def shared_deaths(self) -> int:
        """How many of these ended with a worker that held others too."""

    @property
    def streak(self) -> int:
        """How many attempts in a row have ended with the same code."""

    @property
    def cancel_requested(self) -> int:
        """1 if somebody asked it to stop."""

    @property
    def reserve_bytes(self) -> int:
        """Set aside in the quota of its user until it ends."""

    @property
    def code(self) -> str:
        """What went wrong with it last, for programs."""

    @property
    def message(self) -> str:
        """The same, for people."""

    @property
    def result(self) -> str:
        """What came of it; JSON, or empty."""


class Feed(Protocol):
    """A feed, as the rules see it."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def user(self) -> str:
        """Who subscribed to it."""

    @property
    def url(self) -> str:
        """Where it is."""

    @property
    def fetched_at(self) -> str:
        """When it answered last, empty if it never did."""

    @property
    def failures(self) -> int:
        """How often in a row it did not."""


class Sound(Protocol):
    """The sound of an episode that is not here, as the rules see it."""

    @property
    def feed(self) -> int:
        """The number of its feed."""

    @property
    def episode(self) -> str:
        """What it is known by there."""

    @property
    def url(self) -> str:
        """Where it is."""

    @property
    def size(self) -> int:
        """In bytes, as the feed says; 0 if it does not."""


class View(Protocol):
    """The questions that rules ask of the projections."""

    def drop(self, path: str) -> Drop | None:
        """The drop at that path."""

    def waiting(self, user: str, size_max: int, since: int) -> Drop | None:
        """The user's oldest drop that waits for room, came after position `since` and needs no more room."""

    def waiting_users(self) -> Sequence[str]:
        """Whose drops wait for room."""

    def mates(self, path: str, media_type: str) -> Sequence[Drop]:
        """The other drops of the group of a file with that path and type, but those that wait for room."""

    def are_any_beside(self, path: str) -> bool:
        """Whether other drops may belong to the group of a file with that path."""

    def drops_beginning(self, path: str) -> Sequence[Drop]:
        """The drops whose path is that, or goes on with a dot; a few."""

    def feed(self, feed: int) -> Feed | None:
        """The feed of that number."""

    def feed_at(self, user: str, url: str) -> Feed | None:
        """A user's feed with that address."""

    def is_feed_wanted(self, feed: Any) -> bool:
        """Whether a job is about to fetch it."""

    def soundless(self, feed: int, count: int) -> Sequence[Sound]:
        """Of the newest episodes of a feed those whose sound may be fetched now."""

    def has_unindexed(self, user: str) -> bool:
        """Whether the index does not hold all texts of a user as they are."""

    def has_claims(self, item: int) -> bool:
        """Whether claims of a text are known."""

    def is_queued(self, kind: str, user: str) -> bool:
        """Whether a job of that kind, which is never done beside another one, waits for its turn."""

    def members(self, job: int) -> Sequence[Drop]:
        """The drops that a job is about, the one that it was asked for first."""

    def is_about_filed(self, path: str) -> bool:
        """Whether a picture was filed that a drop with that path would belong to."""

    def later(self, seconds: float) -> str:
        """The time so many seconds from now, as the log writes it."""

    def job_is_queued(self, job: int) -> bool:
        """Whether nobody has begun that job."""

    def job(self, job: int) -> Job:
        """A job."""

    def followers(self, job: int) -> Sequence[tuple[int, str]]:
        """(id, user) of the queued jobs that wait for it, or for one that waits for it; the newest first."""

    def lost(self, job: int) -> tuple[int, str] | None:
        """(number, state) of a job that it waits for and that will not be completed."""

    def read_from(self, user: str, path: str) -> Sequence[tuple[int, str]]:
        """(item, source) of the newest versions that came as a drop of that path, or one that goes on with a dot."""

    def note_of(self, item: int) -> str:
        """The path of an item's note, empty for none."""

    def unheard(self, path: str) -> Mapping[str, Any] | None:
        """The row of the recording that stands at that path, if nobody has listened to it."""

    def newest_item(self) -> int:
        """The number of the text that was read last."""

    def newest_job(self) -> int:
        """The number of the job that was asked for last."""

    def asked_by(self, job: int) -> Sequence[str]:
        """Paths of the files that asked for a job."""

    def steps(self, job: int) -> Sequence[tuple[str, str]]:
        """(what, undo) of what it did, or was about to do, and what would stand; in its order."""

    def account(self, user: str) -> tuple[int, int, bool, int | None]:
        """(used_bytes, reserved_bytes, quota_is_set, quota_bytes)."""
