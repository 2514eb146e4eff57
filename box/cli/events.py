"""`box events`. The rule: events are shown as the log holds them, in order; following costs a look at a counter."""

from __future__ import annotations

import json
import time
from argparse import Namespace
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from box import event_text, log
from box import events as vocabulary
from box.beside import beside
from box.cli import output, parts, settings, words
from box.errors import UsageError
from box.events import Recorded
from box.models.base import Store

FOLLOW_SECONDS: Final = 0.2
"""Between two looks whether another process has committed."""
WINDOW: Final = 1000
WINDOW_MAX: Final = 64_000
"""Events read at a time, backwards, to find the newest: more each time, since a segment is read from its beginning."""


def events(args: Namespace) -> int:
    """Print events, and those that come if asked to."""
    kinds = frozenset(_kind(name) for name in args.kind)
    with beside(settings.load(args)) as box:
        store = box.store
        commits, end = store.other_commits(), log.last_position(store)
        if args.since is None:
            limit = parts.LISTED if args.limit is None else args.limit
            found: Iterator[Recorded] = iter(_newest(store, end, kinds, limit))
        else:
            found = islice(_read(store, args.since, end, kinds), args.limit)
        _print(found, as_json=args.json)
        while args.follow:
            output.flush()
            time.sleep(FOLLOW_SECONDS)
            if commits != (now := store.other_commits()):
                commits, start, end = now, end, log.last_position(store)
                _print(_read(store, start, end, kinds), as_json=args.json)
    return 0


def _kind(name: str) -> str:
    names = [kind.__name__ for kind in vocabulary.ALL]
    if name in names:
        return name
    from difflib import get_close_matches  # noqa: PLC0415 - only mistakes need it

    near = get_close_matches(name.lower(), [known.lower() for known in names], 1, 0.0)
    meant = next(known for known in names if known.lower() == near[0])
    raise UsageError(f"--kind {name}: there are no such events; did you mean {meant}?")


def _read(store: Store, since: int, until: int, kinds: frozenset[str]) -> Iterator[Recorded]:
    for each in log.read(store, since, until):
        if not kinds or type(each.event).__name__ in kinds:
            yield each


def _newest(store: Store, end: int, kinds: frozenset[str], limit: int) -> list[Recorded]:
    """The last `limit` events, oldest first."""
    found: list[Recorded] = []
    window = WINDOW
    while end > 0 and len(found) < limit:
        start = max(0, end - window)
        found = [*_read(store, start, end, kinds), *found]
        end, window = start, min(window * 2, WINDOW_MAX)
    return found[len(found) - limit :] if len(found) > limit else found


def _print(found: Iterator[Recorded], *, as_json: bool) -> None:
    for each in found:
        if as_json:
            output.value(as_data(each))
        else:
            output.line(as_text(each))


def as_data(each: Recorded) -> dict[str, Any]:
    """An event as programs get it; fields at their default are left out, as in the log."""
    event = each.event
    data = json.loads(event_text.dump(event))
    return {"position": each.position, "at": each.at, "kind": type(event).__name__, "user": event.user, "data": data}


def as_text(each: Recorded) -> str:
    """An event on one line, for people."""
    data = as_data(each)
    told = " ".join(f"{name}={words.printable(str(value))}" for name, value in data["data"].items())
    kind = output.styled(words.padded(data["kind"], 18), "bold")
    return f"{each.position:>8}  {words.local_time(each.at)}  {kind} {words.padded(each.event.user or '-', 8)} {told}"
