"""feeds: the feeds whose time has come are asked for what is new. The rule: a job each; a host is asked by one of them.

It only asks for the jobs (`box.tasks.feed`). With `url` it asks for that feed, whether it is its time or not, and even
if it is dead; so does `user` without the clock: see `arguments`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from box import units
from box.errors import UsageError
from box.tasks.chore import Chore, Inside, Reporter
from box.tasks.handler import Argument

if TYPE_CHECKING:
    from box.models.feeds import Known
    from box.models.jobs import Claimed

AT_ONCE_MAX: Final = 500
"""So many at most; the others are asked for next time."""
EARLY_PART: Final = 0.1
"""A feed is due so much of its interval early: else it would miss its turn by seconds, and wait for the next."""


def run(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Ask for the jobs; how many. Raises BoxError."""
    from box import feed_rules  # noqa: PLC0415 - a child that knows this kind loads no database

    wanted = _chosen(inside, job)
    asked = 0
    for feed in wanted:
        reporter.progress(100 * asked / len(wanted))
        inside.engine.record(feed_rules.asked(feed))
        asked += 1
    return {"feeds": asked}


def _chosen(inside: Inside, job: Claimed) -> list[Known]:
    from box.models import feeds  # noqa: PLC0415 - as above

    store, user, url = inside.engine.store, job.args.get("user", "") or job.user, job.args.get("url", "")
    if url:
        found = [feed for feed in feeds.all_of(store, user) if url in {feed.url, feed.previous}]
        if not found:
            raise UsageError(f"nobody has subscribed to {url}: `box feeds add` does")
    else:
        early = (inside.config.podcasts.every_seconds or 0.0) * EARLY_PART
        until = datetime.now(UTC) + timedelta(seconds=early)
        due = feeds.due(store, until.isoformat(timespec="milliseconds").replace("+00:00", "Z"), AT_ONCE_MAX)
        found = [feed for feed in due if user in {"", feed.user}]
    return [feed for feed in found if not feeds.is_wanted(store, feed)]


HANDLER = Chore(
    kind="feeds",
    run=run,
    arguments={
        "user": Argument(units.a_user, "only this user's"),
        "url": Argument(units.text, "only the feed at that address, whether it is its time or not"),
    },
)
