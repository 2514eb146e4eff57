"""embeddings: vectors are asked for where there are none, or old ones. The rule: it only asks; `embed` makes them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from box import units
from box.errors import UsageError
from box.events import JobRequested
from box.library import vectors
from box.paths import area_folder, join
from box.tasks.chore import Chore, Inside, Reporter
from box.tasks.handler import Argument

if TYPE_CHECKING:
    from box.models.item_lists import Indexed
    from box.models.jobs import Claimed

KIND: Final = "embeddings"
_PAGE: Final = 200
AFTERWARDS: Final = -10


def run(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Ask for what is missing; the result says of how many texts. Raises UsageError where they are not wanted."""
    from box.library import minilm  # noqa: PLC0415 - a child that knows this kind needs no model
    from box.models import item_lists, jobs  # noqa: PLC0415 - nor a database

    config, store = inside.config, inside.engine.store
    if not config.embeddings.enabled:
        raise UsageError("embeddings.enabled is false: switch them on first")
    minilm.check(config.embeddings.model_path)
    model = minilm.identity(config.embeddings.model_path)
    user, after, asked, texts = str(job.user or job.args.get("user", "")), 0, 0, 0
    wanted = jobs.all_wanted(store, "embed", "note_digest")
    while page := item_lists.indexed(store, user, after, _PAGE):
        reporter.check()
        texts += len(page)
        for each in page:
            path = os.path.join(join(config.box.root, area_folder(each.user, vectors.AREA)), vectors.name_of(each.item))
            about = vectors.about(path)
            if (about.get("note"), about.get("model")) == (each.note_digest, model):
                continue
            if each.note_digest not in wanted:
                inside.engine.request(_wanted(each))
                asked += 1
        after = page[-1].item
        reporter.progress(0, f"{asked} of {texts} texts")
    return {"texts": texts, "asked": asked}


def _wanted(each: Indexed) -> JobRequested:
    args = {"item": each.item, "note": each.note, "note_digest": each.note_digest, "chunks": each.chunks}
    return JobRequested(user=each.user, kind="embed", priority=AFTERWARDS, args=json.dumps(args))


HANDLER = Chore(
    kind=KIND, run=run, arguments={"user": Argument(units.a_user, "whose texts; else everybody's")},
)  # fmt: skip
