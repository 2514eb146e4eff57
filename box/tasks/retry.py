"""Retries. The rule: exponential up to a cap, with jitter over the upper half of each step."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """When a failed attempt is made again."""

    attempts_max: int
    base_seconds: float
    cap_seconds: float


def delay_seconds(policy: Policy, attempts: int, draw: float) -> float:
    """How long to wait after that many attempts; `draw` is a random number from 0 to 1."""
    ceiling = min(policy.cap_seconds, policy.base_seconds * 2.0 ** min(attempts - 1, 60))
    return ceiling * (0.5 + draw / 2)


def at(policy: Policy, attempts: int) -> str:
    """When to try again (RFC 3339, UTC), empty when the attempts are used up."""
    if attempts >= policy.attempts_max:
        return ""
    delay = delay_seconds(policy, attempts, random.random())  # noqa: S311  spreads load, guards nothing
    later = datetime.now(UTC) + timedelta(seconds=delay)
    return later.isoformat(timespec="milliseconds").replace("+00:00", "Z")
