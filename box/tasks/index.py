"""index: what was read can be searched. The rule: the index says what the notes say, also those changed by hand.

The rules ask for it when a text came or its note changed; it takes all of the user's that wait, those of everybody
where nobody is named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from box import units
from box.tasks.chore import Chore, Inside, Reporter
from box.tasks.handler import Argument

if TYPE_CHECKING:
    from box.models.jobs import Claimed
    from box.tasks.indexing import Indexing

KIND: Final = "index"
_PAGE: Final = 200
_BYTES_A_CHAR: Final = 4


def run(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Index; the result says how many texts and chunks, and which notes could not be read."""
    from box.library.chunking import CHUNKER_VERSION  # noqa: PLC0415 - a child that knows this kind loads no database
    from box.models import chunks, texts  # noqa: PLC0415 - as above
    from box.tasks import cutting  # noqa: PLC0415 - as above
    from box.tasks.indexing import Indexing  # noqa: PLC0415 - as above

    store, library = inside.engine.store, inside.config.library
    work = Indexing(inside.engine, inside.config.box.root, reporter, library.text_chars_max * _BYTES_A_CHAR)
    chunks.tune(store)
    for item in chunks.unfinished(store):
        work.clear(item)
    user = job.args.get("user") or job.user
    users = [user] if user else texts.users(store)
    if job.args.get("policy") == "all":
        lists = [partial(texts.numbers, store, each) for each in users]
        work.total = sum(texts.count(store, each) for each in users)
    else:
        lists = [
            one
            for each in users
            for one in (partial(texts.unindexed, store, each), partial(texts.outdated, store, each, CHUNKER_VERSION))
        ]
        work.total = sum(texts.waiting(store, each, CHUNKER_VERSION) for each in users)
    with cutting.ahead(inside.config, work.total) as work.ahead:
        for waiting in lists:
            _take(work, waiting)
    return {"items": work.items, "chunks": work.chunks, **({"left": work.left} if work.left else {})}


def _take(work: Indexing, waiting: Callable[[int, int], list[int]]) -> None:
    """All of a list that is read page by page: `waiting(after, limit)`."""
    after = 0
    while page := waiting(after, _PAGE):
        work.take(page)
        after = page[-1]


HANDLER = Chore(
    kind=KIND,
    run=run,
    arguments={
        "user": Argument(units.a_user, "whose texts; else everybody's"),
        "policy": Argument(units.choice("missing", "all"), "what is not in the index as it should be, or all anew"),
    },
)
