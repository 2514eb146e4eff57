"""Feeds that are dropped. The rule: they are read as they are now, and from now on they are fetched."""

from __future__ import annotations

from box.errors import Unprocessable
from box.library import feeds, markup
from box.library.episodes import title_of
from box.library.feeds import Entry, Feed
from box.library.markdown import Markdown
from box.library.reading import OVERSIZED, Context, Reading, Subscription

BYTES_MAX = 64 * 1024 * 1024


def read(path: str, out: Markdown, context: Context) -> Reading:
    """What it says of itself, and its entries, the newest first."""
    with open(path, "rb") as file:
        data = file.read(BYTES_MAX + 1)
    if len(data) > BYTES_MAX:
        raise Unprocessable(OVERSIZED, f"{context.name} has more than {BYTES_MAX:,} bytes, which no feed has")
    feed = feeds.parse(data, context.name)
    out.heading(1, feed.title)
    markup.write(feed.text, out)
    entries = feed.entries
    for number, entry in enumerate(entries, 1):
        _write(entry, out)
        context.progress(done=number, total=len(entries))
    address = feed.moved_to or feed.address
    return Reading(
        "feed", title=feed.title, authors=tuple(feed.authors), language=feed.language, origin=feed.link or address,
        date=entries[0].date if entries else "", counts={"entries": len(entries)}, marks=_marks(feed, address),
        feeds=(Subscription(address, feed.title),) if address else (),
    )  # fmt: skip


def _write(entry: Entry, out: Markdown) -> None:
    out.heading(2, title_of(entry))
    out.paragraph(" · ".join(filter(None, (entry.number, entry.date[:10], ", ".join(entry.authors)))))
    out.deeper = 2
    markup.write(entry.text, out)
    out.deeper = 0
    for url in filter(None, (entry.link, entry.audio.url if entry.audio else "")):
        out.paragraph(url)


def _marks(feed: Feed, address: str) -> tuple[str, ...]:
    marks = (
        ("entries-cut", feed.is_cut), ("broken-xml", feed.is_broken), ("no-address", not address),
    )  # fmt: skip
    return tuple(mark for mark, is_so in marks if is_so)
