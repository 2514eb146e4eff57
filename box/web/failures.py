"""What can go wrong on the way. The rule: a code for programs, a sentence for people, and when to come again."""

from __future__ import annotations

from typing import Final

from box.errors import BoxError

LASTING: Final = (
    "bad-url", "private-address", "too-large", "too-many-redirects", "bad-encoding", "not-audio", "too-slow",
)  # fmt: skip
"""What will be the same next time, whatever the other side says."""
_FOR_NOW: Final = ("http-408", "http-425", "http-429")


class FetchError(BoxError):
    """Something could not be had from elsewhere."""

    def __init__(self, code: str, message: str, *, gone: bool = False, again_seconds: float = 0.0) -> None:
        """`gone`: asking again is no use. `again_seconds`: the other side wants to be left alone for so long."""
        super().__init__(message)
        self.code = code
        self.gone = gone
        self.again_seconds = again_seconds

    @property
    def is_lasting(self) -> bool:
        """Whether it will be the same next time; what the other side refuses is, too."""
        return self.code in LASTING or (self.code.startswith("http-4") and self.code not in _FOR_NOW)
