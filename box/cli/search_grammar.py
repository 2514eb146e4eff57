"""The grammar of searching. The rule: as in `box.cli.grammar`."""

from __future__ import annotations

from typing import Any, Final

from box.cli.parts import command, json_option, number

LISTED: Final = 10


def _search(commands: Any) -> None:
    search = command(
        commands, "search", "search:search", "find texts and photos",
        text='Words must all be there; OR between them means either, -word not that, "several words" in that order, '
        "word* all that begins so (three letters at least), NEAR(one other, 5) at most five words apart. "
        "Anything else is taken as it stands. Photos are found by day, month, camera, name and folder. "
        "Where -word comes first, put -- before it.",
        examples=(
            "box search heron nest", "box search '\"grey heron\" -swan' --since 2023",
            "box search canon 2024-05 --kind photo",
        ),
        options=[json_option()],
    )  # fmt: skip
    search.add_argument("query", metavar="QUERY", nargs="+", help="what to look for")
    search.add_argument(
        "--kind", metavar="K", default="", help="only photo, or one kind of text: document, book, mail, ..."
    )
    search.add_argument("--user", metavar="U", default="", help="only what is theirs (default: everybody's)")
    search.add_argument("--tag", metavar="T", default="", help="only with that tag, or from that folder of the inbox")
    search.add_argument("--since", metavar="DAY", default="", help="only from that day, month or year on")
    search.add_argument(
        "--limit", metavar="N", type=number, default=LISTED, help=f"so many results (default: {LISTED})"
    )
    search.add_argument("--after", metavar="PLACE", default="", help="go on where the results before ended")


ALL: Final = (_search,)
