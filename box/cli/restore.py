"""`box restore`. The rule: what is there stays; what could not be restored is listed, and exits with 1.

Into a root without a database goes all that makes a root, and what a start of the service would reconcile is reconciled
at once. Into one with a database go files that are missing, beside the service if it runs; its own sweep finds them.
"""

from __future__ import annotations

import os
import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from box import config as configuration
from box import damage, layout, locks, patterns, service
from box.backup import restoring
from box.backup.destination import Destination
from box.backup.manifest import NAME, Manifest
from box.backup.restoring import Restore, Tally
from box.backup.walking import CONFIG
from box.backup.wanting import Wanted
from box.cli import output, words
from box.errors import BoxError, ConfigError, UsageError
from box.events import DatabaseRestored
from box.models import live, usage
from box.photos import naming
from box.sections import Box, Config, Status

PATIENCE_SECONDS: Final = 60.0
"""How long inboxes are looked at that do not come to rest."""
LOOK_SECONDS: Final = 0.02
SHOWN_MAX: Final = 1000
"""So many files that could not be restored are named; the rest are counted."""

_OF_NOBODY: Final = {locks.NAME, f"{restoring.UNFINISHED}.part", "lost+found"}
"""What an empty folder may hold."""


@dataclass(slots=True)
class _Run:
    """One `box restore`."""

    args: Namespace
    place: Destination
    manifest: Manifest
    target: str = field(init=False)
    failed: list[tuple[str, str]] = field(default_factory=list)
    progress: output.Progress = field(default_factory=output.Progress)
    whole: bool = False
    _total: int = 0
    _done: int = 0

    def __post_init__(self) -> None:
        self.target = self.config().box.root

    def config(self) -> Config:
        """The configuration of the target; where it has none, the one that was backed up, or the defaults."""
        if self.args.to is None:
            return configuration.load(self.args.config, os.environ)
        target = os.path.abspath(self.args.to)
        if os.path.isfile(f"{target}/{CONFIG}"):
            return self._moved(f"{target}/{CONFIG}", target)
        row = self.manifest.row(CONFIG)
        with suppress(ConfigError):  # it was for another machine; what is restored does not hang on it
            return self._moved(self.place.at(row.stored) if row else "", target)
        return configuration.default(target)

    def _moved(self, path: str, target: str) -> Config:
        """A configuration whose root may have been another one when it was written, and is not served yet."""
        read = configuration.load(path, {"HOME": os.environ.get("HOME", "")})
        return replace(read, box=Box(root=target), status=Status(dir=""))

    def wanted(self) -> Wanted:
        """What was asked for. Raises UsageError, ConfigError."""
        has_database = os.path.lexists(f"{self.target}/{damage.DATABASE}")
        is_part = bool(self.args.user or self.args.day)
        self.whole = not is_part and (not has_database or not restoring.is_whole(self.target))
        if self.whole and self.args.to is not None:
            there = set(os.listdir(self.target)) if os.path.isdir(self.target) else set()
            if there - _OF_NOBODY and not there & {restoring.UNFINISHED, CONFIG}:
                raise UsageError(f"{self.target} is neither empty nor a root: name another folder, or --user or --day")
        return Wanted(self.args.user, self._day() if self.args.day else None, gone=self.args.all, whole=self.whole)

    def _day(self) -> Callable[[str], bool]:
        pattern = None
        if self.args.day != naming.UNDATED:
            day = patterns.day("--day", self.args.day)
            pattern = naming.folders_of(configuration.as_dict(self.config().photos), day)

        def is_day(folder: str) -> bool:
            above = [folder[:end] for end, letter in enumerate(f"{folder}/") if letter == "/"]
            return any(each == naming.UNDATED if pattern is None else pattern.fullmatch(each) for each in above)

        return is_day

    def check(self, read: int) -> None:
        """Show how far it is."""
        self._done += read
        if self._total:
            self.progress.show(min(1.0, self._done / self._total), f"restoring, {words.size(self._done)}")

    def tell(self, path: str, why: str) -> None:
        """Something could not be restored."""
        if len(self.failed) < SHOWN_MAX:
            self.failed.append((path, why))
            if not self.args.json:
                output.line(f"{words.printable(path)} is not restored: {words.printable(why)}")

    def carry_out(self) -> Tally:
        """Count, and then restore."""
        wanted, free_bytes_min = self.wanted(), self.config().storage.free_bytes_min
        restore = Restore(self.place, self.manifest, self.target, wanted, free_bytes_min, self.check, self.tell)
        found = restore.count(self.tell if self.args.dry_run else lambda _path, _why: None)
        restore.check_room(found)
        if self.args.dry_run:
            return found
        self._total, self._done = found.bytes, 0
        with ExitStack() as stack:
            if self.whole:
                os.makedirs(self.target, exist_ok=True)
                lock = locks.RootLock(self.target)
                lock.take()
                stack.callback(lock.release)
            return restore.carry_out()


