"""transcripts: recordings that nobody has listened to yet are. The rule: it only asks; `transcribe` listens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from box import units
from box.errors import UsageError
from box.tasks.chore import Chore, Inside, Reporter
from box.tasks.handler import Argument

if TYPE_CHECKING:
    from box.models.jobs import Claimed

KIND: Final = "transcripts"
_PAGE: Final = 200


def run(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Ask for what is missing; the result says of how many recordings. Raises UsageError where it is not wanted."""
    from box import library_rules  # noqa: PLC0415 - a child that knows this kind needs no rules
    from box.library import speech  # noqa: PLC0415 - nor a model
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
                inside.engine.request(library_rules.transcription(item, *stands))
                asked += 1
        after = page[-1]["id"]
        reporter.progress(0, f"{asked} recordings")
    return {"asked": asked}


HANDLER = Chore(
    kind=KIND, run=run, arguments={"user": Argument(units.a_user, "whose recordings; else everybody's")},
)  # fmt: skip
