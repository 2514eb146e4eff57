"""episode: the sound of an episode is fetched to `media/`. The rule: part by part, and never more than was set aside.

Room for it is set aside when the job is asked for. What is wrong with the sound is no failed job: it is told of as
`EpisodeMissed`. What came so far waits in `temp/`; see `box.tasks.episode_work`.
"""

from __future__ import annotations

from typing import Final

from box.events import EpisodeDownloaded, EpisodeMissed, Event
from box.tasks.handler import Found, Handler, Landed, Request, Tools

KIND: Final = "episode"


def run(request: Request, tools: Tools) -> Found:
    """Fetch it. Raises NotYet and Stopped."""
    known = request.args.get("known", {})
    if not known:
        return Found(result={"episode": "nobody wants it any more"})
    from box.tasks.episode_work import work  # noqa: PLC0415 - only the child needs it

    return work(request, tools, known)


def report(request: Request, found: Found, landed: tuple[Landed, ...]) -> tuple[Event, ...]:
    """That it stands, or why it does not."""
    feed, episode = request.args.get("feed", 0), request.args.get("episode", "")
    if landed:
        at = landed[0]
        return (
            EpisodeDownloaded(
                feed=feed, episode=episode, path=at.path, size=at.size, mtime_ns=at.mtime_ns, **found.facts
            ),
        )
    return (EpisodeMissed(feed=feed, episode=episode, **found.facts),) if found.facts else ()


HANDLER = Handler(kind=KIND, run=run, report=report, options="podcasts", told=KIND)
