"""Feeds: what people subscribed to. The rule: a feed is never a row less; its number stays, its address may not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import peewee

from box.events import (
    EpisodeFiled,
    FeedFailed,
    FeedFetched,
    FeedMoved,
    FeedSubscribed,
    FeedUnsubscribed,
    JobRequested,
    Recorded,
)
from box.models import episodes
from box.models.base import Store, Table

KIND: Final = "feed"
"""The kind of job that fetches one."""


class Feed(Table):
    """Something that somebody subscribed to."""

    id = peewee.BigIntegerField(primary_key=True)
    """Position of the event that told of it first."""
    user = peewee.TextField()
    url = peewee.TextField()
    previous = peewee.TextField()
    """Where it was before it moved."""
    title = peewee.TextField()
    state = peewee.TextField()
    """"active", "dead" (it is not asked by itself any more), or "left" (unsubscribed)."""
    etag = peewee.TextField()
    modified = peewee.TextField()
    next_at = peewee.TextField()
    fetched_at = peewee.TextField()
    """When it answered last."""
    failures = peewee.IntegerField()
    """In a row."""
    code = peewee.TextField()
    message = peewee.TextField()
    """What is wrong with it, empty if nothing is."""
    episodes = peewee.IntegerField()
    job = peewee.BigIntegerField()
    """The newest that was asked for it."""

    class Meta:
        table_name = "feeds"


INDEXES: Final = (
    "CREATE INDEX IF NOT EXISTS feed_url ON feeds (user, url)",
    "CREATE INDEX IF NOT EXISTS feed_dead ON feeds (id) WHERE state = 'dead'",
    "CREATE INDEX IF NOT EXISTS feed_due ON feeds (next_at) WHERE state = 'active'",
)


@dataclass(frozen=True, slots=True)
class Known:
    """A feed."""

    id: int
    user: str
    url: str
    previous: str
    title: str
    state: str
    next_at: str
    fetched_at: str
    failures: int
    code: str
    message: str
    episodes: int
    job: int


_COLUMNS: Final = "id, user, url, previous, title, state, next_at, fetched_at, failures, code, message, episodes, job"


def all_of(store: Store, user: str = "") -> list[Known]:
    """The feeds of a user, or everybody's, by title."""
    where, values = (" AND user = ?", (user,)) if user else ("", ())
    sql = f"SELECT {_COLUMNS} FROM feeds WHERE state <> 'left'{where} ORDER BY user, title, url"
    return [Known(*row) for row in store.rows(sql, values)]


def find(store: Store, user: str, url: str) -> Known | None:
    """A user's feed with that address, or that had it before it moved."""
    sql = f"SELECT {_COLUMNS} FROM feeds WHERE user = ? AND (url = ? OR previous = ?) ORDER BY url <> ?, id LIMIT 1"
    row = store.row(sql, (user, url, url, url))
    return Known(*row) if row else None


def with_id(store: Store, feed: int) -> Known | None:
    """The feed of that number."""
    row = store.row(f"SELECT {_COLUMNS} FROM feeds WHERE id = ?", (feed,))
    return Known(*row) if row else None


def due(store: Store, until: str, limit: int) -> list[Known]:
    """Who is to be asked by then, who waits longest first."""
    sql = f"SELECT {_COLUMNS} FROM feeds WHERE state = 'active' AND next_at <= ? ORDER BY next_at, id LIMIT ?"
    return [Known(*row) for row in store.rows(sql, (until, limit))]


def dead(store: Store) -> list[Known]:
    """Those that are not asked any more, because they did not answer."""
    rows = store.rows(f"SELECT {_COLUMNS} FROM feeds WHERE state = 'dead' ORDER BY id")
    return [Known(*row) for row in rows]


def are_any(store: Store) -> bool:
    """Whether anybody has ever subscribed to anything."""
    return store.row("SELECT 1 FROM feeds LIMIT 1") is not None


