"""transcripts: recordings that nobody has listened to yet are. The rule: it only asks; `transcribe` listens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from box import units
from box.errors import UsageError
from box.events import JobRequested
from box.paths import split
from box.tasks.chore import Chore, Inside, Reporter
from box.tasks.handler import Argument

if TYPE_CHECKING:
    from box.models.jobs import Claimed

KIND: Final = "transcripts"
_PAGE: Final = 200
_AFTERWARDS: Final = -10
_OF_ITEM: Final = (
    "title", "authors", "date", "language", "origin", "tags", "item_kind", "counts", "digest", "media_type", "note",
    "note_digest",
)  # fmt: skip


def run(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Ask for what is missing; the result says of how many recordings. Raises UsageError where it is not wanted."""
    from box.library import speech  # noqa: PLC0415 - a child that knows this kind needs no model
    from box.models import files, item_lists, jobs  # noqa: PLC0415 - nor a database

    store = inside.engine.store
    if not inside.config.speech.enabled:
        raise UsageError("speech.enabled is false: switch it on first")
    speech.settings_of(asdict(inside.config.speech))
    user, after, asked = str(job.user or job.args.get("user", "")), 0, 0
    wanted = jobs.all_wanted(store, "transcribe", "digest")
    while page := item_lists.unheard(store, user, after, _PAGE):
        reporter.check()
        for item in page:
            stands = files.one(store, item["path"])
            if stands is not None and item["digest"] not in wanted:
                inside.engine.request(_wanted(item, *stands))
                asked += 1
        after = page[-1]["id"]
        reporter.progress(0, f"{asked} recordings")
    return {"asked": asked}


def _wanted(item: Mapping[str, Any], size: int, mtime_ns: int) -> JobRequested:
    args = {name: item[name] for name in _OF_ITEM}
    args |= {"item": item["id"], "shown": item["source"].partition("/inbox/")[2] or split(item["path"])[1]}
    return JobRequested(
        user=item["user"], kind="transcribe", source=item["path"], size=size, mtime_ns=mtime_ns, priority=_AFTERWARDS,
        args=json.dumps(args, ensure_ascii=False),
    )  # fmt: skip


HANDLER = Chore(
    kind=KIND, run=run, arguments={"user": Argument(units.a_user, "whose recordings; else everybody's")},
)  # fmt: skip
