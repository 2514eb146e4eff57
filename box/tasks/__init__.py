"""Effects: what Box can do. The rule: a kind of job is one module here and one line in `ALL`.

The tuple is the table of contents; its order is the order in which a drop is offered to the kinds.
"""

from __future__ import annotations

from typing import Final

from box.tasks import (
    answer,
    backup,
    call,
    camtrap_dp,
    claims,
    clean_photos,
    clean_temp,
    compact,
    describe,
    document,
    embed,
    embeddings,
    empty_trash,
    episode,
    feed,
    feeds,
    importing,
    index,
    ocr,
    organize,
    photo,
    put_back,
    quarantine,
    recalculate,
    redate,
    request,
    scans,
    snapshot,
    transcribe,
    transcripts,
    undo,
    verify,
    verify_backup,
)
from box.tasks.chore import Chore
from box.tasks.handler import Handler

ALL: Final[tuple[Handler | Chore, ...]] = (
    photo.HANDLER,
    document.HANDLER,
    describe.HANDLER,
    claims.HANDLER,
    feed.HANDLER,
    episode.HANDLER,
    transcribe.HANDLER,
    ocr.HANDLER,
    embed.HANDLER,
    quarantine.HANDLER,
    request.HANDLER,
    answer.HANDLER,
    call.HANDLER,
    undo.HANDLER,
    verify.HANDLER,
    snapshot.HANDLER,
    compact.HANDLER,
    clean_temp.HANDLER,
    recalculate.HANDLER,
    camtrap_dp.HANDLER,
    embeddings.HANDLER,
    transcripts.HANDLER,
    scans.HANDLER,
    organize.HANDLER,
    redate.HANDLER,
    put_back.HANDLER,
    clean_photos.HANDLER,
    empty_trash.HANDLER,
    importing.HANDLER,
    feeds.HANDLER,
    backup.HANDLER,
    verify_backup.HANDLER,
    index.HANDLER,
)


def by_kind(kind: str) -> Handler | Chore | None:
    """The handler of that kind of job."""
    return next((handler for handler in ALL if handler.kind == kind), None)


def by_request() -> dict[str, Handler | Chore]:
    """The kinds of job that somebody may ask for."""
    return {handler.kind: handler for handler in ALL if handler.by_request}


def kinds_by_media_type() -> dict[str, str]:
    """media type -> the kind of job that a drop of it becomes."""
    handlers = [handler for handler in reversed(ALL) if isinstance(handler, Handler)]
    return {media_type: handler.kind for handler in handlers for media_type in handler.media_types}
