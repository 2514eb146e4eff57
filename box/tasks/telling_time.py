"""Telling the time. The rule: before anything is removed the clock is asked for its reasons; what it lacks is said.

What is known: the log, the photos, a clock that nobody puts, the kernel, which hears of time servers, and the owner.
"""

from __future__ import annotations

import ctypes
from datetime import datetime
from typing import Final

from box import log, retention
from box.errors import BoxError
from box.models import photos
from box.models.base import Store
from box.models.jobs import Claimed
from box.tasks.chore import Inside

TRUST: Final = "trust_clock"
"""The argument by which the owner says that the clock is right."""

_TIMEX_BYTES: Final = 1024
"""More than the `struct timex` of any machine; of zeros only, it asks and sets nothing."""
_TIME_ERROR: Final = 5

_libc = ctypes.CDLL(None, use_errno=True)


def is_synchronised() -> bool:
    """Whether the kernel says that a time server, or what is as good, keeps the clock right; if not, nobody knows."""
    state: int = _libc.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return 0 <= state < _TIME_ERROR


def check(inside: Inside, job: Claimed, now: datetime, running: float, *, synchronised: bool) -> None:
    """Raise BoxError if the clock cannot be trusted; `now` is local time, `running` what a clock shows nobody puts."""
    inside.clock.look(now.timestamp(), running)
    store, is_told = inside.engine.store, bool(job.args.get(TRUST))
    spans = [(datetime.fromisoformat(first), datetime.fromisoformat(last)) for first, last in log.spans(store)]
    is_known = is_told or synchronised or inside.clock.is_proved(running)
    why = retention.distrust(
        now, max((last for _, last in spans), default=None), photos.totals(store).last_day,
        0.0 if is_told or inside.clock.is_steady(running) else inside.clock.put_seconds,
        None if is_known else retention.begun_anew(now, spans, is_cut=_is_cut(store)),
    )  # fmt: skip
    if why:
        error = BoxError(f"the clock cannot be trusted, so nothing is removed: {why}")
        error.code = "clock-untrusted"
        if inside.config.retention.enabled:
            inside.problems.put("retention", "", f"{str(error)[0].upper()}{str(error)[1:]}.")
        raise error


def _is_cut(store: Store) -> bool:
    """Whether events were archived: by a clock that is far ahead, all that there were before."""
    return log.oldest_in_table(store)[0] > 1
