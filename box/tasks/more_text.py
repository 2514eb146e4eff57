"""Items whose text could grow. The rule: it only asks, once for each; `transcribe` and `ocr` do the work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from box import library_rules
from box.tasks.chore import Inside, Reporter

if TYPE_CHECKING:
    from box.models.base import Store
    from box.models.jobs import Claimed

_PAGE: Final = 200


def ask(
    inside: Inside, job: Claimed, reporter: Reporter, kind: str,
    items: Callable[[Store, str, int, int], list[dict[str, Any]]],
) -> Mapping[str, Any]:  # fmt: skip
    """Ask for that kind of job for these items (of a user, after an item, so many); the result says for how many."""
    from box.models import files, jobs  # noqa: PLC0415 - a child that knows the kind needs no database

    store = inside.engine.store
    user, after, asked = str(job.user or job.args.get("user", "")), 0, 0
    wanted = jobs.all_wanted(store, kind, "digest")
    while page := items(store, user, after, _PAGE):
        reporter.check()
        for item in page:
            stands = files.one(store, item["path"])
            if stands is not None and item["digest"] not in wanted:
                inside.engine.request(library_rules.more_text(kind, item, *stands))
                asked += 1
        after = page[-1]["id"]
        reporter.progress(0, f"{asked} asked for")
    return {"asked": asked}
