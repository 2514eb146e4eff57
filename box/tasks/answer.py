"""answer: what came of a job is written beside the file that asked for it. The rule: a name says how it went.

`NAME.job.toml.done.json` for a job that was completed, `NAME.job.toml.failed.json` for any other; an answer to an
earlier request of that name goes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from box import __version__, disk
from box.paths import join, owner
from box.tasks.chore import Chore, Inside, Reporter

if TYPE_CHECKING:
    from box.models.jobs import Claimed

DONE: Final = ".done.json"
FAILED: Final = ".failed.json"


def run(inside: Inside, job: Claimed, _: Reporter) -> Mapping[str, Any]:
    """Write it; the result says where. If the folder is gone nobody waits for the answer."""
    beside = str(job.args["beside"])
    assert owner(beside) == (job.user, "inbox"), "a rule put it there"  # noqa: S101 - a defect, not an answer
    path = join(inside.config.box.root, beside)
    good, bad = (DONE, FAILED) if job.args["state"] == "completed" else (FAILED, DONE)
    told = {name: value for name, value in job.args.items() if name != "beside"} | {"version": __version__}
    if not os.path.isdir(os.path.dirname(path)):
        return {}
    disk.write_whole(_beside(path, good), json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    with suppress(FileNotFoundError):
        os.unlink(_beside(path, bad))
    return {"path": beside + good}


def _beside(path: str, ending: str) -> str:
    """Its path; a name that is too long already is cut."""
    folder, name = os.path.split(path)
    return os.path.join(folder, disk.with_suffix(name, ending))


HANDLER = Chore(kind="answer", run=run, by_request=False, exclusive=False)
