"""`box do`. The rule: what is asked for is said before it is recorded, and what came of it is what the ledger says."""

from __future__ import annotations

import json
import re
import time
from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any, Final

from box import locks, people, status_file
from box.beside import Beside, beside
from box.cli import output, settings, words
from box.errors import NotRunning, UsageError
from box.models import jobs
from box.models.jobs import State
from box.sections import Config
from box.tasks import asking, by_request

LOOK_SECONDS: Final = 0.1
"""Between two questions what has become of it."""

_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,9})?")


def do(args: Namespace) -> int:
    """Ask for a job; list the kinds if none is named."""
    if not args.kind:
        return _list(as_json=args.json)
    config = settings.load(args)
    if args.user:
        settings.known_user(args.user, people.users(config), config)
    given = _arguments(args.args)
    if args.dry_run:
        given = {**given, "dry_run": True}
        args.wait = True
    wanted = asking.wanted(
        by_request(), args.kind, given, user=args.user, priority=args.priority, key=args.key,
        not_before=asking.when(args.later, args.at), after=args.after,
    )  # fmt: skip
    with beside(config) as box:
        job = box.engine.request(wanted)
        row = wait(box, config, job) if args.wait else _row(box, job)
    if args.json:
        output.value(row)
    elif args.dry_run and row["state"] == State.COMPLETED:
        result = json.loads(row["result"])
        (removals if "removes" in result else moves)(result)
    else:
        output.line(told(row))
    return 0 if row["state"] in (State.QUEUED, State.RUNNING, State.COMPLETED) else 1


def _list(*, as_json: bool) -> int:
    kinds = by_request()
    if as_json:
        takes = {
            kind: {name: {"meaning": a.meaning, "required": a.required} for name, a in handler.arguments.items()}
            for kind, handler in sorted(kinds.items())
        }
        output.value(takes)
        return 0
    rows = []
    for kind, handler in sorted(kinds.items()):
        taken = [(name, f"{a.meaning}{' (needed)' if a.required else ''}") for name, a in handler.arguments.items()]
        for number, (name, meaning) in enumerate(taken or [("", "")]):
            rows.append(("" if number else kind, name, meaning))
    output.table(("kind", "takes", "which is"), rows)
    return 0


def _arguments(pairs: Sequence[str]) -> dict[str, object]:
    """What was written as `key=value`; numbers, lists and tables as JSON has them, all else as text."""
    found: dict[str, object] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"{words.printable(pair)}: expected key=value")
        if name in found:
            raise UsageError(f"{words.printable(name)} was given twice")
        found[name] = _value(name, text)
    return found


def _value(name: str, text: str) -> object:
    if text[:1] in {"[", "{"} or _NUMBER.fullmatch(text):
        try:
            return json.loads(text)
        except ValueError as error:
            raise UsageError(f"{words.printable(name)}: not valid JSON: {error}") from None
    return text


def _row(box: Beside, job: int) -> dict[str, Any]:
    (row,) = box.store.dicts(jobs.Job.select().where(jobs.Job.id == job))
    return row


def wait(box: Beside, config: Config, job: int) -> dict[str, Any]:
    """Wait until it has ended. Raises NotRunning if nobody works on it."""
    progress = output.Progress()
    while (row := _row(box, job))["state"] in (State.QUEUED, State.RUNNING):
        if not locks.is_held(config.box.root):
            raise NotRunning(f"job {job} waits: the service is not running; `box run` or `box once` does it")
        told = status_file.progress_of(config, job) if row["state"] == State.RUNNING else None
        progress.show((told["progress"] or 0) / 100 if told else 0.0, words.progress(told) if told else row["state"])
        time.sleep(LOOK_SECONDS)
    progress.clear()
    return row


def told(row: Mapping[str, Any]) -> str:
    """What has become of a job, in a line."""
    text = f"job {row['id']} {row['state']}"
    if row["state"] == State.QUEUED and row["not_before"]:
        text += f" until {words.local_time(row['not_before'])}"
    if row["state"] == State.COMPLETED and row["result"]:
        text += f": {words.printable(row['result'])}"
    if row["message"]:
        text += f": {words.printable(row['message'])}"
    return text


def moves(result: Mapping[str, Any]) -> None:
    """What a dry run has found, a line a file."""
    removed = result.get("removed", 0)
    without = "goes" if removed else "is removed: it is a copy, and the original is kept"
    for source, target in result["moves"]:
        output.line(f"{words.printable(source)} " + (f"-> {words.printable(target)}" if target else without))
    more = result["count"] - len(result["moves"])
    told = (
        []
        if removed and removed == result["count"]
        else [f"{words.count(result['count'] - removed, 'file')} would be moved"]
    )
    told += [f"{words.count(removed, 'file')} would be removed for good"] if removed else []
    output.line(", ".join(told) + (f", {more:,} of them not shown" if more else ""))
    left_out(result)


def removals(result: Mapping[str, Any]) -> None:
    """The same of one that would remove files."""
    for path in result["removes"]:
        output.line(words.printable(path))
    more = result["count"] - len(result["removes"])
    output.line(
        f"{words.count(result['count'], 'file')}, {words.size(result['bytes'])}, would be removed"
        + (f", {more:,} of them not shown" if more else "")
    )


def left_out(result: Mapping[str, Any]) -> None:
    """What cannot be moved, and why."""
    for reason in result.get("reasons", ()):
        output.line(f"{words.printable(reason['path'])} stays: {words.printable(reason['why'])}")
    if result.get("left", 0) > len(result.get("reasons", ())):
        output.line(f"{result['left'] - len(result['reasons']):,} more stay where they are")
