"""feed: a feed is fetched, and what is new in it becomes items. The rule: what is wrong with a feed is no failed job.

The child fetches and reads, for all that comes from there is hostile; what it found becomes events here. A feed that
does not answer is told of as `FeedFailed`, and is asked again when its time has come; see `box.tasks.feed_work`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from box.events import DocumentRead, EpisodeFiled, Event, FeedFailed, FeedFetched, FeedMoved
from box.tasks.handler import Found, Handler, Landed, Request, Tools

KIND: Final = "feed"


def run(request: Request, tools: Tools) -> Found:
    """Fetch it. Raises NotYet and Stopped."""
    known = request.args.get("known", {})
    if not known:
        return Found(result={"feed": "nobody wants it any more"})
    from box.tasks.feed_work import work  # noqa: PLC0415 - only the child needs it

    return work(request, tools, known)


def report(request: Request, found: Found, landed: tuple[Landed, ...]) -> tuple[Event, ...]:
    """The items, and how the feed is."""
    return tuple(_events(request.args.get("feed", 0), found.facts, landed))


def _events(feed: int, facts: Mapping[str, Any], landed: tuple[Landed, ...]) -> Iterator[Event]:
    for each in facts.get("episodes", ()):
        source = f"feeds/{feed}/{each['episode']}"
        if each["item"]:
            at = landed[each["note"]]
            yield DocumentRead(
                source=source, path=at.path, size=at.size, mtime_ns=at.mtime_ns, note=at.path, **each["item"]
            )
        yield EpisodeFiled(
            feed=feed, episode=each["episode"], item_source=source, transcript=each["transcript"],
            audio=each["audio"], audio_type=each["audio_type"], audio_bytes=each["audio_bytes"],
        )  # fmt: skip
    if "moved" in facts:
        yield FeedMoved(feed=feed, **facts["moved"])
    if "failed" in facts:
        yield FeedFailed(feed=feed, **facts["failed"])
    if "fetched" in facts:
        yield FeedFetched(feed=feed, **facts["fetched"])


HANDLER = Handler(kind=KIND, run=run, report=report, options="podcasts", told=KIND, reserves=True)
