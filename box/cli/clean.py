"""`box jobs clean`. The rule: what it says it would do is what it does, and nothing that it takes is gone."""

from __future__ import annotations

import time
from argparse import Namespace

from box import compaction, units
from box.beside import beside
from box.cli import output, settings, words


def clean(args: Namespace) -> int:
    """Archive the jobs that ended long enough ago, beside the service."""
    config = settings.load(args)
    keep = dict(config.jobs.keep)
    if args.ended:
        keep = {args.ended: keep[args.ended]}
    if args.older_than is not None:
        keep = dict.fromkeys(keep, units.durations(0, 3650 * units.DAY)("--older-than", args.older_than))
    progress = output.Progress()
    with beside(config) as box:
        done = compaction.archive_jobs(box.engine, keep, time.time(), dry_run=args.dry_run, progress=progress.show)
    progress.clear()
    if args.json:
        output.value({"dry_run": args.dry_run, "jobs": dict(done.jobs), "archives": list(done.archives)})
        return 0
    cells = [(state, f"{number:,}", words.duration(keep[state])) for state, number in done.jobs.items()]
    output.table(("state", "jobs", "older than"), cells, right=("jobs",))
    total = words.count(sum(done.jobs.values()), "job")
    if args.dry_run:
        output.line(f"{total} would be archived")
    else:
        output.line(f"{total} archived" + (f" in {', '.join(done.archives)}" if done.archives else ""))
    return 0
