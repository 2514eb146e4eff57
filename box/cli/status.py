"""`box status`. The rule: it shows what the service wrote last, and says so when that is not now."""

from __future__ import annotations

import signal
import sys
import time
from argparse import Namespace
from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import Any, Final

from box import locks
from box import status_file as written
from box.cli import output, settings, words
from box.errors import NotRunning
from box.sections import Config

PAINT_SECONDS: Final = 1.0
"""Between two looks of `--watch`."""
NAME_COLUMNS: Final = 10
LISTED_MAX: Final = 10
"""Active jobs and problems that a page shows; it says how many more there are."""

_STYLES: Final = {"idle": "green", "busy": "green", "degraded": "yellow", "stopping": "yellow"}


def status(args: Namespace) -> int:
    """Show the status, once or every second; 3 if the service is not running."""
    config = settings.load(args)
    if args.watch:
        return _watch(config, as_json=args.json)
    found = _read(config)
    problem = _not_running(found, config)
    if args.json:
        output.value(found)
    else:
        for line in _page(found, time.time(), is_running=problem is None):
            output.line(line)
    if problem is None:
        return 0
    raise problem


def _read(config: Config) -> dict[str, Any]:
    """The status that was written last. Raises NotRunning if there is none."""
    try:
        return written.read(config)
    except NotRunning:
        if locks.is_held(config.box.root):
            raise NotRunning(f"the service in {config.box.root} has only just started: ask again") from None
        raise


def _not_running(found: Mapping[str, Any], config: Config) -> NotRunning | None:
    """What keeps the status from being today's, None if nothing does."""
    try:
        written.check_fresh(found, config)
        if not locks.is_held(config.box.root):
            return NotRunning(f"the service is not running in {config.box.root}; `box run` starts it")
    except NotRunning as error:
        return error
    except PermissionError:
        return None  # the root is not ours to look into: its age has to do
    return None


def _watch(config: Config, *, as_json: bool) -> int:
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that the terminal is given back
    last: object = None
    with output.page():
        while True:
            found: dict[str, Any] | None = None
            try:
                found = _read(config)
                problem = _not_running(found, config)
            except NotRunning as error:
                problem = error
            if not as_json:
                lines = [] if found is None else [*_page(found, time.time(), is_running=problem is None)]
                output.paint([*lines, *(_rows("", str(problem), "yellow") if problem else ())])
            elif found is not None and found != last:
                output.value(found)
                output.flush()
                last = found
            time.sleep(PAINT_SECONDS)


# --- the page --------------------------------------------------------------------------------------------------------


def _page(found: Mapping[str, Any], now: float, *, is_running: bool) -> Iterator[str]:
    state, style = (found["state"], _STYLES.get(found["state"], "")) if is_running else ("not running", "red")
    since = words.local_time(found["started_at"])
    yield (
        f"{output.styled('Box', 'bold')} {found['version']} on {found['host']} is {output.styled(state, style)}"
        f" (updated {words.ago(words.timestamp(found['updated_at']), now)}, started {since}, process {found['pid']})"
    )
    yield ""
    yield from _users(found["users"])
    yield from _jobs(found["jobs"])
    if is_running:
        yield from _active(found["jobs"], now)
    yield from _holdings(found)
    if is_running:
        yield from _watched(found["watch"], now)
        yield from _problems(found["problems"])


def _row(name: str, text: str) -> str:
    return f"{output.styled(words.padded(name, NAME_COLUMNS), 'bold')} {text}"


def _rows(name: str, text: str, style: str = "") -> Iterator[str]:
    """A text that may need more than one line on a terminal, where it has to be read to its end."""
    lines = [text]
    if output.is_terminal():
        lines = wrap(text, max(20, output.columns() - NAME_COLUMNS - 1), break_on_hyphens=False)
    for n, line in enumerate(lines):
        yield _row("" if n else name, output.styled(line, style))


