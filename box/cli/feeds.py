"""`box feeds`. The rule: what is shown is what the log says; what is fetched is a job's."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from box.beside import beside
from box.cli import output, settings, words
from box.errors import UsageError
from box.events import FeedSubscribed, FeedUnsubscribed
from box.models import feeds
from box.models.feeds import Known
from box.web.addresses import normal, shown
from box.web.failures import FetchError


def listing(args: Namespace) -> int:
    """All feeds."""
    with beside(settings.load(args)) as box:
        found = feeds.all_of(box.store, args.user)
    if args.json:
        output.value([_row(feed) for feed in found])
        return 0
    cells = [
        (
            feed.user, words.printable(feed.title or "-"), words.printable(shown(feed.url)), feed.state,
            f"{feed.episodes:,}", words.local_time(feed.fetched_at) if feed.fetched_at else "-",
            words.printable(feed.message),
        )
        for feed in found
    ]  # fmt: skip
    output.table(("user", "title", "address", "state", "episodes", "fetched", ""), cells, right=("episodes",))
    return 0


def add(args: Namespace) -> int:
    """Subscribe."""
    config = settings.load(args)
    user = settings.only_user(config, args.user or None)
    try:
        url = normal(args.url if "://" in args.url else f"https://{args.url}")
    except FetchError as error:
        raise UsageError(str(error)) from None
    with beside(config) as box:
        box.engine.record(FeedSubscribed(user=user, url=url))
        found = feeds.find(box.store, user, url)
    assert found is not None  # noqa: S101 - it was just recorded
    if args.json:
        output.value(_row(found))
    elif config.podcasts.every_seconds:
        output.line(f"{shown(url)} is fetched for {user} from now on")
    else:
        output.line(f'{shown(url)} is fetched for {user} by `box do feeds` (podcasts.every_seconds = "none")')
    return 0


def remove(args: Namespace) -> int:
    """Unsubscribe."""
    with beside(settings.load(args)) as box:
        found = [
            feed
            for feed in feeds.all_of(box.store, args.user)
            if args.url in {feed.url, feed.previous} or feed.url.endswith(f"/{args.url.lstrip('/')}")
        ]
        if not found:
            raise UsageError(f"nobody has subscribed to {words.printable(args.url)}: `box feeds` lists what there is")
        box.engine.record(*(FeedUnsubscribed(user=feed.user, feed=feed.id) for feed in found))
    if args.json:
        output.value([_row(feed) for feed in found])
    else:
        for feed in found:
            output.line(f"{shown(feed.url)} is fetched no more for {feed.user}; its episodes stay")
    return 0


def _row(feed: Known) -> dict[str, Any]:
    return {
        "feed": feed.id, "user": feed.user, "url": feed.url, "previous": feed.previous, "title": feed.title,
        "state": feed.state, "episodes": feed.episodes, "fetched_at": feed.fetched_at, "next_at": feed.next_at,
        "failures": feed.failures, "code": feed.code, "message": feed.message,
    }  # fmt: skip
