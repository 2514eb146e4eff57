"""`box add`. The rule: the originals stay, every file is accounted for, and what became of it is what the log says."""

from __future__ import annotations

import time
from argparse import Namespace
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from box import disk, layout, locks, log, status, status_file, units
from box.beside import beside
from box.cli import copying, links, output, settings, words
from box.cli.copying import Inbox, Plan
from box.cli.following import Drop, Following
from box.errors import BoxError, NotRunning, OutOfSpace
from box.models.base import Store
from box.paths import area_folder
from box.sections import Config
from box.watchers import inbox as watched
from box.watchers.ignore import Ignored

LOOK_SECONDS: Final = 0.1
"""Between two questions whether the log has grown; one reads a few bytes of shared memory."""
ALIVE_SECONDS: Final = 1.0
"""Between two questions whether the service is still there."""
NOTED_MAX: Final = 20
"""Skipped files that are named; the rest are counted."""

_GOOD: Final = ("filed", "done", "duplicate", "left", "waiting")
_OUTCOMES: Final = {
    "filed": "filed", "done": "done", "duplicate": "already there", "left": "left in the inbox",
    "quota": "waiting for room", "quarantined": "quarantined", "failed": "failed", "cancelled": "cancelled",
    "vanished": "vanished", "replaced": "replaced", "waiting": "waiting",
}  # fmt: skip


@dataclass(slots=True)
class _Run:
    """One `box add` at work."""

    config: Config
    plan: Plan
    as_json: bool
    drops: list[Drop] = field(default_factory=list)
    following: Following = field(default_factory=lambda: Following(()))
    store: Store | None = None
    """None when nobody is waited for."""
    position: int = 0
    commits: int = -1
    looked_at: float = 0.0
    progress: output.Progress = field(default_factory=output.Progress)


def add(args: Namespace) -> int:
    """Copy into the inbox, wait, tell; 3 if nobody works on it, 1 if something was not taken."""
    config = settings.load(args)
    user = settings.only_user(config, args.user)
    limit = None if args.wait_seconds is None else units.to_seconds("--wait-seconds", args.wait_seconds)
    root = config.box.root
    inbox = _inbox(root, user)
    is_running = locks.is_held(root)
    with ExitStack() as stack:
        sources = stack.enter_context(links.as_files(args.paths))
        run = _Run(config, copying.plan(sources, root, Ignored(config.watch.ignore)), args.json)
        _check_room(run.plan, config)
        if is_running and not args.no_wait:
            box = stack.enter_context(beside(config))
            run.store, run.position = box.store, log.last_position(box.store)
            run.following = Following(box.policy.kinds)
        try:
            _copy(run, inbox)
            is_running = _wait(run, root, limit) if run.store else is_running
        except KeyboardInterrupt:
            output.note(f"interrupted: {words.count(len(run.drops), 'file')} had been copied to {inbox.path}")
            raise
    return _finish(run, inbox, is_running=is_running)


def _inbox(root: str, user: str) -> Inbox:
    """The user's inbox, if Box would take anything from it."""
    text = area_folder(user, "inbox")
    path = layout.inboxes(root, [user])[user]
    folder = watched.Inbox(user, text, path)
    folder.check()
    for problem in folder.problems():
        raise BoxError(f"{problem.message} (`box init` does it)")
    return Inbox(root, path)


def _check_room(plan: Plan, config: Config) -> None:
    """Refuse before the first copy what cannot fit."""
    free = status.storage(config.box.root)["free_bytes"] - config.storage.free_bytes_min
    if plan.bytes > free:
        raise OutOfSpace(
            f"{words.size(plan.bytes)} are to be copied and {words.size(max(0, free))} are free in {config.box.root}"
            f" (storage.free_bytes_min = {words.size(config.storage.free_bytes_min)} stays free)"
        )


def _copy(run: _Run, inbox: Inbox) -> None:
    total, copied = run.plan.bytes or 1, 0

    def on_bytes(count: int) -> None:
        nonlocal copied
        copied += count
        run.progress.show(min(1.0, copied / total), f"copying {len(run.drops) + 1:,} of {len(run.plan.files):,}")

    for wanted in run.plan.files:
        try:
            drop = Drop(wanted.source, wanted.place, inbox.copy(wanted, on_bytes))
        except OSError as error:
            if disk.is_full(error):
                done = f"{words.count(len(run.drops), 'file')} of {len(run.plan.files):,}"
                raise OutOfSpace(f"the disk is full: {done} had been copied") from error
            run.plan.refused.append((wanted.source, error.strerror or str(error)))
        except BoxError as error:
            run.plan.refused.append((wanted.source, str(error)))
        else:
            run.drops.append(drop)
            run.following.add(drop)
            _look(run)


