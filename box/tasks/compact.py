"""compact: old events and old jobs go to the archive. The rule: what is archived stays readable."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from box.tasks.chore import Chore, Inside, Reporter

if TYPE_CHECKING:
    from box.models.jobs import Claimed

LEAST: Final = 1000
"""Fewer stay where they are until there are more: a file a day for three jobs is no help."""


def run(inside: Inside, _: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """First the jobs, then the events (`jobs.keep`, `database.events_keep_seconds`); the result says how many."""
    from box import compaction  # noqa: PLC0415 - a child that knows this kind loads no database

    engine, config, now = inside.engine, inside.config, time.time()
    with inside.timing("history"):
        gone = compaction.archive_jobs(engine, config.jobs.keep, now, least=LEAST, check=reporter.check)
    jobs = sum(gone.jobs.values()) if gone.archives else 0
    reporter.progress(50, f"{jobs} jobs archived")
    with inside.timing("compaction"):
        keep_seconds = config.database.events_keep_seconds
        old = compaction.compact_events(engine, keep_seconds, now, least=LEAST, check=reporter.check)
    return {"jobs": jobs, "events": old.events, "files": [*gone.archives, *old.segments]}


HANDLER = Chore(kind="compact", run=run)
