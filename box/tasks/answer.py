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

from box import __version__, disk, file_names
from box.paths import join, owner, relative
from box.tasks.chore import Chore, Inside, Reporter

if TYPE_CHECKING:
    from box.models.jobs import Claimed

DONE: Final = ".done.json"
FAILED: Final = ".failed.json"


def run(inside: Inside, job: Claimed, _: Reporter) -> Mapping[str, Any]:
    """Write it; the result says where. If the folder is gone nobody waits for the answer."""
    root, beside = inside.config.box.root, str(job.args["beside"])
    assert owner(beside) == (job.user, "inbox"), "a rule put it there"  # noqa: S101 - a defect, not an answer
    endings = (DONE, FAILED) if job.args["state"] == "completed" else (FAILED, DONE)
    folder, name = os.path.split(join(root, beside))
    good, bad = (os.path.join(folder, file_names.with_suffix(name, ending)) for ending in endings)  # of any length
    told = {name: value for name, value in job.args.items() if name != "beside"} | {"version": __version__}
    if not os.path.isdir(folder):
        return {}
    disk.write_whole(good, json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    with suppress(FileNotFoundError):
        os.unlink(bad)
    return {"path": relative(root, good)}


HANDLER = Chore(kind="answer", run=run, by_request=False, exclusive=False)
