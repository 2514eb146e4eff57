"""quarantine: a drop that cannot be handled is moved aside with its reason. The rule: its bytes stay untouched."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime

from box import __version__
from box.errors import SourceChanged
from box.events import Event, FilePlaced, FileQuarantined
from box.tasks.handler import Found, Handler, Landed, Placement, Request, Tools

_REASON = ".reason.json"


def run(request: Request, _: Tools) -> Found:
    """Write the reason into the scratch folder; say that the source and it belong into `quarantine/`."""
    if not os.path.lexists(request.source):
        raise SourceChanged("the file is no longer there")
    name = os.path.basename(request.source)
    reason = {
        "file": os.fsencode(name).decode("utf-8", "backslashreplace"),
        "code": request.args.get("code", ""),
        "message": request.args.get("message", ""),
        "size": request.size,
        "job": request.args.get("job", 0),
        "at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "version": __version__,
    }
    os.makedirs(request.scratch, exist_ok=True)
    with open(os.path.join(request.scratch, "reason.json"), "w", encoding="utf-8") as out:
        json.dump(reason, out, indent=2, ensure_ascii=False)
        out.write("\n")
    return Found(
        placements=(
            Placement("quarantine", "", name),
            Placement("quarantine", "", suffix=_REASON, made="reason.json"),
        ),
        facts={"code": reason["code"], "message": reason["message"]},
    )


def report(request: Request, found: Found, landed: tuple[Landed, ...]) -> tuple[Event, ...]:
    """The file and its reason stand in quarantine."""
    main, reason = landed
    return (
        FileQuarantined(
            source="", path=main.path, size=main.size, mtime_ns=main.mtime_ns,
            code=found.facts["code"], message=found.facts["message"],
        ),
        FilePlaced(path=reason.path, size=reason.size, mtime_ns=reason.mtime_ns, job=request.job),
    )  # fmt: skip


HANDLER = Handler(kind="quarantine", run=run, report=report, isolated=False)
