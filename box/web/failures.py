"""What can go wrong on the way. The rule: a code for programs, a sentence for people, and when to come again."""

from __future__ import annotations

from box.errors import BoxError


class FetchError(BoxError):
    """Something could not be had from elsewhere."""

    def __init__(self, code: str, message: str, *, gone: bool = False, again_seconds: float = 0.0) -> None:
        """`gone`: asking again is no use. `again_seconds`: the other side wants to be left alone for so long."""
        super().__init__(message)
        self.code = code
        self.gone = gone
        self.again_seconds = again_seconds
