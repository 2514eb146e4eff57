"""`box jobs`. The rule: what is asked becomes an event beside the service; an illegal move is said, not made."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from box import compaction, log, status_file
from box import events as e
from box.beside import beside
from box.cli import events, output, settings, words
from box.engine import Transaction
from box.errors import BoxError, UsageError
from box.models import drops, job_history, jobs
from box.models.base import Store
from box.tasks import reserving

RETRIED_MAX: Final = 10_000
"""Failed jobs that one command starts afresh."""
ARGS_SHOWN: Final = 60
"""So many characters of its arguments are listed of a job that is about no file."""
BATCH: Final = 200
"""Of these, how many share a commit."""

_STYLES: Final = {"failed": "red", "quarantined": "red", "running": "green", "cancelled": "dim"}
_FIELDS: Final = (
    "id", "kind", "user", "state", "source", "size", "args", "priority", "not_before", "key", "reserve_bytes",
    "attempts", "lease", "cancel_requested", "code", "message", "result", "exclusive", "answer", "due_at",
    "created_at", "started_at", "finished_at",
)  # fmt: skip
_TIMES: Final = ("not_before", "due_at", "created_at", "started_at", "finished_at")

type_move = Callable[[Transaction, dict[str, Any]], str]
"""What was done to a job, told in words. Raises Refused, having recorded nothing."""


class Refused(BoxError):
    """There is no such job, or it is not in a state for that."""


def listing(args: Namespace) -> int:
    """The newest jobs first."""
    with beside(settings.load(args)) as box:
        rows = jobs.listed(box.store, args.state, args.kind, args.user, args.limit)
    if args.json:
        output.value(rows)
        return 0
    if not rows:
        output.note("no such jobs" if args.state or args.kind or args.user else "no jobs yet")
        return 0
    cells = (
        (
            str(row["id"]), output.styled(row["state"], _STYLES.get(row["state"], "")), row["kind"], row["user"],
            words.local_time(row["created_at"]), str(row["attempts"]), _about(row),
        )
        for row in rows
    )  # fmt: skip
    output.table(("id", "state", "kind", "user", "asked for at", "attempts", "about"), cells, right=("id", "attempts"))
    return 0


def _about(row: dict[str, Any]) -> str:
    text = words.printable(row["source"] or row["args"][:ARGS_SHOWN])
    result = json.loads(row["result"]) if row["result"] else {}
    if "path" in result:
        text += f" -> {words.printable(result['path'])}"
    elif "duplicate_of" in result:
        text += f" = {words.printable(result['duplicate_of'])}"
    if row["not_before"]:
        text += f" (waits until {words.local_time(row['not_before'])})"
    return f"{text}: {words.printable(row['message'])}" if row["message"] else text


def show(args: Namespace) -> int:
    """All fields of a job, and its events."""
    config = settings.load(args)
    with beside(config) as box:
        archived, row = _job_or_archived(box.store, args.id)
        told = _told(box.store, row)
    progress = status_file.progress_of(config, args.id) if row["state"] == jobs.State.RUNNING else None
    if args.json:
        more = {"archived": archived or None, "progress": progress, "events": [events.as_data(each) for each in told]}
        output.value({**row, **more})
        return 0
    if archived:
        output.line(f"{output.styled(words.padded('archived', 16), 'bold')} in {archived}")
    for name in _FIELDS:
        value = words.local_time(row[name]) if name in _TIMES else words.printable(str(row[name] or ""))
        if value:
            output.line(f"{output.styled(words.padded(name, 16), 'bold')} {value}")
    for name, value in _more(row, progress):
        output.line(f"{output.styled(words.padded(name, 16), 'bold')} {value}")
    output.line()
    for each in told:
        output.line(events.as_text(each))
    return 0


def _more(row: Mapping[str, Any], progress: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """How far it is, what it waits for, what it did, and the attempts that came to nothing."""
    if progress is not None:
        yield "progress", words.progress(progress)
    history = row["history"]
    if row["waits"]:
        yield "waits for", ", ".join(str(each["after"]) for each in history["job_waits"])
    for step in history.get("job_steps", ()):
        yield "step", words.printable(step["what"]) + ("" if step["undo"] else " (cannot be undone)")
    for each in history.get("attempts", ()):
        took = words.duration(words.timestamp(each["ended_at"]) - words.timestamp(each["started_at"]))
        why = " ".join(filter(None, (each["code"], each["error_class"], words.printable(each["message"]))))
        yield f"attempt {each['number']}", f"{each['outcome']} after {took}: {why}"
        for line in each["traceback"].splitlines():
            yield "", words.printable(line)


def _told(store: Store, row: dict[str, Any]) -> list[e.Recorded]:
    """What the log says of a job: from its request to the event that ended it, or to the end of the log."""
    told = []
    for each in log.read(store, row["id"] - 1):
        event = each.event
        is_its = each.position == row["id"] or getattr(event, "job", 0) == row["id"]
        if is_its or (row["source"] and getattr(event, "source", "") == row["source"]):
            told.append(each)
        is_end = isinstance(event, e.JobSucceeded | e.JobFailed | e.JobCancelled | e.JobQuarantined)
        if is_its and is_end and row["finished_at"] == each.at:
            break
    return told


def _job_or_archived(store: Store, job: int) -> tuple[str, dict[str, Any]]:
    """(file of the archive, row) of a job; the file is empty for one that is in the list."""
    found = job_history.of_job(store, job)
    return ("", found) if found else compaction.archived_job(log.root(store), job) or ("", _job(store, job))


def _job(store: Store, job: int) -> dict[str, Any]:
    found = store.dicts(jobs.Job.select().where(jobs.Job.id == job))
    if not found:
        raise Refused(f"there is no job {job}; `box jobs` lists them")
    return found[0]


# --- moves -----------------------------------------------------------------------------------------------------------


def cancel(args: Namespace) -> int:
    """Cancel what is queued; ask what runs to stop."""
    return _each(args, args.ids, _cancel)


def _cancel(transaction: Transaction, row: dict[str, Any]) -> str:
    if row["state"] == jobs.State.QUEUED:
        _record(transaction, e.JobCancelled(user=row["user"], job=row["id"], reason="cancelled on request"))
        return "cancelled"
    if row["state"] == jobs.State.RUNNING:
        _record(transaction, e.JobCancelRequested(user=row["user"], job=row["id"]))
        return "asked to stop"
    raise Refused(f"is {row['state']} already")


def retry(args: Namespace) -> int:
    """Start jobs afresh: those named, or all that failed."""
    by_search = args.all_failed or bool(args.failed_kind)
    if by_search == bool(args.ids):
        raise UsageError("say which: numbers of jobs, or --kind K, or --all-failed")
    return _each(args, None if by_search else args.ids, _retry)


def _retry(transaction: Transaction, row: dict[str, Any]) -> str:
    if (
        row["state"] == jobs.State.QUARANTINED
        and row["source"]
        and drops.find(transaction.store, row["source"]) is None
    ):
        raise Refused("has its file in quarantine: move it back into the inbox, and it is taken again")
    if row["state"] not in (jobs.State.FAILED, jobs.State.CANCELLED, jobs.State.QUARANTINED):
        raise Refused(f"is {row['state']}: only failed, cancelled and quarantined jobs can be done again")
    left = reserving.left_of(transaction.policy, transaction.store, row["user"])
    if left is not None and row["reserve_bytes"] > left:
        raise Refused(f"does not fit the quota of {row['user']} any more: {row['reserve_bytes'] - left} bytes too many")
    _record(transaction, e.JobRetried(user=row["user"], job=row["id"]))
    return "queued again"


def _each(args: Namespace, ids: Sequence[int] | None, move: type_move) -> int:
    """Make the same move with every job; 1 if one of them could not make it."""
    done: list[tuple[int, str, bool]] = []
    with beside(settings.load(args)) as box:
        if ids is None:
            rows = jobs.listed(box.store, jobs.State.FAILED, args.failed_kind, "", RETRIED_MAX)
            ids = [row["id"] for row in reversed(rows)]
        for first in range(0, len(ids), BATCH):
            work = partial(_all_moved, ids[first : first + BATCH], move)
            done += box.engine.transact(work, events=BATCH)
    for job, text, _ in done:
        if not args.json:
            output.line(f"job {job} {text}")
    if args.json:
        output.value([{"id": job, "message": text, "done": ok} for job, text, ok in done])
    elif not done:
        output.note("no failed jobs")
    return 0 if all(ok for _, _, ok in done) else 1


def _all_moved(ids: Sequence[int], move: type_move, transaction: Transaction) -> list[tuple[int, str, bool]]:
    return [_moved(transaction, job, move) for job in ids]


def _moved(transaction: Transaction, job: int, move: type_move) -> tuple[int, str, bool]:
    try:
        return job, move(transaction, _job(transaction.store, job)), True
    except Refused as error:  # nothing was recorded for it; any other error undoes the whole commit
        return job, str(error).removeprefix(f"job {job} "), False


def _record(transaction: Transaction, event: e.Event) -> None:
    error = transaction.try_record(event)
    if error is not None:
        raise Refused(str(error))
