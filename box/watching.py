"""Watching: the inboxes, from doorbell to log. The rule: looks become events here, on the loop's thread."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from box import bells, logs
from box.config import Config
from box.engine import Engine, Transaction
from box.errors import BoxError
from box.events import Event, FileSettled
from box.library import recognising
from box.models import drops, live
from box.newcomers import Newcomers
from box.paths import area_folder, join, split, to_text
from box.people import USERS
from box.photos import formats
from box.status import Problems, rfc3339
from box.tasks import request
from box.watchers import Watched
from box.watchers.doorbell import Doorbell, Mode
from box.watchers.look import Unreadable, inspect
from box.watchers.scan import Inboxes

RECORD_MAX: Final = 250
"""How many settled files are recorded in one go; each is followed by the request for its job."""

INBOX_DEPTH: Final = 3
"""Folders above what lies directly in an inbox: users/<user>/inbox."""

RETRY_SECONDS: Final = 2.0
"""When the log could not be written (a full disk) the inboxes are looked at again after so long."""

_log = logs.get(__name__)


class Watching:
    """What the service's loop does about inboxes."""

    def __init__(self, config: Config, engine: Engine, problems: Problems, bell: bells.Bell) -> None:
        store = engine.store
        self._engine = engine
        self._problems = problems
        self._bell = bell
        self._root = config.box.root
        self._sweep_seconds = config.watch.sweep_seconds
        self._sweep_at = 0.0
        self._retry_at = 0.0
        self._inboxes = Inboxes(
            config.box.root,
            [(user, area_folder(user, "inbox")) for user in config.users.names],
            settle_seconds=config.watch.settle_seconds,
            known=lambda folder: drops.known(store, folder),
            known_folders=lambda inbox: drops.known_folders(store, inbox),
            known_files=lambda paths: drops.known_files(store, paths),
            sniff=media_type,
            ignore=config.watch.ignore,
        )
        self._doorbell = Doorbell(
            [*self._inboxes.folders],
            self.ring,
            mode=config.watch.mode,
            poll_seconds=config.watch.poll_seconds,
            skips=self._inboxes.skips,
            bell=os.path.join(config.box.root, bells.FOLDER),
            on_bell=self._outside,
        )
        if config.users.auto_create:
            self._doorbell.watch_names(os.path.join(config.box.root, USERS), self._above)
        self.on_change: Callable[[], object] = lambda: None
        """Told when there are other inboxes than before."""
        self._newcomers = Newcomers(config, store, problems)
        self._rung_above = False
        self._rung_outside = False
        self._listening = False
        self._late = ""
        """Why what settled could not be recorded, as a code."""
        self._codes: set[str] = set()

    def listen(self, now: float) -> None:
        """Hang up the doorbell; the first step looks at everything anyway."""
        self._doorbell.start(now)
        self._listening = True

    def reconsider(self) -> int:
        """Drops that nobody handled when they came and that this version handles are settled again; how many."""
        store, kinds, after, count = self._engine.store, self._engine.policy.kinds, ("", ""), 0
        while found := drops.never_asked(store, after, RECORD_MAX):
            after = split(found[-1].path)
            again = [drop for drop in found if self._type_of(drop.path) in kinds]
            count += len(again)
            if not again:
                continue
            self._engine.record(
                *(
                    FileSettled(
                        user=drop.user, path=drop.path, size=drop.size, mtime_ns=drop.mtime_ns, inode=drop.inode,
                        media_type=self._type_of(drop.path),
                    )
                    for drop in again
                )
            )  # fmt: skip
        return count

    def _type_of(self, path: str) -> str:
        try:
            sight = inspect(join(self._root, path), 0.0, None)
        except Unreadable:
            return ""
        return media_type(path, sight.head) if sight.look else ""

    def stop(self) -> None:
        """Listen no more."""
        if self._listening:
            self._doorbell.stop()

    def ring(self, path: str, is_dir: bool) -> None:  # noqa: FBT001  the doorbell's signature
        """From any thread: something may have changed there."""
        if self._inboxes.ring(path, is_dir):
            self._bell.ring()

    def rung_outside(self) -> bool:
        """Whether another process has recorded something since this was asked last."""
        rung, self._rung_outside = self._rung_outside, False
        return rung

    def _outside(self) -> None:
        self._rung_outside = True
        self._bell.ring()

    def _above(self) -> None:
        self._rung_above = True
        self._bell.ring()

    def _meet(self, now: float) -> None:
        """Whoever has come has an inbox from now on; whoever has gone has none."""
        self._rung_above = False
        folders = {self._inboxes.user_of(path): path for path in self._inboxes.folders}
        came, went = self._newcomers.look(folders)
        for user in came:
            path = self._inboxes.add(user, area_folder(user, "inbox"), now)
            self._doorbell.add(path, now if self._listening else None)
        for user in went:
            self._doorbell.remove(folders[user])
            self._inboxes.remove(folders[user])
        if came or went:
            self.on_change()

    def step(self, now: float) -> float:
        """Do what is due; in how many seconds there is more to do (0: at once)."""
        if now < self._retry_at:
            return self._retry_at - now
        if now >= self._sweep_at:
            self._sweep_at = now + self._sweep_seconds
            self._meet(now)
            self._inboxes.sweep(now)
        elif self._rung_above:
            self._meet(now)
        found = self._inboxes.look(now)
        try:
            for first in range(0, len(found), RECORD_MAX):
                news = found[first : first + RECORD_MAX]
                self._engine.transact(partial(_record, news), events=len(news))
        except BoxError as error:
            if not error.retryable:
                raise
            _log.warning("what settled could not be recorded yet", error=error)
            self._problems.put(error.code, "inboxes", str(error))
            self._retry_at = now + RETRY_SECONDS
            self._sweep_at = self._retry_at  # the looks are forgotten: the sweep finds the same files again
            self._late = error.code
            return RETRY_SECONDS
        if self._late:
            self._problems.clear(self._late, "inboxes")
            self._late = ""
        self._tell()
        soonest = min(self._inboxes.next_at(), self._sweep_at)
        if self._listening:
            if now >= self._doorbell.next_at():
                self._doorbell.check(now)
            soonest = min(soonest, self._doorbell.next_at())
        return max(0.0, soonest - now)

    def undecided(self) -> int:
        """How much has not been judged even once; at 0 only empty files and such as are being written remain."""
        return self._inboxes.undecided()

    def unsettled(self) -> int:
        """How many files are looked after that have not settled: empty ones, and such as are being written."""
        return self._inboxes.waiting()

    def modes(self) -> list[Mapping[str, Any]]:
        """How each inbox is watched, for the status."""
        return [
            {
                "path": to_text(path),
                "mode": self._mode(path),
                "last_event_at": rfc3339(self._doorbell.last_event_at(path)),
            }
            for path in self._inboxes.folders
        ]

    def watched(self) -> list[Watched]:
        """The same for the metrics, by user."""
        return [
            Watched(self._inboxes.user_of(path), self._mode(path), self._doorbell.events(path))
            for path in self._inboxes.folders
        ]

    def _mode(self, path: str) -> Mode:
        if not self._inboxes.there(path):
            return "missing"
        return self._doorbell.modes()[path] if self._listening else "polling"

    def _tell(self) -> None:
        problems = self._inboxes.problems() + self._doorbell.problems()
        for code in {*self._codes, *(problem.code for problem in problems)}:
            self._problems.replace(code, {p.path: p.message for p in problems if p.code == code})
        self._codes = {problem.code for problem in problems}


def _record(found: Sequence[Event], transaction: Transaction) -> None:
    """Record what was found, but for what Box itself has put into an inbox meanwhile, or is just putting there."""
    store = transaction.store
    on_the_way = live.on_the_way(store)
    known = drops.known_files(store, [event.path for event in found if isinstance(event, FileSettled)])
    transaction.record(
        *(
            event
            for event in found
            if getattr(event, "path", "") not in on_the_way
            and not (isinstance(event, FileSettled) and known.get(event.path) == (event.size, event.mtime_ns))
        )
    )


def media_type(path: str, head: bytes) -> str:
    """What a drop is: one that asks for a job by its name, directly in the inbox, anything else as `formats` says."""
    if path.endswith(request.ENDING):
        return request.MEDIA_TYPE if path.count("/") == INBOX_DEPTH else ""
    found = formats.media_type(path, head)
    if not found or found == "video/mp4":  # which may be sound alone
        return recognising.media_type(path, head) or found
    return found