def _wait(run: _Run, root: str, limit: float | None) -> bool:
    """Until everything is through, or time is up, or nobody works on it any more; whether somebody still does."""
    until = None if limit is None else time.monotonic() + limit
    alive_at = time.monotonic() + ALIVE_SECONDS
    total, at_work = len(run.drops), ""
    while run.following.waiting and (until is None or time.monotonic() < until):
        _look(run)
        done = total - run.following.waiting
        run.progress.show(done / total, f"{done:,} of {total:,} through{at_work}")
        if time.monotonic() >= alive_at:
            alive_at += ALIVE_SECONDS
            at_work = _at_work(run)
            if not locks.is_held(root):
                _look(run, at_once=True)
                return False
        time.sleep(LOOK_SECONDS)
    _look(run, at_once=True)
    run.progress.clear()
    _tell(run, run.following.parked)
    return True


def _at_work(run: _Run) -> str:
    """How far the first of the jobs is that say so."""
    active, mine = status_file.active(run.config), run.following.jobs
    found = next((told for job, told in sorted(active.items()) if job in mine and told["progress"] is not None), None)
    return f"; job {found['id']}: {words.progress(found)}" if found else ""


def _look(run: _Run, *, at_once: bool = False) -> None:
    """Read what the log has gained, and tell of the files that are through."""
    now = time.monotonic()
    if run.store is None or (now < run.looked_at + LOOK_SECONDS and not at_once):
        return
    run.looked_at = now
    commits = run.store.other_commits()
    if commits == run.commits and not at_once:
        return
    run.commits = commits
    until = log.last_position(run.store)
    _tell(run, run.following.see(log.read(run.store, run.position, until)))
    run.position = until


# --- telling ---------------------------------------------------------------------------------------------------------


def _tell(run: _Run, drops: Iterable[Drop]) -> None:
    if not run.as_json:
        for drop in drops:
            output.line(_sentence(drop))


def _sentence(drop: Drop) -> str:
    name, path, why = words.path(drop.place), words.printable(drop.path), words.printable(drop.message)
    match drop.outcome:
        case "filed":
            return f"{name} -> {path}"
        case "duplicate":
            return f"{name} {output.styled('duplicate', 'dim')}: the same bytes are kept as {path}"
        case "quarantined":
            return f"{name} {output.styled('quarantined', 'red')}: {why}; it is in {path}"
        case "left" | "done":
            return f"{name} {why}"
    return f"{name} {output.styled(drop.outcome, 'red')}: {why}"


def _finish(run: _Run, inbox: Inbox, *, is_running: bool) -> int:
    plan = run.plan
    waiting = sum(drop.outcome == "waiting" for drop in run.drops)
    if run.as_json:
        output.value(_data(run))
    else:
        for path, why in plan.skipped[:NOTED_MAX]:
            output.note(f"skipped {words.path(path)}: {why}")
        if len(plan.skipped) > NOTED_MAX:
            output.note(f"skipped {len(plan.skipped) - NOTED_MAX:,} more")
        for path, why in plan.refused:
            output.note(f"{output.styled('not copied', 'red')} {words.path(path)}: {why}")
        if len(run.drops) > 1 or waiting:
            counts = Counter(drop.outcome for drop in run.drops)
            listed = ", ".join(f"{counts[outcome]:,} {text}" for outcome, text in _OUTCOMES.items() if counts[outcome])
            output.line(f"{words.count(len(run.drops), 'file')} copied: {listed}")
    if not run.drops:
        raise BoxError("nothing was added")
    if waiting and not is_running:
        raise NotRunning(f"the service is not running: the files wait in {inbox.path} for `box run` or `box once`")
    if waiting and run.store:
        raise BoxError(
            f"time is up: {words.count(waiting, 'file')} of these are still on the way, `box status` shows more"
        )
    return 1 if plan.refused or any(drop.outcome not in _GOOD for drop in run.drops) else 0


def _data(run: _Run) -> dict[str, object]:
    return {
        "files": [
            {
                "source": words.path(drop.source), "inbox": drop.copied.path, "outcome": drop.outcome,
                "path": drop.path, "message": drop.message,
            }
            for drop in run.drops
        ],
        "skipped": [{"path": words.path(path), "message": why} for path, why in run.plan.skipped],
        "refused": [{"path": words.path(path), "message": why} for path, why in run.plan.refused],
    }  # fmt: skip