def is_wanted(store: Store, known: Known) -> bool:
    """Whether a job is about to fetch it."""
    sql = "SELECT 1 FROM jobs WHERE id = ? AND state IN ('queued', 'running')"
    return known.job > 0 and store.row(sql, (known.job,)) is not None


def told(store: Store, feed: int) -> dict[str, Any]:
    """What the job that fetches a feed has to know; empty when nobody wants the feed."""
    row = store.row("SELECT url, etag, modified, failures, state FROM feeds WHERE id = ?", (feed,))
    if row is None or row[4] == "left":
        return {}
    episodes = store.rows("SELECT episode, transcript FROM episodes WHERE feed = ?", (feed,))
    names = ("url", "etag", "modified", "failures")
    return {**dict(zip(names, row[:4], strict=True)), "episodes": dict(episodes)}


# --- folds -----------------------------------------------------------------------------------------------------------


def on_subscribed(store: Store, recorded: Recorded, event: FeedSubscribed) -> None:
    """A feed more; or one that is known lives again."""
    known = find(store, event.user, event.url)
    if known is None:
        store.execute(
            "INSERT INTO feeds (id, user, url, previous, title, state, etag, modified, next_at, fetched_at, failures,"
            " code, message, episodes, job) VALUES (?, ?, ?, '', ?, 'active', '', '', '', '', 0, '', '', 0, 0)",
            (recorded.position, event.user, event.url, event.title),
        )
    elif known.state != "active":
        store.execute(
            "UPDATE feeds SET state = 'active', failures = 0, code = '', message = '', next_at = '' WHERE id = ?",
            (known.id,),
        )


def on_unsubscribed(store: Store, _: Recorded, event: FeedUnsubscribed) -> None:
    """Nobody asks it any more."""
    store.execute("UPDATE feeds SET state = 'left' WHERE id = ?", (event.feed,))


def on_fetched(store: Store, recorded: Recorded, event: FeedFetched) -> None:
    """It answered."""
    store.execute(
        "UPDATE feeds SET etag = ?, modified = ?, next_at = ?, fetched_at = ?, failures = 0, code = '', message = ?,"
        " title = CASE ? WHEN '' THEN title ELSE ? END, state = CASE state WHEN 'dead' THEN 'active' ELSE state END"
        " WHERE id = ?",
        (
            event.etag,
            event.modified,
            event.next_at,
            recorded.at,
            event.message,
            event.title,
            event.title,
            event.feed,
        ),
    )


def on_moved(store: Store, _: Recorded, event: FeedMoved) -> None:
    """It has another address. Where that one's feed is known already, that one goes on, and this one is left."""
    other = store.value(
        "SELECT other.id FROM feeds other JOIN feeds own ON own.user = other.user AND own.id = ?"
        " WHERE other.url = ? AND other.id <> own.id AND other.state <> 'left'",
        (event.feed, event.url),
    )
    if other is None:
        store.execute("UPDATE feeds SET url = ?, previous = ? WHERE id = ?", (event.url, event.previous, event.feed))
    else:
        store.execute("UPDATE feeds SET state = 'left' WHERE id = ?", (event.feed,))


def on_failed(store: Store, _: Recorded, event: FeedFailed) -> None:
    """It did not answer, or not with a feed."""
    store.execute(
        "UPDATE feeds SET failures = failures + 1, code = ?, message = ?, next_at = ?,"
        " state = CASE WHEN ? = '' AND state = 'active' THEN 'dead' ELSE state END WHERE id = ?",
        (event.code, event.message, event.next_at, event.next_at, event.feed),
    )


def on_filed(store: Store, _: Recorded, event: EpisodeFiled) -> None:
    """An episode more, unless it is known."""
    new = episodes.file(store, event)
    store.execute("UPDATE feeds SET episodes = episodes + ? WHERE id = ?", (new, event.feed))


def on_requested(store: Store, recorded: Recorded, event: JobRequested) -> None:
    """A job is about to fetch it."""
    if event.kind == KIND:
        feed = json.loads(event.args or "{}").get("feed", 0)
        store.execute("UPDATE feeds SET job = ? WHERE id = ?", (recorded.position, feed))
