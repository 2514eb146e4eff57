"""How long somebody is left alone who did not answer. The rule: twice as long each time, up to a point."""

from __future__ import annotations

from typing import Final

STEPS_MAX: Final = 6
"""The pause doubles so often at most."""


def pause_seconds(step_seconds: float, failures: int) -> float:
    """How long after so many failures in a row, and one more."""
    return float(step_seconds * 2 ** min(failures, STEPS_MAX))
