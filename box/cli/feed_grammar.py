"""The grammar of feeds: what somebody subscribed to. The rule: as in `box.cli.grammar`."""

from __future__ import annotations

from typing import Any, Final

from box.cli.parts import command, json_option


def _feeds(commands: Any) -> None:
    feeds = command(
        commands, "feeds", "feeds:listing", "list, add and remove feeds: podcasts, and pages that have one",
        text="Without an action it lists. A feed that is dropped as a file (RSS, Atom, JSON Feed, OPML) is added, too. "
        "What is new in them is fetched every podcasts.every_seconds, and at once by `box do feeds`.",
        examples=("box feeds", "box feeds add https://example.org/podcast.xml", "box feeds remove podcast.xml"),
        options=[json_option()], user="",
    )  # fmt: skip
    actions = feeds.add_subparsers(metavar="ACTION", prog="box feeds")
    listing = command(
        actions, "list", "feeds:listing", "list the feeds, how they are and when they are asked next",
        examples=("box feeds list", "box feeds list --user me --json"), options=[json_option()],
    )  # fmt: skip
    add = command(
        actions, "add", "feeds:add", "subscribe to a feed",
        text="One that is dead, or was removed, lives again. The address of a page that names its feed will do.",
        examples=("box feeds add https://example.org/podcast.xml",), options=[json_option()],
    )  # fmt: skip
    add.add_argument("url", metavar="URL", help="its address")
    remove = command(
        actions, "remove", "feeds:remove", "fetch a feed no more; what came of it stays",
        examples=("box feeds remove https://example.org/podcast.xml",), options=[json_option()],
    )  # fmt: skip
    remove.add_argument("url", metavar="URL", help="its address, or the end of it")
    for parser in (listing, add, remove):
        parser.add_argument(
            "--user", metavar="U", default="", help="whose (default: everybody's; to add, the only user)"
        )


ALL: Final = (_feeds,)
