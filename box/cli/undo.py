"""`box undo`. The rule: a job puts back what another one moved; what it left is listed, and exits with 1."""

from __future__ import annotations

import json
from argparse import Namespace
from typing import Any

from box.beside import beside
from box.cli import do, output, settings, words
from box.models.jobs import State
from box.tasks import asking, by_request, put_back


def undo(args: Namespace) -> int:
    """Ask for the job that puts back, and wait for it."""
    config = settings.load(args)
    given = {"job": args.id} | ({"dry_run": True} if args.dry_run else {})
    with beside(config) as box:
        job = box.engine.request(asking.wanted(by_request(), put_back.HANDLER.kind, given))
        row = do.wait(box, config, job)
    result: dict[str, Any] = json.loads(row["result"]) if row["result"] else {}
    if args.json:
        output.value(row)
    elif row["state"] != State.COMPLETED:
        output.line(do.told(row))
    elif args.dry_run:
        do.moves(result)
    else:
        output.line(f"job {args.id}: {words.count(result['moved'], 'file')} put back")
        do.left_out(result)
    return 0 if row["state"] == State.COMPLETED and not result.get("left") else 1
