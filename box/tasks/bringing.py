"""Bringing files in. The rule: copied, read back and compared, recorded, renamed; an original goes only after that.

For each file, in this order, so that a kill anywhere loses nothing and imports nothing twice:

1. Two looks, `watch.settle_seconds` apart, saw the same and nobody is writing it.
2. It is copied into the scratch folder of the job; the bytes and their time are durable, and were read back.
3. One commit says that it is imported, and holds the rename that is left to do in the journal.
4. The rename into the inbox. Killed before it, the recovery makes it.
5. `mode = "move"`: the original is removed, if it is still the same.

Where an original that is to be moved lies on the file system of the inbox it is renamed, and recorded then.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from box import disk, file_names, imports, logs
from box.engine import Transaction
from box.errors import BoxError, Stopped
from box.events import FileImported
from box.import_tables import Import
from box.models import imports as imported
from box.models import jobs, live
from box.models.jobs import Claimed
from box.paths import area_folder, join, relative, to_os, to_text
from box.tasks import giving_back, landing, originals
from box.tasks.attention import CANCELLED
from box.tasks.chore import Inside, Reporter
from box.tasks.landing import Move
from box.tasks.originals import Kept
from box.watchers.cards import Card, Original
from box.watchers.ignore import Ignored

ROUND_MAX: Final = 20_000
"""Files that are kept in mind at a time: about 10 MB."""
SHOWN_MAX: Final = 500
"""Files that a dry run names."""
LEFT_SHOWN_MAX: Final = 20
LOOK_SECONDS: Final = 0.1
"""How often it is asked, while time passes, whether the job should end."""

_log = logs.get(__name__)


def bring(inside: Inside, job: Claimed, reporter: Reporter, entry: Import, *, dry_run: bool) -> Mapping[str, Any]:
    """Import all that is new for an entry. Raises BoxError if the card goes away, Stopped if the job should end."""
    run = _Run(inside, job, reporter, entry)
    if dry_run:
        return run.told()
    try:
        while found := run.found():
            run.settle()
            for card, original in found:
                run.take(card, original)
    except Stopped as why:
        if why.outcome in {"released", "lost"}:  # the next attempt goes on where this one ends
            raise
        raise Stopped(f"{why}; {giving_back.take_back(inside, job, entry).told()}", why.outcome, why.code) from why
    finally:
        if run.is_safe:
            shutil.rmtree(run.scratch, ignore_errors=True)
    inside.problems.clear("import-interrupted", entry.name)
    if run.left:
        message = imports.left_message(entry, len(run.skipped), next(iter(run.left.values())))
        inside.problems.put("import-left", entry.name, message)
    else:
        inside.problems.clear("import-left", entry.name)
    return {"files": run.files, "bytes": run.bytes, "left": len(run.skipped), "why": run.left}


@dataclass(slots=True)
class _Run:
    """One attempt."""

    inside: Inside
    job: Claimed
    reporter: Reporter
    entry: Import
    files: int = 0
    bytes: int = 0
    total: int = 0
    left: dict[str, str] = field(default_factory=dict)
    """place -> why it stays, of the first ones."""
    skipped: set[tuple[str, str]] = field(default_factory=set)
    """(volume, place) of all that stays."""
    is_safe: bool = True
    """The scratch folder holds nothing that was promised."""
    _room: imports.Room = field(init=False)
    _ignored: Ignored = field(init=False)

    def __post_init__(self) -> None:
        self._room = imports.room(self.inside.config, self.inside.engine, self.entry.user)
        self._ignored = Ignored(self.inside.config.watch.ignore)

    @property
    def root(self) -> str:
        """Of the box."""
        return self.inside.config.box.root

    @property
    def scratch(self) -> str:
        """Where copies are made: on the file system of the library, cleared at every start."""
        return f"{self.root}/users/{self.entry.user}/temp/job-{self.job.id}.{self.job.attempts}"

    # --- which --------------------------------------------------------------------------------------------------------

    def found(self) -> list[tuple[Card, Original]]:
        """What is new and was not tried yet, at most `ROUND_MAX`."""
        found: list[tuple[Card, Original]] = []
        for card in imports.places(self.entry):
            try:
                for each in imports.fresh(self.inside.engine.store, self.entry, card, self._ignored, self._refuse):
                    self.reporter.check()
                    if (card.volume, each.place) not in self.skipped:
                        found.append((card, each))
                    if len(found) >= ROUND_MAX:
                        break
            except OSError as error:
                if not card.is_there():
                    raise self._interrupted(card) from error
                self._refuse(card.folder, error.strerror or str(error))
        self.total = self.files + len(self.skipped) + len(found)
        return found

    def told(self) -> Mapping[str, Any]:
        """What would be imported."""
        found = self.found()
        files = [{"place": each.place, "bytes": each.size} for _, each in found[:SHOWN_MAX]]
        return {"files": len(found), "bytes": sum(each.size for _, each in found), "would_import": files}

    def settle(self) -> None:
        """Let pass what lies between two looks."""
        until = time.monotonic() + self.inside.config.watch.settle_seconds
        while (rest := until - time.monotonic()) > 0:
            self.reporter.check()
            time.sleep(min(rest, LOOK_SECONDS))

    def _refuse(self, path: str, reason: str) -> None:
        self._leave("", to_text(path), f"cannot be listed: {reason}")

    def _leave(self, volume: str, place: str, why: str) -> None:
        self.skipped.add((volume, place))
        if len(self.left) < LEFT_SHOWN_MAX:
            self.left[place] = why

    def _interrupted(self, card: Card) -> BoxError:
        message = f"{card.folder} went away after {self.files} files: when it is back, the rest follows"
        error = BoxError(message)
        error.code = "import-interrupted"
        self.inside.problems.put("import-interrupted", self.entry.name, message)
        return error

    # --- one ----------------------------------------------------------------------------------------------------------

    def take(self, card: Card, original: Original) -> None:
        """Import a file, or leave it where it is and say why."""
        share = 100 * (self.files + len(self.skipped)) / max(1, self.total)
        told = {"done": self.files, "total": self.total, "size_bytes": self.bytes}
        self.reporter.progress(share, original.place, **told)
        try:
            if self.entry.mode == "move" and self._is_imported(card, original):
                originals.remove(original)
                return
            self._check_room(original.size)
            originals.look_again(card, original)
            if not (self.entry.mode == "move" and self._rename(card, original)):
                self._copy(card, original)
                if self.entry.mode == "move":
                    originals.remove(original)
        except Kept as why:
            if not card.is_there():
                raise self._interrupted(card) from why
            self._leave(card.volume, original.place, str(why))
            return
        self.files += 1
        self.bytes += original.size

    def _check_room(self, size: int) -> None:
        now = imports.room(self.inside.config, self.inside.engine, self.entry.user)
        quota, before = now.quota_bytes, self._room.quota_bytes
        if quota is not None and before is not None:  # what was copied just now may not be set aside yet
            quota = min(quota, before - self.bytes)
        lack = imports.Room(quota, now.disk_bytes).lacks(size)
        if lack:
            raise Kept(lack)

    def _target(self, card: Card, original: Original) -> str:
        """A free place in the inbox (absolute): below the name of the card, as it lies on that."""
        inbox = join(self.root, area_folder(self.entry.user, "inbox"))
        below = to_os(original.place)
        folder = os.path.dirname("/".join(filter(None, (inbox, self.entry.into, card.volume, below))))
        return os.path.join(folder, file_names.free_name(folder, os.path.basename(below)))

    def _event(self, card: Card, original: Original, target: str, digest: str) -> FileImported:
        return FileImported(
            user=self.entry.user, name=self.entry.name, volume=card.volume, place=original.place,
            path=relative(self.root, target), size=original.size, mtime_ns=original.mtime_ns, digest=digest,
            moved=self.entry.mode == "move", job=self.job.id,
        )  # fmt: skip

    # --- copy ---------------------------------------------------------------------------------------------------------

    def _copy(self, card: Card, original: Original) -> None:
        os.makedirs(self.scratch, exist_ok=True)
        part = os.path.join(self.scratch, f"{self.files}")
        digest = originals.copied(original, part, self.reporter.check)
        while True:
            target = self._target(card, original)
            made, status = self._event(card, original, target, digest), os.lstat(part)
            move = Move(relative(self.root, part), made.path, status.st_size, disk.mtime_ns(status), status.st_ino)
            self.inside.engine.at_once(lambda t, e=made, m=move: self._promise(t, e, m))  # type: ignore[misc]
            if self._kept_promise(made, move):
                break
        self.inside.ring(target, False)  # noqa: FBT003 - the doorbell's signature

    def _promise(self, transaction: Transaction, event: FileImported, move: Move) -> None:
        """Record that it is imported, and that the rename is left to do; refused if the job is no longer held."""
        holds = jobs.is_held(transaction.store, self.job.id, self.job.lease)
        if holds is None:
            raise Stopped("its lease was lost", "lost", "lease-lost")
        if not holds:
            raise Stopped(CANCELLED)
        live.write_journal(transaction.store, live.Entry(self.job.id, self.job.lease, landing.dump([move]), "[]"))
        transaction.record(event)

    def _kept_promise(self, event: FileImported, move: Move) -> bool:
        """Make the rename; False if the name was just taken, and then nothing was imported."""
        folders: set[str] = set()
        self.is_safe = False
        try:
            landing.carry_out(self.root, [move], folders)
            disk.sync_folders(folders)
        except BaseException as error:
            self.inside.engine.at_once(lambda t: self._withdraw(t, event))
            self.is_safe = True
            if isinstance(error, FileExistsError):
                return False
            raise
        self.is_safe = True
        return True

    def _withdraw(self, transaction: Transaction, event: FileImported) -> None:
        live.clear_journal(transaction.store, [self.job.id], self.job.lease)
        transaction.record(giving_back.undone(event, self.entry.user, self.job.id))

    # --- move ---------------------------------------------------------------------------------------------------------

    def _rename(self, card: Card, original: Original) -> bool:
        """Move it by rename; False where that cannot be, because it lies on another file system."""
        while True:
            target = self._target(card, original)
            disk.make_folder(os.path.dirname(target))
            if os.lstat(os.path.dirname(target)).st_dev != card.device:
                return False
            try:
                disk.rename_new(original.path, target)
                break
            except FileExistsError:
                continue
            except OSError as error:  # another mount of the same file system is another one to rename(2)
                _log.debug("it is copied instead", path=original.path, error=error)
                return False
        if not originals.is_same(target, original):
            disk.rename_new(target, original.path)
            raise Kept("it is being changed")
        disk.sync_folders([os.path.dirname(target), os.path.dirname(original.path)])
        self.inside.engine.at_once(lambda t: t.record(self._event(card, original, target, "")))
        self.inside.ring(target, False)  # noqa: FBT003 - as above
        return True

    def _is_imported(self, card: Card, original: Original) -> bool:
        """Whether these very bytes were imported before: then only the removal is left to do."""
        known = imported.find(self.inside.engine.store, self.entry.name, card.volume, original.place)
        if known is None or not known.digest or (known.size, known.mtime_ns) != (original.size, original.mtime_ns):
            return False
        return originals.digest(original) == known.digest
