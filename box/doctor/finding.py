"""A finding. The rule: what is so, and what to do if it should be otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. `advice` is empty when there is nothing to do."""

    check: str
    state: Literal["ok", "warn", "fail"]
    message: str
    advice: str = ""
