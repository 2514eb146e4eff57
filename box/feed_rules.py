"""Rules of feeds. The rule: as in `box.rules`, where they are numbered: 19 and 20."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from box import events as e
from box.events import Event
from box.policy import Policy
from box.questions import Feed, View
from box.web.patience import pause_seconds

FEED: Final = "feed"
"""The kind of job that fetches a feed."""


def on_subscribed(policy: Policy, event: e.FeedSubscribed, view: View) -> Iterator[Event]:
    """Rule 19, for the first time."""
    feed = view.feed_at(event.user, event.url)
    if policy.feeds_seconds and feed is not None and not feed.fetched_at and not view.is_feed_wanted(feed):
        yield asked(feed)


def on_fetched(_: Policy, event: e.FeedFetched, view: View) -> Iterator[Event]:
    """Rule 19, where one job was not enough."""
    feed = view.feed(event.feed)
    if event.more and feed is not None:
        yield asked(feed)


def on_job_ended(policy: Policy, event: Any, view: View) -> Iterator[Event]:
    """Rule 20."""
    job = view.job(event.job)
    if job.kind != FEED or job.state in ("queued", "running"):
        return
    feed = view.feed(json.loads(job.args or "{}").get("feed", 0))
    if feed is not None:
        again = view.later(pause_seconds(policy.feeds_seconds or 3600.0, feed.failures))
        next_at = again if feed.failures + 1 < policy.feed_failures_max else ""
        yield e.FeedFailed(user=feed.user, feed=feed.id, code=event.code, message=event.message, next_at=next_at)


def asked(feed: Feed) -> e.JobRequested:
    """The job that fetches it; of one host one at a time."""
    host = urlsplit(feed.url).hostname or ""
    return e.JobRequested(user=feed.user, kind=FEED, args=json.dumps({"feed": feed.id}), exclusive=f"host {host}")
