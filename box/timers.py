"""Timers. The rule: one list, one thread; a timer that fails is told and comes again. Times are monotonic seconds."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from box import logs

_log = logs.get(__name__)


@dataclass(slots=True)
class Timer:
    """Something that is done again and again."""

    name: str
    seconds: float
    run: Callable[[], object]
    next_at: float = 0.0
    """Monotonic time; 0: for the first time `seconds` after the start."""
    jitter: float = 0.0
    """By which part of `seconds` at most it comes earlier, by chance."""

    def after(self, now: float) -> float:
        """When it is due next."""
        return now + self.seconds * (1 - self.jitter * random.random())  # noqa: S311 - spreads load, guards nothing


def first_in(seconds: float, last: float, now: float) -> float:
    """In how many seconds something is due that is done every `seconds` and was done last at `last` (by the clock).

    A box that loses power every night would never reach a daily timer that begins afresh with each start. A time in
    the future is a clock that was wrong: then it is due at once.
    """
    return 0.0 if not 0 <= now - last < seconds else seconds - (now - last)


def run_due(timers: Sequence[Timer], now: float) -> float:
    """Run what is due; in how many seconds the next one is."""
    for timer in timers:
        if timer.next_at == 0.0:
            timer.next_at = timer.after(now)
        elif timer.next_at <= now:
            timer.next_at = timer.after(now)
            try:
                timer.run()
            except Exception as error:  # noqa: BLE001  told, and it comes again
                _log.error("timer failed", timer=timer.name, error=error)
    return max(0.0, min(timer.next_at for timer in timers) - now)
