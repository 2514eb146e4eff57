"""Turns at hosts, as the service gives them. The rule: a turn is a row, and ends with the job, however that ends."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final

from box.engine import Engine
from box.models import hosts

HOLD_SECONDS: Final = 600.0
"""A job that died with the service has its turn for so long at most."""
REST_SECONDS_MAX: Final = 7 * 24 * 3600.0


@dataclass(slots=True)
class Turns:
    """The turns of the jobs of one process; all methods from any thread."""

    engine: Engine
    _jobs: set[int] = field(default_factory=set)
    """Those that had a turn anywhere."""

    def take(self, job: int, host: str) -> float:
        """0: it is its turn; else in how many seconds to ask again."""
        self._jobs.add(job)
        now = time.time()
        return self.engine.at_once(lambda t: hosts.take(t.store, host, job, now, HOLD_SECONDS))

    def leave(self, job: int, host: str, rest_seconds: float) -> None:
        """It is done there; nobody should come for so long."""
        next_ok_at = time.time() + min(max(0.0, rest_seconds), REST_SECONDS_MAX)
        self.engine.at_once(lambda t: hosts.leave(t.store, host, job, next_ok_at))

    def end(self, job: int) -> None:
        """The job has ended."""
        if job in self._jobs:
            self._jobs.discard(job)
            self.engine.at_once(lambda t: hosts.leave_all(t.store, job))
