"""Rules of feeds. The rule: as in `box.rules`, where they are numbered: 20 to 22."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from box import events as e
from box.events import Event
from box.policy import Policy, quota
from box.questions import Feed, Sound, View
from box.web.patience import pause_seconds

FEED: Final = "feed"
"""The kind of job that fetches a feed."""

EPISODE: Final = "episode"
"""The kind of job that fetches the sound of an episode."""

_UNSAID_BYTES: Final = 64 * 1000**2
"""Set aside for a sound whose feed does not say how large it is."""


def on_subscribed(policy: Policy, event: e.FeedSubscribed, view: View) -> Iterator[Event]:
    """Rule 20, for the first time."""
    feed = view.feed_at(event.user, event.url)
    if policy.feeds_seconds and feed is not None and not feed.fetched_at and not view.is_feed_wanted(feed):
        yield asked(feed)


def on_fetched(_: Policy, event: e.FeedFetched, view: View) -> Iterator[Event]:
    """Rule 20, where one job was not enough."""
    feed = view.feed(event.feed)
    if event.more and feed is not None:
        yield asked(feed)


def on_sounds_wanted(policy: Policy, event: e.FeedFetched, view: View) -> Iterator[Event]:
    """Rule 22."""
    sounds = view.soundless(event.feed, policy.sounds_max) if policy.sounds_max and not event.more else ()
    for sound in sounds:
        size = sound_bytes(policy, sound)
        used, reserved, is_set, set_bytes = view.account(event.user)
        limit = quota(policy, event.user, is_set=is_set, set_bytes=set_bytes)
        if sound.size <= policy.sound_bytes_max and (limit is None or used + reserved + size <= limit):
            yield e.JobRequested(
                user=event.user, kind=EPISODE, args=json.dumps({"feed": sound.feed, "episode": sound.episode}),
                exclusive=_host(sound.url), reserve_bytes=size,
            )  # fmt: skip


def sound_bytes(policy: Policy, sound: Sound) -> int:
    """How much is set aside for a sound: it may be a little larger than its feed says."""
    return min(sound.size + sound.size // 10 + 1_000_000 if sound.size else _UNSAID_BYTES, policy.sound_bytes_max)


def on_job_ended(policy: Policy, event: Any, view: View) -> Iterator[Event]:
    """Rule 21."""
    job = view.job(event.job)
    if job.kind not in {FEED, EPISODE} or job.state in ("queued", "running"):
        return
    args = json.loads(job.args or "{}")
    feed = view.feed(args.get("feed", 0))
    if feed is not None and job.kind == EPISODE:
        yield e.EpisodeMissed(
            user=feed.user, feed=feed.id, episode=args.get("episode", ""), code=event.code, message=event.message
        )
    elif feed is not None:
        again = view.later(pause_seconds(policy.feeds_seconds or 3600.0, feed.failures))
        next_at = again if feed.failures + 1 < policy.feed_failures_max else ""
        yield e.FeedFailed(user=feed.user, feed=feed.id, code=event.code, message=event.message, next_at=next_at)


def asked(feed: Feed) -> e.JobRequested:
    """The job that fetches it; of one host one at a time."""
    return e.JobRequested(user=feed.user, kind=FEED, args=json.dumps({"feed": feed.id}), exclusive=_host(feed.url))


def _host(url: str) -> str:
    return f"host {urlsplit(url).hostname or ''}"
