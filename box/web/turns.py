"""Turns at hosts. The rule: one of us at a host at a time, and a pause between two; whoever has to wait long goes away.

The ledger of turns belongs to the service; here is how the process that fetches asks for one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from box.errors import NotYet
from box.web.failures import FetchError

LOOK_SECONDS: Final = 0.5
"""Between two questions whether the job should end."""


class Place(Protocol):
    """Of `box.tasks.handler.Tools`, what concerns hosts."""

    def turn(self, host: str) -> float:
        """0: it is this job's turn at that host, until it says `left`; else in how many seconds to ask again."""

    def left(self, host: str, rest_seconds: float) -> None:
        """Say that it is done there, and that nobody should come for so long."""

    def check_cancelled(self) -> None:
        """Raise Stopped if the job should end."""


@dataclass(slots=True)
class Turns:
    """The turns of one job."""

    place: Place
    rest_seconds: float
    patience_seconds: float
    """How long it waits for one; after that NotYet is raised."""
    sleep: Callable[[float], None] = time.sleep

    @contextmanager
    def at(self, host: str) -> Iterator[None]:
        """Have the turn at a host while inside. Raises NotYet and Stopped."""
        waited = 0.0
        while seconds := self.place.turn(host):
            if waited + seconds > self.patience_seconds:
                raise NotYet(f"{host} was asked just now", seconds)
            waited += seconds
            while seconds > 0:
                self.place.check_cancelled()
                self.sleep(min(seconds, LOOK_SECONDS))
                seconds -= LOOK_SECONDS
        rest = self.rest_seconds
        try:
            yield
        except FetchError as error:
            rest = max(rest, error.again_seconds)
            raise
        finally:
            self.place.left(host, rest)
