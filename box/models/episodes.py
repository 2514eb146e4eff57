"""Episodes: what came in feeds. The rule: an episode is known for ever: deleted by hand, it does not come again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import peewee

from box.events import EpisodeDownloaded, EpisodeFiled, EpisodeMissed, JobRequested, Recorded
from box.models.base import Store, Table

KIND: Final = "episode"
"""The kind of job that fetches the sound of one."""


class Episode(Table):
    """An entry of a feed that became an item, or did once."""

    feed = peewee.BigIntegerField()
    episode = peewee.TextField()
    item_source = peewee.TextField()
    transcript = peewee.TextField()
    audio = peewee.TextField()
    audio_type = peewee.TextField()
    audio_bytes = peewee.BigIntegerField()
    path = peewee.TextField()
    """Where its sound was put."""
    failures = peewee.IntegerField()
    next_at = peewee.TextField()
    """When its sound is tried again; "never" when it is left."""
    job = peewee.BigIntegerField()
    """The newest that was asked for its sound."""

    class Meta:
        table_name = "episodes"
        primary_key = peewee.CompositeKey("feed", "episode")
        without_rowid = True


@dataclass(frozen=True, slots=True)
class Sound:
    """The sound of an episode that is not here."""

    feed: int
    episode: str
    url: str
    size: int


def soundless(store: Store, feed: int, now: str, count: int) -> list[Sound]:
    """Of the newest episodes of a feed those whose sound may be fetched now; what was deleted is left."""
    rows = store.rows(
        "SELECT e.episode, e.audio, e.audio_bytes, e.path, e.next_at, i.note, j.state FROM episodes e"
        " JOIN feeds f ON f.id = e.feed"
        " JOIN items i ON i.user = f.user AND i.source = e.item_source AND i.replaced_by = 0"
        " LEFT JOIN jobs j ON j.id = e.job"
        " WHERE e.feed = ? AND e.audio <> '' AND f.state = 'active' ORDER BY i.date DESC, i.id DESC LIMIT ?",
        (feed, count),
    )
    return [
        Sound(feed, episode, url, size)
        for episode, url, size, path, next_at, note, state in rows
        if not path and note and state not in {"queued", "running"} and next_at != "never" and next_at <= now
    ]


def sound_told(store: Store, feed: int, episode: str) -> dict[str, Any]:
    """What the job that fetches the sound of an episode has to know; empty when it is not to be fetched."""
    row = store.row(
        "SELECT e.audio, e.audio_type, e.failures, i.title, i.date FROM episodes e"
        " JOIN feeds f ON f.id = e.feed AND f.state <> 'left'"
        " JOIN items i ON i.user = f.user AND i.source = e.item_source AND i.replaced_by = 0 AND i.note <> ''"
        " WHERE e.feed = ? AND e.episode = ? AND e.path = ''",
        (feed, episode),
    )
    return dict(zip(("url", "media_type", "failures", "title", "date"), row, strict=True)) if row else {}


# --- folds -----------------------------------------------------------------------------------------------------------


def file(store: Store, event: EpisodeFiled) -> int:
    """An episode is known from now on; 1 if it was not before."""
    new = store.execute(
        "INSERT OR IGNORE INTO episodes (feed, episode, item_source, transcript, audio, audio_type, audio_bytes,"
        " path, failures, next_at, job) VALUES (?, ?, ?, '', '', '', 0, '', 0, '', 0)",
        (event.feed, event.episode, event.item_source),
    )
    store.execute(
        "UPDATE episodes SET transcript = ?, audio = ?, audio_type = ?, audio_bytes = ? WHERE feed = ? AND episode = ?",
        (event.transcript, event.audio, event.audio_type, event.audio_bytes, event.feed, event.episode),
    )
    return new


def on_downloaded(store: Store, _: Recorded, event: EpisodeDownloaded) -> None:
    """Its sound is here."""
    store.execute(
        "UPDATE episodes SET path = ?, failures = 0, next_at = '' WHERE feed = ? AND episode = ?",
        (event.path, event.feed, event.episode),
    )


def on_missed(store: Store, _: Recorded, event: EpisodeMissed) -> None:
    """Its sound could not be had."""
    store.execute(
        "UPDATE episodes SET failures = failures + 1, next_at = ?,"
        " audio_bytes = CASE ? WHEN 0 THEN audio_bytes ELSE ? END WHERE feed = ? AND episode = ?",
        (event.next_at or "never", event.size, event.size, event.feed, event.episode),
    )


def on_requested(store: Store, recorded: Recorded, event: JobRequested) -> None:
    """A job is about to fetch its sound."""
    if event.kind == KIND:
        args = json.loads(event.args or "{}")
        sql = "UPDATE episodes SET job = ? WHERE feed = ? AND episode = ?"
        store.execute(sql, (recorded.position, args.get("feed", 0), args.get("episode", "")))
