"""Limits of a child. The rule: what a kind of job has for itself goes first, and a message names the key that holds.

Both sides use this: the child sets the limits, the service kills whatever is past one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

type_own = Mapping[str, Mapping[str, float]]
"""kind -> limits that it has for itself, by their names in `ChildLimits`."""


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """What a child may use; past one of them the file is refused or the child killed, past the last it is replaced."""

    memory_bytes: int
    """On top of what the interpreter takes, and of the file that is read."""
    cpu_seconds: float
    """For each file."""
    deadline_seconds: float
    """For each file."""
    file_bytes: int
    """The largest file that it may write."""
    open_files_max: int
    files_max: int


def of_kind(settings: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """What holds for a kind; `keys` says, for each limit, where the owner wrote it.

    `settings`: the limits of all, and in `by_kind` those that kinds have for themselves.
    """
    own = settings["by_kind"].get(kind, {})
    keys = {name: f"jobs.kinds.{kind}.{name}" if name in own else f"child.{name}" for name in ChildLimits.__slots__}
    return {**settings, **own, "keys": keys}
