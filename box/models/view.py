"""The view: the questions that rules ask, answered from the projections. The rule: reads only, a few rows each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from box.errors import IllegalMove
from box.models import answers, attempts, drops, episodes, feeds, item_lists, jobs, photos, ready, usage, waits
from box.models.base import Store


@dataclass(frozen=True, slots=True)
class Known:
    """A job as the rules see it; see `box.questions`."""

    kind: str
    state: str
    source: str
    args: str
    attempts: int
    shared_deaths: int
    streak: int
    cancel_requested: int
    reserve_bytes: int
    code: str
    message: str
    result: str


class StoreView:
    """A `rules.View` of a store; inside a transaction it sees what the transaction has done so far."""

    def __init__(self, store: Store, at: str) -> None:
        """`at`: what time it is, as the log writes it."""
        self._store = store
        self._at = at

    def drop(self, path: str) -> drops.Waiting | None:
        """The drop at that path."""
        return drops.find(self._store, path)

    def waiting(self, user: str, size_max: int, since: int) -> drops.Waiting | None:
        """The user's oldest drop that waits for room, came after position `since` and needs no more room."""
        return drops.oldest_waiting(self._store, user, size_max, since)

    def waiting_users(self) -> list[str]:
        """Whose drops wait for room."""
        return sorted(drops.waiting_counts(self._store))

    def mates(self, path: str, media_type: str) -> list[drops.Waiting]:
        """The other drops of the group of a file with that path and type, but those that wait for room."""
        return drops.mates(self._store, path, media_type)

    def are_any_beside(self, path: str) -> bool:
        """Whether other drops may belong to the group of a file with that path."""
        return drops.are_any_beside(self._store, path)

    def drops_beginning(self, path: str) -> list[drops.Waiting]:
        """The drops whose path is that, or goes on with a dot; a few."""
        return drops.beginning(self._store, path)

    def feed(self, feed: int) -> feeds.Known | None:
        """The feed of that number."""
        return feeds.with_id(self._store, feed)

    def feed_at(self, user: str, url: str) -> feeds.Known | None:
        """A user's feed with that address."""
        return feeds.find(self._store, user, url)

    def is_feed_wanted(self, feed: feeds.Known) -> bool:
        """Whether a job is about to fetch it."""
        return feeds.is_wanted(self._store, feed)

    def soundless(self, feed: int, count: int) -> list[episodes.Sound]:
        """Of the newest episodes of a feed those whose sound may be fetched now."""
        return episodes.soundless(self._store, feed, self._at, count)

    def has_unindexed(self, user: str) -> bool:
        """Whether the index does not hold all texts of a user as they are."""
        return item_lists.has_unindexed(self._store, user)

    def has_claims(self, item: int) -> bool:
        """Whether claims of a text are known."""
        return item_lists.has_claims(self._store, item)

    def is_queued(self, kind: str, user: str) -> bool:
        """Whether a job of that kind, which is never done beside another one, waits for its turn."""
        return ready.is_any_alone(self._store, user, kind)

    def members(self, job: int) -> list[drops.Waiting]:
        """The drops that a job is about, the one that it was asked for first."""
        source = self._store.value("SELECT source FROM jobs WHERE id = ?", (job,)) or ""
        own = drops.find(self._store, source) if source else None
        others = drops.members(self._store, job, source)
        return [own, *others] if own is not None and own.job == job else others

    def is_about_filed(self, path: str) -> bool:
        """Whether a picture was filed that a drop with that path would belong to."""
        return photos.main_of(self._store, path) is not None

    def later(self, seconds: float) -> str:
        """The time so many seconds from now, as the log writes it."""
        moment = datetime.fromisoformat(self._at) + timedelta(seconds=seconds)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def job_is_queued(self, job: int) -> bool:
        """Whether nobody has begun that job."""
        found = jobs.state_of(self._store, job)
        return found is not None and found[0] is jobs.State.QUEUED

    def job(self, job: int) -> Known:
        """A job. Raises IllegalMove if there is none."""
        row = self._store.row(
            "SELECT kind, state, source, args, attempts, shared_deaths, streak, cancel_requested, reserve_bytes, code,"
            " message, result FROM jobs WHERE id = ?",
            (job,),
        )
        if row is None:
            raise IllegalMove(f"there is no job {job}")
        return Known(*row)

    def read_from(self, user: str, path: str) -> list[tuple[int, str]]:
        """(item, source) of the newest versions that came as a drop of that path, or one that goes on with a dot."""
        return item_lists.read_from(self._store, user, path)

    def note_of(self, item: int) -> str:
        """The path of an item's note, empty for none."""
        return item_lists.note_of(self._store, item)

    def unheard(self, path: str) -> dict[str, Any] | None:
        """The row of the recording that stands at that path, if nobody has listened to it."""
        return item_lists.unheard_at(self._store, path)

    def newest_item(self) -> int:
        """The number of the text that was read last."""
        return item_lists.newest(self._store)

    def newest_job(self) -> int:
        """The number of the job that was asked for last."""
        return self._store.value("SELECT max(id) FROM jobs") or 0

    def asked_by(self, job: int) -> list[str]:
        """Paths of the files that asked for a job."""
        return answers.beside(self._store, job)

    def followers(self, job: int) -> list[tuple[int, str]]:
        """(id, user) of the queued jobs that wait for it, or for one that waits for it; the newest first."""
        return waits.followers(self._store, job)

    def lost(self, job: int) -> tuple[int, str] | None:
        """(number, state) of a job that it waits for and that will not be completed."""
        return waits.lost(self._store, job)

    def steps(self, job: int) -> list[tuple[str, str]]:
        """(what, undo) of what it did, or was about to do, and what would stand; in its order."""
        return attempts.steps(self._store, job)

    def account(self, user: str) -> tuple[int, int, bool, int | None]:
        """(used_bytes, reserved_bytes, quota_is_set, quota_bytes)."""
        balance = usage.balance(self._store, user)
        return balance.used_bytes, balance.reserved_bytes, balance.quota_is_set, balance.quota_bytes