def restore(args: Namespace) -> int:
    """Restore, tell; 1 if anything could not be restored."""
    began, source = time.monotonic(), os.path.abspath(args.source)
    with Destination("", source) as place:
        try:
            manifest = Manifest(place, read_only=True)
        except FileNotFoundError:
            raise BoxError(f"{source} holds no backup yet: it has no {NAME}") from None
        with manifest:
            run = _Run(args, place, manifest)
            try:
                tally = run.carry_out()
            except KeyboardInterrupt:
                output.note("interrupted: the same command goes on from here")
                raise
            run.progress.clear()
            if not args.dry_run:
                _reconcile(run, tally)
            return _say(run, tally, time.monotonic() - began)


def _reconcile(run: _Run, tally: Tally) -> None:
    """What a start of the service does: compare the disk with what the database knows."""
    root = run.target
    if not os.path.lexists(f"{root}/{damage.DATABASE}") or locks.is_held(root):
        return
    try:
        config = run.config()
    except ConfigError as error:
        run.tell(CONFIG, f"the restored one cannot be used: {error}")
        return
    box = service.build(config)
    try:
        for user in sorted({*config.users.names, *usage.users(box.store)} - {""}):
            layout.make_user(root, user)
        if tally.database:
            reason = f"restored from the backup {run.place.uuid}"
            box.engine.record(DatabaseRestored(damaged="", snapshot="", reason=reason))
        box.engine.transact(lambda transaction: live.forget_folders(transaction.store), events=0)
        box.sweep.sweep(full=True)
        end = time.monotonic() + PATIENCE_SECONDS
        box.watching.step(time.monotonic())
        while box.watching.undecided() and time.monotonic() < end:
            time.sleep(min(LOOK_SECONDS, box.watching.step(time.monotonic())))
    finally:
        box.stop()


def _say(run: _Run, tally: Tally, seconds: float) -> int:
    args = run.args
    code = 1 if tally.failed or run.failed else 0
    if args.json:
        data: dict[str, Any] = asdict(tally)
        failed = [{"path": path, "why": why} for path, why in run.failed]
        output.value({"to": run.target, "uuid": run.place.uuid, "dry_run": args.dry_run, **data, "why": failed})
        return code
    done = "would be restored" if args.dry_run else f"restored in {words.duration(seconds)}"
    output.line(f"{words.count(tally.files, 'file')} ({words.size(tally.bytes)}) {done}, into {words.path(run.target)}")
    for number, what in (
        (tally.same, "there already"),
        (tally.kept, f"kept as it is ({CONFIG}, {damage.DATABASE})"),
        (tally.failed, "not restored, see above"),
        (tally.gone, "left out, since the box itself did not have them any more: --all restores them too"),
    ):
        if number:
            output.line(f"{words.count(number, 'file')} {what}")
    if run.whole and not args.dry_run:
        output.line(f"Next: box run --config {words.path(run.target)}/{CONFIG}")
    return code
