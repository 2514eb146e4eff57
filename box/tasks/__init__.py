"""Effects: what Box can do. The rule: a kind of job is one module here and one line in `ALL`.

The tuple is the table of contents; its order is the order in which a drop is offered to the kinds.
"""

from __future__ import annotations

from typing import Final

from box.tasks import photo, quarantine
from box.tasks.handler import Handler

ALL: Final[tuple[Handler, ...]] = (
    photo.HANDLER,
    quarantine.HANDLER,
)


def by_kind(kind: str) -> Handler | None:
    """The handler of that kind of job."""
    return next((handler for handler in ALL if handler.kind == kind), None)


def kinds_by_media_type() -> dict[str, str]:
    """media type -> the kind of job that a drop of it becomes."""
    return {media_type: handler.kind for handler in reversed(ALL) for media_type in handler.media_types}
