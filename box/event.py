"""What an event is. The rule: frozen, flat and JSON-able; `box.events` is the whole vocabulary."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Anything that happened. `user` is the owner of what it happened to, empty for the box itself."""

    user: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as the log holds it: `position` (from 1, gapless), `at` (UTC, RFC 3339) and what happened."""

    position: int
    at: str
    event: Event
