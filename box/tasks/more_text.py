"""Items whose text could grow. The rule: it only asks, once for each; `transcribe` and `ocr` do the work."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from box.events import JobRequested
from box.library_rules import AFTERWARDS, OF_ITEM
from box.paths import split
from box.tasks.chore import Inside, Reporter

if TYPE_CHECKING:
    from box.models.jobs import Claimed

_PAGE: Final = 200


def ask(inside: Inside, job: Claimed, reporter: Reporter, kind: str, reader: str, mark: str = "") -> Mapping[str, Any]:
    """Ask for that kind of job for what that reader has read, if it bears the mark; the result says for how many."""
    from box.models import files, item_lists, jobs  # noqa: PLC0415 - a child that knows the kind needs no database

    store = inside.engine.store
    user, after, asked = str(job.user or job.args.get("user", "")), 0, 0
    wanted = jobs.all_wanted(store, kind, "digest")
    while page := item_lists.read_by(store, reader, mark, user, after, _PAGE):
        reporter.check()
        for item in page:
            stands = files.one(store, item["path"])
            if stands is not None and item["digest"] not in wanted:
                inside.engine.request(_wanted(kind, item, *stands))
                asked += 1
        after = page[-1]["id"]
        reporter.progress(0, f"{asked} asked for")
    return {"asked": asked}


def _wanted(kind: str, item: Mapping[str, Any], size: int, mtime_ns: int) -> JobRequested:
    args = {name: item[name] for name in OF_ITEM}
    args |= {"item": item["id"], "shown": item["source"].partition("/inbox/")[2] or split(item["path"])[1]}
    return JobRequested(
        user=item["user"], kind=kind, source=item["path"], size=size, mtime_ns=mtime_ns, priority=AFTERWARDS,
        args=json.dumps(args, ensure_ascii=False),
    )  # fmt: skip
