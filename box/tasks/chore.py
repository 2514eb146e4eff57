"""Chores. The rule: a chore is a kind of job about the box itself; it gets the box, and only what needs it is one.

It runs on a worker's thread, because it works on the database and parses nothing that came from outside. A thread
cannot be ended from outside: so a chore asks often whether it should end, and what it does in between is short.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from box.retention import Steadiness
from box.tasks.at_work import AtWork, Progress
from box.tasks.handler import Argument

if TYPE_CHECKING:  # a child knows the table of contents, and must not load a database for it
    from box.engine import Engine
    from box.models.jobs import Claimed
    from box.sections import Config


class Problems(Protocol):
    """Where a chore says what is wrong beyond its own outcome: the problems of the status."""

    def put(self, code: str, subject: str, message: str) -> None:
        """That is wrong with that subject."""

    def clear(self, code: str, subject: str) -> None:
        """That is no longer wrong."""


@dataclass(frozen=True, slots=True)
class Inside:
    """The box, as a chore sees it."""

    config: Config
    engine: Engine
    problems: Problems
    ring: Callable[[str, bool], object]
    """Told the path of a file that came to an inbox, or left it."""
    timing: Callable[[str], AbstractContextManager[None]] = lambda _: nullcontext()
    """Times what is done within it, for the metrics, under one of the names of `box.meters.TASKS`."""
    clock: Steadiness = field(default_factory=Steadiness)
    """Whether the time can be believed."""


@dataclass(frozen=True, slots=True)
class Reporter:
    """How a chore says how far it is, and learns that it should end."""

    at_work: AtWork
    job: int

    def check(self) -> None:
        """Raise Stopped if it should end."""
        self.at_work.check(self.job)

    def progress(
        self, percent: float, message: str = "", *,
        done: int | None = None, total: int | None = None, size_bytes: int | None = None,
    ) -> None:  # fmt: skip
        """It is so far. Raises Stopped if it should end."""
        self.check()
        self.at_work.told(self.job, Progress(percent, message, done, total, size_bytes))


@dataclass(frozen=True, slots=True)
class Chore:
    """A kind of job about the box. A new one is a module with one of these, and one line in `box.tasks.ALL`."""

    kind: str
    run: Callable[[Inside, Claimed, Reporter], Mapping[str, Any]]
    """Does it; what it returns (JSON-able) is the job's result. Raises BoxError."""
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    by_request: bool = True
    exclusive: bool = True
    """Never two of them at the same time."""
    exclusive_with: str = ""
    """Nor one of another kind that says the same here."""
    makes_room: bool = False
    """It is begun even where the disk is too full for other work."""


SHELVING: Final = "shelving"
"""What chores say in `exclusive_with` that move files inside the library."""

RESULT_CHARS_MAX: Final = 64_000
"""A result is a summary: what is larger belongs into a file."""