def _users(users: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    names = max((len(user) for user in users), default=0)
    for n, (user, account) in enumerate(users.items()):
        used, quota = account["used_bytes"], account["quota_bytes"]
        if quota is None:
            text = f"{words.size(used)}, no limit"
        else:
            share = (used + account["reserved_bytes"]) / quota
            style = "red" if share >= 1 else "yellow" if share > 0.9 else ""
            bar = output.styled(output.bar(share), style)
            text = f"{bar} {share * 100:.0f} %, {words.size(used)} of {words.size(quota)}"
        if account["reserved_bytes"]:
            text += f", {words.size(account['reserved_bytes'])} set aside"
        yield _row("users" if n == 0 else "", f"{user:<{names}}  {text}, {words.count(account['files'], 'file')}")


def _jobs(jobs: Mapping[str, Any]) -> Iterator[str]:
    states = ("running", "queued", "completed", "failed", "quarantined", "cancelled")
    rows = [[kind, *(f"{by.get(state, 0):,}" for state in states)] for kind, by in jobs["by_kind"].items()]
    if not rows:
        yield _row("jobs", "none yet")
        return
    for n, line in enumerate(words.table(("", *states), rows, right=states)):
        yield _row("jobs" if n == 0 else "", output.styled(line, "dim") if n == 0 else line)


def _active(jobs: Mapping[str, Any], now: float) -> Iterator[str]:
    more = []
    if jobs["paused"]:
        more.append("paused: " + ", ".join("all kinds" if kind == "*" else kind for kind in jobs["paused"]))
    if jobs["scheduled"]:
        more.append(f"{jobs['scheduled']:,} of the queued wait for their time")
    if jobs["oldest_queued_seconds"]:
        more.append(f"the next one has waited for {words.duration(jobs['oldest_queued_seconds'])}")
    if jobs["stale"]:
        more.append(f"{jobs['stale']:,} lost their worker")
    if more:
        yield _row("", ", ".join(more))
    for job in jobs["active"][:LISTED_MAX]:
        yield _row("", _job(job, now))
    if jobs["running"] > LISTED_MAX:
        yield _row("", f"... and {jobs['running'] - LISTED_MAX:,} more at work")


def _job(job: Mapping[str, Any], now: float) -> str:
    text = f"#{job['id']} {job['kind']} {job['user']}".rstrip()
    if job["progress"] is not None:
        text += f" {output.bar(job['progress'] / 100, 10)}"
    text += f" {words.progress(job)}"
    return text + (f", since {words.duration(max(0, int(now - words.timestamp(job['started_at']))))}")


def _holdings(found: Mapping[str, Any]) -> Iterator[str]:
    photos, disk = found["photos"], found["storage"]
    days = (
        f", {photos['first_day']} to {photos['last_day']}, {words.count(photos['days'], 'day')}"
        if photos["days"]
        else ""
    )
    yield _row("photos", f"{photos['count']:,}, {words.size(photos['bytes'])}{days}")
    library = found["library"]
    if library["items"]:
        told = (words.count(library["items"], "text"), words.count(library["chunks"], "passage"))
        yield _row("library", ", ".join((*told, words.count(library["claims"], "claim"))))
    free = f"{words.size(disk['free_bytes'])} free of {words.size(disk['total_bytes'])} ({disk['free_percent']:.0f} %)"
    yield _row("disk", output.styled(free, "yellow" if disk["free_percent"] < 10 else ""))
    for n, drive in enumerate(disk.get("drives", ())):  # an older service knows none
        yield _row("" if n else "drives", _drive(drive))
    yield _row("log", f"{words.count(found['log']['position'], 'event')}, {words.size(found['log']['bytes'])}")


def _drive(drive: Mapping[str, Any]) -> str:
    name = f" ({words.printable(drive['label'])})" if drive["label"] else ""
    room = f"{words.size(drive['free_bytes'])} free of {words.size(drive['total_bytes'])}"
    return f"{words.printable(drive['path'])}{name}, {drive['file_system']}, {room}"


def _watched(folders: list[Mapping[str, Any]], now: float) -> Iterator[str]:
    for n, folder in enumerate(folders):
        last = folder["last_event_at"]
        heard = f"last event {words.ago(words.timestamp(last), now)}" if last else "nothing heard yet"
        text = f"{words.printable(folder['path'])} ({folder['mode']}), {heard}"
        yield from _rows("" if n else "watching", text, "yellow" if folder["mode"] == "missing" else "")


def _problems(problems: list[Mapping[str, str]]) -> Iterator[str]:
    if not problems:
        yield _row("problems", "none")
    for n, problem in enumerate(problems[:LISTED_MAX]):
        text = f"{problem['code']} since {words.local_time(problem['since'])}: {words.printable(problem['message'])}"
        yield from _rows("" if n else "problems", text, "yellow")
    if len(problems) > LISTED_MAX:
        yield _row("", f"... and {len(problems) - LISTED_MAX} more")
