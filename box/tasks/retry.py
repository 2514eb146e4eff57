"""Retries. The rule: exponential up to a cap, with full jitter: anywhere between nothing and the step."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """When a failed attempt is made again, and when not."""

    attempts_max: int
    base_seconds: float
    cap_seconds: float
    quarantine_after: int = 3
    """The same error so many times in a row, and the job goes to quarantine."""
    by_kind: Mapping[str, Policy] = field(default_factory=dict)

    def of(self, kind: str) -> Policy:
        """What holds for a kind of job."""
        return self.by_kind.get(kind, self)


def delay_seconds(policy: Policy, attempts: int, draw: float) -> float:
    """How long to wait after that many attempts; `draw` is a random number from 0 to 1.

    Full jitter spreads what failed together best (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015).
    """
    return draw * min(policy.cap_seconds, policy.base_seconds * 2.0 ** min(attempts - 1, 60))


def at(policy: Policy, attempts: int, least: float = 0.0) -> str:
    """When to try again (RFC 3339, UTC), empty when the attempts are used up; `least`: after that part of the step."""
    if attempts >= policy.attempts_max:
        return ""
    draw = least + (1 - least) * random.random()  # noqa: S311  spreads load, guards nothing
    delay = delay_seconds(policy, attempts, draw)
    return after(delay)


def after(seconds: float) -> str:
    """The time so many seconds from now, as the log writes it."""
    later = datetime.now(UTC) + timedelta(seconds=seconds)
    return later.isoformat(timespec="milliseconds").replace("+00:00", "Z")
