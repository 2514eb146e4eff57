"""Asking for a job. The rule: whoever asks (a command, a file, the clock, Python) is held to the same words.

A kind says itself what it takes by name, and reads it; here it becomes the event that asks, or one clear sentence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from box import units
from box.errors import UsageError
from box.events import JobRequested
from box.tasks.chore import Chore
from box.tasks.handler import Handler

PRIORITY_MAX: Final = 1000
KEY_CHARS_MAX: Final = 200
ARGS_CHARS_MAX: Final = 100_000
AHEAD_SECONDS_MAX: Final = 3650.0 * units.DAY
AFTER_MAX: Final = 1000
_NUMBER_END: Final = 1 << 62
"""Beyond the number of every job, and what the database can hold."""


def wanted(
    kinds: Mapping[str, Handler | Chore], kind: str, args: Mapping[str, object], *,
    user: str = "", priority: object = 0, key: object = "", not_before: str = "", after: Sequence[int] = (),
) -> JobRequested:  # fmt: skip
    """The event that asks for it; `kinds` are those that can be asked for (`tasks.by_request`).

    Raises UsageError, naming what does not fit and what would.
    """
    handler = kinds.get(kind)
    if handler is None:
        raise UsageError(f"no kind of job {kind!r} can be asked for; there are: {', '.join(sorted(kinds))}")
    for name in args:
        if name not in handler.arguments:
            takes = ", ".join(handler.arguments) or "nothing"
            raise UsageError(f"{kind} takes no {units.show(name)}; it takes {takes}")
    for name, argument in handler.arguments.items():
        if argument.required and name not in args:
            raise UsageError(f"{kind} needs {name}: {argument.meaning}")
    read = {name: handler.arguments[name].read(name, value) for name, value in args.items()}
    text = _json(kind, read) if read else ""
    if not isinstance(key, str) or len(key) > KEY_CHARS_MAX or not _is_storable(key):
        raise units.refused("key", key, f"a text of at most {KEY_CHARS_MAX} characters")
    return JobRequested(
        user=units.user("user", user) if user else "", kind=kind, args=text, key=key, not_before=not_before,
        after=_numbers(after),
        priority=units.numbers(-PRIORITY_MAX, PRIORITY_MAX)("priority", priority),
        exclusive=(handler.exclusive_with or kind) if isinstance(handler, Chore) and handler.exclusive else "",
    )  # fmt: skip


def when(later: object = None, at: object = None) -> str:
    """From when on: in so long ("2 hours"), or at a time (local, if it has no offset). Empty for now."""
    if later is None and at is None:
        return ""
    if later is not None and at is not None:
        raise UsageError("say either in how long or at what time, not both")
    if later is not None:
        seconds = units.durations(0, AHEAD_SECONDS_MAX)("in", later)
        return _text(datetime.now(UTC) + timedelta(seconds=seconds)) if seconds else ""
    try:
        moment = at if isinstance(at, datetime) else datetime.fromisoformat(str(at))
        return _text(moment.astimezone(UTC))
    except (ValueError, OverflowError):
        raise units.refused("at", at, 'a time, such as "2026-12-24 18:00" (local) or "2026-12-24T17:00:00Z"') from None


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _numbers(after: Sequence[int]) -> tuple[int, ...]:
    wanted = f"numbers of jobs, at most {AFTER_MAX}"
    if not isinstance(after, list | tuple) or len(after) > AFTER_MAX:
        raise units.refused("after", after, wanted)
    if not all(isinstance(job, int) and not isinstance(job, bool) and 0 < job < _NUMBER_END for job in after):
        raise units.refused("after", after, wanted)
    return tuple(after)


def _is_storable(text: str) -> bool:
    """Whether it can be written as UTF-8; half of a pair of surrogates cannot."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _json(kind: str, args: Mapping[str, Any]) -> str:
    try:
        text = json.dumps(args, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"the arguments of {kind} have to be JSON: {error}") from None
    if not _is_storable(text):
        raise UsageError(f"the arguments of {kind} have to be JSON: half of a character is none")
    if len(text) > ARGS_CHARS_MAX:
        raise UsageError(f"the arguments of {kind} have {len(text)} characters as JSON; {ARGS_CHARS_MAX} are taken")
    return text
